package terminal

import (
	"strings"
	"unicode"
)

// editor holds the line that is being edited: its text, the cursor, what was killed and what can be undone.
type editor struct {
	prompt string
	cols   int
	text   []rune
	pos    int

	kills    [][]rune
	killing  bool // the last key killed too: kills that follow one another gather
	yanked   int  // the length of the text that the last key yanked, 0 where it did not
	yankTurn int

	undo []snapshot

	row     int // the screen row of the cursor, counted from the prompt's first
	lastRow int // the screen row of the text's end
}

type snapshot struct {
	text []rune
	pos  int
}

func (e *editor) begin(prompt string) {
	e.prompt = prompt
	e.text, e.pos, e.undo = nil, 0, nil
	e.row, e.lastRow = 0, 0
}

func (e *editor) save() {
	if len(e.undo) == 200 {
		e.undo = e.undo[1:]
	}
	e.undo = append(e.undo, snapshot{append([]rune(nil), e.text...), e.pos})
}

func (e *editor) undoOne() bool {
	if len(e.undo) == 0 {
		return false
	}
	s := e.undo[len(e.undo)-1]
	e.undo = e.undo[:len(e.undo)-1]
	e.text, e.pos = s.text, s.pos
	return true
}

// longestLine bounds a line; what is more is dropped.
const longestLine = 1 << 20

func (e *editor) insert(s []rune) {
	if len(e.text)+len(s) > longestLine {
		s = s[:max(0, longestLine-len(e.text))]
	}
	tail := append([]rune(nil), e.text[e.pos:]...)
	e.text = append(append(e.text[:e.pos], s...), tail...)
	e.pos += len(s)
}

func (e *editor) replace(from, to int, s []rune) {
	e.text = append(e.text[:from:from], e.text[to:]...)
	e.pos = from
	e.insert(s)
}

func (e *editor) set(s string) { e.text = []rune(s); e.pos = len(e.text) }

func (e *editor) moveTo(pos int) { e.pos = min(max(pos, 0), len(e.text)) }

// kill takes the text between two positions out and keeps it for yank.
func (e *editor) kill(from, to int, forward, again bool) {
	if from == to {
		return
	}
	e.save()
	cut := append([]rune(nil), e.text[from:to]...)
	switch {
	case again && len(e.kills) > 0 && forward:
		last := &e.kills[len(e.kills)-1]
		*last = append(*last, cut...)
	case again && len(e.kills) > 0:
		last := &e.kills[len(e.kills)-1]
		*last = append(cut, *last...)
	default:
		if len(e.kills) == 10 {
			e.kills = e.kills[1:]
		}
		e.kills = append(e.kills, cut)
	}
	e.replace(from, to, nil)
}

func (e *editor) yank() bool {
	if len(e.kills) == 0 {
		return false
	}
	e.save()
	s := e.kills[len(e.kills)-1]
	e.insert(s)
	e.yanked, e.yankTurn = len(s), len(e.kills)-1
	return true
}

// yankPop replaces what was just yanked by what was killed before it.
func (e *editor) yankPop(yanked int) bool {
	if yanked == 0 || len(e.kills) < 2 {
		return false
	}
	e.yankTurn = (e.yankTurn + len(e.kills) - 1) % len(e.kills)
	s := e.kills[e.yankTurn]
	e.replace(e.pos-yanked, e.pos, s)
	e.yanked = len(s)
	return true
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func (e *editor) wordStart() int {
	i := e.pos
	for i > 0 && !wordRune(e.text[i-1]) {
		i--
	}
	for i > 0 && wordRune(e.text[i-1]) {
		i--
	}
	return i
}

func (e *editor) wordEnd() int {
	i := e.pos
	for i < len(e.text) && !wordRune(e.text[i]) {
		i++
	}
	for i < len(e.text) && wordRune(e.text[i]) {
		i++
	}
	return i
}

// blankStart is where the word begins that blanks delimit (Ctrl-W).
func (e *editor) blankStart() int {
	i := e.pos
	for i > 0 && unicode.IsSpace(e.text[i-1]) {
		i--
	}
	for i > 0 && !unicode.IsSpace(e.text[i-1]) {
		i--
	}
	return i
}

func (e *editor) transpose() bool {
	if len(e.text) < 2 || e.pos == 0 {
		return false
	}
	e.save()
	i := min(e.pos, len(e.text)-1)
	e.text[i-1], e.text[i] = e.text[i], e.text[i-1]
	e.pos = i + 1
	return true
}

// recase changes the word after the cursor.
func (e *editor) recase(change func(string) string) {
	e.save()
	from := e.pos
	to := e.wordEnd()
	for from < to && !wordRune(e.text[from]) {
		from++
	}
	e.replace(from, to, []rune(change(string(e.text[from:to]))))
}

func capitalize(s string) string {
	r := []rune(strings.ToLower(s))
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}
