package shell

import (
	"path"
	"strconv"
	"strings"

	"terrarium/sim/vfs"
)

// chdir moves to a directory; it prints why it cannot, as the builtin name.
func (p *process) chdir(name, to string, physical bool) bool {
	at := path.Clean(p.abs(to))
	info, err := p.sh.fs.Stat(p.abs(to))
	switch {
	case err != nil:
		p.cannotEnter(name, to, vfs.Reason(err))
		return false
	case !info.IsDir():
		p.cannotEnter(name, to, "Not a directory")
		return false
	}
	if physical {
		if real, err := p.sh.fs.Resolve(at); err == nil {
			at = real
		}
	}
	p.set("OLDPWD", p.dir)
	p.dir = at
	p.set("PWD", at)
	return true
}

func cdBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "LPe@")
	if bad != "" {
		return p.usage("cd", bad, "cd [-L|[-P [-e]] [-@]] [dir]")
	}
	if len(rest) > 1 {
		p.errorf("cd: too many arguments")
		return 1
	}
	to, show := "", false
	switch {
	case len(rest) == 0:
		home, ok := p.lookup("HOME")
		if !ok {
			p.errorf("cd: HOME not set")
			return 1
		}
		if to = home; to == "" {
			return 0
		}
	case rest[0] == "-":
		old, ok := p.lookup("OLDPWD")
		if !ok {
			p.errorf("cd: OLDPWD not set")
			return 1
		}
		if to, show = old, true; old == "" {
			p.print("\n")
			return 0
		}
	case rest[0] == "":
		return 0
	default:
		to = rest[0]
		if found := p.cdPath(to); found != "" {
			to, show = found, true
		}
	}
	if !p.chdir("cd", to, strings.Contains(flags, "P")) {
		return 1
	}
	if show {
		p.print("%s\n", p.dir)
	}
	return 0
}

// cdPath looks a directory up in CDPATH.
func (p *process) cdPath(to string) string {
	if strings.HasPrefix(to, "/") || strings.HasPrefix(to, ".") || p.get("CDPATH") == "" {
		return ""
	}
	for _, dir := range strings.Split(p.get("CDPATH"), ":") {
		at := strings.TrimSuffix(dir, "/") + "/" + to
		if info, err := p.sh.fs.Stat(p.abs(at)); dir != "" && err == nil && info.IsDir() {
			return at
		}
	}
	return ""
}

func pwdBuiltin(p *process, args []string) int {
	flags, _, bad := flagsOf(args, "LP")
	if bad != "" {
		return p.usage("pwd", bad, "pwd [-LP]")
	}
	at := p.dir
	if strings.HasSuffix(flags, "P") {
		if real, err := p.sh.fs.Resolve(at); err == nil {
			at = real
		}
	}
	p.print("%s\n", at)
	return 0
}

// shortHome shows the home directory as ~.
func (p *process) shortHome(at string) string {
	home := p.get("HOME")
	if home != "" && home != "/" && (at == home || strings.HasPrefix(at, home+"/")) {
		return "~" + at[len(home):]
	}
	return at
}

func (p *process) showDirs() {
	all := []string{p.shortHome(p.dir)}
	for _, d := range p.dirs {
		all = append(all, p.shortHome(d))
	}
	p.print("%s\n", strings.Join(all, " "))
}

func dirsBuiltin(p *process, args []string) int {
	flags, _, bad := flagsOf(args, "clpv")
	if bad != "" {
		return p.usage("dirs", bad, "dirs [-clpv] [+N] [-N]")
	}
	if strings.Contains(flags, "c") {
		p.dirs = nil
		return 0
	}
	if !strings.ContainsAny(flags, "lpv") {
		p.showDirs()
		return 0
	}
	for i, d := range append([]string{p.dir}, p.dirs...) {
		if !strings.Contains(flags, "l") {
			d = p.shortHome(d)
		}
		switch {
		case strings.Contains(flags, "v"):
			p.print("%2d  %s\n", i, d)
		case strings.Contains(flags, "p"):
			p.print("%s\n", d)
		default:
			p.print("%s ", d)
		}
	}
	if flags == "l" {
		p.print("\n")
	}
	return 0
}

// rotated reads +N or -N as a position in the stack, counted from the top.
func (p *process) rotated(arg string) (int, bool) {
	n, err := strconv.Atoi(arg[1:])
	if err != nil {
		return 0, false
	}
	if arg[0] == '-' {
		n = len(p.dirs) - n
	}
	return n, n >= 0 && n <= len(p.dirs)
}

func pushdBuiltin(p *process, args []string) int {
	rest := args[1:]
	all := append([]string{p.dir}, p.dirs...)
	switch {
	case len(rest) == 0:
		if len(p.dirs) == 0 {
			p.errorf("pushd: no other directory")
			return 1
		}
		if !p.chdir("pushd", all[1], false) {
			return 1
		}
		p.dirs = append([]string{all[0]}, all[2:]...)
	case len(rest[0]) > 1 && (rest[0][0] == '+' || rest[0][0] == '-'):
		n, ok := p.rotated(rest[0])
		if !ok && len(p.dirs) == 0 {
			p.errorf("pushd: directory stack empty")
			return 1
		}
		if !ok {
			p.errorf("pushd: %s: directory stack index out of range", rest[0])
			return 1
		}
		all = append(append([]string{}, all[n:]...), all[:n]...)
		if !p.chdir("pushd", all[0], false) {
			return 1
		}
		p.dirs = all[1:]
	default:
		if !p.chdir("pushd", rest[0], false) {
			return 1
		}
		p.dirs = all
	}
	p.showDirs()
	return 0
}

func popdBuiltin(p *process, args []string) int {
	if len(p.dirs) == 0 {
		p.errorf("popd: directory stack empty")
		return 1
	}
	if len(args) > 1 {
		n, ok := p.rotated(args[1])
		if !ok {
			p.errorf("popd: %s: directory stack index out of range", args[1])
			return 1
		}
		if n > 0 {
			p.dirs = append(append([]string{}, p.dirs[:n-1]...), p.dirs[n:]...)
			p.showDirs()
			return 0
		}
	}
	if !p.chdir("popd", p.dirs[0], false) {
		return 1
	}
	p.dirs = p.dirs[1:]
	p.showDirs()
	return 0
}

func (p *process) cannotEnter(name, to, reason string) {
	switch {
	case p.isAsh() && p.login:
		p.errorf("%s: can't cd to %s: %s", name, to, reason)
	case p.isAsh():
		p.errorf("%s: line %d: can't cd to %s: %s", name, p.lineNumber()-1, to, reason)
	case p.isDash():
		p.errorf("%s: can't cd to %s", name, to)
	default:
		p.errorf("%s: %s: %s", name, to, reason)
	}
}
