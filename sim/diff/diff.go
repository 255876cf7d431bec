// Package diff compares texts line by line and words the difference as `diff -u` does. It knows no files.
package diff

import (
	"fmt"
	"strings"
)

// Lines splits a text into lines, each with its newline; the last may lack one.
func Lines(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// Edit is a run of lines that were replaced: a[A0:A1] by b[B0:B1].
type Edit struct{ A0, A1, B0, B1 int }

// Edits are the replacements that make b of a, in order: as few lines as possible, each as far down as it can stand.
func Edits(a, b []string) []Edit {
	removed, added := changed(a, b)
	slide(a, removed, added)
	slide(b, added, removed)
	var out []Edit
	for i, j := 0, 0; i < len(a) || j < len(b); {
		if (i == len(a) || !removed[i]) && (j == len(b) || !added[j]) {
			i, j = i+1, j+1
			continue
		}
		e := Edit{A0: i, B0: j}
		for i < len(a) && removed[i] {
			i++
		}
		for j < len(b) && added[j] {
			j++
		}
		e.A1, e.B1 = i, j
		out = append(out, e)
	}
	return out
}

// changed marks the lines that are not common to both, by Myers' algorithm between what both begin and end with.
func changed(a, b []string) (removed, added []bool) {
	removed, added = make([]bool, len(a)), make([]bool, len(b))
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	mark(a[start:endA], b[start:endB], removed[start:endA], added[start:endB])
	return removed, added
}

// mark finds a shortest edit script and marks its lines. Where the texts differ beyond all measure, everything counts as changed.
func mark(a, b []string, removed, added []bool) {
	const most = 4000
	n, m := len(a), len(b)
	v := map[int]int{1: 0}
	var trace []map[int]int
	for d := 0; d <= n+m; d++ {
		if d > most {
			for i := range removed {
				removed[i] = true
			}
			for i := range added {
				added[i] = true
			}
			return
		}
		now := make(map[int]int, d+2)
		for k := -d; k <= d; k += 2 {
			x := v[k-1] + 1
			if k == -d || k != d && v[k-1] < v[k+1] {
				x = v[k+1]
			}
			y := x - k
			for x < n && y < m && a[x] == b[y] {
				x, y = x+1, y+1
			}
			now[k] = x
			if x >= n && y >= m {
				backtrack(append(trace, now), n, m, removed, added)
				return
			}
		}
		trace = append(trace, now)
		v = now
	}
}

func backtrack(trace []map[int]int, x, y int, removed, added []bool) {
	for d := len(trace) - 1; d > 0; d-- {
		v, k := trace[d-1], x-y
		prev := k - 1
		if k == -d || k != d && v[k-1] < v[k+1] {
			prev = k + 1
		}
		px := v[prev]
		py := px - prev
		if prev == k+1 {
			added[py] = true
		} else {
			removed[px] = true
		}
		x, y = px, py
	}
}

// slide moves each run of changed lines down as far as equal lines let it, and joins the runs that meet. other marks the other
// text's changes: a run that can end beside one of them ends there.
func slide(lines []string, marks, other []bool) {
	for i, j := 0, 0; i < len(lines); {
		for j < len(other) && other[j] {
			j++
		}
		if !marks[i] {
			i, j = i+1, j+1
			continue
		}
		start := i
		for i < len(lines) && marks[i] {
			i++
		}
		for i < len(lines) && lines[start] == lines[i] {
			marks[start], marks[i] = false, true
			start, i, j = start+1, i+1, j+1
			for i < len(lines) && marks[i] {
				i++
			}
			for j < len(other) && other[j] {
				j++
			}
		}
	}
}

// Unified words the difference of two texts in hunks with so many lines of context around them; "" where they are equal. The two
// lines that name the files are the caller's.
func Unified(a, b string, context int) string {
	la, lb := Lines(a), Lines(b)
	return UnifiedEdits(la, lb, Edits(la, lb), context)
}

// UnifiedEdits is Unified for edits that have been found already, perhaps by comparing the lines in another form.
func UnifiedEdits(la, lb []string, edits []Edit, context int) string {
	var out strings.Builder
	for len(edits) > 0 {
		n := 1
		for n < len(edits) && edits[n].A0-edits[n-1].A1 <= 2*context {
			n++
		}
		hunk(&out, la, lb, edits[:n], context)
		edits = edits[n:]
	}
	return out.String()
}

func hunk(out *strings.Builder, a, b []string, edits []Edit, context int) {
	first, last := edits[0], edits[len(edits)-1]
	a0, a1 := max(0, first.A0-context), min(len(a), last.A1+context)
	b0, b1 := max(0, first.B0-context), min(len(b), last.B1+context)
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(a0, a1), span(b0, b1))
	at := a0
	for _, e := range edits {
		write(out, ' ', a[at:e.A0])
		write(out, '-', a[e.A0:e.A1])
		write(out, '+', b[e.B0:e.B1])
		at = e.A1
	}
	write(out, ' ', a[at:a1])
}

// span is first line and count, the count left out where it is one.
func span(from, to int) string {
	switch n := to - from; n {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	default:
		return fmt.Sprintf("%d,%d", from+1, n)
	}
}

func write(out *strings.Builder, mark byte, lines []string) {
	for _, l := range lines {
		out.WriteByte(mark)
		out.WriteString(l)
		if !strings.HasSuffix(l, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}
