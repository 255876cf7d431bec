package terminal

import "strings"

// history is the lines that were entered. While one walks through it, changed lines keep their changes until the next
// line is entered.
type history struct {
	lines  []string
	at     int // == len(lines): the line that is being typed
	edited map[int]string
	args   int // how far back M-. has gone; 0 where the last key was another
}

const mostHistory = 1000

// add keeps a line, but not an empty one, one that begins with a blank, or one that repeats the last
// (HISTCONTROL=ignoreboth).
func (h *history) add(line string) {
	if strings.TrimSpace(line) == "" || strings.HasPrefix(line, " ") {
		return
	}
	if n := len(h.lines); n > 0 && h.lines[n-1] == line {
		return
	}
	if len(h.lines) == mostHistory {
		h.lines = h.lines[1:]
	}
	h.lines = append(h.lines, line)
}

func (h *history) rewind() { h.at, h.edited, h.args = len(h.lines), nil, 0 }

func (h *history) get(i int) string {
	if s, ok := h.edited[i]; ok {
		return s
	}
	if i < len(h.lines) {
		return h.lines[i]
	}
	return ""
}

// walk goes to line i, keeping what stands in the editor now; false where there is no such line.
func (h *history) walk(i int, now string) (string, bool) {
	if i < 0 || i > len(h.lines) {
		return "", false
	}
	if h.edited == nil {
		h.edited = map[int]string{}
	}
	h.edited[h.at] = now
	h.at = i
	return h.get(i), true
}

// lastArg is the last word of the n-th line back.
func (h *history) lastArg(n int) (string, bool) {
	i := len(h.lines) - n
	if i < 0 || i >= len(h.lines) {
		return "", false
	}
	words := strings.Fields(h.lines[i])
	if len(words) == 0 {
		return "", true
	}
	return words[len(words)-1], true
}

// search is an incremental search through the history (Ctrl-R).
type search struct {
	query   []rune
	at      int // the line that was found, len(lines) where none was yet
	failed  bool
	forward bool
	before  snapshot // the line as it was
	prompt  string
}

// find looks for the query from line `from` on, in the search's direction.
func (h *history) find(s *search, from int) bool {
	q := string(s.query)
	for i := from; i >= 0 && i < len(h.lines); {
		if strings.Contains(h.lines[i], q) {
			s.at, s.failed = i, false
			return true
		}
		if s.forward {
			i++
		} else {
			i--
		}
	}
	s.failed = true
	return false
}
