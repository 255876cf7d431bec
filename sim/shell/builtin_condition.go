package shell

import (
	"fmt"
	iofs "io/fs"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"terrarium/sim/shell/regex"
	"terrarium/sim/vfs"
)

// condition evaluates the tests of test, [ and [[.
type condition struct {
	stat  func(name string, follow bool) (iofs.FileInfo, error)
	tty   func(fd int) bool
	isSet func(name string) bool
	isOn  func(option string) bool
	isRef func(name string) bool
}

func (p *process) condition() condition {
	return condition{
		stat: func(name string, follow bool) (iofs.FileInfo, error) {
			if name == "" {
				return nil, vfs.ErrNotExist
			}
			if fd, ok := descriptorPath(p.abs(name)); ok && p.files.files[fd] != nil {
				return fdInfo{}, nil
			}
			if follow {
				return p.sh.fs.Stat(p.abs(name))
			}
			return p.sh.fs.Lstat(p.abs(name))
		},
		tty:   func(fd int) bool { f := p.files.files[fd]; return f != nil && f.tty },
		isSet: p.isSetName,
		isOn:  func(option string) bool { return p.opts.set[option] },
		isRef: func(name string) bool { v := p.vars.find(name); return v != nil && v.nameref },
	}
}

type fdInfo struct{ iofs.FileInfo }

func (fdInfo) Mode() iofs.FileMode { return iofs.ModeNamedPipe | 0o600 }
func (fdInfo) Size() int64         { return 0 }
func (fdInfo) IsDir() bool         { return false }

func (p *process) isSetName(name string) bool {
	base, sub, ok := strings.Cut(name, "[")
	if !ok {
		_, set := p.lookup(name)
		return set
	}
	v := p.resolve(base)
	sub = strings.TrimSuffix(sub, "]")
	switch {
	case v == nil || !v.set:
		return false
	case sub == "@" || sub == "*":
		return len(v.elements()) > 0
	case v.kind == associative:
		_, set := v.assoc[sub]
		return set
	}
	n := int(p.evaluate(sub, ""))
	if v.kind == scalar {
		return n == 0
	}
	_, set := v.at(n)
	return set
}

// unary evaluates one operator such as -f; known is false where there is no such operator.
func (c condition) unary(op, arg string) (result, known bool) {
	mode := func(bits iofs.FileMode) (bool, bool) {
		info, err := c.stat(arg, true)
		return err == nil && info.Mode()&bits != 0, true
	}
	switch op {
	case "-n":
		return arg != "", true
	case "-z":
		return arg == "", true
	case "-e", "-a":
		_, err := c.stat(arg, true)
		return err == nil, true
	case "-f":
		info, err := c.stat(arg, true)
		return err == nil && info.Mode().IsRegular(), true
	case "-d":
		return mode(iofs.ModeDir)
	case "-h", "-L":
		info, err := c.stat(arg, false)
		return err == nil && info.Mode()&iofs.ModeSymlink != 0, true
	case "-p":
		return mode(iofs.ModeNamedPipe)
	case "-S":
		return mode(iofs.ModeSocket)
	case "-c":
		return mode(iofs.ModeCharDevice)
	case "-b":
		info, err := c.stat(arg, true)
		return err == nil && info.Mode()&iofs.ModeDevice != 0 && info.Mode()&iofs.ModeCharDevice == 0, true
	case "-g":
		return mode(iofs.ModeSetgid)
	case "-u":
		return mode(iofs.ModeSetuid)
	case "-k":
		return mode(iofs.ModeSticky)
	case "-s":
		info, err := c.stat(arg, true)
		return err == nil && info.Size() > 0, true
	case "-r", "-w", "-O", "-G", "-N":
		_, err := c.stat(arg, true)
		return err == nil, true
	case "-x":
		info, err := c.stat(arg, true)
		return err == nil && (info.IsDir() || info.Mode()&0o111 != 0), true
	case "-t":
		n, err := strconv.Atoi(arg)
		return err == nil && c.tty(n), true
	case "-v":
		return c.isSet(arg), true
	case "-o":
		return c.isOn(arg), true
	case "-R":
		return c.isRef(arg), true
	}
	return false, false
}

// files evaluates -nt, -ot and -ef.
func (c condition) files(op, a, b string) bool {
	x, errX := c.stat(a, true)
	y, errY := c.stat(b, true)
	switch op {
	case "-nt":
		return errX == nil && (errY != nil || x.ModTime().After(y.ModTime()))
	case "-ot":
		return errY == nil && (errX != nil || x.ModTime().Before(y.ModTime()))
	}
	return errX == nil && errY == nil && vfs.SameFile(x, y)
}

func compareInts(op string, a, b int64) bool {
	switch op {
	case "-eq":
		return a == b
	case "-ne":
		return a != b
	case "-lt":
		return a < b
	case "-le":
		return a <= b
	case "-gt":
		return a > b
	}
	return a >= b
}

// classic is the test command's expression.
type classic struct {
	condition
	args []string
	pos  int
}

type testError string

func testBuiltin(p *process, args []string) int {
	ok, msg := p.condition().evaluate(args[1:], args[0] == "[")
	if msg != "" {
		p.errorf("%s: %s", args[0], msg)
		return 2
	}
	return int(truth(!ok))
}

// evaluate evaluates the arguments of test, or of [ with its closing bracket; message is why they make no sense.
func (c condition) evaluate(args []string, bracket bool) (result bool, message string) {
	if bracket {
		if len(args) == 0 || args[len(args)-1] != "]" {
			return false, "missing `]'"
		}
		args = args[:len(args)-1]
	}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case testError:
			message = string(e)
		default:
			panic(e)
		}
	}()
	t := &classic{condition: c, args: args}
	return t.posix(), ""
}

// posix follows the rules that the number of arguments gives, and the grammar beyond four.
func (t *classic) posix() bool {
	a := t.args
	switch len(a) {
	case 0:
		return false
	case 1:
		return a[0] != ""
	case 2:
		if a[0] == "!" {
			return a[1] == ""
		}
		result, known := t.unary(a[0], a[1])
		if !known {
			panic(testError(a[0] + ": unary operator expected"))
		}
		return result
	case 3:
		if isBinary(a[1]) {
			return t.binary(a[0], a[1], a[2])
		}
		switch {
		case a[1] == "-a":
			return a[0] != "" && a[2] != ""
		case a[1] == "-o":
			return a[0] != "" || a[2] != ""
		case a[0] == "!":
			return !(&classic{condition: t.condition, args: a[1:]}).posix()
		case a[0] == "(" && a[2] == ")":
			return a[1] != ""
		}
		panic(testError(a[1] + ": binary operator expected"))
	case 4:
		if a[0] == "!" {
			return !(&classic{condition: t.condition, args: a[1:]}).posix()
		}
		if a[0] == "(" && a[3] == ")" {
			return (&classic{condition: t.condition, args: a[1:3]}).posix()
		}
	}
	result := t.or()
	if t.pos < len(a) {
		panic(testError("too many arguments"))
	}
	return result
}

func isBinary(op string) bool {
	switch op {
	case "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef":
		return true
	}
	return false
}

func (t *classic) binary(a, op, b string) bool {
	switch op {
	case "=", "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case ">":
		return a > b
	case "-nt", "-ot", "-ef":
		return t.files(op, a, b)
	}
	return compareInts(op, testInt(a), testInt(b))
}

func testInt(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(s), "+"), 10, 64)
	if err != nil {
		panic(testError(s + ": integer expression expected"))
	}
	return n
}

func (t *classic) peek() string {
	if t.pos < len(t.args) {
		return t.args[t.pos]
	}
	return ""
}

func (t *classic) or() bool {
	result := t.and()
	for t.peek() == "-o" {
		t.pos++
		right := t.and()
		result = result || right
	}
	return result
}

func (t *classic) and() bool {
	result := t.term()
	for t.peek() == "-a" {
		t.pos++
		right := t.term()
		result = result && right
	}
	return result
}

func (t *classic) term() bool {
	if t.pos >= len(t.args) {
		panic(testError("argument expected"))
	}
	a := t.args[t.pos]
	left := len(t.args) - t.pos
	switch {
	case a == "!":
		t.pos++
		return !t.term()
	case a == "(":
		t.pos++
		result := t.or()
		if t.peek() != ")" {
			panic(testError("`)' expected"))
		}
		t.pos++
		return result
	case left >= 3 && isBinary(t.args[t.pos+1]):
		t.pos += 3
		return t.binary(a, t.args[t.pos-2], t.args[t.pos-1])
	case left >= 2 && len(a) == 2 && a[0] == '-':
		if result, known := t.unary(a, t.args[t.pos+1]); known {
			t.pos += 2
			return result
		}
	}
	t.pos++
	return a != ""
}

// testClause runs [[ … ]].
func (p *process) testClause(c *syntax.TestClause) int {
	status := 0
	result := p.extended(c.X, &status)
	if status != 0 {
		return status
	}
	return int(truth(!result))
}

func (p *process) extended(x syntax.TestExpr, status *int) bool {
	switch x := x.(type) {
	case *syntax.Word:
		return p.word(x) != ""
	case *syntax.ParenTest:
		return p.extended(x.X, status)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			return !p.extended(x.X, status)
		}
		arg := p.word(x.X.(*syntax.Word))
		if p.opts.set["xtrace"] {
			p.trace("[[ " + x.Op.String() + " " + quoteIfNeeded(arg) + " ]]")
		}
		result, _ := p.condition().unary(x.Op.String(), arg)
		return result
	case *syntax.BinaryTest:
		switch x.Op {
		case syntax.AndTest:
			return p.extended(x.X, status) && p.extended(x.Y, status)
		case syntax.OrTest:
			return p.extended(x.X, status) || p.extended(x.Y, status)
		}
		return p.extendedBinary(x, status)
	}
	return false
}

func (p *process) extendedBinary(x *syntax.BinaryTest, status *int) bool {
	a := p.word(x.X.(*syntax.Word))
	w := x.Y.(*syntax.Word)
	op := x.Op.String()
	if p.opts.set["xtrace"] {
		p.trace(fmt.Sprintf("[[ %s %s %s ]]", quoteIfNeeded(a), op, p.word(w)))
	}
	switch x.Op {
	case syntax.TsMatch, syntax.TsMatchShort, syntax.TsNoMatch:
		match := pattern{p.patternOf(w), true, p.opts.shopt["nocasematch"]}.match(a)
		return match == (x.Op != syntax.TsNoMatch)
	case syntax.TsReMatch:
		return p.regexMatch(a, w, status)
	case syntax.TsBefore:
		return a < p.word(w)
	case syntax.TsAfter:
		return a > p.word(w)
	case syntax.TsNewer, syntax.TsOlder, syntax.TsDevIno:
		return p.condition().files(op, a, p.word(w))
	}
	return compareInts(op, p.evaluate(a, "[[: "), p.evaluate(p.word(w), "[[: "))
}

func (p *process) regexMatch(s string, w *syntax.Word, status *int) bool {
	re, err := regex.Compile(p.regexOf(w), regex.Flags{Extended: true, IgnoreCase: p.opts.shopt["nocasematch"]})
	if err != nil {
		*status = 2
		return false
	}
	m := re.Find(s)
	v := &variable{kind: indexed, set: true}
	for i := 0; i < len(m); i += 2 {
		text := ""
		if m[i] >= 0 {
			text = s[m[i]:m[i+1]]
		}
		v.list = append(v.list, element{i / 2, text})
	}
	p.vars.global["BASH_REMATCH"] = v
	return m != nil
}
