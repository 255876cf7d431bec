package commands

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"terrarium/sim/shell"
)

var sortSyntax = syntax{
	short: "bcCdfghik:mMno:rRsS:t:T:uVz",
	long: []string{"ignore-leading-blanks=b", "dictionary-order=d", "ignore-case=f", "general-numeric-sort=g", "human-numeric-sort=h", "ignore-nonprinting=i", "key:=k",
		"month-sort=M", "numeric-sort=n", "output:=o", "reverse=r", "random-sort=R", "sort:", "stable=s", "field-separator:=t", "unique=u", "version-sort=V", "zero-terminated=z", "check::", "merge=m", "buffer-size:=S", "parallel:", "debug"},
	usage: []string{"NAME [OPTION]... [FILE]...", "NAME [OPTION]... --files0-from=F"}, exit: 2,
}

// sortKey is a part of the line and how it compares.
type sortKey struct {
	fromField, fromChar int // from 1
	toField, toChar     int // toField 0: to the end of the line; toChar 0: to the end of the field
	flags               string
}

// ordering compares lines.
type ordering struct {
	keys   []sortKey
	flags  string
	tab    string
	stable bool
	unique bool
}

func sortCommand(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := sortSyntax.parse(p)
	if done {
		return exit
	}
	o := ordering{stable: has(opts, "s"), unique: has(opts, "u")}
	for _, g := range opts {
		switch g.name {
		case "k":
			k, msg := parseKey(g.value)
			if msg != "" {
				p.Errorf("%s", msg)
				return 2
			}
			o.keys = append(o.keys, k)
		case "t":
			if g.value == `\0` {
				g.value = "\x00"
			}
			if utf8.RuneCountInString(g.value) != 1 {
				if g.value == "" {
					p.Errorf("empty tab")
				} else {
					p.Errorf("multi-character tab ‘%s’", g.value)
				}
				return 2
			}
			o.tab = g.value
		case "sort":
			o.flags += map[string]string{"general-numeric": "g", "human-numeric": "h", "month": "M", "numeric": "n", "random": "R", "version": "V"}[g.value]
		case "b", "d", "f", "g", "h", "i", "M", "n", "r", "R", "V":
			o.flags += g.name
		}
	}
	for i := range o.keys {
		if o.keys[i].flags == "" {
			o.keys[i].flags = o.flags
		}
	}
	end := "\n"
	if has(opts, "z") {
		end = "\x00"
	}
	var lines []string
	failed := false
	if exit := eachSorted(p, names, func(r io.Reader) error {
		data, err := io.ReadAll(stepped{ctx, p, r})
		if err == nil && len(data) > 0 {
			lines = append(lines, strings.Split(strings.TrimSuffix(string(data), end), end)...)
		}
		return err
	}); exit != 0 {
		return exit
	}
	if has(opts, "c", "C", "check") {
		return o.check(p, lines, names, has(opts, "C"))
	}
	if has(opts, "R") {
		shuffle(p, lines)
	} else {
		slices.SortStableFunc(lines, o.compare)
	}
	if o.unique {
		lines = slices.CompactFunc(lines, func(a, b string) bool { return o.byKeys(a, b) == 0 })
	}
	out := p.Stdout
	if name := last(opts, "o", ""); name != "" {
		f, err := p.Create(name, os.O_CREATE|os.O_TRUNC)
		if err != nil {
			p.Errorf("open failed: %s: %s", name, reason(err))
			return 2
		}
		defer f.Close()
		out = f
	}
	for len(lines) > 0 {
		n := min(len(lines), 256)
		if _, err := io.WriteString(out, strings.Join(lines[:n], end)+end); err != nil || p.Step(ctx) != nil {
			return 2
		}
		lines = lines[n:]
	}
	return boolInt(failed)
}

func eachSorted(p *shell.Proc, names []string, f func(r io.Reader) error) int {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		r, err := openInput(p, name)
		if err != nil {
			p.Errorf("cannot read: %s: %s", name, reason(err))
			return 2
		}
		err = f(r)
		r.Close()
		if err != nil {
			p.Errorf("read failed: %s: %s", name, reason(err))
			return 2
		}
	}
	return 0
}

func shuffle(p *shell.Proc, lines []string) {
	slices.Sort(lines)
	for i := len(lines) - 1; i > 0; i-- {
		j := int(p.Random() % uint64(i+1))
		lines[i], lines[j] = lines[j], lines[i]
	}
}

// parseKey reads F[.C][OPTS][,F[.C][OPTS]].
func parseKey(s string) (k sortKey, msg string) {
	from, to, hasTo := strings.Cut(s, ",")
	position := func(t string) (field, char int, flags, msg string) {
		field, rest, ok := leadingNumber(t)
		if !ok {
			return 0, 0, "", fmt.Sprintf("invalid number at field start: invalid count at start of ‘%s’", t)
		}
		if strings.HasPrefix(rest, ".") {
			if char, rest, ok = leadingNumber(rest[1:]); !ok {
				return 0, 0, "", fmt.Sprintf("invalid number after ‘.’: invalid count at start of ‘%s’", strings.TrimPrefix(rest, "."))
			}
		}
		if strings.Trim(rest, "bdfghiMnrRV") != "" {
			return 0, 0, "", fmt.Sprintf("stray character in field spec: invalid field specification ‘%s’", s)
		}
		return field, char, rest, ""
	}
	k.fromField, k.fromChar, k.flags, msg = position(from)
	if msg != "" {
		return k, msg
	}
	if k.fromField == 0 {
		return k, fmt.Sprintf("field number is zero: invalid field specification ‘%s’", s)
	}
	k.fromChar = max(k.fromChar, 1)
	if hasTo {
		var flags string
		if k.toField, k.toChar, flags, msg = position(to); msg != "" {
			return k, strings.Replace(msg, "at field start", "after ‘,’", 1)
		}
		k.flags += flags
	}
	return k, ""
}

func leadingNumber(s string) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	return n, s[i:], err == nil
}

// fields are the begins and ends of a line's fields. Without a separator a field includes the blanks before it.
func (o *ordering) fields(line string) [][2]int {
	var out [][2]int
	if o.tab != "" {
		at := 0
		for part := range strings.SplitSeq(line, o.tab) {
			out = append(out, [2]int{at, at + len(part)})
			at += len(part) + len(o.tab)
		}
		return out
	}
	for i := 0; i < len(line); {
		start := i
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			i++
		}
		out = append(out, [2]int{start, i})
	}
	return out
}

// part is what a key takes from a line.
func (o *ordering) part(k sortKey, line string) string {
	fields := o.fields(line)
	at := func(field, char int) int {
		if field > len(fields) {
			return len(line)
		}
		f := fields[field-1]
		start := f[0]
		if strings.Contains(k.flags, "b") {
			for start < f[1] && (line[start] == ' ' || line[start] == '\t') {
				start++
			}
		}
		return min(start+char-1, len(line))
	}
	from := at(k.fromField, k.fromChar)
	to := len(line)
	switch {
	case k.toField == 0:
	case k.toChar == 0:
		if k.toField <= len(fields) {
			to = fields[k.toField-1][1]
		}
	default:
		to = at(k.toField, k.toChar+1)
	}
	if to < from {
		return ""
	}
	return line[from:to]
}

func (o *ordering) byKeys(a, b string) int {
	if len(o.keys) == 0 {
		return compareBy(o.flags, a, b)
	}
	for _, k := range o.keys {
		if c := compareBy(k.flags, o.part(k, a), o.part(k, b)); c != 0 {
			return c
		}
	}
	return 0
}

func (o *ordering) compare(a, b string) int {
	c := o.byKeys(a, b)
	if c == 0 && !o.stable && !o.unique {
		if c = strings.Compare(a, b); strings.Contains(o.flags, "r") {
			c = -c
		}
	}
	return c
}

func compareBy(flags, a, b string) int {
	c := 0
	switch {
	case strings.Contains(flags, "n"):
		c = compareNumbers(leadingDecimal(a), leadingDecimal(b))
	case strings.Contains(flags, "g"):
		c = compareFloats(a, b)
	case strings.Contains(flags, "h"):
		c = compareNumbers(leadingHuman(a), leadingHuman(b))
	case strings.Contains(flags, "M"):
		c = month(a) - month(b)
	case strings.Contains(flags, "V"):
		c = compareVersions(a, b)
	default:
		c = strings.Compare(folded(flags, a), folded(flags, b))
	}
	if strings.Contains(flags, "r") {
		return -c
	}
	return c
}

func folded(flags, s string) string {
	if strings.Contains(flags, "b") {
		s = strings.TrimLeft(s, " \t")
	}
	if strings.Contains(flags, "f") {
		s = strings.ToUpper(s)
	}
	if strings.Contains(flags, "d") {
		s = strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' || unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, s)
	}
	return s
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// leadingDecimal is the number that a text begins with, 0 where there is none.
func leadingDecimal(s string) float64 {
	s = strings.TrimLeft(s, " \t\n")
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	x, _ := strconv.ParseFloat(s[:i], 64)
	return x
}

func leadingHuman(s string) float64 {
	s = strings.TrimLeft(s, " \t")
	x := leadingDecimal(s)
	rest := strings.TrimLeft(s, "-0123456789.")
	if rest != "" {
		if i := strings.IndexByte("KMGTPEZY", rest[0]&^32); i >= 0 {
			x *= math.Pow(1024, float64(i+1))
		}
	}
	return x
}

func compareFloats(a, b string) int {
	x, okX := leadingFloat(a)
	y, okY := leadingFloat(b)
	if okX != okY {
		return boolInt(okX) - boolInt(okY)
	}
	return compareNumbers(x, y)
}

func leadingFloat(s string) (float64, bool) {
	s = strings.TrimLeft(s, " \t")
	for end := len(s); end > 0; end-- {
		if x, err := strconv.ParseFloat(s[:end], 64); err == nil {
			return x, true
		}
	}
	return 0, false
}

func month(s string) int {
	s = strings.ToUpper(strings.TrimLeft(s, " \t"))
	for i, m := range []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"} {
		if strings.HasPrefix(s, m) {
			return i + 1
		}
	}
	return 0
}

// compareVersions compares names with numbers in them: runs of digits by value, the rest by character, with letters
// before other characters and ~ before all.
func compareVersions(a, b string) int {
	order := func(s string, i int) int {
		if i >= len(s) {
			return 0
		}
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			return 0
		case c == '~':
			return -1
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			return int(c)
		}
		return int(c) + 256
	}
	digit := func(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		for i < len(a) && !digit(a, i) || j < len(b) && !digit(b, j) {
			if c := order(a, i) - order(b, j); c != 0 {
				return c
			}
			i, j = i+1, j+1
		}
		for i < len(a) && a[i] == '0' {
			i++
		}
		for j < len(b) && b[j] == '0' {
			j++
		}
		diff := 0
		for digit(a, i) && digit(b, j) {
			if diff == 0 {
				diff = int(a[i]) - int(b[j])
			}
			i, j = i+1, j+1
		}
		switch {
		case digit(a, i):
			return 1
		case digit(b, j):
			return -1
		case diff != 0:
			return diff
		}
	}
	return 0
}

func (o *ordering) check(p *shell.Proc, lines, names []string, quiet bool) int {
	for i := 1; i < len(lines); i++ {
		c := o.compare(lines[i-1], lines[i])
		if c > 0 || c == 0 && o.unique {
			if !quiet {
				name := "-"
				if len(names) > 0 {
					name = names[0]
				}
				p.Errorf("%s:%d: disorder: %s", name, i+1, lines[i])
			}
			return 1
		}
	}
	return 0
}
