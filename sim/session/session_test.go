package session_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/session"
)

func sample() *session.Log {
	line := "kubectl get pods"
	return &session.Log{
		Header: session.Header{Version: session.Version, Seed: 1 << 63, Start: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)},
		Entries: []session.Entry{
			{Exec: "sleep 10", InterruptAfter: session.Duration(8 * time.Second)},
			{At: session.Duration(9 * time.Second), Line: &line},
			{At: session.Duration(10 * time.Second), Input: []byte{3}},
			{At: session.Duration(90 * time.Second), Edit: &session.Edit{Content: []byte("a\n"), Saved: true}},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	got, err := session.Parse(want.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	cut := want.Bytes()
	got, err = session.Parse(cut[:len(cut)-5])
	if err != nil || len(got.Entries) != len(want.Entries)-1 {
		t.Errorf("a log that was cut off: %v", err)
	}
}

func TestUndo(t *testing.T) {
	l := sample()
	for _, want := range []string{"kubectl get pods", "sleep 10"} {
		if got, ok := l.Undo(); !ok || got != want {
			t.Errorf("undid %q, %v, want %q", got, ok, want)
		}
	}
	if _, ok := l.Undo(); ok || len(l.Entries) != 0 {
		t.Error("undid something where nothing was left")
	}
}

// What was written while an editor was open goes with the command that opened it.
func TestUndoEditor(t *testing.T) {
	line, next := "nano a", "ls"
	l := session.Log{Entries: []session.Entry{
		{Line: &next}, {Write: &session.File{Path: "b"}}, {Line: &line}, {Write: &session.File{Path: "a"}}, {Write: &session.File{Path: "a"}}, {Edit: &session.Edit{}},
	}}
	for i, want := range []string{"nano a", "write b", "ls"} {
		if got, ok := l.Undo(); !ok || got != want || len(l.Entries) != 2-i {
			t.Errorf("undid %q, want %q; %d entries are left", got, want, len(l.Entries))
		}
	}
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "session log: it is empty",
		"{}\n":                                  "session log, line 1: this is not a session log of version 1",
		"{\"terrarium\":1,\"seed\":\"1\"}\nx\n": "session log, line 2: invalid character 'x' looking for beginning of value",
		"{\"terrarium\":1,\"seed\":\"1\"}\n{\"at\":\"-1s\"}\n": "session log, line 2: a negative time -1s",
	} {
		if _, err := session.Parse([]byte(in)); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", in, err, want)
		}
	}
}
