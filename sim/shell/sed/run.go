package sed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"terrarium/sim/shell/regex"
)

// Config is what a script runs on.
type Config struct {
	Quiet    bool // -n
	Separate bool // -s, -i: each file has its own line numbers and last line
	Null     bool // -z
	Wrap     int  // of the l command
	// Next opens the next file; ok is false where there is none. Out is where its output goes; done is called at its end.
	Next func() (r io.Reader, name string, out io.Writer, done func(), ok bool)
	// ReadFile and Append serve the commands r and w; Append gets each line with its newline.
	ReadFile func(name string) ([]byte, error)
	Append   func(name, text string)
	// Step is called for each command with the length of what it works on; an error ends the run.
	Step func(n int) error
}

var errQuit = errors.New("quit")

type machine struct {
	Config
	s       *Script
	in      *bufio.Reader
	name    string
	out     io.Writer
	done    func()
	line    int
	next    *string // the line after this one, where it has been read
	nextEnd bool
	ended   bool // no more input at all

	pattern   string
	hold      string
	noNewline bool // the line came without a newline
	queue     []queued
	replaced  bool
	lastRE    *regex.Regexp
	exit      int
	missing   bool // the last thing written had no newline
	readers   map[string]*bufio.Reader
	restart   bool
}

type queued struct {
	text string
	file string
	line bool // R: one line of the file
}

// Run runs the script; it returns the exit status that q or Q asked for.
func (s *Script) Run(c Config) (exit int, err error) {
	m := &machine{Config: c, s: s, readers: map[string]*bufio.Reader{}}
	m.Quiet = m.Quiet || s.Quiet
	if m.Wrap == 0 {
		m.Wrap = 70
	}
	for _, cmd := range s.commands {
		cmd.active = false
	}
	for m.read() {
		if err := m.cycle(); err != nil {
			if errors.Is(err, errQuit) {
				break
			}
			return m.exit, err
		}
	}
	if m.done != nil {
		m.done()
	}
	return m.exit, nil
}

func (m *machine) delim() byte {
	if m.Null {
		return 0
	}
	return '\n'
}

// fetch reads a line ahead; false at the end of all input, or of this file where files are separate.
func (m *machine) fetch(across bool) bool {
	for m.next == nil {
		if m.in != nil {
			line, err := m.in.ReadString(m.delim())
			if line != "" {
				text, ended := strings.CutSuffix(line, string(m.delim()))
				m.next, m.nextEnd = &text, !ended
				return true
			}
			_ = err
			m.in = nil
		}
		if m.Separate && !across {
			return false
		}
		if !m.open() {
			return false
		}
	}
	return true
}

func (m *machine) open() bool {
	if m.ended {
		return false
	}
	r, name, out, done, ok := m.Next()
	if m.done != nil {
		m.done()
		m.done = nil
	}
	if !ok {
		m.ended = true
		return false
	}
	if m.Separate {
		m.line = 0
	}
	m.in, m.name, m.out, m.done = bufio.NewReader(r), name, out, done
	m.missing = m.missing && !m.Separate
	return true
}

// read makes the next line the pattern space.
func (m *machine) read() bool {
	if !m.fetch(true) {
		return false
	}
	m.pattern, m.noNewline = *m.next, m.nextEnd
	m.next = nil
	m.line++
	return true
}

// last reports whether this is the last line.
func (m *machine) last() bool { return !m.fetch(false) }

func (m *machine) write(s string) {
	if m.missing {
		io.WriteString(m.out, string(m.delim()))
		m.missing = false
	}
	io.WriteString(m.out, s)
}

// print writes a line, with the newline that it had.
func (m *machine) print(s string) {
	m.write(s)
	if m.noNewline && m.last() {
		m.missing = true
		return
	}
	io.WriteString(m.out, string(m.delim()))
}

// cycle runs the script on the pattern space.
func (m *machine) cycle() error {
	for {
		m.restart = false
		quiet := m.Quiet
		jumped, err := m.commands()
		if err != nil && !errors.Is(err, errQuit) {
			return err
		}
		if !jumped && !quiet {
			m.print(m.pattern)
		}
		m.flush()
		if err != nil {
			return err
		}
		if !m.restart {
			m.replaced = false
			return nil
		}
	}
}

// flush writes what a, r and R have put off to the end of the cycle.
func (m *machine) flush() {
	for _, q := range m.queue {
		switch {
		case q.file == "":
			m.write(q.text)
		case q.line:
			r := m.readers[q.file]
			if r == nil {
				data, err := m.ReadFile(q.file)
				if err != nil {
					continue
				}
				r = bufio.NewReader(strings.NewReader(string(data)))
				m.readers[q.file] = r
			}
			if line, _ := r.ReadString('\n'); line != "" {
				m.write(strings.TrimSuffix(line, "\n") + "\n")
			}
		default:
			if data, err := m.ReadFile(q.file); err == nil && len(data) > 0 {
				m.write(string(data))
			}
		}
	}
	m.queue = nil
}

// selected reports whether a command's addresses fit the line.
func (m *machine) selected(c *command) bool {
	hit := m.fits(c)
	return hit != c.negate
}

func (m *machine) fits(c *command) bool {
	switch {
	case c.a1.kind == noAddress:
		return true
	case c.a2.kind == noAddress:
		return m.at(c.a1)
	}
	if c.active {
		switch c.a2.kind {
		case lineNumber:
			if m.line >= c.a2.n {
				c.active = false
			}
			return m.line <= c.a2.n
		case plus, multiple:
			if m.line >= c.until {
				c.active = false
			}
		default:
			if m.at(c.a2) {
				c.active = false
			}
		}
		return true
	}
	if c.a1.kind == lineNumber && c.a1.n == 0 {
		if m.line != 1 {
			return false
		}
		c.active = !m.at(c.a2)
		return true
	}
	if !m.at(c.a1) {
		return false
	}
	switch c.a2.kind {
	case lineNumber:
		c.active = c.a2.n > m.line
	case plus:
		c.until = m.line + c.a2.n
		c.active = c.a2.n > 0
	case multiple:
		c.until = m.line
		if c.a2.n > 0 {
			c.until = (m.line/c.a2.n + 1) * c.a2.n
		}
		c.active = c.until > m.line
	case lastLine:
		c.active = !m.last()
	default:
		c.active = true
	}
	return true
}

func (m *machine) at(a address) bool {
	switch a.kind {
	case lineNumber:
		return m.line == a.n
	case lastLine:
		return m.last()
	case step:
		if a.m <= 0 {
			return m.line == a.n
		}
		return m.line >= a.n && (m.line-a.n)%a.m == 0
	case pattern:
		re := a.re
		if re == nil {
			re = m.lastRE
		}
		m.lastRE = re
		return re != nil && re.Match(m.pattern)
	}
	return false
}

// commands runs the script once. skip says that the pattern space is not to be printed at the end.
func (m *machine) commands() (skip bool, err error) {
	list := m.s.commands
	for i := 0; i < len(list); i++ {
		c := list[i]
		if err := m.Step(len(m.pattern)); err != nil {
			return true, err
		}
		if !m.selected(c) {
			if c.name == '{' {
				i = c.jump - 1
			}
			continue
		}
		switch c.name {
		case 'b':
			i = c.jump - 1
		case 't':
			if m.replaced {
				m.replaced = false
				i = c.jump - 1
			}
		case 'T':
			if !m.replaced {
				i = c.jump - 1
			}
			m.replaced = false
		case 'd':
			return true, nil
		case 'D':
			_, rest, ok := strings.Cut(m.pattern, "\n")
			if !ok {
				return true, nil
			}
			m.pattern, m.restart = rest, true
			return true, nil
		case 'c':
			if c.a2.kind == noAddress || c.negate || !c.active {
				m.write(c.text)
			}
			return true, nil
		case 'n':
			if m.last() && !m.more() {
				return m.Quiet, errQuit
			}
			if !m.Quiet {
				m.print(m.pattern)
			}
			m.flush()
			if !m.read() {
				return true, errQuit
			}
		case 'N':
			m.flush()
			if m.last() && !m.more() {
				return false, errQuit
			}
			old := m.pattern
			if !m.read() {
				return false, errQuit
			}
			m.pattern = old + "\n" + m.pattern
		case 'q', 'Q':
			m.exit = max(c.number, 0)
			if c.name == 'Q' {
				m.queue = nil
			}
			m.drain()
			return c.name == 'Q', errQuit
		default:
			m.simple(c)
		}
	}
	return false, nil
}

// more reports whether another file goes on where files are separate.
func (m *machine) more() bool { return m.Separate && m.fetch(true) }

// drain copies what is left of a file that is edited in place.
func (m *machine) drain() {
	if !m.Separate || m.in == nil {
		return
	}
}

// simple runs the commands that neither jump nor read.
func (m *machine) simple(c *command) {
	switch c.name {
	case '=':
		m.write(fmt.Sprintf("%d\n", m.line))
	case 'a':
		m.queue = append(m.queue, queued{text: c.text})
	case 'i':
		m.write(c.text)
	case 'F':
		m.write(m.name + "\n")
	case 'g':
		m.pattern = m.hold
	case 'G':
		m.pattern += "\n" + m.hold
	case 'h':
		m.hold = m.pattern
	case 'H':
		m.hold += "\n" + m.pattern
	case 'l':
		width := m.Wrap
		if c.number >= 0 {
			width = c.number
		}
		m.write(unambiguous(m.pattern, width))
	case 'p':
		m.print(m.pattern)
	case 'P':
		first, _, _ := strings.Cut(m.pattern, "\n")
		m.write(first + string(m.delim()))
	case 'r':
		m.queue = append(m.queue, queued{file: c.text})
	case 'R':
		m.queue = append(m.queue, queued{file: c.text, line: true})
	case 's':
		m.substitute(c.sub)
	case 'w':
		m.toFile(c.text, m.pattern)
	case 'W':
		first, _, _ := strings.Cut(m.pattern, "\n")
		m.toFile(c.text, first)
	case 'x':
		m.pattern, m.hold = m.hold, m.pattern
	case 'y':
		m.pattern = strings.Map(func(r rune) rune {
			if to, ok := c.table[r]; ok {
				return to
			}
			return r
		}, m.pattern)
	case 'z':
		m.pattern = ""
	}
}

func (m *machine) toFile(name, line string) {
	if name == "/dev/stdout" {
		m.write(line + "\n")
		return
	}
	m.Append(name, line+"\n")
}

func (m *machine) substitute(s *substitution) {
	re := s.re
	if re == nil {
		re = m.lastRE
	}
	if re == nil {
		return
	}
	m.lastRE = re
	n := s.nth
	if s.global {
		n = -1
	}
	matches := re.FindAll(m.pattern, n)
	if len(matches) < s.nth {
		return
	}
	var b strings.Builder
	at := 0
	for i, match := range matches {
		if i+1 < s.nth {
			continue
		}
		b.WriteString(m.pattern[at:match[0]])
		writeReplacement(&b, s.with, m.pattern, match)
		at = match[1]
	}
	b.WriteString(m.pattern[at:])
	m.pattern, m.replaced = b.String(), true
	if s.print > 0 {
		m.print(m.pattern)
	}
	if s.file != "" {
		m.toFile(s.file, m.pattern)
	}
}

// writeReplacement writes the right side of s for one match, with its case conversions.
func writeReplacement(b *strings.Builder, with []replacement, s string, match []int) {
	mode, once := byte('E'), byte(0)
	for _, r := range with {
		if r.change != 0 {
			switch r.change {
			case 'u', 'l':
				once = r.change
			default:
				mode, once = r.change, 0
			}
			continue
		}
		text := r.text
		if r.group >= 0 {
			text = ""
			if from := match[2*r.group]; from >= 0 {
				text = s[from:match[2*r.group+1]]
			}
		}
		switch mode {
		case 'U':
			text = strings.ToUpper(text)
		case 'L':
			text = strings.ToLower(text)
		}
		if once != 0 && text != "" {
			first, size := utf8.DecodeRuneInString(text)
			if once == 'u' {
				first = unicode.ToUpper(first)
			} else {
				first = unicode.ToLower(first)
			}
			text = string(first) + text[size:]
			once = 0
		}
		b.WriteString(text)
	}
}

// unambiguous shows a line as the l command does.
func unambiguous(s string, width int) string {
	var b strings.Builder
	column := 0
	put := func(x string) {
		if width > 1 && column+len(x) > width-1 {
			b.WriteString("\\\n")
			column = 0
		}
		b.WriteString(x)
		column += len(x)
	}
	for _, c := range []byte(s) {
		switch {
		case c == '\\':
			put(`\\`)
		case c >= 7 && c <= 13:
			put(`\` + string("abtnvfr"[c-7]))
		case c < 32 || c >= 127:
			put(fmt.Sprintf("\\%03o", c))
		default:
			put(string(rune(c)))
		}
	}
	return b.String() + "$\n"
}
