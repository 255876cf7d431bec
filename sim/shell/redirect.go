package shell

import (
	"os"
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"terrarium/sim/vfs"
)

// redirect carries one redirection out in the process's table; it prints why one fails.
func (p *process) redirect(rd *syntax.Redirect) bool {
	fd := 1
	switch rd.Op {
	case syntax.RdrIn, syntax.RdrInOut, syntax.DplIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
		fd = 0
	}
	named := ""
	if rd.N != nil {
		if n, err := strconv.Atoi(rd.N.Value); err == nil {
			fd = n
		} else {
			named = strings.Trim(rd.N.Value, "{}")
			fd = p.files.free()
		}
	}
	if fd > 1023 {
		p.errorf("%d: Bad file descriptor", fd)
		return false
	}
	ok := true
	switch rd.Op {
	case syntax.Hdoc, syntax.DashHdoc:
		p.files.set(fd, newStream(&text{[]byte(p.hereDocument(rd))}))
	case syntax.WordHdoc:
		p.files.set(fd, newStream(&text{[]byte(p.word(rd.Word) + "\n")}))
	case syntax.DplIn, syntax.DplOut:
		ok = p.duplicate(rd, fd, named)
	default:
		ok = p.redirectFile(rd, fd)
	}
	if ok && named != "" && rd.Op != syntax.DplIn {
		p.set(named, strconv.Itoa(fd))
	}
	return ok
}

// redirectWord expands the target, which must be one word.
func (p *process) redirectWord(rd *syntax.Redirect) (string, bool) {
	words := p.fields([]*syntax.Word{rd.Word})
	if len(words) != 1 {
		p.errorf("%s: ambiguous redirect", p.src.slice(rd.Word))
		return "", false
	}
	return words[0], true
}

func (p *process) redirectFile(rd *syntax.Redirect, fd int) bool {
	name, ok := p.redirectWord(rd)
	if !ok {
		return false
	}
	flag := os.O_RDONLY
	switch rd.Op {
	case syntax.RdrOut, syntax.RdrClob, syntax.RdrAll:
		flag = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
		if info, err := p.sh.fs.Stat(p.abs(name)); err == nil && info.Mode().IsRegular() && p.opts.set["noclobber"] && rd.Op != syntax.RdrClob {
			p.errorf("%s: cannot overwrite existing file", name)
			return false
		}
	case syntax.AppOut, syntax.AppAll:
		flag = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	case syntax.RdrInOut:
		flag = os.O_RDWR | os.O_CREATE
	}
	if name == "" {
		p.errorf(": No such file or directory")
		return false
	}
	s, err := p.open(name, flag)
	if err != nil {
		p.errorf("%s", p.unopened(name, vfs.Reason(err), flag != os.O_RDONLY))
		return false
	}
	p.files.set(fd, s)
	if rd.Op == syntax.RdrAll || rd.Op == syntax.AppAll {
		p.files.set(2, s)
	}
	return true
}

// unopened says, in the words of the shell, that a file of a redirection could not be opened.
func (p *process) unopened(name, reason string, write bool) string {
	if !p.isPosix() {
		return name + ": " + reason
	}
	verb := "open"
	if write {
		verb = "create"
	}
	missing := reason == "No such file or directory"
	switch {
	case p.isAsh() && missing:
		reason = map[bool]string{true: "nonexistent directory", false: "no such file"}[write]
	case missing:
		reason = map[bool]string{true: "Directory nonexistent", false: "No such file"}[write]
	}
	if p.isAsh() {
		return "can't " + verb + " " + name + ": " + reason
	}
	return "cannot " + verb + " " + name + ": " + reason
}

// open opens a path, /dev/stdin and /dev/fd/N among them.
func (p *process) open(name string, flag int) (*stream, error) {
	at := p.abs(name)
	if fd, ok := descriptorPath(at); ok {
		if s := p.files.files[fd]; s != nil {
			return s, nil
		}
		return nil, vfs.ErrNotExist
	}
	if at == "/dev/tty" {
		for _, fd := range []int{0, 1, 2} {
			if s := p.files.files[fd]; s != nil && s.tty && (fd == 0) == (flag == os.O_RDONLY) {
				return s, nil
			}
		}
		if s := p.sh.tty[min(flag&os.O_WRONLY|flag&os.O_RDWR, 1)]; s != nil {
			return s, nil
		}
		return nil, vfs.Errno("no such device or address")
	}
	f, err := p.sh.fs.OpenFile(at, flag, 0o666&^p.opts.umask)
	if err != nil {
		return nil, err
	}
	s := newStream(openFile{f})
	s.name = at
	return s, nil
}

// descriptorPath recognises the paths that stand for a process's own descriptors.
func descriptorPath(at string) (int, bool) {
	if !strings.HasPrefix(at, "/dev/") {
		return 0, false
	}
	at = path.Clean(at)
	switch at {
	case "/dev/stdin":
		return 0, true
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(at, "/dev/fd/")); err == nil && strings.HasPrefix(at, "/dev/fd/") {
		return n, true
	}
	return 0, false
}

// duplicate carries out n>&m, n<&m, n>&- and >&file.
func (p *process) duplicate(rd *syntax.Redirect, fd int, named string) bool {
	word, ok := p.redirectWord(rd)
	if !ok {
		return false
	}
	if named != "" && word == "-" {
		if n, err := strconv.Atoi(p.get(named)); err == nil {
			fd = n
		}
	}
	move := strings.HasSuffix(word, "-") && word != "-"
	switch n, err := strconv.Atoi(strings.TrimSuffix(word, "-")); {
	case word == "-":
		p.files.set(fd, nil)
	case err == nil:
		s := p.files.files[n]
		if s == nil {
			p.errorf("%d: Bad file descriptor", n)
			return false
		}
		p.files.set(fd, s)
		if move && n != fd {
			p.files.set(n, nil)
		}
	case rd.Op == syntax.DplOut && rd.N == nil:
		s, err := p.open(word, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
		if err != nil {
			p.errorf("%s: %s", word, vfs.Reason(err))
			return false
		}
		p.files.set(1, s)
		p.files.set(2, s)
	default:
		p.errorf("%s: ambiguous redirect", word)
		return false
	}
	return true
}

// hereDocument is the text of a here-document; <<- takes the tabs off its lines.
func (p *process) hereDocument(rd *syntax.Redirect) string {
	if rd.Hdoc == nil {
		return ""
	}
	body := rd.Hdoc
	if rd.Op == syntax.DashHdoc {
		body = stripTabs(body)
	}
	if quotedWord(rd.Word) {
		var b strings.Builder
		for _, part := range body.Parts {
			if lit, ok := part.(*syntax.Lit); ok {
				b.WriteString(lit.Value)
			}
		}
		return b.String()
	}
	return p.document(body)
}

func quotedWord(w *syntax.Word) bool {
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok || strings.Contains(lit.Value, `\`) {
			return true
		}
	}
	return false
}

// stripTabs takes the tabs off the beginning of each line of a here-document.
func stripTabs(w *syntax.Word) *syntax.Word {
	out := &syntax.Word{}
	atStart := true
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			out.Parts = append(out.Parts, part)
			atStart = false
			continue
		}
		c := *lit
		lines := strings.SplitAfter(c.Value, "\n")
		for i := range lines {
			if i > 0 || atStart {
				lines[i] = strings.TrimLeft(lines[i], "\t")
			}
		}
		c.Value = strings.Join(lines, "")
		atStart = strings.HasSuffix(c.Value, "\n")
		out.Parts = append(out.Parts, &c)
	}
	return out
}
