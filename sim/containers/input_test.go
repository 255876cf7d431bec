package containers

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestInput(t *testing.T) {
	given := []string{"first", "second"}
	for _, once := range []bool{false, true} {
		left, waits := given, 0
		in := &Input{Once: once}
		in.Wait = func(<-chan struct{}) error {
			if waits++; len(left) == 0 {
				return errors.New("nobody comes any more")
			}
			in.Attach(strings.NewReader(left[0]))
			left = left[1:]
			return nil
		}
		got, err := io.ReadAll(in)
		switch {
		case once && (string(got) != "first" || err != nil || waits != 1):
			t.Errorf("once: read %q, %v after %d waits", got, err, waits)
		case !once && (string(got) != "firstsecond" || err == nil || waits != 3):
			t.Errorf("again: read %q, %v after %d waits", got, err, waits)
		}
	}
	in := &Input{Once: true}
	in.Wait = func(<-chan struct{}) error { return errors.New("waited") }
	in.Attach(strings.NewReader("x"))()
	if n, err := in.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after who was attached has gone: %d, %v", n, err)
	}
}
