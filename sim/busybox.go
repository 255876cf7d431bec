package sim

import (
	"bytes"
	"context"
	"io"
	"strings"

	"terrarium/sim/shell"
)

// inBusybox runs a program whose errors are put as busybox's are.
func inBusybox(name string, run shell.Command) shell.Command {
	return func(ctx context.Context, p *shell.Proc) int {
		own := p.Stderr
		words := &busyboxWords{to: own, program: name}
		p.Stderr = words
		defer func() {
			words.flush()
			p.Stderr = own
		}()
		return run(ctx, p)
	}
}

// busyboxWords translates what GNU's programs say, a line at a time.
type busyboxWords struct {
	to      io.Writer
	program string
	rest    []byte
}

func (w *busyboxWords) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			return len(b), nil
		}
		line := w.line(string(w.rest[:i]))
		w.rest = w.rest[i+1:]
		if line == "" {
			continue
		}
		if _, err := io.WriteString(w.to, line+"\n"); err != nil {
			return 0, err
		}
	}
}

func (w *busyboxWords) flush() {
	w.to.Write(w.rest)
	w.rest = nil
}

// gnu says, by program, how a message of GNU's begins and what busybox writes in its place. % is the quoted name, * what
// follows it.
var gnu = map[string][][2]string{
	"ls":    {{"cannot access %*", "%*"}, {"cannot open directory %*", "can't open '%'*"}},
	"cat":   {{"%: No such file or directory", "can't open '%': No such file or directory"}, {"%: Permission denied", "can't open '%': Permission denied"}, {"%: Is a directory", "read error: Is a directory"}},
	"rm":    {{"cannot remove %: Is a directory", "'%' is a directory"}, {"cannot remove %*", "can't remove '%'*"}},
	"rmdir": {{"failed to remove %*", "'%'*"}},
	"mkdir": {{"cannot create directory %*", "can't create directory '%'*"}},
	"cp":    {{"cannot stat %*", "can't stat '%'*"}, {"-r not specified; omitting directory %", "omitting directory '%'"}, {"cannot create regular file %*", "can't create '%'*"}},
	"mv":    {{"cannot stat %*", "can't rename '%'*"}},
	"touch": {{"cannot touch %*", "%*"}},
	"ln":    {{"failed to create symbolic link %*", "%*"}},
	"chmod": {{"cannot access %*", "%*"}, {"invalid mode: %", "invalid mode '%'"}},
	"chown": {{"cannot access %*", "%*"}},
	"stat":  {{"cannot statx %*", "can't stat '%'*"}},
	"head":  {{"cannot open % for reading*", "%*"}},
	"tail":  {{"cannot open % for reading*", "can't open '%'*"}},
	"wc":    {{"%: No such file or directory", "can't open '%': No such file or directory"}},
	"sort":  {{"cannot read: %*", "%*"}},
	"du":    {{"cannot access %*", "%*"}},
	"sed":   {{"can't read %*", "%*"}},
}

// line is a line in busybox's words; "" where it says nothing of the kind.
func (w *busyboxWords) line(line string) string {
	said, ok := strings.CutPrefix(line, w.program+": ")
	if !ok {
		if strings.HasPrefix(line, "Try '"+w.program+" --help'") {
			return ""
		}
		return line
	}
	if option, ok := strings.CutPrefix(said, "invalid option -- "); ok {
		return w.program + ": unrecognized option: " + unquoted(option)
	}
	if option, ok := strings.CutPrefix(said, "unrecognized option "); ok {
		return w.program + ": unrecognized option: " + strings.TrimLeft(unquoted(option), "-")
	}
	for _, pair := range gnu[w.program] {
		if name, rest, ok := fits(pair[0], said); ok {
			return w.program + ": " + strings.Replace(strings.Replace(pair[1], "%", name, 1), "*", rest, 1)
		}
	}
	return line
}

// fits matches a message with a pattern: % is a name in quotes, or one that a colon ends; * is the rest.
func fits(pattern, said string) (name, rest string, ok bool) {
	before, after, _ := strings.Cut(pattern, "%")
	said, ok = strings.CutPrefix(said, before)
	if !ok {
		return "", "", false
	}
	for _, q := range [][2]string{{"'", "'"}, {"‘", "’"}} {
		if inner, ok := strings.CutPrefix(said, q[0]); ok {
			end := strings.LastIndex(inner, q[1])
			if end < 0 {
				return "", "", false
			}
			name, said = inner[:end], inner[end+len(q[1]):]
			ok = ends(after, &said)
			return name, said, ok
		}
	}
	end := strings.Index(said, ": ")
	if end < 0 {
		end = len(said)
	}
	name, said = said[:end], said[end:]
	ok = ends(after, &said)
	return name, said, ok
}

// ends reports whether a pattern's end fits, and leaves in said what its * stands for.
func ends(after string, said *string) bool {
	fixed, open := strings.CutSuffix(after, "*")
	if open {
		var ok bool
		*said, ok = strings.CutPrefix(*said, fixed)
		return ok
	}
	return *said == after
}

func unquoted(s string) string { return strings.Trim(s, "'‘’") }
