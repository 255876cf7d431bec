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

var cpSyntax = syntax{
	short: "abdfiHlLnpPrRsSt:TuvxZ",
	long: []string{"archive=a", "force=f", "interactive=i", "link=l", "dereference=L", "no-clobber=n", "no-dereference=P", "preserve::",
		"recursive=r", "symbolic-link=s", "target-directory:=t", "no-target-directory=T", "update=u", "verbose=v", "parents", "backup::"},
	usage: []string{"NAME [OPTION]... [-T] SOURCE DEST", "NAME [OPTION]... SOURCE... DIRECTORY", "NAME [OPTION]... -t DIRECTORY SOURCE..."},
}

// copying is one cp or, across names, one mv.
type copying struct {
	p                                           *shell.Proc
	recursive, links, keep, noClobber, newer    bool
	verbose, symbolic, hard, interactive, deref bool
	failed                                      bool
}

func cp(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := cpSyntax.parse(p)
	if done {
		return exit
	}
	c := &copying{
		p: p, recursive: has(opts, "r", "R", "a"), links: has(opts, "P", "d", "a", "r", "R"), keep: has(opts, "p", "a", "preserve"), deref: has(opts, "L"),
		noClobber: has(opts, "n"), newer: has(opts, "u"), verbose: has(opts, "v"), symbolic: has(opts, "s"), hard: has(opts, "l"), interactive: has(opts, "i"),
	}
	pairs, exit := c.pairs(opts, names)
	if exit != 0 {
		return exit
	}
	for _, pair := range pairs {
		c.copy(ctx, pair[0], pair[1], true)
	}
	if c.failed {
		return 1
	}
	return 0
}

// pairs finds out what goes where.
func (c *copying) pairs(opts []given, names []string) (pairs [][2]string, exit int) {
	p := c.p
	dir := last(opts, "t", "")
	switch {
	case len(names) == 0:
		return nil, missing(p, "missing file operand")
	case dir == "" && len(names) == 1:
		return nil, missing(p, "missing destination file operand after '%s'", names[0])
	case has(opts, "T") && len(names) > 2:
		return nil, missing(p, "extra operand '%s'", names[2])
	}
	if dir == "" {
		target := names[len(names)-1]
		info, err := p.FS.Stat(p.Path(target))
		isDir := err == nil && info.IsDir()
		if len(names) == 2 && (!isDir || has(opts, "T")) {
			return [][2]string{{names[0], target}}, 0
		}
		if !isDir {
			if err != nil {
				p.Errorf("target '%s': %s", target, vfs.Reason(err))
			} else {
				p.Errorf("target '%s' is not a directory", target)
			}
			return nil, 1
		}
		dir, names = target, names[:len(names)-1]
	} else if info, err := p.FS.Stat(p.Path(dir)); err != nil || !info.IsDir() {
		if err == nil {
			err = vfs.ErrNotDir
		}
		p.Errorf("target directory '%s': %s", dir, vfs.Reason(err))
		return nil, 1
	}
	for _, name := range names {
		to := strings.TrimSuffix(dir, "/") + "/" + path.Base(strings.TrimRight(name, "/"))
		if has(opts, "parents") {
			to = strings.TrimSuffix(dir, "/") + "/" + strings.TrimPrefix(name, "/")
			p.FS.MkdirAll(p.Path(path.Dir(to)), 0o755)
		}
		pairs = append(pairs, [2]string{name, to})
	}
	return pairs, 0
}

func (c *copying) fail(format string, a ...any) {
	c.p.Errorf(format, a...)
	c.failed = true
}

func (c *copying) copy(ctx context.Context, from, to string, top bool) {
	p := c.p
	if p.Step(ctx) != nil {
		return
	}
	src, dst := p.Path(from), p.Path(to)
	stat := p.FS.Stat
	if c.links && !c.deref {
		stat = p.FS.Lstat
	}
	info, err := stat(src)
	if err != nil {
		c.fail("cannot stat '%s': %s", from, vfs.Reason(err))
		return
	}
	there, thereErr := p.FS.Stat(dst)
	if info.IsDir() {
		c.copyDir(ctx, from, to, info, there)
		return
	}
	switch {
	case thereErr == nil && vfs.SameFile(info, there):
		c.fail("'%s' and '%s' are the same file", from, to)
		return
	case thereErr == nil && there.IsDir():
		c.fail("cannot overwrite directory '%s' with non-directory '%s'", to, from)
		return
	case thereErr == nil && c.noClobber, thereErr == nil && c.newer && !info.ModTime().After(there.ModTime()):
		return
	case thereErr == nil && c.interactive:
		fmt.Fprintf(p.Stderr, "%s: overwrite '%s'? ", p.Name(), to)
		if !answeredYes(p) {
			return
		}
	case strings.HasSuffix(to, "/") && thereErr != nil:
		c.fail("cannot create regular file '%s': Not a directory", to)
		return
	}
	if err := c.file(info, from, src, dst); err != nil {
		if errors.Is(err, errOpen) {
			c.fail("cannot open '%s' for reading: %s", from, vfs.Reason(err))
			return
		}
		c.fail("cannot create regular file '%s': %s", to, vfs.Reason(err))
		return
	}
	if c.verbose {
		fmt.Fprintf(p.Stdout, "'%s' -> '%s'\n", from, to)
	}
}

var errOpen = errors.New("open")

func (c *copying) file(info iofs.FileInfo, from, src, dst string) error {
	p := c.p
	switch {
	case info.Mode()&iofs.ModeSymlink != 0 && c.links:
		target, err := p.FS.Readlink(src)
		if err != nil {
			return err
		}
		p.FS.Remove(dst)
		return p.FS.Symlink(target, dst)
	case c.symbolic:
		return p.FS.Symlink(from, dst)
	case c.hard:
		return p.FS.Link(src, dst)
	}
	data, err := p.ReadFile(from)
	if err != nil {
		return err
	}
	if err := p.FS.WriteFile(dst, data, info.Mode().Perm()&^p.Umask()); err != nil {
		return err
	}
	c.attributes(info, dst)
	return nil
}

func (c *copying) attributes(info iofs.FileInfo, dst string) {
	if !c.keep {
		return
	}
	c.p.FS.Chmod(dst, info.Mode())
	c.p.FS.Chtimes(dst, info.ModTime())
	if sys, ok := info.Sys().(*vfs.Sys); ok {
		c.p.FS.Chown(dst, sys.UID, sys.GID)
	}
}

func (c *copying) copyDir(ctx context.Context, from, to string, info, there iofs.FileInfo) {
	p := c.p
	switch {
	case !c.recursive:
		c.fail("-r not specified; omitting directory '%s'", from)
		return
	case there != nil && !there.IsDir():
		c.fail("cannot overwrite non-directory '%s' with directory '%s'", to, from)
		return
	}
	real, _ := p.FS.Resolve(p.Path(from))
	up, _ := p.FS.Resolve(p.Path(path.Dir(strings.TrimRight(to, "/"))))
	if target := path.Join(up, path.Base(to)); target == real || strings.HasPrefix(target, real+"/") {
		c.fail("cannot copy a directory, '%s', into itself, '%s'", from, to)
		return
	}
	if there == nil {
		if err := p.FS.Mkdir(p.Path(to), info.Mode().Perm()&^p.Umask()|0o700); err != nil {
			c.fail("cannot create directory '%s': %s", to, vfs.Reason(err))
			return
		}
		if c.verbose {
			fmt.Fprintf(p.Stdout, "'%s' -> '%s'\n", from, to)
		}
	}
	entries, err := p.FS.ReadDir(p.Path(from))
	if err != nil {
		c.fail("cannot access '%s': %s", from, vfs.Reason(err))
		return
	}
	for _, e := range entries {
		c.copy(ctx, strings.TrimSuffix(from, "/")+"/"+e.Name(), strings.TrimSuffix(to, "/")+"/"+e.Name(), false)
	}
	c.attributes(info, p.Path(to))
}

// answeredYes reads an answer from stdin, a byte at a time.
func answeredYes(p *shell.Proc) bool {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := p.Stdin.Read(b)
		if n > 0 {
			if b[0] == '\n' {
				break
			}
			line = append(line, b[0])
		}
		if err != nil {
			break
		}
	}
	return len(line) > 0 && (line[0] == 'y' || line[0] == 'Y')
}
