package commands

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"path"
	"strings"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

func mkdir(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "m:pvZ", long: []string{"mode:=m", "parents=p", "verbose=v"}, usage: []string{"NAME [OPTION]... DIRECTORY..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		return missing(p, "missing operand")
	}
	mode := 0o777 &^ p.Umask()
	if has(opts, "m") {
		m, ok := parseMode(last(opts, "m", ""), 0o777, true, 0)
		if !ok {
			p.Errorf("invalid mode ‘%s’", last(opts, "m", ""))
			return 1
		}
		mode = m
	}
	for _, name := range names {
		if !makeDir(p, name, mode, has(opts, "p"), has(opts, "v")) {
			exit = 1
		}
	}
	return exit
}

func makeDir(p *shell.Proc, name string, mode iofs.FileMode, parents, verbose bool) bool {
	if parents {
		at := ""
		if strings.HasPrefix(name, "/") {
			at = "/"
		}
		for elem := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
			at = path.Join(at, elem)
			if info, err := p.FS.Stat(p.Path(at)); err == nil && info.IsDir() {
				continue
			}
			if err := p.FS.Mkdir(p.Path(at), mode); err != nil {
				if errors.Is(err, iofs.ErrExist) && at != path.Clean(name) {
					err = vfs.ErrNotDir
				}
				p.Errorf("cannot create directory ‘%s’: %s", at, vfs.Reason(err))
				return false
			}
			if verbose {
				fmt.Fprintf(p.Stdout, "%s: created directory '%s'\n", p.Name(), at)
			}
		}
		return true
	}
	if err := p.FS.Mkdir(p.Path(name), mode); err != nil {
		p.Errorf("cannot create directory ‘%s’: %s", name, vfs.Reason(err))
		return false
	}
	if verbose {
		fmt.Fprintf(p.Stdout, "%s: created directory '%s'\n", p.Name(), name)
	}
	return true
}

// parseMode reads an octal or symbolic mode.
func parseMode(text string, old iofs.FileMode, dir bool, umask iofs.FileMode) (iofs.FileMode, bool) {
	if text != "" && strings.Trim(text, "01234567") == "" && len(text) <= 5 {
		n := 0
		for _, c := range text {
			n = n*8 + int(c-'0')
		}
		mode := iofs.FileMode(n & 0o777)
		for bit, m := range map[int]iofs.FileMode{0o1000: iofs.ModeSticky, 0o2000: iofs.ModeSetgid, 0o4000: iofs.ModeSetuid} {
			if n&bit != 0 {
				mode |= m
			}
		}
		return mode, n <= 0o7777
	}
	mode, bad := shell.SymbolicMode(text, old, dir, umask)
	return mode, bad == 0 && text != ""
}

func rmdir(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "pv", long: []string{"parents=p", "verbose=v", "ignore-fail-on-non-empty"}, usage: []string{"NAME [OPTION]... DIRECTORY..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		return missing(p, "missing operand")
	}
	for _, name := range names {
		for at := name; ; at = path.Dir(at) {
			info, err := p.FS.Lstat(p.Path(at))
			if err == nil && !info.IsDir() {
				err = vfs.ErrNotDir
			}
			if err == nil {
				if has(opts, "v") {
					fmt.Fprintf(p.Stdout, "%s: removing directory, '%s'\n", p.Name(), at)
				}
				err = p.FS.Remove(p.Path(at))
			}
			if err != nil {
				if errors.Is(err, vfs.ErrNotEmpty) && has(opts, "ignore-fail-on-non-empty") {
					break
				}
				what := ""
				if at != name {
					what = "directory "
				}
				p.Errorf("failed to remove %s'%s': %s", what, at, vfs.Reason(err))
				exit = 1
				break
			}
			if !has(opts, "p") || path.Dir(at) == "." || path.Dir(at) == "/" {
				break
			}
		}
	}
	return exit
}
