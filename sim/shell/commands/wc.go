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
	columns := 0
	for _, name := range []string{"l", "w", "m", "c", "L"} {
		columns += boolInt(has(opts, name))
	}
	width := wcWidth(p, names, columns)
	row := func(name string, t tally) {
		sep := ""
		for _, c := range []struct {
			option string
			n      int
		}{{"l", t.lines}, {"w", t.words}, {"m", t.chars}, {"c", t.bytes}, {"L", t.longest}} {
			if has(opts, c.option) {
				fmt.Fprintf(p.Stdout, "%s%*d", sep, width, c.n)
				sep = " "
			}
		}
		if len(names) > 0 {
			fmt.Fprint(p.Stdout, " ", name)
		}
		fmt.Fprintln(p.Stdout)
	}
	var total tally
	later := func() {}
	exit = eachInput(p, names, func(name string, r io.Reader) error {
		later()
		later = func() {}
		data, err := io.ReadAll(stepped{ctx, p, r})
		if err != nil {
			if reason(err) == "Is a directory" {
				later = func() { row(name, tally{}) } // behind the complaint
			}
			return err
		}
		t := measure(data)
		row(name, t)
		total.lines += t.lines
		total.words += t.words
		total.chars += t.chars
		total.bytes += t.bytes
		total.longest = max(total.longest, t.longest)
		return nil
	})
	later()
	if len(names) > 1 {
		row("total", total)
	}
	return exit
}

// wcWidth is how wide the numbers are: as all sizes together, where they are known before.
func wcWidth(p *shell.Proc, names []string, columns int) int {
	if len(names) <= 1 && columns == 1 {
		return 1
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	width, total := 1, int64(0)
	for _, name := range names {
		info, err := p.FS.Stat(p.Path(name))
		if name == "-" {
			info, err = p.StatStdin(), nil
		}
		switch {
		case err != nil:
		case info == nil || !info.Mode().IsRegular():
			width = 7
		default:
			total += info.Size()
		}
	}
	return max(width, len(fmt.Sprint(total)))
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
