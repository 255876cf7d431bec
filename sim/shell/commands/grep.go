package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"terrarium/sim/shell"
	"terrarium/sim/shell/regex"
	"terrarium/sim/vfs"
)

var grepSyntax = syntax{
	short: "A:aB:bC:cd:D:Ee:Ff:GHhIiLlm:noPqRrsTUuVvwxyZz",
	long: []string{"after-context:=A", "before-context:=B", "context:=C", "count=c", "extended-regexp=E", "regexp:=e", "fixed-strings=F", "file:=f",
		"basic-regexp=G", "with-filename=H", "no-filename=h", "ignore-case=i", "no-ignore-case", "files-without-match=L", "files-with-matches=l", "max-count:=m", "line-number=n",
		"only-matching=o", "perl-regexp=P", "quiet=q", "silent=q", "recursive=r", "dereference-recursive=R", "no-messages=s", "invert-match=v", "word-regexp=w",
		"line-regexp=x", "color::", "colour::=color", "include:", "exclude:", "exclude-dir:", "text=a", "null=Z", "null-data=z", "byte-offset=b", "line-buffered", "label:", "initial-tab=T", "binary-files:"},
	usage: []string{"NAME [OPTION]... PATTERNS [FILE]..."}, exit: 2, number: true, always: true,
}

// search is one run of grep.
type search struct {
	p       *shell.Proc
	opts    []given
	res     []*regex.Regexp
	before  int
	after   int
	spaced  bool // context was asked for, even of no lines
	max     int
	names   bool
	color   bool
	invert  bool
	found   bool
	failed  bool
	quiet   bool
	include []string
	exclude []string
	skipDir []string
}

var errStop = errors.New("stop")

func grep(ctx context.Context, p *shell.Proc) int {
	opts, operands, exit, done := grepSyntax.parse(p)
	if done {
		if exit != 0 {
			return 2
		}
		return exit
	}
	s := &search{p: p, opts: opts, max: -1, invert: has(opts, "v"), quiet: has(opts, "q")}
	s.color = colors(last(opts, "color", "never"), p) || has(opts, "color") && last(opts, "color", "") == "" && p.TTY
	patterns, operands, exit := s.patterns(operands)
	if exit != 0 {
		return exit
	}
	if exit := s.numbers(); exit != 0 {
		return exit
	}
	if exit := s.compile(patterns); exit != 0 {
		return exit
	}
	s.files(ctx, operands)
	switch {
	case s.found && (s.quiet || !s.failed):
		return 0
	case s.failed:
		return 2
	}
	return 1
}

// patterns gathers what is searched for; each line is one.
func (s *search) patterns(operands []string) (patterns, rest []string, exit int) {
	given := false
	for _, o := range s.opts {
		switch o.name {
		case "e":
			patterns = append(patterns, strings.Split(o.value, "\n")...)
			given = true
		case "f":
			data, err := s.p.ReadFile(o.value)
			if err != nil {
				s.p.Errorf("%s: %s", o.value, vfs.Reason(err))
				return nil, nil, 2
			}
			if len(data) > 0 {
				patterns = append(patterns, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
			}
			given = true
		case "include":
			s.include = append(s.include, o.value)
		case "exclude":
			s.exclude = append(s.exclude, o.value)
		case "exclude-dir":
			s.skipDir = append(s.skipDir, o.value)
		}
	}
	if given {
		return patterns, operands, 0
	}
	if len(operands) == 0 {
		fmt.Fprintf(s.p.Stderr, "Usage: %s [OPTION]... PATTERNS [FILE]...\nTry '%[1]s --help' for more information.\n", s.p.Name())
		return nil, nil, 2
	}
	return strings.Split(operands[0], "\n"), operands[1:], 0
}

func (s *search) numbers() int {
	for _, o := range s.opts {
		if !slices.Contains([]string{"A", "B", "C", "#", "m"}, o.name) {
			continue
		}
		n, err := strconv.Atoi(o.value)
		if err != nil || n < 0 && o.name != "m" {
			if o.name == "m" {
				s.p.Errorf("invalid max count")
			} else {
				s.p.Errorf("%s: invalid context length argument", o.value)
			}
			return 2
		}
		s.spaced = s.spaced || o.name != "m"
		switch o.name {
		case "A":
			s.after = n
		case "B":
			s.before = n
		case "C", "#":
			s.after, s.before = n, n
		case "m":
			s.max = n
		}
	}
	return 0
}

func (s *search) compile(patterns []string) int {
	flags := regex.Flags{Extended: has(s.opts, "E") || s.p.Name() == "egrep", IgnoreCase: has(s.opts, "i", "y") && !has(s.opts, "no-ignore-case")}
	fixed := has(s.opts, "F") || s.p.Name() == "fgrep"
	for _, o := range s.opts {
		switch o.name {
		case "E", "P":
			flags.Extended, fixed = true, false
			flags.Escapes, flags.Perl = o.name == "P", o.name == "P"
		case "G":
			flags.Extended, fixed = false, false
		case "F":
			fixed = true
		}
	}
	for _, text := range patterns {
		switch {
		case fixed:
			text = quoteBasic(text)
			flags.Extended = false
		case has(s.opts, "P"):
			text = perlToExtended(text)
			flags.IgnoreCase = flags.IgnoreCase || strings.HasPrefix(text, "(?i)")
		}
		if strings.HasPrefix(text, "[:") && strings.HasSuffix(text, ":]") && len(text) > 4 && !fixed {
			s.p.Errorf("character class syntax is [[:space:]], not [:space:]")
			return 2
		}
		s.warn(text, flags.Extended && !fixed && !flags.Perl)
		re, err := regex.Compile(text, flags)
		if err != nil {
			s.p.Errorf("%s", grepMessage(text, err))
			return 2
		}
		s.res = append(s.res, re)
	}
	return 0
}

// grepMessage is an error as grep words it.
func grepMessage(text string, err error) string {
	switch msg := err.Error(); {
	case msg == "Unmatched { or \\{":
		return "Unmatched \\{"
	case strings.HasPrefix(msg, "Unmatched [") && strings.HasSuffix(text, "["):
		return "Invalid regular expression"
	default:
		return msg
	}
}

// warn tells of repetitions of nothing.
func (s *search) warn(text string, extended bool) {
	if !extended {
		return
	}
	for i := range len(text) {
		if i > 0 && text[i-1] != '(' && text[i-1] != '|' || i > 1 && text[i-2] == '\\' {
			continue
		}
		switch c := text[i]; {
		case c == '*' || c == '+' || c == '?':
			s.p.Errorf("warning: %c at start of expression", c)
		case c == '{' && strings.Contains(text[i:], "}"):
			s.p.Errorf("warning: {...} at start of expression")
		}
	}
}

// quoteBasic makes a text a basic expression that matches just it.
func quoteBasic(s string) string {
	var b strings.Builder
	for i, r := range s {
		if strings.ContainsRune(`\.[*$`, r) || r == '^' && i == 0 {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// perlToExtended rewrites the escapes of Perl that extended expressions do not have.
func perlToExtended(s string) string {
	return strings.NewReplacer(`\\`, `\\`, `\d`, `[0-9]`, `\D`, `[^0-9]`, `\h`, `[[:blank:]]`).Replace(s)
}

func (s *search) files(ctx context.Context, names []string) {
	recursive := has(s.opts, "r", "R")
	s.names = len(names) > 1 || recursive
	if len(names) == 0 {
		if recursive {
			s.dir(ctx, "", ".")
			return
		}
		names = []string{"-"}
	}
	for _, name := range names {
		if name == "-" {
			if s.file(ctx, last(s.opts, "label", "(standard input)"), s.p.Stdin) != nil {
				return
			}
			continue
		}
		info, err := s.p.FS.Stat(s.p.Path(name))
		if err == nil && info.IsDir() {
			if recursive {
				s.dir(ctx, name, name)
			} else if last(s.opts, "d", "") != "skip" {
				s.complain("%s: Is a directory", name)
			}
			continue
		}
		if s.open(ctx, name, name) != nil {
			return
		}
	}
}

func (s *search) complain(format string, a ...any) {
	s.failed = true
	if !has(s.opts, "s") {
		s.p.Errorf(format, a...)
	}
}

func (s *search) open(ctx context.Context, name, at string) error {
	f, err := s.p.Open(at)
	if err != nil {
		s.complain("%s: %s", name, vfs.Reason(err))
		return nil
	}
	defer f.Close()
	return s.file(ctx, name, f)
}

func (s *search) dir(ctx context.Context, name, at string) {
	entries, err := s.p.FS.ReadDir(s.p.Path(at))
	if err != nil {
		s.complain("%s: %s", name, vfs.Reason(err))
		return
	}
	for _, e := range entries {
		sub := e.Name()
		if name != "" {
			sub = strings.TrimSuffix(name, "/") + "/" + sub
		}
		from := path.Join(at, e.Name())
		switch {
		case e.IsDir():
			if !matchesAny(s.skipDir, e.Name()) {
				s.dir(ctx, sub, from)
			}
		case !e.Type().IsRegular() && !has(s.opts, "R"):
		case len(s.include) > 0 && !matchesAny(s.include, e.Name()), matchesAny(s.exclude, e.Name()):
		default:
			if s.open(ctx, sub, from) != nil {
				return
			}
		}
	}
}

func matchesAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return shell.Glob(g, name) })
}

// file searches one file; an error ends the whole run.
func (s *search) file(ctx context.Context, name string, r io.Reader) error {
	count, number, offset, lastShown := 0, 0, 0, 0
	var held []string // lines before a match
	after := 0
	list := has(s.opts, "l", "L")
	show := !has(s.opts, "c") && !list && !s.quiet
	binary, full := false, false
	prefix := name
	if has(s.opts, "h") || !s.names && !has(s.opts, "H") {
		prefix = ""
	}
	if s.max == 0 {
		return s.summary(name, prefix, 0)
	}
	err := eachLine(ctx, s.p, r, func(line string, _ bool) error {
		number++
		if full {
			if after--; after < 0 {
				return errStop
			}
			return s.print(prefix, number, offset, line, '-', nil)
		}
		start := offset
		offset += len(line) + 1
		binary = binary || strings.Contains(line, "\x00")
		spans := s.match(line)
		if (spans != nil) == s.invert {
			if after > 0 && show {
				after--
				lastShown = number
				return s.print(prefix, number, start, line, '-', nil)
			}
			if s.before > 0 && show {
				if held = append(held, line); len(held) > s.before {
					held = held[1:]
				}
			}
			return nil
		}
		count++
		s.found = true
		if s.quiet || list {
			return errStop
		}
		if show && binary && !has(s.opts, "a") {
			fmt.Fprintf(s.p.Stdout, "%s: %s: binary file matches\n", s.p.Name(), name)
			return errStop
		}
		if show {
			first := number - len(held)
			if s.spaced && lastShown > 0 && first > lastShown+1 {
				io.WriteString(s.p.Stdout, s.paint("36", "--")+"\n")
			}
			for i, l := range held {
				s.print(prefix, first+i, 0, l, '-', nil)
			}
			held = nil
			if err := s.print(prefix, number, start, line, ':', spans); err != nil {
				return err
			}
			lastShown, after = number, s.after
		}
		if full = s.max > 0 && count >= s.max; full && after == 0 {
			return errStop
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		if errors.Is(err, vfs.ErrIsDir) {
			s.complain("%s: Is a directory", name)
			return nil
		}
		return err
	}
	if s.quiet && s.found {
		return errStop
	}
	return s.summary(name, prefix, count)
}

func (s *search) summary(name, prefix string, count int) error {
	switch {
	case s.quiet:
	case has(s.opts, "l"):
		if count > 0 {
			fmt.Fprintln(s.p.Stdout, name)
		}
	case has(s.opts, "L"):
		if count == 0 {
			fmt.Fprintln(s.p.Stdout, name)
		}
	case has(s.opts, "c"):
		if prefix != "" {
			fmt.Fprint(s.p.Stdout, prefix, ":")
		}
		fmt.Fprintln(s.p.Stdout, count)
	}
	return nil
}

// match lists the spans of a line that match, nil where none does.
func (s *search) match(line string) [][2]int {
	var spans [][2]int
	one := !has(s.opts, "o") && !s.color || s.invert
	for _, re := range s.res {
		found := s.spans(re, line, one)
		if len(found) > 0 && one {
			return found
		}
		spans = append(spans, found...)
	}
	slices.SortStableFunc(spans, func(a, b [2]int) int {
		if a[0] != b[0] {
			return a[0] - b[0]
		}
		return b[1] - a[1]
	})
	// Of those that overlap the first counts.
	kept := spans[:0]
	for _, sp := range spans {
		if len(kept) == 0 || sp[0] >= kept[len(kept)-1][1] {
			kept = append(kept, sp)
		}
	}
	return kept
}

func (s *search) spans(re *regex.Regexp, line string, one bool) [][2]int {
	n := -1
	whole, word := has(s.opts, "x"), has(s.opts, "w")
	if one && !whole && !word {
		n = 1
	}
	var spans [][2]int
	for _, m := range re.FindAll(line, n) {
		switch {
		case whole && (m[0] != 0 || m[1] != len(line)):
			continue
		case word && !whole && !isWord(line, m[0], m[1]):
			continue
		}
		spans = append(spans, [2]int{m[0], m[1]})
	}
	return spans
}

// isWord reports whether there are no word characters around a span.
func isWord(line string, from, to int) bool {
	wordChar := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	before, _ := utf8.DecodeLastRuneInString(line[:from])
	after, _ := utf8.DecodeRuneInString(line[to:])
	return !(from > 0 && wordChar(before)) && !(to < len(line) && wordChar(after))
}

func (s *search) paint(color, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + color + "m\x1b[K" + text + "\x1b[m\x1b[K"
}

func (s *search) print(prefix string, number, offset int, line string, sep byte, spans [][2]int) error {
	head := func(offset int) string {
		out := ""
		colon := s.paint("36", string(sep))
		if prefix != "" {
			out += s.paint("35", prefix) + colon
		}
		if has(s.opts, "n") {
			out += s.paint("32", strconv.Itoa(number)) + colon
		}
		if has(s.opts, "b") {
			out += s.paint("32", strconv.Itoa(offset)) + colon
		}
		if has(s.opts, "T") && out != "" {
			out += "\t"
		}
		return out
	}
	if has(s.opts, "o") {
		for _, sp := range spans {
			if sp[0] == sp[1] || s.invert {
				continue
			}
			if _, err := io.WriteString(s.p.Stdout, head(offset+sp[0])+s.paint("01;31", line[sp[0]:sp[1]])+"\n"); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	b.WriteString(head(offset))
	at := 0
	if s.color && !s.invert {
		for _, sp := range spans {
			b.WriteString(line[at:sp[0]] + s.paint("01;31", line[sp[0]:sp[1]]))
			at = sp[1]
		}
	}
	b.WriteString(line[at:] + "\n")
	_, err := io.WriteString(s.p.Stdout, b.String())
	return err
}
