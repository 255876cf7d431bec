package commands

import (
	"context"
	"fmt"
	iofs "io/fs"
	"path"
	"strconv"
	"strings"

	"terrarium/sim/shell"
)

// eachFile hands a file, and with recursive what lies below it, to f.
func eachFile(ctx context.Context, p *shell.Proc, name string, recursive bool, f func(name string, info iofs.FileInfo)) error {
	info, err := p.FS.Stat(p.Path(name))
	if err != nil {
		return err
	}
	f(name, info)
	if !recursive || !info.IsDir() {
		return nil
	}
	entries, err := p.FS.ReadDir(p.Path(name))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := p.Step(ctx); err != nil {
			return err
		}
		if e.Type()&iofs.ModeSymlink == 0 {
			eachFile(ctx, p, strings.TrimSuffix(name, "/")+"/"+e.Name(), true, f)
		}
	}
	return nil
}

func chmod(ctx context.Context, p *shell.Proc) int {
	// A mode such as -x is no option.
	args := []string{p.Args[0]}
	mode := ""
	for _, a := range p.Args[1:] {
		if mode == "" && len(a) > 1 && a[0] == '-' && strings.Trim(a[1:], "rwxXst") == "" {
			mode = a
			continue
		}
		args = append(args, a)
	}
	all := p.Args
	p.Args = args
	opts, names, exit, done := syntax{short: "cfvR", long: []string{"changes=c", "silent=f", "quiet=f", "verbose=v", "recursive=R", "reference:", "no-preserve-root", "preserve-root"}, usage: []string{"NAME [OPTION]... MODE[,MODE]... FILE...", "NAME [OPTION]... OCTAL-MODE FILE...", "NAME [OPTION]... --reference=RFILE FILE..."}}.parse(p)
	p.Args = all
	if done {
		return exit
	}
	if mode == "" && !has(opts, "reference") && len(names) > 0 {
		mode, names = names[0], names[1:]
	}
	switch {
	case mode == "" && !has(opts, "reference"):
		return missing(p, "missing operand")
	case len(names) == 0:
		return missing(p, "missing operand after ‘%s’", mode)
	}
	if has(opts, "reference") {
		info, err := p.FS.Stat(p.Path(last(opts, "reference", "")))
		if err != nil {
			p.Errorf("failed to get attributes of '%s': %s", last(opts, "reference", ""), reason(err))
			return 1
		}
		mode = fmt.Sprintf("%o", info.Mode().Perm())
	}
	if _, ok := parseMode(mode, 0o644, false, 0); !ok {
		return missing(p, "invalid mode: ‘%s’", mode)
	}
	for _, name := range names {
		err := eachFile(ctx, p, name, has(opts, "R"), func(name string, info iofs.FileInfo) {
			to, _ := parseMode(mode, info.Mode()&(iofs.ModePerm|iofs.ModeSetuid|iofs.ModeSetgid|iofs.ModeSticky), info.IsDir(), p.Umask())
			p.FS.Chmod(p.Path(name), to)
			old := info.Mode()
			if has(opts, "v") || has(opts, "c") && old.Perm() != to.Perm() {
				if old.Perm() == to.Perm() {
					fmt.Fprintf(p.Stdout, "mode of '%s' retained as %04o (%s)\n", name, to.Perm(), modeString(to)[1:])
				} else {
					fmt.Fprintf(p.Stdout, "mode of '%s' changed from %04o (%s) to %04o (%s)\n", name, old.Perm(), modeString(old)[1:], to.Perm(), modeString(to)[1:])
				}
			}
		})
		if err != nil {
			if !has(opts, "f") {
				p.Errorf("cannot access '%s': %s", name, reason(err))
			}
			exit = 1
		}
	}
	return exit
}

func chown(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "cfvhHLPR", long: []string{"changes=c", "silent=f", "quiet=f", "verbose=v", "recursive=R", "reference:", "no-dereference=h", "dereference", "from:"}, usage: []string{"NAME [OPTION]... [OWNER][:[GROUP]] FILE...", "NAME [OPTION]... --reference=RFILE FILE..."}}.parse(p)
	if done {
		return exit
	}
	switch len(names) {
	case 0:
		return missing(p, "missing operand")
	case 1:
		return missing(p, "missing operand after ‘%s’", names[0])
	}
	owner, group, hasGroup := strings.Cut(names[0], ":")
	if p.Name() == "chgrp" {
		owner, group, hasGroup = "", names[0], true
	}
	number := func(s, file string) (int, bool) {
		if s == "" {
			return -1, true
		}
		if n, err := strconv.Atoi(s); err == nil {
			return n, true
		}
		data, _ := p.FS.ReadFile(file)
		for line := range strings.Lines(string(data)) {
			if f := strings.Split(line, ":"); len(f) > 2 && f[0] == s {
				n, err := strconv.Atoi(strings.TrimSpace(f[2]))
				return n, err == nil
			}
		}
		return 0, false
	}
	uid, ok := number(owner, "/etc/passwd")
	if !ok {
		p.Errorf("invalid user: ‘%s’", names[0])
		return 1
	}
	gid, ok := number(group, "/etc/group")
	if !ok {
		p.Errorf("invalid group: ‘%s’", names[0])
		return 1
	}
	if hasGroup && group == "" && uid >= 0 {
		gid = uid
	}
	for _, name := range names[1:] {
		if err := eachFile(ctx, p, name, has(opts, "R"), func(name string, _ iofs.FileInfo) { p.FS.Chown(p.Path(name), uid, gid) }); err != nil {
			if !has(opts, "f") {
				p.Errorf("cannot access '%s': %s", name, reason(err))
			}
			exit = 1
		}
	}
	return exit
}

func ln(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "bdfFiLnPrsS:t:Tv", long: []string{"force=f", "interactive=i", "logical=L", "no-dereference=n", "physical=P", "relative=r", "symbolic=s", "target-directory:=t", "no-target-directory=T", "verbose=v"}, usage: []string{"NAME [OPTION]... [-T] TARGET LINK_NAME", "NAME [OPTION]... TARGET", "NAME [OPTION]... TARGET... DIRECTORY", "NAME [OPTION]... -t DIRECTORY TARGET..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		return missing(p, "missing file operand")
	}
	dir := last(opts, "t", "")
	if dir == "" {
		switch info, err := p.FS.Stat(p.Path(names[len(names)-1])); {
		case len(names) == 1:
			dir = "."
		case err == nil && info.IsDir() && !has(opts, "T") && !(has(opts, "n") && isLink(p, names[len(names)-1])):
			dir, names = names[len(names)-1], names[:len(names)-1]
		case len(names) > 2:
			p.Errorf("target '%s' is not a directory", names[len(names)-1])
			return 1
		}
	}
	if dir == "" {
		return link(p, opts, names[0], names[1])
	}
	for _, target := range names {
		exit = max(exit, link(p, opts, target, strings.TrimSuffix(dir, "/")+"/"+path.Base(target)))
	}
	return exit
}

func isLink(p *shell.Proc, name string) bool {
	info, err := p.FS.Lstat(p.Path(name))
	return err == nil && info.Mode()&iofs.ModeSymlink != 0
}

func link(p *shell.Proc, opts []given, target, name string) int {
	name = strings.TrimPrefix(name, "./")
	kind := "hard"
	if has(opts, "s") {
		kind = "symbolic"
	}
	if !has(opts, "s") {
		info, err := p.FS.Stat(p.Path(target))
		if err != nil {
			p.Errorf("failed to access '%s': %s", target, reason(err))
			return 1
		}
		if info.IsDir() {
			p.Errorf("%s: hard link not allowed for directory", target)
			return 1
		}
	}
	if has(opts, "f") {
		if info, err := p.FS.Lstat(p.Path(name)); err == nil && !info.IsDir() {
			p.FS.Remove(p.Path(name))
		}
	}
	var err error
	if has(opts, "s") {
		if has(opts, "r") {
			target = relative(path.Dir(p.Path(name)), p.Path(target))
		}
		err = p.FS.Symlink(target, p.Path(name))
	} else {
		err = p.FS.Link(p.Path(target), p.Path(name))
	}
	if err != nil {
		what := fmt.Sprintf("'%s'", name)
		if kind == "hard" && reason(err) != "File exists" {
			what += fmt.Sprintf(" => '%s'", target)
		}
		p.Errorf("failed to create %s link %s: %s", kind, what, reason(err))
		return 1
	}
	if has(opts, "v") {
		arrow := "=>"
		if has(opts, "s") {
			arrow = "->"
		}
		fmt.Fprintf(p.Stdout, "'%s' %s '%s'\n", name, arrow, target)
	}
	return 0
}

// relative is the way from one directory to a path.
func relative(from, to string) string {
	a, b := strings.Split(path.Clean(from), "/"), strings.Split(path.Clean(to), "/")
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	var parts []string
	for _, elem := range a[n:] {
		if elem != "" {
			parts = append(parts, "..")
		}
	}
	parts = append(parts, b[n:]...)
	if len(parts) == 0 {
		return "."
	}
	return strings.Join(parts, "/")
}
