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

	"terrarium/sim/shell"
)

// drawing is one run of tree.
type drawing struct {
	ctx         context.Context
	p           *shell.Proc
	opts        []given
	depth       int
	dirs, files int
	out         strings.Builder
	only, skip  []string
}

func tree(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "aAdfFghiI:L:nNo:pP:qrsStuUC", long: []string{"noreport", "dirsfirst", "charset:", "filelimit:", "prune"}, usage: []string{"NAME [-acdfghilnpqrstuvxACDFQNSUX] [-L level [-R]] [-P pattern] [-I pattern] [--] [<directory list>]"}}.parse(p)
	if done {
		return exit
	}
	t := &drawing{ctx: ctx, p: p, opts: opts, depth: 1 << 20}
	if has(opts, "L") {
		n, err := strconv.Atoi(last(opts, "L", ""))
		if err != nil || n < 1 {
			fmt.Fprintf(p.Stderr, "tree: Invalid level, must be greater than 0.\n")
			return 1
		}
		t.depth = n
	}
	for _, o := range opts {
		switch o.name {
		case "I":
			t.skip = append(t.skip, strings.Split(o.value, "|")...)
		case "P":
			t.only = append(t.only, strings.Split(o.value, "|")...)
		}
	}
	if len(names) == 0 {
		names = []string{"."}
	}
	for _, name := range names {
		info, err := p.FS.Stat(p.Path(name))
		if err != nil || !info.IsDir() {
			fmt.Fprintf(&t.out, "%s  [error opening dir]\n", name)
			exit = 2
			continue
		}
		t.out.WriteString(name + "\n")
		t.dirs++
		t.draw(name, "", 1)
	}
	if !has(opts, "noreport") {
		plural := func(n int, one, many string) string {
			if n == 1 {
				return "1 " + one
			}
			return fmt.Sprintf("%d %s", n, many)
		}
		t.out.WriteString("\n" + plural(t.dirs, "directory", "directories"))
		if !has(opts, "d") {
			t.out.WriteString(", " + plural(t.files, "file", "files"))
		}
		t.out.WriteString("\n")
	}
	io.WriteString(p.Stdout, t.out.String())
	return exit
}

func (t *drawing) draw(dir, indent string, level int) {
	if level > t.depth || t.p.Step(t.ctx) != nil {
		return
	}
	entries, _ := t.p.FS.ReadDir(t.p.Path(dir))
	entries = slices.DeleteFunc(entries, func(e iofs.DirEntry) bool {
		name := e.Name()
		return strings.HasPrefix(name, ".") && !has(t.opts, "a") || has(t.opts, "d") && !e.IsDir() || matchesAny(t.skip, name) ||
			len(t.only) > 0 && !e.IsDir() && !matchesAny(t.only, name)
	})
	if has(t.opts, "dirsfirst") {
		slices.SortStableFunc(entries, func(a, b iofs.DirEntry) int { return boolInt(!a.IsDir()) - boolInt(!b.IsDir()) })
	}
	if has(t.opts, "r") {
		slices.Reverse(entries)
	}
	for i, e := range entries {
		branch, below := "├── ", "│   "
		if i == len(entries)-1 {
			branch, below = "└── ", "    "
		}
		at := strings.TrimSuffix(dir, "/") + "/" + e.Name()
		name := e.Name()
		if has(t.opts, "f") {
			name = at
		}
		info, _ := t.p.FS.Lstat(t.p.Path(at))
		if has(t.opts, "p") {
			name = "[" + modeString(info.Mode()) + "]  " + name
		}
		if has(t.opts, "F") && e.IsDir() {
			name += "/"
		}
		if info.Mode()&iofs.ModeSymlink != 0 {
			target, _ := t.p.FS.Readlink(t.p.Path(at))
			name += " -> " + target
		}
		if has(t.opts, "i") {
			t.out.WriteString(name + "\n")
		} else {
			t.out.WriteString(indent + branch + name + "\n")
		}
		if e.IsDir() {
			t.dirs++
			t.draw(at, indent+below, level+1)
		} else {
			t.files++
		}
	}
}

// used adds up what lies below a directory, in blocks of 1024 bytes.
func used(ctx context.Context, p *shell.Proc, at string, apparent bool) int64 {
	info, err := p.FS.Lstat(at)
	if err != nil || p.Step(ctx) != nil {
		return 0
	}
	n := blocks(info)
	if apparent {
		n = info.Size()
	}
	if info.IsDir() {
		entries, _ := p.FS.ReadDir(at)
		for _, e := range entries {
			n += used(ctx, p, path.Join(at, e.Name()), apparent)
		}
	}
	return n
}

func du(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "abcd:hHkmsSx", long: []string{"all=a", "bytes=b", "total=c", "max-depth:=d", "human-readable=h", "summarize=s", "apparent-size"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		names = []string{"."}
	}
	depth := 1 << 20
	if has(opts, "s") {
		depth = 0
	}
	if has(opts, "d") {
		n, err := strconv.Atoi(last(opts, "d", ""))
		if err != nil {
			return missing(p, "invalid maximum depth ‘%s’", last(opts, "d", ""))
		}
		depth = n
	}
	apparent := has(opts, "b", "apparent-size")
	show := func(n int64, name string) {
		text := strconv.FormatInt(n, 10)
		switch {
		case has(opts, "h") && apparent:
			text = human(n, 1024)
		case has(opts, "h"):
			text = human(n*1024, 1024)
		case has(opts, "m"):
			text = strconv.FormatInt((n+1023)/1024, 10)
		}
		fmt.Fprintf(p.Stdout, "%s\t%s\n", text, name)
	}
	var walk func(name string, level int) int64
	walk = func(name string, level int) int64 {
		info, err := p.FS.Lstat(p.Path(name))
		if err != nil {
			p.Errorf("cannot access '%s': %s", name, reason(err))
			exit = 1
			return 0
		}
		n := blocks(info)
		if apparent {
			n = info.Size()
		}
		if info.IsDir() {
			entries, _ := p.FS.ReadDir(p.Path(name))
			for _, e := range entries {
				n += walk(strings.TrimSuffix(name, "/")+"/"+e.Name(), level+1)
			}
		}
		if level <= depth && (info.IsDir() || level == 0 || has(opts, "a")) {
			show(n, name)
		}
		return n
	}
	total := int64(0)
	for _, name := range names {
		total += walk(name, 0)
	}
	if has(opts, "c") {
		show(total, "total")
	}
	return exit
}
