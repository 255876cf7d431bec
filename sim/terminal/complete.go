package terminal

import (
	"context"
	"fmt"
	"strings"
)

// Completion is what the word before the cursor could become.
type Completion struct {
	Start      int // where the word begins, in runes
	Candidates []Candidate
	// NoSpace says that more can follow a single candidate directly (a directory, `--flag=`).
	NoSpace bool
}

// Candidate is one possibility.
type Candidate struct {
	Text        string // takes the word's place
	Label       string // shown in the list; "" is Text
	Description string // shown beside it in parentheses
}

func (c Candidate) label() string {
	if c.Label != "" {
		return c.Label
	}
	return c.Text
}

// askFrom is how many candidates are shown without asking.
const askFrom = 100

// complete is Tab. The candidates are found by a task, since finding them may ask the cluster.
func (t *Terminal) complete() {
	if t.c.Complete == nil {
		t.bell()
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.running, t.cancel = true, cancel
	line, pos := string(t.edit.text), t.edit.pos
	t.c.Tasks.Go(func() {
		found := t.c.Complete(ctx, t.pending+line, pos+len([]rune(t.pending)))
		found.Start -= len([]rune(t.pending))
		cancelled := ctx.Err() != nil
		cancel()
		t.running = false
		if !cancelled && !t.closed {
			t.offer(found)
		}
		t.out.flush()
		t.replay(nil)
	})
}

func (t *Terminal) offer(c Completion) {
	e := &t.edit
	if len(c.Candidates) == 0 || c.Start < 0 || c.Start > e.pos {
		t.bell()
		return
	}
	typed := string(e.text[c.Start:e.pos])
	if len(c.Candidates) == 1 {
		e.save()
		text := c.Candidates[0].Text
		if !c.NoSpace && !(e.pos < len(e.text) && e.text[e.pos] == ' ') {
			text += " "
		}
		e.replace(c.Start, e.pos, []rune(text))
		t.draw()
		return
	}
	common := c.Candidates[0].Text
	for _, x := range c.Candidates[1:] {
		common = commonPrefix(common, x.Text)
	}
	if len(common) > len(typed) && strings.HasPrefix(common, typed) {
		e.save()
		e.replace(c.Start, e.pos, []rune(common))
		t.draw()
		t.tabs = 0
		return
	}
	if t.tabs < 2 {
		t.bell()
		return
	}
	if len(c.Candidates) > askFrom {
		t.out.writeString(fmt.Sprintf("\r\nDisplay all %d possibilities? (y or n)", len(c.Candidates)))
		t.asking = c.Candidates
		return
	}
	t.out.writeString("\r\n")
	t.list(c.Candidates)
}

func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return strings.ToValidUTF8(a[:n], "")
}

// answer takes the key after `Display all … possibilities?`.
func (t *Terminal) answer(k key) {
	switch {
	case k.r == 'y' || k.r == 'Y' || k.r == ' ' || k.name == "C-i":
		all := t.asking
		t.asking = nil
		t.out.writeString("\r\n")
		t.list(all)
	case k.r == 'n' || k.r == 'N' || k.name == "backspace" || k.name == "C-c" || k.name == "C-g":
		t.asking = nil
		t.out.writeString("\r\n")
		t.edit.row = 0
		t.draw()
	default:
		t.bell()
	}
}

// list shows the candidates below the line, in columns that are read downwards, and draws the line again below them.
func (t *Terminal) list(all []Candidate) {
	labels := make([]string, len(all))
	name := 0
	described := false
	for _, c := range all {
		name = max(name, columns(c.label()))
		described = described || c.Description != ""
	}
	widest := 0
	for i, c := range all {
		labels[i] = c.label()
		if described && c.Description != "" {
			labels[i] += strings.Repeat(" ", name-columns(labels[i])) + "  (" + c.Description + ")"
			labels[i] = cut(labels[i], t.cols-1)
		}
		widest = max(widest, columns(labels[i]))
	}
	perRow := max(1, t.cols/(widest+2))
	rows := (len(labels) + perRow - 1) / perRow
	for r := range rows {
		var line strings.Builder
		for i := r; i < len(labels); i += rows {
			line.WriteString(labels[i])
			if i+rows < len(labels) {
				line.WriteString(strings.Repeat(" ", widest+2-columns(labels[i])))
			}
		}
		t.out.writeString(line.String() + "\r\n")
	}
	t.edit.row = 0
	t.draw()
}

// cut shortens a text to n columns.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		if used += width(r); used > n-2 {
			return s[:i] + "…)"
		}
	}
	return s
}
