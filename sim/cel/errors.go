package cel

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// errors gathers the problems of one expression.
type errors struct {
	src  []rune
	list []problem
}

type problem struct {
	pos  int // in runes; -1 where the problem has no place
	text string
}

func (e *errors) add(pos int, text string) { e.list = append(e.list, problem{pos, text}) }

func (e *errors) addf(pos int, format string, args ...any) { e.add(pos, fmt.Sprintf(format, args...)) }

// String shows the problems in the order of their places, each with its line.
func (e *errors) String() string {
	sort.SliceStable(e.list, func(i, j int) bool { return e.list[i].pos < e.list[j].pos })
	var out []string
	for _, p := range e.list {
		line, col := 1, 0
		if p.pos < 0 {
			line, col = -1, -1
		}
		start := 0
		for i := 0; i < p.pos && i < len(e.src); i++ {
			col++
			if e.src[i] == '\n' {
				line, col, start = line+1, 0, i+1
			}
		}
		b := fmt.Sprintf("ERROR: <input>:%d:%d: %s", line, col+1, p.text)
		if p.pos >= 0 {
			end := start
			for end < len(e.src) && e.src[end] != '\n' {
				end++
			}
			b += snippet(strings.ReplaceAll(string(e.src[start:end]), "\t", " "), col)
		}
		out = append(out, b)
	}
	return strings.Join(out, "\n")
}

func snippet(line string, col int) string {
	b := "\n | " + line + "\n | "
	rest := line
	wide := func() bool {
		_, n := utf8.DecodeRuneInString(rest)
		rest = rest[n:]
		return n > 1
	}
	for i := 0; i < col && rest != ""; i++ {
		if wide() {
			b += "\uff0e"
		} else {
			b += "."
		}
	}
	if wide() {
		return b + "\uff3e"
	}
	return b + "^"
}
