package commands

import (
	"context"
	"encoding/base64"
	"io"
	"strconv"
	"strings"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

func base64Command(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "diw:", long: []string{"decode=d", "ignore-garbage=i", "wrap:=w"}, usage: []string{"NAME [OPTION]... [FILE]"}}.parse(p)
	if done {
		return exit
	}
	wrap, err := strconv.Atoi(last(opts, "w", "76"))
	if err != nil || wrap < 0 {
		p.Errorf("invalid wrap size: ‘%s’", last(opts, "w", ""))
		return 1
	}
	if len(names) > 1 {
		return missing(p, "extra operand ‘%s’", names[1])
	}
	name := "-"
	if len(names) == 1 {
		name = names[0]
	}
	data, err := p.ReadFile(name)
	if err != nil {
		p.Errorf("%s: %s", name, vfs.Reason(err))
		return 1
	}
	if has(opts, "d") {
		return decode64(p, string(data), has(opts, "i"))
	}
	text := base64.StdEncoding.EncodeToString(data)
	if wrap == 0 {
		io.WriteString(p.Stdout, text)
		return 0
	}
	var b strings.Builder
	for len(text) > wrap {
		b.WriteString(text[:wrap] + "\n")
		text = text[wrap:]
	}
	if text != "" {
		b.WriteString(text + "\n")
	}
	io.WriteString(p.Stdout, b.String())
	return 0
}

// decode64 prints what can be decoded, and complains about the rest.
func decode64(p *shell.Proc, text string, ignore bool) int {
	text = strings.ReplaceAll(text, "\n", "")
	if ignore {
		text = strings.Map(func(r rune) rune {
			if r < 128 && strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", r) {
				return r
			}
			return -1
		}, text)
	}
	for text != "" {
		// Encodings may follow one another, each with its own padding.
		end := len(text)
		if i := strings.IndexByte(text, '='); i >= 0 {
			for end = i; end < len(text) && text[end] == '='; end++ {
			}
		}
		part := text[:end]
		text = text[end:]
		out := make([]byte, len(part)+3)
		n, err := base64.StdEncoding.Decode(out, []byte(part))
		if err != nil {
			n, _ = base64.RawStdEncoding.Decode(out, []byte(strings.TrimRight(part, "=")))
		}
		p.Stdout.Write(out[:n])
		if err != nil {
			p.Errorf("invalid input")
			return 1
		}
	}
	return 0
}
