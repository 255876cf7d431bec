package describe

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// A page collects the description: lines of cells, which tabs align.
type page struct {
	out  strings.Builder
	tabs io.Writer
	now  time.Time
	base int // levels by which every piece is indented
}

func newPage(now time.Time) *page {
	p := &page{now: now}
	p.tabs = tabwriter.NewWriter(&p.out, 0, 8, 2, ' ', 0)
	return p
}

// String ends the page.
func (p *page) String() string {
	if tabs, ok := p.tabs.(*tabwriter.Writer); ok {
		tabs.Flush()
	}
	return p.out.String()
}

// put writes a piece of text as it is, indented by two blanks a level. What could drive a terminal is shown instead of sent.
func (p *page) put(level int, format string, args ...any) {
	text := strings.Repeat("  ", p.base+level) + fmt.Sprintf(format, args...)
	terminalSafe.WriteString(p.tabs, text)
}

var terminalSafe = strings.NewReplacer("\x1b", "^[", "\r", "\\r")

// field writes one line "name:<tab>value".
func (p *page) field(level int, name, format string, args ...any) {
	p.put(level, "%s:\t"+format+"\n", append([]any{name}, args...)...)
}

// head writes a line that opens a section: "name:".
func (p *page) head(level int, name string) { p.put(level, "%s:\n", name) }

// columns writes the titles of a table and dashes below them; each title is as wide as its dashes, as upstream has it.
func (p *page) columns(level int, titles ...string) {
	dashes := make([]string, len(titles))
	for i, t := range titles {
		dashes[i] = strings.Repeat("-", len(t))
	}
	p.put(level, "%s\n", strings.Join(titles, "\t"))
	p.put(level, "%s\n", strings.Join(dashes, "\t"))
}

// stamp is an instant as describe shows it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }

// since is the time that has passed since t, rounded as ages are.
func (p *page) since(t metav1.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(p.now.Sub(t.Time))
}

func or[T any](v *T, format, none string) string {
	if v == nil {
		return none
	}
	return fmt.Sprintf(format, *v)
}

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

func isTrue(b *bool) bool { return b != nil && *b }

// truth is True or False, or <unset>.
func truth(b *bool) string {
	switch {
	case b == nil:
		return "<unset>"
	case *b:
		return "True"
	}
	return "False"
}
