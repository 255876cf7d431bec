// Package printers writes API objects as tables, JSON, YAML, names, and through templates, as kubectl's -o does. It does not know
// where objects come from.
package printers

import (
	"io"
	"strings"
	"unicode/utf8"
)

const (
	minColumn     = 6 // narrowest column, padding included
	columnPadding = 3
)

// TabWriter aligns tab-separated cells in columns of neighbouring lines. Lines are held until Flush, and a column never gets
// narrower than it was in an earlier Flush, so that rows of a watch stay aligned.
type TabWriter struct {
	out        io.Writer
	lines      [][]string
	cell       strings.Builder
	remembered []int
}

// NewTabWriter writes aligned lines to out.
func NewTabWriter(out io.Writer) *TabWriter {
	return &TabWriter{out: out, lines: [][]string{nil}}
}

// Write takes cells; a tab ends a cell, a newline a line.
func (t *TabWriter) Write(p []byte) (int, error) {
	for _, b := range p {
		switch b {
		case '\t', '\v':
			t.endCell()
		case '\n', '\f':
			t.endCell()
			t.lines = append(t.lines, nil)
		default:
			t.cell.WriteByte(b)
		}
	}
	return len(p), nil
}

func (t *TabWriter) endCell() {
	last := len(t.lines) - 1
	t.lines[last] = append(t.lines[last], t.cell.String())
	t.cell.Reset()
}

// Forget drops the widths of earlier flushes.
func (t *TabWriter) Forget() { t.remembered = nil }

// Flush writes the lines that are held.
func (t *TabWriter) Flush() error {
	if t.cell.Len() > 0 {
		t.endCell()
	}
	widths := t.widths()
	var b strings.Builder
	for i, line := range t.lines {
		for j, cell := range line {
			b.WriteString(cell)
			if j < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i][j]-utf8.RuneCountInString(cell)))
			}
		}
		if i < len(t.lines)-1 {
			b.WriteByte('\n')
		}
	}
	t.lines = [][]string{nil}
	_, err := io.WriteString(t.out, b.String())
	return err
}

// widths gives each cell but a line's last the width of its column, which ends where a line has no such cell.
func (t *TabWriter) widths() [][]int {
	out := make([][]int, len(t.lines))
	columns := 0
	for i, line := range t.lines {
		if n := len(line) - 1; n > 0 {
			out[i] = make([]int, n)
			columns = max(columns, n)
		}
	}
	for len(t.remembered) < columns {
		t.remembered = append(t.remembered, minColumn)
	}
	for j := range columns {
		for i := 0; i < len(t.lines); {
			if len(out[i]) <= j {
				i++
				continue
			}
			width, end := t.remembered[j], i
			for end < len(t.lines) && len(out[end]) > j {
				width = max(width, utf8.RuneCountInString(t.lines[end][j])+columnPadding)
				end++
			}
			t.remembered[j] = width
			for ; i < end; i++ {
				out[i][j] = width
			}
		}
	}
	return out
}
