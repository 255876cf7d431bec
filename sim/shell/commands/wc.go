package commands

import (
	"context"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"terrarium/sim/shell"
)

type tally struct{ lines, words, chars, bytes, longest int }

func wc(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "clLmw", long: []string{"bytes=c", "chars=m", "lines=l", "max-line-length=L", "words=w", "files0-from:", "total:"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	if len(opts) == 0 {
		opts = []given{{"l", ""}, {"w", ""}, {"c", ""}}
	}
	type row struct {
		name string
		tally
	}
	var rows []row
	var total tally
	regular := true
	exit = eachInput(p, names, func(name string, r io.Reader) error {
		data, err := io.ReadAll(stepped{ctx, p, r})
		if err != nil {
			if reason(err) == "Is a directory" {
				rows = append(rows, row{name, tally{}})
			}
			return err
		}
		t := measure(data)
		rows = append(rows, row{name, t})
		total.lines += t.lines
		total.words += t.words
		total.chars += t.chars
		total.bytes += t.bytes
		total.longest = max(total.longest, t.longest)
		regular = regular && name != "-"
		return nil
	})
	if len(names) > 1 {
		rows = append(rows, row{"total", total})
	}
	columns := 0
	for _, name := range []string{"l", "w", "m", "c", "L"} {
		columns += boolInt(has(opts, name))
	}
	width := len(fmt.Sprint(total.bytes))
	if !regular || len(names) == 0 {
		width = 7
		if info := p.StatStdin(); info != nil && len(names) == 0 {
			width = len(fmt.Sprint(info.Size()))
		}
	}
	if len(rows) <= 1 && columns == 1 {
		width = 1
	}
	for _, r := range rows {
		sep := ""
		for _, c := range []struct {
			option string
			n      int
		}{{"l", r.lines}, {"w", r.words}, {"m", r.chars}, {"c", r.bytes}, {"L", r.longest}} {
			if has(opts, c.option) {
				fmt.Fprintf(p.Stdout, "%s%*d", sep, width, c.n)
				sep = " "
			}
		}
		if len(names) > 0 {
			fmt.Fprint(p.Stdout, " ", r.name)
		}
		fmt.Fprintln(p.Stdout)
	}
	return exit
}

func measure(data []byte) (t tally) {
	t.bytes = len(data)
	inWord, width := false, 0
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		i += size
		if r != utf8.RuneError || size > 1 {
			t.chars++
		}
		switch {
		case r == '\n':
			t.lines++
			width = 0
		case r == '\t':
			width += 8 - width%8
		case unicode.IsPrint(r):
			width++
		}
		t.longest = max(t.longest, width)
		if unicode.IsSpace(r) {
			inWord = false
		} else if !inWord {
			inWord = true
			t.words++
		}
	}
	return t
}
