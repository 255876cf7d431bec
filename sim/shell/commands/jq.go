package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"terrarium/sim/shell"
)

const jqUsage = `Usage:	jq [OPTIONS] FILTER [FILES...]
	jq [OPTIONS] --args FILTER [ARGUMENTS...]
	jq [OPTIONS] --jsonargs FILTER [JSON_VALUES...]
`

// query is one run of jq.
type query struct {
	p          *shell.Proc
	raw, join  bool
	compact    bool
	tab        bool
	indent     int
	color      bool
	sortKeys   bool
	exitStatus bool
	nullInput  bool
	rawInput   bool
	slurp      bool
	ascii      bool
	seq        bool
	raw0       bool
	filter     string
	hasFilter  bool
	files      []string
	names      []string
	values     []any
	positional []any
	last       any
	printed    bool
	status     int
	inputErr   error
	order      keyOrder
	parsed     *gojq.Query
	in         *inputs
}

func jq(ctx context.Context, p *shell.Proc) int {
	q := &query{p: p, indent: 2, color: p.TTY}
	if exit, done := q.options(); done {
		return exit
	}
	parsed, err := gojq.Parse(q.filter)
	q.parsed = parsed
	if err != nil {
		q.compileError(err)
		return 3
	}
	in := &inputs{q: q, ctx: ctx}
	q.in = in
	q.order.filter(parsed)
	named := map[string]any{}
	for i, name := range q.names {
		named[strings.TrimPrefix(name, "$")] = q.values[i]
	}
	names := append(slices.Clone(q.names), "$ENV", "$__prog_args", "$ARGS")
	values := append(slices.Clone(q.values), q.environ(), nil, map[string]any{"named": named, "positional": q.positional})
	if dividesByZero(parsed) {
		fmt.Fprintf(p.Stderr, "jq: error: Division by zero? at <top-level>, line 1:\n%s\njq: 1 compile error\n", q.filter)
		return 3
	}
	code, err := gojq.Compile(parsed,
		gojq.WithVariables(names), gojq.WithInputIter(in), gojq.WithEnvironLoader(p.Environ),
		gojq.WithFunction("input_filename", 0, 0, func(any, []any) any {
			if in.name == "" {
				return nil
			}
			return in.name
		}),
		gojq.WithFunction("now", 0, 0, func(any, []any) any {
			return float64(p.Now().UnixNano()) / 1e9
		}),
	)
	if err != nil {
		q.compileError(err)
		return 3
	}
	if q.nullInput {
		q.run(ctx, code, nil, values)
	} else {
		for ctx.Err() == nil && q.status != 4 {
			v, ok := in.Next()
			if !ok {
				break
			}
			if err, bad := v.(error); bad {
				q.inputErr = err
				break
			}
			if !q.run(ctx, code, v, values) {
				break
			}
		}
	}
	return q.exit(in)
}

// dividesByZero finds a division of constants by zero, which jq refuses to compile.
func dividesByZero(q *gojq.Query) bool {
	if q == nil {
		return false
	}
	number := func(q *gojq.Query) string {
		if q != nil && q.Term != nil && q.Term.Type == gojq.TermTypeNumber && len(q.Term.SuffixList) == 0 {
			return q.Term.Number
		}
		return ""
	}
	if (q.Op == gojq.OpDiv || q.Op == gojq.OpMod) && number(q.Left) != "" && number(q.Right) == "0" {
		return true
	}
	return dividesByZero(q.Left) || dividesByZero(q.Right)
}

// environ is $ENV.
func (q *query) environ() map[string]any {
	env := map[string]any{}
	for _, kv := range q.p.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	return env
}

func (q *query) exit(in *inputs) int {
	if q.inputErr != nil {
		fmt.Fprintf(q.p.Stderr, "jq: parse error: %v\n", q.inputErr)
		return 2
	}
	switch {
	case q.status != 0:
		return q.status
	case in.missing:
		return 2
	case q.exitStatus && !q.printed:
		return 4
	case q.exitStatus && (q.last == nil || q.last == false):
		return 1
	}
	return 0
}

// run prints the results for one input; false where the whole run ends.
func (q *query) run(ctx context.Context, code *gojq.Code, v any, values []any) bool {
	steps := &steppedContext{Context: ctx, p: q.p}
	it := code.RunWithContext(steps, v, values...)
	for {
		r, ok := it.Next()
		if !ok {
			return true
		}
		if q.p.Step(ctx) != nil {
			return false
		}
		if err, bad := r.(error); bad {
			if steps.tooMuch {
				err = errors.New("the filter takes too much memory or time")
			}
			return q.runtimeError(err, v)
		}
		if !q.print(r) {
			return false
		}
	}
}

// steppedContext lets time pass while a filter runs: gojq asks for Done at each of its steps.
type steppedContext struct {
	context.Context
	p       *shell.Proc
	n       int
	tooMuch bool
}

// maxFilterSteps ends filters that would fill the memory.
const maxFilterSteps = 20_000_000

var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (s *steppedContext) Done() <-chan struct{} {
	if s.n++; s.n%64 == 0 {
		s.p.Machine.Spend(s.Context, 30*time.Microsecond)
	}
	if s.n > maxFilterSteps {
		s.tooMuch = true
		return closedChannel
	}
	return s.Context.Done()
}

func (s *steppedContext) Err() error {
	if s.tooMuch {
		return context.Canceled
	}
	return s.Context.Err()
}

func (q *query) runtimeError(err error, v any) bool {
	var halt *gojq.HaltError
	if errors.As(err, &halt) {
		q.status = halt.ExitCode()
		if v := halt.Value(); v != nil {
			if s, ok := v.(string); ok {
				io.WriteString(q.p.Stderr, s)
			} else {
				b, _ := gojq.Marshal(v)
				fmt.Fprintf(q.p.Stderr, "%s\n", b)
			}
		}
		return false
	}
	if errors.Is(err, context.Canceled) {
		return false
	}
	q.status = 5
	msg := jqMessage(err, q.parsed, v)
	if !strings.HasPrefix(msg, " (not a string)") {
		msg = ": " + msg
	}
	fmt.Fprintf(q.p.Stderr, "jq: error (at %s)%s\n", q.in.at(), msg)
	return true
}

func upperInitial(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (q *query) compileError(err error) {
	msg := err.Error()
	var pe *gojq.ParseError
	if errors.As(err, &pe) {
		token := pe.Token
		if token == "" {
			msg = "syntax error, unexpected end of file"
		} else {
			msg = fmt.Sprintf("syntax error, unexpected %s", tokenName(token))
		}
		msg += " (Unix shell quoting issues?)"
	} else if name, ok := strings.CutPrefix(msg, "function not defined: "); ok {
		msg = name + " is not defined"
	} else if name, ok := strings.CutPrefix(msg, "variable not defined: "); ok {
		msg = name + " is not defined"
	}
	fmt.Fprintf(q.p.Stderr, "jq: error: %s at <top-level>, line 1:\n%s\njq: 1 compile error\n", msg, q.filter)
}

func tokenName(t string) string {
	switch {
	case t == "":
		return "end of file"
	case t[0] >= '0' && t[0] <= '9':
		return "LITERAL"
	case t[0] == '"':
		return "QQSTRING_START"
	case t[0] >= 'a' && t[0] <= 'z' || t[0] >= 'A' && t[0] <= 'Z' || t[0] == '_':
		return "IDENT"
	case len(t) == 1:
		return "'" + t + "'"
	}
	return "INVALID_CHARACTER"
}

func (q *query) usage(w io.Writer, format string, args ...any) (int, bool) {
	if format != "" {
		fmt.Fprintf(w, format+"\n", args...)
	}
	fmt.Fprintf(w, "Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq\n")
	return 2, true
}

// options reads the command line; done says that there is nothing to run.
func (q *query) options() (exit int, done bool) {
	args := q.p.Args[1:]
	mode := "" // args or jsonargs
	onlyOperands := false
	take := func(n int, name string) ([]string, bool) {
		if len(args) < n {
			what := map[string]string{"--arg": "two parameters (e.g. --arg varname value)", "--argjson": "two parameters (e.g. --argjson varname text)",
				"--slurpfile": "two parameters (e.g. --slurpfile varname filename)", "--rawfile": "two parameters (e.g. --rawfile varname filename)", "--indent": "one parameter"}[name]
			fmt.Fprintf(q.p.Stderr, "jq: %s takes %s\n", name, what)
			return nil, false
		}
		v := args[:n]
		args = args[n:]
		return v, true
	}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if onlyOperands || arg == "" || arg[0] != '-' || arg == "-" {
			if exit, done := q.operand(arg, mode); done {
				return exit, true
			}
			continue
		}
		if arg == "--" {
			onlyOperands = true
			continue
		}
		switch arg {
		case "--arg", "--argjson", "--slurpfile", "--rawfile":
			v, ok := take(2, arg)
			if !ok {
				return q.usage(q.p.Stderr, "")
			}
			if exit, done := q.bind(arg, v[0], v[1]); done {
				return exit, true
			}
		case "--args":
			mode = "args"
		case "--jsonargs":
			mode = "jsonargs"
		case "--indent":
			v, ok := take(1, arg)
			if !ok {
				return q.usage(q.p.Stderr, "")
			}
			n, err := strconv.Atoi(v[0])
			if err != nil || n < 0 {
				fmt.Fprintln(q.p.Stderr, "jq: Cannot indent less than zero")
				return q.usage(q.p.Stderr, "")
			}
			if n > 7 {
				fmt.Fprintln(q.p.Stderr, "jq: Cannot indent more than 7 characters")
				return q.usage(q.p.Stderr, "")
			}
			q.indent, q.compact = n, n == 0
		case "-f", "--from-file":
			v, ok := take(1, arg)
			if !ok {
				return q.usage(q.p.Stderr, "")
			}
			data, err := q.p.ReadFile(v[0])
			if err != nil {
				fmt.Fprintf(q.p.Stderr, "jq: error: Could not open %s: %s\n", v[0], reason(err))
				return 2, true
			}
			if q.hasFilter {
				q.files = append([]string{q.filter}, q.files...)
			}
			q.filter, q.hasFilter = string(data), true
		case "-L":
			take(1, arg)
		default:
			if exit, done := q.flags(arg); done {
				return exit, true
			}
		}
	}
	if !q.hasFilter && !(q.p.TTY && q.p.StdinTTY) {
		q.filter, q.hasFilter = ".", true
	}
	if !q.hasFilter {
		fmt.Fprint(q.p.Stderr, jqUsage)
		return q.usage(q.p.Stderr, "")
	}
	return 0, false
}

func (q *query) operand(arg, mode string) (int, bool) {
	switch {
	case !q.hasFilter:
		q.filter, q.hasFilter = arg, true
	case mode == "args":
		q.positional = append(q.positional, arg)
	case mode == "jsonargs":
		v, err := decodeJSON([]byte(arg))
		if err != nil {
			fmt.Fprintf(q.p.Stderr, "jq: Invalid JSON text passed to --jsonargs\n")
			return q.usage(q.p.Stderr, "")
		}
		q.positional = append(q.positional, v)
	default:
		q.files = append(q.files, arg)
	}
	return 0, false
}

func (q *query) bind(option, name, value string) (int, bool) {
	var v any = value
	switch option {
	case "--argjson":
		var err error
		if v, err = decodeJSON([]byte(value)); err != nil {
			fmt.Fprintf(q.p.Stderr, "jq: Invalid JSON text passed to --argjson\n")
			return q.usage(q.p.Stderr, "")
		}
	case "--slurpfile", "--rawfile":
		data, err := q.p.ReadFile(value)
		if err != nil {
			fmt.Fprintf(q.p.Stderr, "jq: Bad JSON in --%s %s %s: Could not open %s: %s\n", option[2:], name, value, value, reason(err))
			return 2, true
		}
		if v = string(data); option == "--slurpfile" {
			list := []any{}
			dec := newJSONParser(data, &q.order)
			for {
				x, ok, err := dec.read()
				if err == nil && !ok {
					break
				}
				if err != nil {
					fmt.Fprintf(q.p.Stderr, "jq: Bad JSON in --slurpfile %s %s: %v\n", name, value, err)
					return 2, true
				}
				list = append(list, x)
			}
			v = list
		}
	}
	if !slices.Contains(q.names, "$"+name) {
		q.names, q.values = append(q.names, "$"+name), append(q.values, v)
	}
	return 0, false
}

var jqLong = map[string]string{
	"--raw-output": "r", "--join-output": "j", "--compact-output": "c", "--tab": "t", "--color-output": "C", "--monochrome-output": "M", "--sort-keys": "S", "--exit-status": "e",
	"--null-input": "n", "--raw-input": "R", "--slurp": "s", "--ascii-output": "a", "--seq": "q", "--raw-output0": "0", "--help": "h", "--version": "V", "--unbuffered": "u", "--stream": "T",
}

func (q *query) flags(arg string) (int, bool) {
	letters := arg[1:]
	if strings.HasPrefix(arg, "--") {
		var ok bool
		if letters, ok = jqLong[arg]; !ok {
			return q.usage(q.p.Stderr, "jq: Unknown option: %s", arg)
		}
	}
	for _, c := range letters {
		switch c {
		case 'r':
			q.raw = true
		case 'j':
			q.raw, q.join = true, true
		case 'c':
			q.compact = true
		case 't':
			q.tab = true
		case 'C':
			q.color = true
		case 'M':
			q.color = false
		case 'S':
			q.sortKeys = true
		case 'e':
			q.exitStatus = true
		case 'n':
			q.nullInput = true
		case 'R':
			q.rawInput = true
		case 's':
			q.slurp = true
		case 'a':
			q.ascii = true
		case 'q':
			q.seq = true
		case '0':
			q.raw, q.raw0 = true, true
		case 'u':
		case 'h':
			fmt.Fprint(q.p.Stdout, jqUsage)
			return 0, true
		case 'V':
			fmt.Fprintln(q.p.Stdout, "jq-1.7")
			return 0, true
		default:
			return q.usage(q.p.Stderr, "jq: Unknown option: %s", arg)
		}
	}
	return 0, false
}

// inputs reads the values that the filter gets.
type inputs struct {
	q       *query
	ctx     context.Context
	name    string
	parser  *jsonParser
	current bool // there may be more in the file
	data    []byte
	opened  bool
	slurped bool
	missing bool
	rest    []string
	err     error
}

// at is where the input stands: a file and how many of its lines have been read.
func (in *inputs) at() string {
	if in.parser == nil {
		return "<unknown>"
	}
	name := in.name
	if name == "" {
		name = "<stdin>"
	}
	return fmt.Sprintf("%s:%d", name, in.parser.lines())
}

// open moves on to the next file.
func (in *inputs) open() bool {
	if !in.opened {
		in.opened = true
		if in.rest = in.q.files; len(in.rest) == 0 {
			data, err := in.q.p.ReadFile("-")
			in.err = err
			in.set("", data)
			return err == nil
		}
	}
	for len(in.rest) > 0 {
		name := in.rest[0]
		in.rest = in.rest[1:]
		data, err := in.q.p.ReadFile(name)
		if err != nil {
			fmt.Fprintf(in.q.p.Stderr, "jq: error: Could not open file %s: %s\n", name, reason(err))
			in.missing = true
			continue
		}
		in.set(name, data)
		return true
	}
	return false
}

func (in *inputs) set(name string, data []byte) {
	in.name, in.data = name, data
	in.parser = newJSONParser(data, &in.q.order)
	in.current = true
}

// Next implements gojq.Iter.
func (in *inputs) Next() (any, bool) {
	switch {
	case in.q.slurp && in.slurped:
		return nil, false
	case in.q.slurp && in.q.rawInput:
		in.slurped = true
		var all []byte
		for in.open() {
			all = append(all, in.data...)
		}
		return string(all), true
	case in.q.slurp:
		in.slurped = true
		list := []any{}
		for {
			v, ok := in.one()
			if !ok {
				return list, true
			}
			if err, bad := v.(error); bad {
				return err, true
			}
			list = append(list, v)
		}
	}
	return in.one()
}

func (in *inputs) one() (any, bool) {
	for {
		if !in.current && !in.open() {
			return nil, false
		}
		if in.q.rawInput {
			if len(in.data) == 0 {
				in.current = false
				continue
			}
			line, rest, _ := bytes.Cut(in.data, []byte("\n"))
			in.data = rest
			return string(line), true
		}
		v, ok, err := in.parser.read()
		switch {
		case err != nil:
			return err, true
		case !ok:
			in.current = false
			continue
		}
		return v, true
	}
}

// decodeJSON reads a text that is one value.
func decodeJSON(data []byte) (any, error) {
	p := newJSONParser(data, nil)
	v, ok, err := p.read()
	if err == nil && !ok {
		err = errors.New("no value")
	}
	if err != nil {
		return nil, err
	}
	if _, more, err := p.read(); more || err != nil {
		return nil, errors.New("more than one value")
	}
	return v, nil
}
