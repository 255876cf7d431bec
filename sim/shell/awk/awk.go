// Package awk runs awk programs: POSIX awk, and of gawk what people use.
//
// It knows no shell and no file system: what it reads, writes and runs comes from Config. Messages are mawk's, which is
// the awk of Debian and Ubuntu.
package awk

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strings"

	"terrarium/sim/shell/regex"
)

// Config is what a program is run with.
type Config struct {
	Args           []string // without the program's own name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string // NAME=value
	Open           func(name string) (io.ReadCloser, error)
	Create         func(name string, appendTo bool) (io.WriteCloser, error)
	// System runs a command line with the given input and output (nil: the program's own) and returns its status.
	System func(line string, in io.Reader, out io.Writer) int
	// Step is called once in a while; its error ends the program.
	Step func() error
	// Seed and Now are for srand, rand and systime.
	Seed func() uint64
	Now  func() int64
	// ReadFile reads a program's file (-f).
	ReadFile func(name string) ([]byte, error)
}

const usageText = "Usage: mawk [Options] [Program] [file ...]\n"

// Run runs awk and returns its exit status.
func Run(c Config) int {
	src, rest, vars, status := c.options()
	if status >= 0 {
		return status
	}
	prog, err := parse(src)
	if err != nil {
		fmt.Fprintf(c.Stderr, "awk: %v\n", err)
		return 2
	}
	in := newInterp(c, prog, rest)
	for _, v := range vars {
		name, val, _ := strings.Cut(v, "=")
		in.setGlobal(name, input(unescape(val)))
	}
	return in.run()
}

// options reads -F, -v, -f and the program. status is -1 where the program is to be run.
func (c *Config) options() (src string, rest, vars []string, status int) {
	args := c.Args
	fail := func(format string, a ...any) (string, []string, []string, int) {
		fmt.Fprintf(c.Stderr, "awk: "+format+"\n", a...)
		return "", nil, nil, 2
	}
	var files []string
	for len(args) > 0 {
		a := args[0]
		if a == "--" {
			args = args[1:]
			break
		}
		if a == "--version" || a == "-W" && len(args) > 1 && args[1] == "version" {
			fmt.Fprint(c.Stdout, "mawk 1.3.4 20240123\n")
			return "", nil, nil, 0
		}
		if len(a) < 2 || a[0] != '-' {
			break
		}
		flag, val := a[1], a[2:]
		if strings.IndexByte("Fvf", flag) < 0 {
			return fail("not an option: %s", a)
		}
		args = args[1:]
		if val == "" {
			if len(args) == 0 {
				return fail("no argument for option -%c", flag)
			}
			val, args = args[0], args[1:]
		}
		switch flag {
		case 'F':
			if val == "t" {
				val = "\t"
			}
			vars = append(vars, "FS="+val)
		case 'v':
			if name, _, ok := strings.Cut(val, "="); !ok || !isName(name) {
				return fail("improper assignment: -v %s", val)
			}
			vars = append(vars, val)
		case 'f':
			data, err := c.ReadFile(val)
			if err != nil {
				return fail("couldn't open file %s: %v", val, reason(err))
			}
			files = append(files, string(data))
		}
	}
	if len(files) > 0 {
		return strings.Join(files, "\n"), args, vars, -1
	}
	if len(args) == 0 {
		fmt.Fprint(c.Stderr, usageText)
		return "", nil, nil, 2
	}
	return args[0], args[1:], vars, -1
}

func isName(s string) bool {
	for i := range len(s) {
		if !letter(s[i]) && (i == 0 || !digit(s[i])) {
			return false
		}
	}
	return s != ""
}

// reason is an error without the name of the file.
func reason(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		return text[i+2:]
	}
	return text
}

// pattern is a regular expression, compiled.
type pattern = regex.Regexp

func compile(text string) (*pattern, error) {
	return regex.Compile(text, regex.Flags{Extended: true, Escapes: true, Brackets: true, NoBackrefs: true})
}

// interp is a program that runs.
type interp struct {
	c       Config
	prog    *program
	globals map[string]*cell
	frames  []*frame

	record    string
	fields    []value // $1 …; valid where split
	split     bool
	recordNow bool // record is up to date with the fields
	nf        int
	nr, fnr   float64
	filename  value

	args    []string
	argAt   int
	main    *source
	readers map[string]*source
	writers map[string]*sink
	out     *bufio.Writer

	regexes map[string]*pattern
	rand    uint64
	seed    float64
	steps   int
	depth   int
	exit    int
}

// cell is a variable: a scalar or an array.
type cell struct {
	v     value
	array map[string]value
	// of a function's untyped parameter: the cell that it becomes an array with
	from *cell
}

type frame struct{ locals []*cell }

// source is where lines come from.
type source struct {
	r     *bufio.Reader
	close func() int
}

// sink is where print goes to.
type sink struct {
	w     *bufio.Writer
	close func() int
}

// sortedKeys lists an array's keys, numbers first and in their order, so that the order is the same each time.
func sortedKeys(m map[string]value) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := input(keys[i]), input(keys[j])
		if (a.kind == strnum) != (b.kind == strnum) {
			return a.kind == strnum
		}
		if a.kind == strnum && a.n != b.n {
			return a.n < b.n
		}
		return keys[i] < keys[j]
	})
	return keys
}
