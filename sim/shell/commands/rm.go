package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"path"
	"strings"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

func rm(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "dfiIrRv", long: []string{"dir=d", "force=f", "interactive::", "recursive=r", "verbose=v", "no-preserve-root", "preserve-root::", "one-file-system"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	r := remover{p: p, force: has(opts, "f"), recursive: has(opts, "r", "R"), dirs: has(opts, "d"), verbose: has(opts, "v")}
	for _, o := range opts {
		switch {
		case o.name == "i" || o.name == "interactive" && (o.value == "" || o.value == "always"):
			r.ask = true
		case o.name == "f":
			r.ask = false
		}
	}
	r.answers = bufio.NewReader(p.Stdin)
	if len(names) == 0 && !r.force {
		return missing(p, "missing operand")
	}
	for _, name := range names {
		switch base := path.Base(strings.TrimRight(name, "/")); {
		case (base == "." || base == "..") && strings.Trim(name, "/") != "" && r.recursive:
			p.Errorf("refusing to remove '.' or '..' directory: skipping '%s'", name)
			r.failed = true
			continue
		case path.Clean(p.Path(name)) == "/" && r.recursive && !has(opts, "no-preserve-root"):
			p.Errorf("it is dangerous to operate recursively on '/'\n%s: use --no-preserve-root to override this failsafe", p.Name())
			r.failed = true
			continue
		}
		r.remove(ctx, name)
	}
	if r.failed {
		return 1
	}
	return 0
}

type remover struct {
	p                                    *shell.Proc
	force, recursive, dirs, verbose, ask bool
	answers                              *bufio.Reader
	failed                               bool
}

func (r *remover) fail(name string, err error) {
	r.p.Errorf("cannot remove '%s': %s", name, vfs.Reason(err))
	r.failed = true
}

func (r *remover) agreed(question, name string) bool {
	if !r.ask {
		return true
	}
	fmt.Fprintf(r.p.Stderr, "%s: %s '%s'? ", r.p.Name(), question, name)
	line, _ := r.answers.ReadString('\n')
	return strings.HasPrefix(line, "y") || strings.HasPrefix(line, "Y")
}

func (r *remover) remove(ctx context.Context, name string) {
	at := r.p.Path(name)
	info, err := r.p.FS.Lstat(at)
	switch {
	case errors.Is(err, iofs.ErrNotExist) && r.force:
		return
	case err != nil:
		if errors.Is(err, vfs.ErrNotDir) && r.force {
			return
		}
		r.fail(name, err)
		return
	case info.IsDir() && !r.recursive && !r.dirs:
		r.fail(name, vfs.ErrIsDir)
		return
	case info.IsDir() && r.recursive:
		r.tree(ctx, name, at)
		return
	}
	kind := "regular file"
	switch {
	case info.IsDir():
		kind = "directory"
	case info.Mode()&iofs.ModeSymlink != 0:
		kind = "symbolic link"
	case info.Size() == 0:
		kind = "regular empty file"
	}
	if !r.agreed("remove "+kind, name) {
		return
	}
	if err := r.p.FS.Remove(at); err != nil {
		r.fail(name, err)
		return
	}
	if r.verbose {
		if info.IsDir() {
			fmt.Fprintf(r.p.Stdout, "removed directory '%s'\n", name)
		} else {
			fmt.Fprintf(r.p.Stdout, "removed '%s'\n", name)
		}
	}
}

func (r *remover) tree(ctx context.Context, name, at string) {
	entries, err := r.p.FS.ReadDir(at)
	if err != nil {
		r.fail(name, err)
		return
	}
	if len(entries) > 0 && !r.agreed("descend into directory", name) {
		return
	}
	for _, e := range entries {
		if r.p.Step(ctx) != nil {
			return
		}
		r.remove(ctx, strings.TrimSuffix(name, "/")+"/"+e.Name())
	}
	if !r.agreed("remove directory", name) {
		return
	}
	if err := r.p.FS.Remove(at); err != nil {
		if !r.failed {
			r.fail(name, err)
		}
		return
	}
	if r.verbose {
		fmt.Fprintf(r.p.Stdout, "removed directory '%s'\n", name)
	}
}
