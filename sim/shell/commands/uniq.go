package commands

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"terrarium/sim/shell"
)

func uniq(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{
		short: "cdDf:is:uw:z", long: []string{"count=c", "repeated=d", "all-repeated::=D", "skip-fields:=f", "ignore-case=i", "skip-chars:=s", "unique=u", "check-chars:=w", "zero-terminated=z"},
		usage: []string{"NAME [OPTION]... [INPUT [OUTPUT]]"},
	}.parse(p)
	if done {
		return exit
	}
	if len(names) > 2 {
		return missing(p, "extra operand ‘%s’", names[2])
	}
	number := func(option string, otherwise int) int {
		n, err := strconv.Atoi(last(opts, option, strconv.Itoa(otherwise)))
		if err != nil {
			return otherwise
		}
		return n
	}
	skipFields, skipChars, width := number("f", 0), number("s", 0), number("w", -1)
	key := func(line string) string {
		for range skipFields {
			line = strings.TrimLeft(line, " \t")
			i := strings.IndexAny(line, " \t")
			if i < 0 {
				line = ""
				break
			}
			line = line[i:]
		}
		line = line[min(skipChars, len(line)):]
		if width >= 0 {
			line = line[:min(width, len(line))]
		}
		if has(opts, "i") {
			line = strings.ToLower(line)
		}
		return line
	}
	out := p.Stdout
	if len(names) == 2 && names[1] != "-" {
		f, err := p.Create(names[1], os.O_CREATE|os.O_TRUNC)
		if err != nil {
			p.Errorf("%s: %s", names[1], reason(err))
			return 1
		}
		defer f.Close()
		out = f
	}
	var group []string
	flush := func() error {
		n := len(group)
		if n == 0 || has(opts, "d", "D") && n == 1 || has(opts, "u") && n > 1 {
			return nil
		}
		shown := group[:1]
		if has(opts, "D") {
			shown = group
		}
		for _, line := range shown {
			if has(opts, "c") {
				line = fmt.Sprintf("%7d %s", n, line)
			}
			if _, err := io.WriteString(out, line+"\n"); err != nil {
				return err
			}
		}
		return nil
	}
	in := names[:min(len(names), 1)]
	exit = eachInput(p, in, func(_ string, r io.Reader) error {
		err := eachLine(ctx, p, r, func(line string, _ bool) error {
			if len(group) > 0 && key(group[0]) == key(line) {
				group = append(group, line)
				return nil
			}
			err := flush()
			group = []string{line}
			return err
		})
		if err != nil {
			return err
		}
		return flush()
	})
	return exit
}
