package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
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
	p            *shell.Proc
	raw, join    bool
	compact      bool
	tab          bool
	indent       int
	color        bool
	sortKeys     bool
	exitStatus   bool
	nullInput    bool
	rawInput     bool
	slurp        bool
	ascii        bool
	seq          bool
	raw0         bool
	filter       string
	hasFilter    bool
	files        []string
	names        []string
	values       []any
	positional   []any
	last         any
	printed      bool
	status       int
	named        map[string]any
	inputErr     error
	usageProblem string
}

func jq(ctx context.Context, p *shell.Proc) int {
	q := &query{p: p, indent: 2, named: map[string]any{}, color: p.TTY}
	if exit, done := q.options(); done {
		return exit
	}
	parsed, err := gojq.Parse(q.filter)
	if err != nil {
		q.compileError(err)
		return 3
	}
	in := &inputs{q: q, ctx: ctx}
	q.named["named"] = nil
	named := map[string]any{}
	for i, name := range q.names {
		named[strings.TrimPrefix(name, "$")] = q.values[i]
	}
	delete(q.named, "named")
	names := append(slices.Clone(q.names), "$ENV", "$__prog_args", "$ARGS")
	values := append(slices.Clone(q.values), q.environ(), nil, map[string]any{"named": named, "positional": q.positional})
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
		fmt.Fprintf(q.p.Stderr, "jq: error (at %s): %v\n", in.at(), q.inputErr)
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
			return q.runtimeError(err)
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

func (q *query) runtimeError(err error) bool {
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
	fmt.Fprintf(q.p.Stderr, "jq: error (at %s): %s\n", q.where(), jqMessage(err))
	return true
}

// jqMessage is an error in jq's own words.
func jqMessage(err error) string {
	var value gojq.ValueError
	if errors.As(err, &value) {
		if s, ok := value.Value().(string); ok && strings.HasPrefix(err.Error(), "error: ") {
			return s
		}
		if strings.HasPrefix(err.Error(), "error") {
			b, _ := gojq.Marshal(value.Value())
			return string(b) + " (not a string)"
		}
	}
	msg := err.Error()
	if rest, ok := strings.CutPrefix(msg, "expected an object but got: "); ok {
		kind, _ := describeType(rest)
		return "Cannot index " + kind
	}
	if rest, ok := strings.CutPrefix(msg, "cannot iterate over: "); ok {
		kind, text := describeType(rest)
		if kind == "null" {
			return "Cannot iterate over null (null)"
		}
		return fmt.Sprintf("Cannot iterate over %s (%s)", kind, text)
	}
	return upperInitial(msg)
}

func upperInitial(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// describeType splits gojq's "string (\"x\")".
func describeType(s string) (kind, text string) {
	kind, text, ok := strings.Cut(s, " (")
	if !ok {
		return s, s
	}
	return kind, strings.TrimSuffix(text, ")")
}

func (q *query) where() string {
	if len(q.files) > 0 {
		return "<file>"
	}
	return "<stdin>:1"
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
		v, err := decodeJSON(strings.NewReader(arg))
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
		if v, err = decodeJSON(strings.NewReader(value)); err != nil {
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
			dec := newDecoder(bytes.NewReader(data))
			for {
				x, err := dec.next()
				if err == io.EOF {
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
	current *decoder
	data    []byte
	opened  bool
	slurped bool
	missing bool
	rest    []string
	err     error
}

func (in *inputs) at() string {
	if in.name != "" {
		return in.name + ":0"
	}
	line := 0
	if in.current != nil {
		line = in.current.line()
	}
	return fmt.Sprintf("<stdin>:%d", line)
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
			fmt.Fprintf(in.q.p.Stderr, "jq: error: Could not open %s: %s\n", name, reason(err))
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
	in.current = newDecoder(bytes.NewReader(data))
	in.current.data = data
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
		if in.current == nil && !in.open() {
			return nil, false
		}
		if in.q.rawInput {
			if len(in.data) == 0 {
				in.current = nil
				continue
			}
			line, rest, _ := bytes.Cut(in.data, []byte("\n"))
			in.data = rest
			return string(line), true
		}
		v, err := in.current.next()
		if err == io.EOF {
			in.current = nil
			continue
		}
		if err != nil {
			return err, true
		}
		return v, true
	}
}

// decoder reads JSON values one after the other, numbers as gojq wants them.
type decoder struct {
	dec  *json.Decoder
	data []byte
}

func newDecoder(r io.Reader) *decoder {
	d := json.NewDecoder(r)
	d.UseNumber()
	return &decoder{dec: d}
}

func (d *decoder) line() int {
	return bytes.Count(d.data[:min(int(d.dec.InputOffset()), len(d.data))], []byte("\n"))
}

func (d *decoder) next() (any, error) {
	var v any
	if err := d.dec.Decode(&v); err != nil {
		if err == io.EOF {
			return nil, err
		}
		return nil, d.problem(err)
	}
	return normalizeNumbers(v), nil
}

// problem words a JSON error as jq does, as far as its kind can be told.
func (d *decoder) problem(err error) error {
	var se *json.SyntaxError
	line, column := 1, 0
	at := len(d.data)
	if errors.As(err, &se) && int(se.Offset) <= len(d.data) {
		at = int(se.Offset)
	}
	line += bytes.Count(d.data[:at], []byte("\n"))
	column = at - (bytes.LastIndexByte(d.data[:at], '\n') + 1)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("Unfinished JSON term at EOF at line %d, column %d", line, column)
	case se != nil && strings.Contains(se.Error(), "looking for beginning of object key"):
		return fmt.Errorf("Expected another key-value pair at line %d, column %d", line, column)
	case se != nil && strings.Contains(se.Error(), "after object key:value"), se != nil && strings.Contains(se.Error(), "after array element"):
		return fmt.Errorf("Expected separator between values at line %d, column %d", line, column)
	}
	return fmt.Errorf("Invalid numeric literal at line %d, column %d", line, column)
}

func decodeJSON(r io.Reader) (any, error) {
	d := newDecoder(r)
	v, err := d.next()
	if err != nil {
		return nil, err
	}
	if _, err := d.next(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

func normalizeNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.Atoi(string(v)); err == nil {
			return n
		}
		if b, ok := new(big.Int).SetString(string(v), 10); ok {
			return b
		}
		x, _ := strconv.ParseFloat(string(v), 64)
		if math.IsInf(x, 0) {
			return math.Copysign(math.MaxFloat64, x)
		}
		return x
	case []any:
		for i := range v {
			v[i] = normalizeNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = normalizeNumbers(v[k])
		}
	}
	return v
}
