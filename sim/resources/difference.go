package resources

import (
	"fmt"
	"slices"
	"strings"
)

// difference is a unified difference of two objects in their inward form, with three lines around each change.
func difference(old, new any) string {
	a, err := inwardText(old)
	if err != nil {
		return "error generating diff: " + err.Error()
	}
	b, err := inwardText(new)
	if err != nil {
		return "error generating diff: " + err.Error()
	}
	return unified(strings.SplitAfter(a+"\n", "\n"), strings.SplitAfter(b+"\n", "\n"))
}

// run is a stretch of lines that both sides have.
type run struct{ a, b, size int }

// edit turns the lines a1:a2 into b1:b2; equal says that they are the same.
type edit struct {
	equal          bool
	a1, a2, b1, b2 int
}

const contextLines = 3

func unified(a, b []string) string {
	a, b = a[:len(a)-1], b[:len(b)-1]
	var out strings.Builder
	for _, group := range groups(edits(a, b)) {
		first, last := group[0], group[len(group)-1]
		fmt.Fprintf(&out, "@@ -%s +%s @@\n", lineRange(first.a1, last.a2), lineRange(first.b1, last.b2))
		for _, e := range group {
			if e.equal {
				write(&out, " ", a[e.a1:e.a2])
				continue
			}
			write(&out, "-", a[e.a1:e.a2])
			write(&out, "+", b[e.b1:e.b2])
		}
	}
	return out.String()
}

func write(out *strings.Builder, mark string, lines []string) {
	for _, line := range lines {
		out.WriteString(mark + line)
	}
}

func lineRange(start, stop int) string {
	switch stop - start {
	case 1:
		return fmt.Sprint(start + 1)
	case 0:
		return fmt.Sprintf("%d,0", start)
	}
	return fmt.Sprintf("%d,%d", start+1, stop-start)
}

// edits is the way from a to b.
func edits(a, b []string) []edit {
	var out []edit
	i, j := 0, 0
	for _, m := range append(runs(a, b), run{len(a), len(b), 0}) {
		if i < m.a || j < m.b {
			out = append(out, edit{a1: i, a2: m.a, b1: j, b2: m.b})
		}
		i, j = m.a+m.size, m.b+m.size
		if m.size > 0 {
			out = append(out, edit{equal: true, a1: m.a, a2: i, b1: m.b, b2: j})
		}
	}
	return out
}

// groups cuts the edits where much between two of them is equal.
func groups(all []edit) [][]edit {
	var out [][]edit
	var group []edit
	for k, e := range all {
		if e.equal && k == 0 {
			e.a1, e.b1 = max(e.a1, e.a2-contextLines), max(e.b1, e.b2-contextLines)
		}
		if e.equal && k == len(all)-1 {
			e.a2, e.b2 = min(e.a2, e.a1+contextLines), min(e.b2, e.b1+contextLines)
		}
		if e.equal && e.a2-e.a1 > 2*contextLines {
			out = append(out, append(group, edit{true, e.a1, e.a1 + contextLines, e.b1, e.b1 + contextLines}))
			group = nil
			e.a1, e.b1 = e.a2-contextLines, e.b2-contextLines
		}
		group = append(group, e)
	}
	if len(group) > 1 || len(group) == 1 && !group[0].equal {
		out = append(out, group)
	}
	return out
}

// runs finds what a and b have in common: the longest run, then the same to its left and to its right. Lines that
// make up more than a hundredth of a long text are no reason to begin a run, as in the difflib that the real server
// uses; without that the differences of pods would be cut elsewhere.
func runs(a, b []string) []run {
	at := map[string][]int{}
	for j, line := range b {
		at[line] = append(at[line], j)
	}
	if n := len(b); n >= 200 {
		for line, places := range at {
			if len(places) > n/100+1 {
				delete(at, line)
			}
		}
	}
	var found []run
	var find func(a1, a2, b1, b2 int)
	find = func(a1, a2, b1, b2 int) {
		m := longest(a, b, at, a1, a2, b1, b2)
		if m.size == 0 {
			return
		}
		find(a1, m.a, b1, m.b)
		found = append(found, m)
		find(m.a+m.size, a2, m.b+m.size, b2)
	}
	find(0, len(a), 0, len(b))
	var out []run
	for _, m := range found {
		if k := len(out) - 1; k >= 0 && out[k].a+out[k].size == m.a && out[k].b+out[k].size == m.b {
			out[k].size += m.size
			continue
		}
		out = append(out, m)
	}
	return slices.Clip(out)
}

func longest(a, b []string, at map[string][]int, a1, a2, b1, b2 int) run {
	best := run{a1, b1, 0}
	lengths := map[int]int{}
	for i := a1; i < a2; i++ {
		next := map[int]int{}
		for _, j := range at[a[i]] {
			if j < b1 {
				continue
			}
			if j >= b2 {
				break
			}
			k := lengths[j-1] + 1
			next[j] = k
			if k > best.size {
				best = run{i - k + 1, j - k + 1, k}
			}
		}
		lengths = next
	}
	for best.a > a1 && best.b > b1 && a[best.a-1] == b[best.b-1] {
		best.a, best.b, best.size = best.a-1, best.b-1, best.size+1
	}
	for best.a+best.size < a2 && best.b+best.size < b2 && a[best.a+best.size] == b[best.b+best.size] {
		best.size++
	}
	return best
}
