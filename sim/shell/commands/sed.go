package commands

import (
	"bytes"
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/shell"
	sedlang "terrarium/sim/shell/sed"
)

const sedUsage = `Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...

  -n, --quiet, --silent
                 suppress automatic printing of pattern space
      --debug
                 annotate program execution
  -e script, --expression=script
                 add the script to the commands to be executed
  -f script-file, --file=script-file
                 add the contents of script-file to the commands to be executed
  --follow-symlinks
                 follow symlinks when processing in place
  -i[SUFFIX], --in-place[=SUFFIX]
                 edit files in place (makes backup if SUFFIX supplied)
  -l N, --line-length=N
                 specify the desired line-wrap length for the ` + "`l'" + ` command
  --posix
                 disable all GNU extensions.
  -E, -r, --regexp-extended
                 use extended regular expressions in the script
                 (for portability use POSIX -E).
  -s, --separate
                 consider files as separate rather than as a single,
                 continuous long stream.
      --sandbox
                 operate in sandbox mode (disable e/r/w commands).
  -u, --unbuffered
                 load minimal amounts of data from the input files and flush
                 the output buffers more often
  -z, --null-data
                 separate lines by NUL characters
      --help     display this help and exit
      --version  output version information and exit

If no -e, --expression, -f, or --file option is given, then the first
non-option argument is taken as the sed script to interpret.  All
remaining arguments are names of input files; if no input files are
specified, then the standard input is read.

GNU sed home page: <https://www.gnu.org/software/sed/>.
General help using GNU software: <https://www.gnu.org/gethelp/>.
`

func sed(ctx context.Context, p *shell.Proc) int {
	s := syntax{
		short: "bsnrzuEe:f:l:i::V:h", long: []string{"quiet=n", "silent=n", "debug", "expression:=e", "file:=f", "in-place::=i", "line-length:=l", "null-data=z", "zero-terminated=z", "posix",
			"regexp-extended=E", "separate=s", "sandbox", "unbuffered=u", "follow-symlinks", "binary=b", "help=h"},
	}
	var errs bytes.Buffer
	stderr := p.Stderr
	p.Stderr = &errs
	opts, operands, exit, done := s.parse(p)
	p.Stderr = stderr
	if done {
		if exit != 0 {
			first, _, _ := strings.Cut(errs.String(), "\n")
			fmt.Fprintf(stderr, "%s\n%s", first, sedUsage)
		}
		return exit
	}
	if has(opts, "h") {
		io.WriteString(p.Stdout, sedUsage)
		return 0
	}
	scripts, operands, exit := sedScripts(p, opts, operands)
	if exit != 0 {
		return exit
	}
	script, err := sedlang.Parse(scripts, has(opts, "E", "r"))
	if err != nil {
		p.Errorf("%v", err)
		return 1
	}
	e := &editing{ctx: ctx, p: p, files: operands, inPlace: has(opts, "i"), suffix: last(opts, "i", ""), written: map[string]io.Writer{}}
	if len(operands) == 0 {
		if e.inPlace {
			p.Errorf("no input files")
			return 1
		}
		e.files = []string{"-"}
	}
	wrap, _ := strconv.Atoi(last(opts, "l", "70"))
	status, err := script.Run(sedlang.Config{
		Quiet: has(opts, "n"), Separate: has(opts, "s") || e.inPlace, Null: has(opts, "z"), Wrap: wrap,
		Next: e.next, ReadFile: p.ReadFile, Append: e.append, Step: func(n int) error { return p.Machine.Spend(ctx, 2*time.Microsecond+time.Duration(n)*10*time.Nanosecond) },
	})
	if err != nil {
		return 4
	}
	return max(status, e.exit)
}

// sedScripts gathers the expressions of -e and -f, or takes the first operand.
func sedScripts(p *shell.Proc, opts []given, operands []string) (scripts, rest []string, exit int) {
	for _, o := range opts {
		switch o.name {
		case "e":
			scripts = append(scripts, o.value)
		case "f":
			data, err := p.ReadFile(o.value)
			if err != nil {
				p.Errorf("couldn't open file %s: %s", o.value, reason(err))
				return nil, nil, 1
			}
			text := strings.TrimSuffix(string(data), "\n")
			if strings.HasPrefix(text, "#!") {
				_, text, _ = strings.Cut(text, "\n")
			}
			scripts = append(scripts, text)
		}
	}
	if scripts != nil {
		return scripts, operands, 0
	}
	if len(operands) == 0 {
		io.WriteString(p.Stderr, sedUsage)
		return nil, nil, 1
	}
	return operands[:1], operands[1:], 0
}

// editing feeds files to a script and, with -i, writes them back.
type editing struct {
	ctx     context.Context
	p       *shell.Proc
	files   []string
	inPlace bool
	suffix  string
	written map[string]io.Writer
	exit    int
}

func (e *editing) next() (r io.Reader, name string, out io.Writer, done func(), ok bool) {
	for len(e.files) > 0 {
		name := e.files[0]
		e.files = e.files[1:]
		if name == "-" && !e.inPlace {
			return stepped{e.ctx, e.p, e.p.Stdin}, "-", e.p.Stdout, func() {}, true
		}
		info, err := e.p.FS.Stat(e.p.Path(name))
		switch {
		case err == nil && info.IsDir() && e.inPlace:
			e.p.Errorf("couldn't edit %s: not a regular file", name)
			e.exit = 4
			continue
		case err == nil && info.IsDir():
			e.p.Errorf("read error on %s: Is a directory", name)
			e.exit = 2
			continue
		}
		data, err := e.p.ReadFile(name)
		if err != nil {
			e.p.Errorf("can't read %s: %s", name, reason(err))
			e.exit = 2
			continue
		}
		if !e.inPlace {
			return bytes.NewReader(data), name, e.p.Stdout, func() {}, true
		}
		buf := &bytes.Buffer{}
		in := bytes.NewReader(data)
		return in, name, buf, func() { e.save(name, data, in, buf, info.Mode()) }, true
	}
	return nil, "", nil, nil, false
}

// save writes an edited file; what the script has not read, since it quit, stays as it was.
func (e *editing) save(name string, old []byte, rest *bytes.Reader, buf *bytes.Buffer, mode iofs.FileMode) {
	if e.suffix != "" {
		backup := name + e.suffix
		if strings.Contains(e.suffix, "*") {
			dir, base := "", name
			if i := strings.LastIndexByte(name, '/'); i >= 0 {
				dir, base = name[:i+1], name[i+1:]
			}
			backup = dir + strings.ReplaceAll(e.suffix, "*", base)
		}
		e.p.FS.WriteFile(e.p.Path(backup), old, mode.Perm())
	}
	if err := e.p.FS.WriteFile(e.p.Path(name), slices.Clone(buf.Bytes()), mode.Perm()); err != nil {
		e.p.Errorf("couldn't flush %s: %s", name, reason(err))
		e.exit = 4
	}
}

func (e *editing) append(name, text string) {
	w := e.written[name]
	if w == nil {
		if name == "/dev/stderr" {
			w = e.p.Stderr
		} else {
			f, err := e.p.Create(name, os.O_CREATE|os.O_TRUNC)
			if err != nil {
				e.p.Errorf("couldn't open file %s: %s", name, reason(err))
				e.exit = 4
				w = io.Discard
			} else {
				w = f
			}
		}
		e.written[name] = w
	}
	io.WriteString(w, text)
}
