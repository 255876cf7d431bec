// Package session is the log of a session: seed, scenario and timed input, enough to play the session again with the
// same bytes. It knows nothing of what the input does.
//
// A log is JSON, one object a line: first the Header, then an Entry for each input, in the order in which they were
// given. A log that was cut off in the middle of a line is read up to there.
package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Version is the format's.
const Version = 1

// Header is the first line.
type Header struct {
	Version  int       `json:"terrarium"`
	Seed     uint64    `json:"seed,string"`
	Start    time.Time `json:"start"`
	Scenario string    `json:"scenario,omitempty"` // scenario.yaml
	// Files are the files that the scenario names, and setup.sh.
	Files map[string]string `json:"files,omitempty"`
}

// Entry is one input. One of Exec, Line, Input, Write, Edit and Advance is set.
type Entry struct {
	// At is the virtual time since the start at which it was given.
	At Duration `json:"at"`

	// Exec is a line that a program ran; time jumped while it waited. InterruptAfter is when it got Ctrl-C.
	Exec           string   `json:"exec,omitempty"`
	InterruptAfter Duration `json:"interruptAfter,omitempty"`

	Line  *string `json:"line,omitempty"`  // a line that was entered at the terminal's prompt
	Input []byte  `json:"input,omitempty"` // keys for the program that runs in the terminal, Ctrl-C among them
	Write *File   `json:"write,omitempty"`
	Edit  *Edit   `json:"edit,omitempty"` // how an editor was closed

	Advance bool `json:"advance,omitempty"` // nothing but time
}

// File is a file that the host wrote.
type File struct {
	Path    string `json:"path"`
	Content []byte `json:"content"`
}

// Edit is the outcome of an editor.
type Edit struct {
	Content []byte `json:"content,omitempty"`
	Saved   bool   `json:"saved"`
}

// Duration is a time.Duration that is written like `1m3.5s`.
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return err
	}
	if v < 0 {
		return fmt.Errorf("a negative time %s", s)
	}
	*d = Duration(v)
	return nil
}

// Log is a whole session.
type Log struct {
	Header  Header
	Entries []Entry
}

// Line is one line of a log, with its newline.
func Line(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // headers and entries always encode
	}
	return append(b, '\n')
}

// Bytes is the log as a file.
func (l *Log) Bytes() []byte {
	b := Line(l.Header)
	for _, e := range l.Entries {
		b = append(b, Line(e)...)
	}
	return b
}

// Parse reads a log. Errors name the line.
func Parse(data []byte) (*Log, error) {
	var l Log
	n := 0
	for len(data) > 0 {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		data = rest
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var err error
		if n == 1 {
			err = json.Unmarshal(line, &l.Header)
			if err == nil && l.Header.Version != Version {
				err = fmt.Errorf("this is not a session log of version %d", Version)
			}
		} else {
			var e Entry
			if err = json.Unmarshal(line, &e); err == nil {
				l.Entries = append(l.Entries, e)
			}
		}
		if err != nil && n > 1 && !whole {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("session log, line %d: %w", n, err)
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("session log: it is empty")
	}
	return &l, nil
}

// Undo removes the last command, and what belongs to it, and returns its line; ok is false where there is none.
func (l *Log) Undo() (line string, ok bool) {
	edited := false // what an editor wrote belongs to the command that opened it
	for i := len(l.Entries) - 1; i >= 0; i-- {
		e := l.Entries[i]
		switch {
		case e.Edit != nil:
			edited = true
			continue
		case e.Line != nil && *e.Line != "":
			line = *e.Line
		case e.Exec != "":
			line = e.Exec
		case e.Write != nil && !edited:
			line = "write " + e.Write.Path
		default:
			continue
		}
		l.Entries = l.Entries[:i]
		return line, true
	}
	return "", false
}
