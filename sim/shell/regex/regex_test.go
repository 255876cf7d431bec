package regex

import (
	"fmt"
	"strings"
	"testing"
)

var table = []struct {
	flags, re, in, want string // flags: E extended, i, m, e escapes; want: the match and its groups, or an error
}{
	{"", `a*b`, "xaab", "aab"},
	{"", `*a`, "b*a", "*a"},
	{"", `\(a\)\(b*\)`, "abbb", "abbb a bbb"},
	{"", `a\{2,3\}`, "caaaa", "aaa"},
	{"", `a\{2`, "aa", "!Unmatched { or \\{"},
	{"", `\(a`, "a", "!Unmatched ( or \\("},
	{"", `a\)`, "a", "!Unmatched ) or \\)"},
	{"", `a)`, "a)", "a)"},
	{"", `[a`, "a", "!Unmatched [, [^, [:, [., or [="},
	{"", `a\`, "a", "!Trailing backslash"},
	{"", `\1`, "a", "!Invalid back reference"},
	{"", `[z-a]`, "a", "!Invalid range end"},
	{"", `[[:foo:]]`, "a", "!Invalid character class name"},
	{"", `a+b?`, "a+b?", "a+b?"},
	{"", `a\+b\?`, "aab", "aab"},
	{"", `a\|b`, "b", "b"},
	{"", `^a$`, "a", "a"},
	{"", `a^b$c`, "a^b$c", "a^b$c"},
	{"", `\(^a\)`, "ba", "nil"},
	{"", `[]a]`, "]", "]"},
	{"", `[^]a]`, "]ab", "b"},
	{"", `[\n]`, `\`, `\`},
	{"e", `a\nb`, "a\nb", "a\nb"},
	{"e", `[\n]`, "a\nb", "\n"},
	{"e", `\x41`, "A", "A"},
	{"", `\(.\)\1`, "abccd", "cc c"},
	{"", `\(a*\)b\1`, "aaba", "aba a"},
	{"E", `(a|b)+c`, "ababc", "ababc b"},
	{"E", `(a)(b)?`, "a", "a a -"},
	{"E", `a{2}`, "aaa", "aa"},
	{"E", `a{,2}`, "aaa", "aa"},
	{"E", `a{x`, "a{x", "a{x"},
	{"E", `a|ab`, "ab", "ab"},
	{"E", `(a`, "a", "!Unmatched ( or \\("},
	{"E", `a)`, "a)", "a)"},
	{"E", `()`, "a", " "},
	{"E", `\bfoo\b`, "a foo b", "foo"},
	{"E", `\<foo\>`, "afoo foo", "foo"},
	{"E", `\w+\s\W`, "ab -", "ab -"},
	{"E", `(\w+) \1`, "the the", "the the the"},
	{"Ei", `HELLO`, "say Hello", "Hello"},
	{"Em", `^b$`, "a\nb\nc", "b"},
	{"E", `a.c`, "a\nc", "a\nc"},
	{"E", `[[:digit:]]{3}-[[:alpha:]]*`, "x123-ab", "123-ab"},
	{"E", `[[.hyphen.]a]`, "h", "h"},
	{"E", `^*ab`, "ab", "ab"},
	{"E", `x\.y`, "xay x.y", "x.y"},
	{"E", `é+`, "caféé", "éé"},
}

func flags(s string) Flags {
	return Flags{Extended: strings.Contains(s, "E"), IgnoreCase: strings.Contains(s, "i"), Multiline: strings.Contains(s, "m"), Escapes: strings.Contains(s, "e")}
}

func result(re, in string, f Flags) string {
	r, err := Compile(re, f)
	if err != nil {
		return "!" + err.Error()
	}
	m := r.Find(in)
	if m == nil {
		return "nil"
	}
	var parts []string
	for i := 0; i < len(m); i += 2 {
		if m[i] < 0 {
			parts = append(parts, "-")
		} else {
			parts = append(parts, in[m[i]:m[i+1]])
		}
	}
	return strings.Join(parts, " ")
}

func TestFind(t *testing.T) {
	for _, c := range table {
		if got := result(c.re, c.in, flags(c.flags)); got != c.want {
			t.Errorf("%q in %q (%s): got %q, want %q", c.re, c.in, c.flags, got, c.want)
		}
	}
}

func TestFindAll(t *testing.T) {
	for _, c := range []struct{ re, in, want string }{
		{`b*`, "abb", "[[0 0] [1 3]]"},
		{`\(.\)\1`, "aabbc", "[[0 2 0 1] [2 4 2 3]]"},
		{`\(x*\)\1`, "ab", "[[0 0 0 0] [1 1 1 1] [2 2 2 2]]"},
	} {
		r, err := Compile(c.re, Flags{})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(r.FindAll(c.in, -1)); got != c.want {
			t.Errorf("%q in %q: got %s, want %s", c.re, c.in, got, c.want)
		}
	}
}

// What backtracks without end gives up.
func TestBacktrackingIsBounded(t *testing.T) {
	r, err := Compile(`(a*)*(a*)*\1x`, Flags{Extended: true})
	if err != nil {
		t.Fatal(err)
	}
	r.Match(strings.Repeat("a", 60))
}

func FuzzCompile(f *testing.F) {
	for _, c := range table {
		f.Add(c.re, c.in, strings.Contains(c.flags, "E"))
	}
	f.Fuzz(func(t *testing.T, re, in string, extended bool) {
		r, err := Compile(re, Flags{Extended: extended, Escapes: true})
		if err == nil && len(in) < 100 {
			r.FindAll(in, -1)
		}
	})
}

func TestPerl(t *testing.T) {
	for _, x := range []struct{ re, in, want string }{
		{`(?<=b=)[0-9]+`, "a=1,b=22", "22"},
		{`[a-z]+(?==)`, "key=1", "key"},
		{`x(?!y).`, "xyxz", "xz"},
		{`(?<!a)b`, "abcb", "b"},
		{`image: \K.*`, "image: nginx:1", "nginx:1"},
		{`".*?"`, `"a" "b"`, `"a"`},
		{`a+?`, "aaa", "a"},
		{`(?:ab)+`, "ababc", "abab"},
		{`(a)(?:b)\1`, "aba", "aba"},
	} {
		re, err := Compile(x.re, Flags{Extended: true, Perl: true})
		if err != nil {
			t.Errorf("%s: %v", x.re, err)
			continue
		}
		m := re.Find(x.in)
		if m == nil || x.in[m[0]:m[1]] != x.want {
			t.Errorf("%s in %s: %v, want %s", x.re, x.in, m, x.want)
		}
	}
}
