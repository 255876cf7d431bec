package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"terrarium/sim/shell"
)

// count reads a number with a multiplier such as 2K; sign is the + or - before it.
func count(s string) (n int64, sign byte, ok bool) {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign, s = s[0], s[1:]
	}
	digits := len(s)
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			digits = i
			break
		}
	}
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	factor, known := map[string]int64{"": 1, "b": 512, "K": 1 << 10, "KiB": 1 << 10, "k": 1 << 10, "kB": 1000, "KB": 1000, "M": 1 << 20, "MiB": 1 << 20, "MB": 1e6, "G": 1 << 30, "GB": 1e9}[s[digits:]]
	return n * factor, sign, err == nil && known
}

// portion is what head and tail show of each file.
type portion struct {
	n      int64
	sign   byte
	bytes  bool
	quiet  bool
	always bool
	end    byte
}

func portionOf(p *shell.Proc, opts []given) (portion, bool) {
	w := portion{n: 10, end: '\n'}
	for _, o := range opts {
		switch o.name {
		case "n", "c", "#":
			n, sign, ok := count(o.value)
			if !ok {
				unit := "lines"
				if o.name == "c" {
					unit = "bytes"
				}
				p.Errorf("invalid number of %s: ‘%s’", unit, o.value)
				return w, false
			}
			w.n, w.sign, w.bytes = n, sign, o.name == "c"
		case "q":
			w.quiet, w.always = true, false
		case "v":
			w.always, w.quiet = true, false
		case "z":
			w.end = 0
		}
	}
	return w, true
}

func (w portion) header(p *shell.Proc, name string, first *bool) {
	if name == "-" {
		name = "standard input"
	}
	if !*first {
		fmt.Fprintln(p.Stdout)
	}
	*first = false
	fmt.Fprintf(p.Stdout, "==> %s <==\n", name)
}

func head(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "c:n:qvz", long: []string{"bytes:=c", "lines:=n", "quiet=q", "silent=q", "verbose=v", "zero-terminated=z"}, usage: []string{"NAME [OPTION]... [FILE]..."}, number: true}.parse(p)
	if done {
		return exit
	}
	w, ok := portionOf(p, opts)
	if !ok {
		return 1
	}
	first := true
	return readEach(p, names, func(name string, r io.Reader) error {
		if (len(names) > 1 || w.always) && !w.quiet {
			w.header(p, name, &first)
		}
		return w.head(ctx, p, r)
	})
}

// readEach is eachInput with the message of head and tail for a file that cannot be opened.
func readEach(p *shell.Proc, names []string, f func(name string, r io.Reader) error) int {
	exit := 0
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		r, err := openInput(p, name)
		if err != nil {
			p.Errorf("cannot open '%s' for reading: %s", name, reason(err))
			exit = 1
			continue
		}
		err = f(name, r)
		r.Close()
		if err != nil {
			if reason(err) == "Is a directory" {
				p.Errorf("error reading '%s': Is a directory", name)
				exit = 1
				continue
			}
			return 1
		}
	}
	return exit
}

func (w portion) head(ctx context.Context, p *shell.Proc, r io.Reader) error {
	if w.sign == '-' {
		data, err := io.ReadAll(stepped{ctx, p, r})
		if err != nil {
			return err
		}
		end := int64(len(data))
		if w.bytes {
			end = max(end-w.n, 0)
		} else {
			end = int64(w.lastLines(data, w.n))
		}
		_, err = p.Stdout.Write(data[:end])
		return err
	}
	if w.bytes {
		_, err := io.CopyN(p.Stdout, stepped{ctx, p, r}, w.n)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return err
	}
	br := bufio.NewReader(r)
	for range w.n {
		line, err := br.ReadString(w.end)
		if _, werr := io.WriteString(p.Stdout, line); werr != nil {
			return werr
		}
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = p.Step(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lastLines is where the last n lines begin.
func (w portion) lastLines(data []byte, n int64) int {
	at := len(data)
	if at > 0 && data[at-1] == w.end {
		at--
	} else if n == 0 {
		return at
	}
	if n == 0 {
		return len(data)
	}
	for ; at > 0; at-- {
		if data[at-1] == w.end {
			if n--; n == 0 {
				return at
			}
		}
	}
	return 0
}
