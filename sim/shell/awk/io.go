package awk

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// nextMain reads the next record of the program's input: the files of ARGV, assignments among them, or stdin.
func (in *interp) nextMain() (string, bool) {
	for {
		if in.main == nil && !in.openMain() {
			return "", false
		}
		line, ok := in.read(in.main)
		if ok {
			in.nr++
			in.fnr++
			return line, true
		}
		in.closeMain()
	}
}

func (in *interp) closeMain() {
	if in.main != nil {
		in.main.close()
		in.main = nil
	}
}

// openMain opens the next file; false where none is left.
func (in *interp) openMain() bool {
	argv := in.global("ARGV").toArray()
	for in.argAt+1 < int(in.global("ARGC").v.num()) {
		in.argAt++
		a := argv[strconv.Itoa(in.argAt)].str("%.6g")
		if name, val, ok := strings.Cut(a, "="); ok && isName(name) {
			in.setGlobal(name, input(unescape(val)))
			continue
		}
		if a == "" {
			continue
		}
		in.main = in.openFile(a)
		in.fnr = 0
		in.global("FILENAME").v = text(a)
		if in.main == nil {
			in.out.Flush()
			fmt.Fprintf(in.c.Stderr, "awk: cannot open %q (No such file or directory)\n", a)
			in.exit = 2
			continue
		}
		in.usedFile()
		return true
	}
	if !in.anyFile() {
		in.usedFile()
		in.main = &source{r: bufio.NewReader(in.c.Stdin), close: func() int { return 0 }}
		return true
	}
	return false
}

// anyFile reports whether a file has been opened, or tried: without any, stdin is read.
func (in *interp) anyFile() bool { return in.filename.kind != unset || in.exit == 2 }
func (in *interp) usedFile()     { in.filename = num(1) }

func (in *interp) openFile(name string) *source {
	if name == "-" || name == "/dev/stdin" {
		return &source{r: bufio.NewReader(in.c.Stdin), close: func() int { return 0 }}
	}
	f, err := in.c.Open(name)
	if err != nil {
		return nil
	}
	return &source{r: bufio.NewReader(f), close: func() int { f.Close(); return 0 }}
}

// read reads one record by RS.
func (in *interp) read(s *source) (string, bool) {
	in.tick()
	if s.r.Buffered() == 0 {
		in.out.Flush() // whoever reads us sees what there is before we wait for more
	}
	switch rs := in.getText("RS"); {
	case rs == "\n":
		return readUntil(s.r, '\n')
	case rs == "":
		return readParagraph(s.r)
	case len(rs) == 1:
		return readUntil(s.r, rs[0])
	default:
		return in.readRegex(s, rs)
	}
}

func readUntil(r *bufio.Reader, delim byte) (string, bool) {
	line, err := r.ReadString(delim)
	if err != nil && line == "" {
		return "", false
	}
	return strings.TrimSuffix(line, string(delim)), true
}

func readParagraph(r *bufio.Reader) (string, bool) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		bare := strings.TrimSuffix(line, "\n")
		if bare == "" && (b.Len() > 0 || err != nil) {
			break
		}
		if bare != "" {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(bare)
		}
		if err != nil {
			break
		}
	}
	return b.String(), b.Len() > 0
}

func (in *interp) readRegex(s *source, rs string) (string, bool) {
	rest, err := io.ReadAll(s.r)
	if err != nil && len(rest) == 0 || len(rest) == 0 {
		return "", false
	}
	m := in.regex(&constant{text(rs)}).Find(string(rest))
	if m == nil || m[0] == m[1] {
		return strings.TrimSuffix(string(rest), "\n"), true
	}
	s.r = bufio.NewReader(bytes.NewReader(rest[m[1]:]))
	return string(rest[:m[0]]), true
}

func (in *interp) getline(x *getline) value {
	var line string
	var ok bool
	switch x.kind {
	case 0:
		if line, ok = in.nextMain(); !ok {
			return num(0)
		}
	default:
		s := in.reader(x.kind, in.str(in.eval(x.source)))
		if s == nil {
			return num(-1)
		}
		if line, ok = in.read(s); !ok {
			return num(0)
		}
		if x.kind == '|' {
			in.nr++
		}
	}
	if x.target == nil {
		in.setRecord(line)
	} else {
		in.store(x.target, input(line))
	}
	return num(1)
}

func (in *interp) reader(kind byte, name string) *source {
	key := string(kind) + name
	if s := in.readers[key]; s != nil {
		return s
	}
	var s *source
	if kind == '|' {
		in.flush()
		var b bytes.Buffer
		status := in.c.System(name, nil, &b)
		s = &source{r: bufio.NewReader(&b), close: func() int { return status }}
	} else if s = in.openFile(name); s == nil {
		return nil
	}
	in.readers[key] = s
	return s
}

func (in *interp) writer(to, name string) *bufio.Writer {
	switch name {
	case "/dev/stdout", "-":
		return in.out
	case "/dev/stderr":
		in.out.Flush()
		if in.writers[name] == nil {
			in.writers[name] = &sink{w: bufio.NewWriter(in.c.Stderr), close: func() int { return 0 }}
		}
		return in.writers[name].w
	}
	if s := in.writers[name]; s != nil {
		return s.w
	}
	s := &sink{}
	if to == "|" {
		var b bytes.Buffer
		s.w = bufio.NewWriter(&b)
		s.close = func() int {
			s.w.Flush()
			in.out.Flush()
			return in.c.System(name, &b, nil)
		}
	} else {
		f, err := in.c.Create(name, to == ">>")
		if err != nil {
			fail("cannot open %q (%s)", name, reason(err))
		}
		s.w = bufio.NewWriter(f)
		s.close = func() int { s.w.Flush(); f.Close(); return 0 }
	}
	in.writers[name] = s
	return s.w
}

func (in *interp) flush() {
	in.out.Flush()
	for _, name := range sortedNames(in.writers) {
		in.writers[name].w.Flush()
	}
}

func (in *interp) print(w *bufio.Writer, parts ...string) {
	for _, s := range parts {
		w.WriteString(s)
	}
}

func (in *interp) printStmt(s *printStmt) {
	var line string
	switch {
	case s.format:
		args := make([]value, len(s.args))
		for i, a := range s.args {
			args[i] = in.eval(a)
		}
		line = sprintf(in.str(args[0]), args[1:], in.getText("CONVFMT"))
	case len(s.args) == 0:
		line = in.text() + in.getText("ORS")
	default:
		parts := make([]string, len(s.args))
		for i, a := range s.args {
			parts[i] = in.eval(a).str(in.getText("OFMT"))
		}
		line = strings.Join(parts, in.getText("OFS")) + in.getText("ORS")
	}
	w := in.out
	if s.to != "" {
		w = in.writer(s.to, in.str(in.eval(s.dest)))
	}
	w.WriteString(line)
	if s.to != "" && strings.HasPrefix(in.str(in.eval(s.dest)), "/dev/std") {
		w.Flush()
	}
}

// closeName is close(name): -1 where nothing of that name is open.
func (in *interp) closeName(name string) int {
	status := -1
	for _, key := range []string{"<" + name, "|" + name} {
		if s := in.readers[key]; s != nil {
			status = s.close()
			delete(in.readers, key)
		}
	}
	if s := in.writers[name]; s != nil {
		status = s.close()
		delete(in.writers, name)
	}
	return status
}

func (in *interp) finish() {
	in.out.Flush()
	in.closeMain()
	for _, name := range sortedNames(in.writers) {
		in.writers[name].w.Flush()
		in.writers[name].close()
	}
	for _, s := range in.readers {
		s.close()
	}
	clear(in.readers)
	clear(in.writers)
}
