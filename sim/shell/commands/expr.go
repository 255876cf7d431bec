package commands

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"terrarium/sim/shell"
	"terrarium/sim/shell/regex"
)

// calculation evaluates the arguments of expr.
type calculation struct {
	args []string
	pos  int
}

type exprError string

func expr(_ context.Context, p *shell.Proc) (exit int) {
	if len(p.Args) < 2 {
		missing(p, "missing operand")
		return 2
	}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exprError:
			p.Errorf("%s", string(e))
			exit = 2
		default:
			panic(e)
		}
	}()
	c := &calculation{args: p.Args[1:]}
	if c.args[0] == "--" {
		c.args = c.args[1:]
	}
	v := c.or()
	if c.pos < len(c.args) {
		panic(exprError(fmt.Sprintf("syntax error: unexpected argument ‘%s’", c.args[c.pos])))
	}
	fmt.Fprintln(p.Stdout, v)
	return boolInt(isNull(v))
}

func isNull(v string) bool {
	n, err := strconv.ParseInt(v, 10, 64)
	return v == "" || err == nil && n == 0
}

func (c *calculation) peek() string {
	if c.pos < len(c.args) {
		return c.args[c.pos]
	}
	return ""
}

func (c *calculation) accept(ops ...string) string {
	for _, op := range ops {
		if c.pos < len(c.args) && c.args[c.pos] == op {
			c.pos++
			return op
		}
	}
	return ""
}

func (c *calculation) or() string {
	v := c.and()
	for c.accept("|") != "" {
		w := c.and()
		if isNull(v) {
			if v = w; isNull(v) {
				v = "0"
			}
		}
	}
	return v
}

func (c *calculation) and() string {
	v := c.compare()
	for c.accept("&") != "" {
		if w := c.compare(); isNull(v) || isNull(w) {
			v = "0"
		}
	}
	return v
}

func (c *calculation) compare() string {
	v := c.sum()
	for {
		op := c.accept("<=", ">=", "!=", "==", "=", "<", ">")
		if op == "" {
			return v
		}
		w := c.sum()
		order := strings.Compare(v, w)
		x, errX := strconv.ParseInt(v, 10, 64)
		y, errY := strconv.ParseInt(w, 10, 64)
		if errX == nil && errY == nil {
			order = boolInt(x > y) - boolInt(x < y)
		}
		v = strconv.Itoa(boolInt(map[string]bool{"<": order < 0, "<=": order <= 0, "=": order == 0, "==": order == 0, "!=": order != 0, ">=": order >= 0, ">": order > 0}[op]))
	}
}

func integer(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(exprError("non-integer argument"))
	}
	return n
}

func (c *calculation) sum() string {
	v := c.product()
	for {
		switch c.accept("+", "-") {
		case "+":
			v = strconv.FormatInt(integer(v)+integer(c.product()), 10)
		case "-":
			v = strconv.FormatInt(integer(v)-integer(c.product()), 10)
		default:
			return v
		}
	}
}

func (c *calculation) product() string {
	v := c.match()
	for {
		op := c.accept("*", "/", "%")
		if op == "" {
			return v
		}
		x, y := integer(v), integer(c.match())
		switch {
		case op == "*":
			x *= y
		case y == 0:
			panic(exprError("division by zero"))
		case op == "/":
			x /= y
		default:
			x %= y
		}
		v = strconv.FormatInt(x, 10)
	}
}

func (c *calculation) match() string {
	v := c.primary()
	for c.accept(":") != "" {
		v = matchStart(v, c.primary())
	}
	return v
}

func matchStart(s, pattern string) string {
	re, err := regex.Compile("^"+strings.TrimPrefix(pattern, "^"), regex.Flags{})
	if err != nil {
		panic(exprError(err.Error()))
	}
	m := re.Find(s)
	switch {
	case re.Groups() > 0 && (m == nil || m[2] < 0):
		return ""
	case re.Groups() > 0:
		return s[m[2]:m[3]]
	case m == nil:
		return "0"
	}
	return strconv.Itoa(utf8.RuneCountInString(s[:m[1]]))
}

func (c *calculation) next() string {
	if c.pos == len(c.args) {
		panic(exprError(fmt.Sprintf("syntax error: missing argument after ‘%s’", c.args[len(c.args)-1])))
	}
	c.pos++
	return c.args[c.pos-1]
}

func (c *calculation) primary() string {
	switch s := c.next(); s {
	case "(":
		v := c.or()
		if c.accept(")") == "" {
			panic(exprError("syntax error: expecting ')' after ‘" + c.args[c.pos-1] + "’"))
		}
		return v
	case ")":
		panic(exprError("syntax error: unexpected ')'"))
	case "+":
		return c.next()
	case "length":
		return strconv.Itoa(utf8.RuneCountInString(c.primary()))
	case "match":
		v := c.primary()
		return matchStart(v, c.primary())
	case "index":
		v := c.primary()
		return strconv.Itoa(strings.IndexAny(v, c.primary()) + 1)
	case "substr":
		rs := []rune(c.primary())
		from, length := integer(c.primary()), integer(c.primary())
		if from < 1 || length < 1 || from > int64(len(rs)) {
			return ""
		}
		return string(rs[from-1 : min(from-1+length, int64(len(rs)))])
	default:
		return s
	}
}

// testCommand is test and [ as programs.
func testCommand(_ context.Context, p *shell.Proc) int {
	ok, message := p.Test(p.Args[1:], p.Name() == "[")
	if message != "" {
		p.Errorf("%s", message)
		return 2
	}
	return boolInt(!ok)
}

func shuf(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "ei:n:o:rz", long: []string{"echo=e", "input-range:=i", "head-count:=n", "repeat=r"}, usage: []string{"NAME [OPTION]... [FILE]", "NAME -e [OPTION]... [ARG]...", "NAME -i LO-HI [OPTION]..."}}.parse(p)
	if done {
		return exit
	}
	var lines []string
	switch {
	case has(opts, "e"):
		lines = names
	case has(opts, "i"):
		lo, hi, ok := strings.Cut(last(opts, "i", ""), "-")
		a, err1 := strconv.Atoi(lo)
		b, err2 := strconv.Atoi(hi)
		if !ok || err1 != nil || err2 != nil || b < a || b-a > 1_000_000 {
			p.Errorf("invalid input range: ‘%s’", last(opts, "i", ""))
			return 1
		}
		for i := a; i <= b; i++ {
			lines = append(lines, strconv.Itoa(i))
		}
	default:
		if exit := eachInput(p, names, func(_ string, r io.Reader) error {
			return eachLine(ctx, p, r, func(line string, _ bool) error { lines = append(lines, line); return nil })
		}); exit != 0 {
			return exit
		}
	}
	shuffle(p, lines)
	if n, err := strconv.Atoi(last(opts, "n", "")); err == nil && n < len(lines) {
		lines = lines[:n]
	}
	for _, line := range lines {
		fmt.Fprintln(p.Stdout, line)
	}
	return 0
}
