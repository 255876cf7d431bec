package warning_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/warning"
)

func TestRoundTrip(t *testing.T) {
	for _, text := range []string{"plain", `unknown field "spec.foo"`, `back\slash`, "ünïcode, with comma"} {
		h, err := warning.Header(text)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{text, text}, warning.Texts([]string{h + ", " + h})); d != "" {
			t.Error(d)
		}
	}
	for _, bad := range []string{"", "a\nb", "\xff"} {
		if _, err := warning.Header(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestTexts(t *testing.T) {
	got := warning.Texts([]string{`299 - "a" "Wed, 21 Oct 2015 07:28:00 GMT", 299 agent "b"`, `nonsense`, `299 - "open`, `299 - "c"`})
	if d := cmp.Diff([]string{"a", "b", "c"}, got); d != "" {
		t.Error(d)
	}
}

func FuzzTexts(f *testing.F) {
	f.Add(`299 - "a\"b", 299 - "c" "date"`)
	f.Fuzz(func(t *testing.T, h string) { warning.Texts([]string{h}) })
}
