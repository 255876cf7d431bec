package commands

import (
	"context"
	"fmt"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

func mv(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{
		short: "bfinS:t:TuvZ",
		long:  []string{"force=f", "interactive=i", "no-clobber=n", "target-directory:=t", "no-target-directory=T", "update=u", "verbose=v", "backup::", "strip-trailing-slashes"},
		usage: []string{"NAME [OPTION]... [-T] SOURCE DEST", "NAME [OPTION]... SOURCE... DIRECTORY", "NAME [OPTION]... -t DIRECTORY SOURCE..."},
	}.parse(p)
	if done {
		return exit
	}
	c := &copying{p: p}
	pairs, exit := c.pairs(opts, names)
	if exit != 0 {
		return exit
	}
	for _, pair := range pairs {
		c.move(pair[0], pair[1], opts)
	}
	if c.failed {
		return 1
	}
	return 0
}

func (c *copying) move(from, to string, opts []given) {
	p := c.p
	info, err := p.FS.Lstat(p.Path(from))
	if err != nil {
		c.fail("cannot stat '%s': %s", from, vfs.Reason(err))
		return
	}
	there, thereErr := p.FS.Lstat(p.Path(to))
	if thereErr == nil {
		switch {
		case vfs.SameFile(info, there):
			c.fail("'%s' and '%s' are the same file", from, to)
			return
		case has(opts, "n"), has(opts, "u") && !info.ModTime().After(there.ModTime()):
			return
		case there.IsDir() && !info.IsDir():
			c.fail("cannot overwrite directory '%s' with non-directory", to)
			return
		case !there.IsDir() && info.IsDir():
			c.fail("cannot overwrite non-directory '%s' with directory '%s'", to, from)
			return
		case has(opts, "i"):
			fmt.Fprintf(p.Stderr, "%s: overwrite '%s'? ", p.Name(), to)
			if !answeredYes(p) {
				return
			}
		}
	}
	if err := p.FS.Rename(p.Path(from), p.Path(to)); err != nil {
		switch reason := vfs.Reason(err); reason {
		case "Invalid argument":
			c.fail("cannot move '%s' to a subdirectory of itself, '%s'", from, to)
		default:
			c.fail("cannot move '%s' to '%s': %s", from, to, reason)
		}
		return
	}
	if has(opts, "v") {
		fmt.Fprintf(p.Stdout, "renamed '%s' -> '%s'\n", from, to)
	}
}
