package posix_test

import (
	"testing"

	"terrarium/sim/posix"
)

// Expectations are what GNU grep and sed match.
func TestMatch(t *testing.T) {
	for _, c := range []struct {
		expr  string
		flags posix.Flags
		in    string
		want  string // the leftmost longest match, "-" where there is none
	}{
		{"a*b", 0, "xaab", "aab"},
		{"a+b", 0, "xa+b", "a+b"},
		{`a\+b`, 0, "xaab", "aab"},
		{`\(ab\)*c`, 0, "ababc", "ababc"},
		{`x\{2,3\}`, 0, "xxxx", "xxx"},
		{"x{2}", 0, "x{2}", "x{2}"},
		{"x{2}", posix.Extended, "xxx", "xx"},
		{"x{,2}y", posix.Extended, "xxxy", "xxy"},
		{"ab|abcd", posix.Extended, "abcd", "abcd"},
		{`ab\|abcd`, 0, "abcd", "abcd"},
		{"*a", 0, "b*a", "*a"},
		{"a^b$c", 0, "a^b$c", "a^b$c"},
		{"^a$", 0, "a", "a"},
		{"[]a]*", 0, "]a]b", "]a]"},
		{"[^]a]", 0, "]ab", "b"},
		{`[\d]+`, posix.Extended, `x\d\`, `\d\`},
		{"[[:digit:]]+-[a-c]", posix.Extended, "x12-b", "12-b"},
		{"[a-]", 0, "-", "-"},
		{`\bcat\b`, 0, "a cat b", "cat"},
		{`\<cat\>`, 0, "concat cat", "cat"},
		{`\w+`, posix.Extended, "- foo_1", "foo_1"},
		{"ABC", posix.IgnoreCase, "xabc", "abc"},
		{"a.c", 0, "a\nc", "a\nc"},
		{"^b", posix.MultiLine, "a\nb", "b"},
		{"a**", 0, "aaa", "aaa"},
		{"(a+)?b", posix.Extended, "aab", "aab"},
		{"a|*b", posix.Extended, "*b", "*b"},
		{"{", posix.Extended, "{", "{"},
		{"a\\/b", posix.Extended, "a/b", "a/b"},
		{")", posix.Extended, ")", ")"},
	} {
		re, err := posix.Compile(c.expr, c.flags)
		if err != nil {
			t.Errorf("%q: %v", c.expr, err)
			continue
		}
		got := "-"
		if m := re.FindStringIndex(c.in); m != nil {
			got = c.in[m[0]:m[1]]
		}
		if got != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.expr, c.in, got, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		expr  string
		flags posix.Flags
		want  error
	}{
		{"[a", 0, posix.ErrBracket},
		{"[[:foo:]]", 0, posix.ErrClass},
		{`\(a`, 0, posix.ErrParen},
		{`a\)`, 0, posix.ErrCloser},
		{"(a", posix.Extended, posix.ErrParen},
		{`a\{1`, 0, posix.ErrBrace},
		{`a\{x\}`, 0, posix.ErrContent},
		{`a\`, 0, posix.ErrTrailing},
		{`\1`, 0, posix.ErrReference},
		{`\(a\)\1`, 0, posix.ErrBackrefs},
		{"[z-a]", 0, posix.ErrRange},
		{"a{9999}", posix.Extended, posix.ErrTooBig},
	} {
		if _, err := posix.Compile(c.expr, c.flags); err != c.want {
			t.Errorf("%q: got %v, want %v", c.expr, err, c.want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"a*b", `\(a\)\{2\}`, "[]^-]", "[[:alpha:][.x.]]", "(a|b)+?{1,2}", "\\", "[a"} {
		f.Add(s, 0)
		f.Add(s, 1)
	}
	f.Fuzz(func(t *testing.T, expr string, flags int) {
		if re, err := posix.Compile(expr, posix.Flags(flags&7)); err == nil {
			re.MatchString("some text")
		}
	})
}
