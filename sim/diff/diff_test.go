package diff

import (
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnified(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""},
		{"a\n", "a\n", ""},
		{"", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"a\n", "", "@@ -1 +0,0 @@\n-a\n"},
		{"a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
		{"a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
		{"a\nb\n", "a\nb\na\nb\n", "@@ -1,2 +1,4 @@\n a\n b\n+a\n+b\n"},
	} {
		if diff := cmp.Diff(c.want, Unified(c.a, c.b, 3)); diff != "" {
			t.Errorf("%q %q:\n%s", c.a, c.b, diff)
		}
	}
}

// What Unified says makes the second text of the first, and where the machine has GNU diff, it says the same on texts like manifests.
func TestUnifiedLeadsThere(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	program, _ := exec.LookPath("diff")
	dir := t.TempDir()
	for n := range 200 {
		var a []string
		for range r.Intn(30) {
			a = append(a, string(rune('a'+r.Intn(26)))+string(rune('a'+r.Intn(26)))+"\n")
		}
		b := append([]string(nil), a...)
		for range r.Intn(4) {
			at := r.Intn(len(b) + 1)
			b = append(b[:at:at], append([]string{"new" + string(rune('a'+r.Intn(3))) + "\n"}, b[min(len(b), at+r.Intn(2)):]...)...)
		}
		x, y := strings.Join(a, ""), strings.Join(b, "")
		got := Unified(x, y, 3)
		if back := apply(t, x, got); back != y {
			t.Fatalf("case %d: %q does not become %q by\n%s", n, x, y, got)
		}
		if program == "" {
			continue
		}
		os.WriteFile(filepath.Join(dir, "a"), []byte(x), 0o600)
		os.WriteFile(filepath.Join(dir, "b"), []byte(y), 0o600)
		cmd := exec.Command(program, "-u", "--label=a", "--label=b", "a", "b")
		cmd.Dir = dir
		out, _ := cmd.Output()
		want := strings.TrimPrefix(string(out), "--- a\n+++ b\n")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("case %d: %q to %q (-diff +ours):\n%s", n, x, y, diff)
		}
	}
}

func apply(t *testing.T, text, hunks string) string {
	t.Helper()
	from := Lines(text)
	var out strings.Builder
	at := 0
	for _, l := range Lines(hunks) {
		switch l[0] {
		case '@':
			var start int
			for i := 4; l[i] >= '0' && l[i] <= '9'; i++ {
				start = start*10 + int(l[i]-'0')
			}
			if !strings.Contains(strings.Fields(l)[1], ",0") {
				start--
			}
			for at < start {
				out.WriteString(from[at])
				at++
			}
		case ' ', '-':
			if from[at] != l[1:] {
				t.Fatalf("%q is not %q", from[at], l[1:])
			}
			if l[0] == ' ' {
				out.WriteString(from[at])
			}
			at++
		case '+':
			out.WriteString(l[1:])
		}
	}
	out.WriteString(strings.Join(from[at:], ""))
	return out.String()
}
