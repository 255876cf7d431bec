package terminal

import (
	"fmt"
	"strings"
)

// layout is where the cells of the prompt and the text fall on a screen of some columns.
type layout struct{ row, col int }

func (l *layout) put(w, cols int) {
	if l.col+w > cols {
		l.row, l.col = l.row+1, 0
	}
	l.col += w
}

// shown is how a character is drawn.
func shown(r rune) string {
	switch {
	case r == '\t':
		return "        "
	case r < 32:
		return "^" + string(r+'@')
	case r == 127:
		return "^?"
	}
	return string(r)
}

// draw brings the screen in line with the editor: from the prompt's first row on, everything is drawn anew.
func (t *Terminal) draw() {
	e := &t.edit
	var b strings.Builder
	if e.row > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", e.row)
	}
	b.WriteString("\r")
	lines := strings.Split(e.prompt, "\n")
	at := layout{row: len(lines) - 1}
	b.WriteString(strings.Join(lines, "\r\n"))
	at.put(columns(lines[len(lines)-1]), t.cols)
	cursor := at
	for i, r := range e.text {
		if i == e.pos {
			cursor = at
		}
		if r == '\n' {
			b.WriteString("\x1b[K\r\n")
			at = layout{row: at.row + 1}
			continue
		}
		s := shown(r)
		before := at.row
		at.put(columns(s), t.cols)
		if at.row > before && at.col <= columns(s) {
			b.WriteString("\r\n") // never lean on the screen's own wrapping
		}
		b.WriteString(s)
	}
	if e.pos == len(e.text) {
		cursor = at
	}
	if cursor.col >= t.cols {
		cursor = layout{row: cursor.row + 1}
		if e.pos == len(e.text) {
			b.WriteString("\r\n")
			at = cursor
		}
	}
	b.WriteString("\x1b[J")
	if up := at.row - cursor.row; up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
	}
	b.WriteString("\r")
	if cursor.col > 0 {
		fmt.Fprintf(&b, "\x1b[%dC", cursor.col)
	}
	e.row, e.lastRow = cursor.row, at.row
	t.out.writeString(b.String())
}

// append draws one more character at the end of the line, the common case, without drawing the rest again.
func (t *Terminal) append(r rune) {
	e := &t.edit
	s := shown(r)
	at := layout{}
	at.put(columns(e.prompt), t.cols)
	if r < 32 || strings.Contains(e.prompt, "\n") || e.pos != len(e.text) || len(e.text) > 500 {
		t.draw()
		return
	}
	for _, r := range e.text {
		if r == '\n' {
			t.draw()
			return
		}
		at.put(columns(shown(r)), t.cols)
	}
	if at.col >= t.cols || at.row != e.row || at.col <= columns(s) {
		t.draw()
		return
	}
	t.out.writeString(s)
}

// Redraw shows the prompt again, where one waits.
func (t *Terminal) Redraw() {
	if !t.running && !t.closed {
		t.draw()
		t.out.flush()
	}
}

func (t *Terminal) bell() { t.out.writeString("\a") }

// clearScreen is Ctrl-L.
func (t *Terminal) clearScreen() {
	t.out.writeString("\x1b[H\x1b[2J")
	t.edit.row = 0
	t.draw()
}
