package commands

import (
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"terrarium/sim/diff"
	"terrarium/sim/shell"
)

// comparison is one run of diff.
type comparison struct {
	ctx     context.Context
	p       *shell.Proc
	opts    []given
	context int
	unified bool
	copied  bool // -c
	differs bool
	trouble bool
}

func diffCommand(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{
		short: "abBcC:dEefiI:lnNpqrsS:tTuU:wW:x:yZ",
		long: []string{"unified::=U", "context::=C", "brief=q", "report-identical-files=s", "recursive=r", "new-file=N", "ignore-case=i", "ignore-all-space=w", "ignore-space-change=b",
			"ignore-blank-lines=B", "text=a", "side-by-side=y", "width:=W", "color::", "label:=label", "exclude:=x", "normal", "minimal=d", "strip-trailing-cr", "ignore-trailing-space=Z", "no-dereference", "show-c-function=p", "suppress-common-lines"},
		usage: []string{"NAME [OPTION]... FILES"}, exit: 2,
	}.parse(p)
	if done {
		return exit
	}
	if len(names) < 2 {
		after := p.Name()
		if len(names) == 1 {
			after = names[0]
		}
		p.Errorf("missing operand after '%s'", after)
		p.Errorf("Try '%s --help' for more information.", p.Name())
		return 2
	}
	if len(names) > 2 {
		p.Errorf("extra operand '%s'", names[2])
		p.Errorf("Try '%s --help' for more information.", p.Name())
		return 2
	}
	c := &comparison{ctx: ctx, p: p, opts: opts, context: 3, unified: has(opts, "u", "U"), copied: has(opts, "c", "C")}
	for _, o := range opts {
		if (o.name == "U" || o.name == "C") && o.value != "" {
			n, err := strconv.Atoi(o.value)
			if err != nil || n < 0 {
				p.Errorf("invalid context length '%s'", o.value)
				missingHint(p)
				return 2
			}
			c.context = n
		}
	}
	if has(opts, "y") {
		p.Errorf("terrarium recognises \"diff --side-by-side\" but does not simulate it")
		return 2
	}
	c.compare(names[0], names[1])
	switch {
	case c.trouble:
		return 2
	case c.differs:
		return 1
	}
	return 0
}

func (c *comparison) isDir(name string) bool {
	if name == "-" {
		return false
	}
	info, err := c.p.FS.Stat(c.p.Path(name))
	return err == nil && info.IsDir()
}

func (c *comparison) compare(a, b string) {
	switch dirA, dirB := c.isDir(a), c.isDir(b); {
	case dirA && dirB:
		c.dirs(a, b)
	case dirA:
		c.files(strings.TrimSuffix(a, "/")+"/"+path.Base(b), b)
	case dirB:
		c.files(a, strings.TrimSuffix(b, "/")+"/"+path.Base(a))
	default:
		c.files(a, b)
	}
}

func (c *comparison) dirs(a, b string) {
	names := map[string]int{}
	for i, dir := range []string{a, b} {
		entries, err := c.p.FS.ReadDir(c.p.Path(dir))
		if err != nil {
			c.p.Errorf("%s: %s", dir, reason(err))
			c.trouble = true
			return
		}
		for _, e := range entries {
			names[e.Name()] |= 1 << i
		}
	}
	for _, name := range slices.Sorted(mapKeys(names)) {
		var skip []string
		for _, o := range c.opts {
			if o.name == "x" {
				skip = append(skip, o.value)
			}
		}
		if matchesAny(skip, name) {
			continue
		}
		fa, fb := strings.TrimSuffix(a, "/")+"/"+name, strings.TrimSuffix(b, "/")+"/"+name
		in := names[name]
		switch {
		case in != 3 && !has(c.opts, "N"):
			where := a
			if in == 2 {
				where = b
			}
			fmt.Fprintf(c.p.Stdout, "Only in %s: %s\n", where, name)
			c.differs = true
		case c.isDir(fa) && c.isDir(fb) || in != 3 && (c.isDir(fa) || c.isDir(fb)):
			switch {
			case !has(c.opts, "r"):
				fmt.Fprintf(c.p.Stdout, "Common subdirectories: %s and %s\n", fa, fb)
			case in == 3:
				c.dirs(fa, fb)
			}
		case c.isDir(fa):
			fmt.Fprintf(c.p.Stdout, "File %s is a directory while file %s is a regular file\n", fa, fb)
			c.differs = true
		case c.isDir(fb):
			fmt.Fprintf(c.p.Stdout, "File %s is a regular file while file %s is a directory\n", fa, fb)
			c.differs = true
		default:
			head := ""
			if c.unified || c.copied || !has(c.opts, "q") {
				head = c.commandLine() + " " + fa + " " + fb + "\n"
			}
			c.pair(fa, fb, head)
		}
	}
}

// commandLine is how diff names itself above each pair of a directory.
func (c *comparison) commandLine() string {
	out := []string{"diff"}
	for _, arg := range c.p.Args[1:] {
		if strings.HasPrefix(arg, "-") && len(arg) > 1 {
			out = append(out, arg)
		}
	}
	return strings.Join(out, " ")
}

func (c *comparison) files(a, b string) { c.pair(a, b, "") }

func (c *comparison) read(name string) (string, iofs.FileInfo, bool) {
	if name == "-" {
		data, err := c.p.ReadFile("-")
		return string(data), nil, err == nil
	}
	info, _ := c.p.FS.Stat(c.p.Path(name))
	data, err := c.p.ReadFile(name)
	if err != nil {
		if has(c.opts, "N") && reason(err) == "No such file or directory" {
			return "", nil, true
		}
		c.p.Errorf("%s: %s", name, reason(err))
		c.trouble = true
		return "", nil, false
	}
	return string(data), info, true
}

func (c *comparison) pair(a, b, head string) {
	if c.p.Step(c.ctx) != nil {
		return
	}
	ta, ia, okA := c.read(a)
	tb, ib, okB := c.read(b)
	if !okA || !okB {
		return
	}
	la, lb := diff.Lines(ta), diff.Lines(tb)
	edits := diff.Edits(c.keys(la), c.keys(lb))
	if has(c.opts, "B") {
		edits = slices.DeleteFunc(edits, func(e diff.Edit) bool { return blank(la[e.A0:e.A1]) && blank(lb[e.B0:e.B1]) })
	}
	if len(edits) == 0 {
		if has(c.opts, "s") {
			fmt.Fprintf(c.p.Stdout, "Files %s and %s are identical\n", a, b)
		}
		return
	}
	c.differs = true
	switch {
	case has(c.opts, "q"):
		fmt.Fprintf(c.p.Stdout, "Files %s and %s differ\n", a, b)
	case (strings.Contains(ta, "\x00") || strings.Contains(tb, "\x00")) && !has(c.opts, "a"):
		fmt.Fprintf(c.p.Stdout, "Binary files %s and %s differ\n", a, b)
	case c.unified:
		io.WriteString(c.p.Stdout, head+c.label("---", a, ia, 0)+c.label("+++", b, ib, 1)+diff.UnifiedEdits(la, lb, edits, c.context))
	case c.copied:
		io.WriteString(c.p.Stdout, head+c.label("***", a, ia, 0)+c.label("---", b, ib, 1)+copiedContext(la, lb, edits, c.context))
	default:
		io.WriteString(c.p.Stdout, head+normal(la, lb, edits))
	}
}

func blank(lines []string) bool {
	return !slices.ContainsFunc(lines, func(l string) bool { return strings.TrimSpace(l) != "" })
}

// keys are the lines as they are compared.
func (c *comparison) keys(lines []string) []string {
	if !has(c.opts, "i", "w", "b", "Z", "strip-trailing-cr") {
		return lines
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		switch {
		case has(c.opts, "w"):
			l = strings.Map(func(r rune) rune {
				if unicode.IsSpace(r) {
					return -1
				}
				return r
			}, l)
		case has(c.opts, "b"):
			lead := ""
			if l != "" && unicode.IsSpace(rune(l[0])) {
				lead = " "
			}
			l = lead + strings.Join(strings.Fields(l), " ")
		case has(c.opts, "Z", "strip-trailing-cr"):
			l = strings.TrimRight(l, " \t\r\n")
		}
		if has(c.opts, "i") {
			l = strings.ToLower(l)
		}
		out[i] = l
	}
	return out
}

// label is a line that names a file, with its time.
func (c *comparison) label(mark, name string, info iofs.FileInfo, n int) string {
	var labels []string
	for _, o := range c.opts {
		if o.name == "label" {
			labels = append(labels, o.value)
		}
	}
	if n < len(labels) {
		return mark + " " + labels[n] + "\n"
	}
	t := c.p.Now().UTC()
	if info != nil {
		t = info.ModTime().UTC()
	} else if name != "-" {
		t = t.Add(-t.Sub(t))
		return mark + " " + name + "\t1970-01-01 00:00:00.000000000 +0000\n"
	}
	return mark + " " + name + "\t" + t.Format("2006-01-02 15:04:05.000000000 -0700") + "\n"
}

func marked(b *strings.Builder, mark string, lines []string) {
	for _, l := range lines {
		b.WriteString(mark + l)
		if !strings.HasSuffix(l, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

func lineRange(from, to int) string {
	switch to - from {
	case 0:
		return strconv.Itoa(from)
	case 1:
		return strconv.Itoa(to)
	}
	return fmt.Sprintf("%d,%d", from+1, to)
}

// normal is the format without options.
func normal(a, b []string, edits []diff.Edit) string {
	var out strings.Builder
	for _, e := range edits {
		kind := "c"
		switch {
		case e.A0 == e.A1:
			kind = "a"
		case e.B0 == e.B1:
			kind = "d"
		}
		out.WriteString(lineRange(e.A0, e.A1) + kind + lineRange(e.B0, e.B1) + "\n")
		marked(&out, "< ", a[e.A0:e.A1])
		if kind == "c" {
			out.WriteString("---\n")
		}
		marked(&out, "> ", b[e.B0:e.B1])
	}
	return out.String()
}

// copiedContext is the format of -c.
func copiedContext(a, b []string, edits []diff.Edit, context int) string {
	var out strings.Builder
	for len(edits) > 0 {
		n := 1
		for n < len(edits) && edits[n].A0-edits[n-1].A1 <= 2*context {
			n++
		}
		group := edits[:n]
		edits = edits[n:]
		first, last := group[0], group[n-1]
		a0, a1 := max(first.A0-context, 0), min(last.A1+context, len(a))
		b0, b1 := max(first.B0-context, 0), min(last.B1+context, len(b))
		side := func(lines []string, from, to int, of func(e diff.Edit) (int, int), mark string) {
			touched := slices.ContainsFunc(group, func(e diff.Edit) bool { f, t := of(e); return f < t })
			if !touched {
				return
			}
			at := from
			for _, e := range group {
				f, t := of(e)
				marked(&out, "  ", lines[at:f])
				m := mark
				if e.A0 < e.A1 && e.B0 < e.B1 {
					m = "! "
				}
				marked(&out, m, lines[f:t])
				at = t
			}
			marked(&out, "  ", lines[at:to])
		}
		out.WriteString("***************\n*** " + lineRange(a0, a1) + " ****\n")
		side(a, a0, a1, func(e diff.Edit) (int, int) { return e.A0, e.A1 }, "- ")
		out.WriteString("--- " + lineRange(b0, b1) + " ----\n")
		side(b, b0, b1, func(e diff.Edit) (int, int) { return e.B0, e.B1 }, "+ ")
	}
	return out.String()
}
