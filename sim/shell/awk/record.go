package awk

import (
	"strings"
	"unicode/utf8"
)

func (in *interp) setRecord(s string) { in.record, in.recordNow, in.split = s, true, false }

// text is $0.
func (in *interp) text() string {
	if !in.recordNow {
		parts := make([]string, in.nf)
		for i := range parts {
			parts[i] = in.fields[i].str(in.getText("CONVFMT"))
		}
		in.record, in.recordNow = strings.Join(parts, in.getText("OFS")), true
	}
	return in.record
}

func (in *interp) field(i int) value {
	if i == 0 {
		return input(in.text())
	}
	in.splitRecord()
	if i > in.nf {
		return value{}
	}
	return in.fields[i-1]
}

func (in *interp) setField(i int, v value) {
	if i == 0 {
		in.setRecord(in.str(v))
		return
	}
	in.splitRecord()
	in.grow(i)
	if v.kind == number {
		v = value{kind: strnum, n: v.n, s: v.str(in.getText("CONVFMT"))}
	}
	in.fields[i-1] = v
	in.recordNow = false
}

func (in *interp) grow(n int) {
	for len(in.fields) < n {
		in.fields = append(in.fields, value{kind: str})
	}
	for in.nf < n {
		in.fields[in.nf] = value{kind: str}
		in.nf++
	}
}

func (in *interp) setNF(n float64) {
	if n < 0 || n > mostFields {
		fail("cannot set NF to %d", int(n))
	}
	in.splitRecord()
	in.grow(int(n))
	in.nf = int(n)
	in.recordNow = false
}

func (in *interp) splitRecord() {
	if in.split {
		return
	}
	in.split = true
	parts := in.splitBy(in.record, in.getText("FS"), in.getText("RS") == "")
	in.fields = in.fields[:0]
	for _, s := range parts {
		in.fields = append(in.fields, input(s))
	}
	in.nf = len(parts)
}

// splitBy splits as FS does: a blank is runs of blanks, another single character is itself, everything else a
// regular expression. In paragraph mode newlines separate too.
func (in *interp) splitBy(s, fs string, paragraph bool) []string {
	switch {
	case s == "":
		return nil
	case fs == " ":
		return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' })
	case fs == "":
		out := make([]string, 0, len(s))
		for _, r := range s {
			out = append(out, string(r))
		}
		return out
	case utf8.RuneCountInString(fs) == 1 && fs != `\` && !paragraph:
		return strings.Split(s, fs)
	}
	if utf8.RuneCountInString(fs) == 1 && strings.Contains(`\.[]()*+?{}|^$`, fs) {
		fs = `\` + fs
	}
	if paragraph {
		fs = "(" + fs + ")|\n"
	}
	return splitRegex(s, in.regex(&constant{text(fs)}))
}

func splitRegex(s string, re *pattern) []string {
	var out []string
	from := 0
	for _, m := range re.FindAll(s, -1) {
		if m[0] == m[1] {
			continue
		}
		out = append(out, s[from:m[0]])
		from = m[1]
	}
	return append(out, s[from:])
}
