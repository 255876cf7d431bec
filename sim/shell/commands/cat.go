package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

// eachInput opens the files named, stdin for "-" or where none is named, and hands them to f. A file that cannot be
// read gets a message; the result is the exit status. f returning an error ends everything.
func eachInput(p *shell.Proc, names []string, f func(name string, r io.Reader) error) (exit int) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		r, err := openInput(p, name)
		if err == nil {
			err = f(name, r)
			r.Close()
		}
		if err != nil {
			var no vfs.Errno
			if !errors.As(err, &no) {
				return 1
			}
			p.Errorf("%s: %s", name, vfs.Reason(err))
			exit = 1
		}
	}
	return exit
}

func openInput(p *shell.Proc, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(p.Stdin), nil
	}
	return p.Open(name)
}

// eachLine hands the lines of r to f, without their newlines; last says that the line is the last and has none.
func eachLine(ctx context.Context, p *shell.Proc, r io.Reader, f func(line string, last bool) error) error {
	br := bufio.NewReaderSize(r, 16<<10)
	for {
		line, err := br.ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if line != "" {
			text, ended := strings.CutSuffix(line, "\n")
			if err := f(text, !ended); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err := p.Step(ctx); err != nil {
			return err
		}
	}
}

var catSyntax = syntax{
	short: "AbeEnstTuv", long: []string{"show-all=A", "number-nonblank=b", "show-ends=E", "number=n", "squeeze-blank=s", "show-tabs=T", "show-nonprinting=v"},
	usage: []string{"NAME [OPTION]... [FILE]..."},
}

func cat(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := catSyntax.parse(p)
	if done {
		return exit
	}
	if len(opts) == 0 || len(opts) == 1 && opts[0].name == "u" {
		return eachInput(p, names, func(_ string, r io.Reader) error {
			_, err := io.Copy(p.Stdout, stepped{ctx, p, r})
			return err
		})
	}
	ends, tabs, control := has(opts, "A", "e", "E"), has(opts, "A", "t", "T"), has(opts, "A", "e", "t", "v")
	nonblank, number := has(opts, "b"), has(opts, "n", "b")
	n, blanks := 0, 0
	return eachInput(p, names, func(_ string, r io.Reader) error {
		return eachLine(ctx, p, r, func(line string, last bool) error {
			if line == "" {
				if blanks++; blanks > 1 && has(opts, "s") {
					return nil
				}
			} else {
				blanks = 0
			}
			if control || tabs {
				line = visible(line, control, tabs)
			}
			if number && !(nonblank && line == "") {
				n++
				line = fmt.Sprintf("%6d\t%s", n, line)
			}
			if !last {
				if ends {
					line += "$"
				}
				line += "\n"
			}
			_, err := io.WriteString(p.Stdout, line)
			return err
		})
	})
}

// stepped is a reader whose copying takes time, so that it can be interrupted.
type stepped struct {
	ctx context.Context
	p   *shell.Proc
	r   io.Reader
}

func (s stepped) Read(b []byte) (int, error) {
	if err := s.p.Step(s.ctx); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}

// visible shows control characters as ^X and bytes beyond ASCII as M-x.
func visible(s string, control, tabs bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c == '\t' {
			if tabs {
				b.WriteString("^I")
			} else {
				b.WriteByte(c)
			}
			continue
		}
		if !control {
			b.WriteByte(c)
			continue
		}
		if c >= 128 {
			b.WriteString("M-")
			c -= 128
		}
		switch {
		case c < 32:
			b.WriteString("^" + string(rune(c+64)))
		case c == 127:
			b.WriteString("^?")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
