package commands

import (
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/shell"
	"terrarium/sim/shell/regex"
	"terrarium/sim/vfs"
)

// finding is one run of find.
type finding struct {
	ctx        context.Context
	p          *shell.Proc
	args       []string
	pos        int
	test       func(e *found) bool
	acts       bool // an action other than -prune is there: -print is not implied
	minDepth   int
	maxDepth   int
	depthFirst bool
	follow     bool
	prune      bool
	quit       bool
	exit       int
	batches    []*batch
	dailyBase  time.Time
}

// found is one file that find looks at.
type found struct {
	name string // as it is printed
	at   string
	info iofs.FileInfo
	root string
}

// batch gathers the names for -exec … +.
type batch struct {
	args  []string
	names []string
	dir   string
}

type findError string

func find(ctx context.Context, p *shell.Proc) (exit int) {
	f := &finding{ctx: ctx, p: p, args: p.Args[1:], maxDepth: 1 << 30, dailyBase: p.Now()}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case findError:
			p.Errorf("%s", string(e))
			exit = 1
		default:
			panic(e)
		}
	}()
	for len(f.args) > 0 && (f.args[0] == "-L" || f.args[0] == "-P" || f.args[0] == "-H") {
		f.follow = f.args[0] == "-L"
		f.args = f.args[1:]
	}
	var roots []string
	for len(f.args) > 0 && !strings.HasPrefix(f.args[0], "-") && f.args[0] != "(" && f.args[0] != "!" && f.args[0] != ")" {
		roots = append(roots, f.args[0])
		f.args = f.args[1:]
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	f.test = func(*found) bool { return true }
	if len(f.args) > 0 {
		f.test = f.or()
		if f.pos < len(f.args) {
			if f.args[f.pos] == ")" {
				panic(findError("you have too many ')'"))
			}
			panic(findError(fmt.Sprintf("paths must precede expression: `%s'", f.args[f.pos])))
		}
	}
	for _, root := range roots {
		info, err := f.stat(p.Path(root))
		if err != nil {
			p.Errorf("‘%s’: %s", root, reason(err))
			f.exit = 1
			continue
		}
		f.walk(&found{name: root, at: p.Path(root), info: info, root: root}, 0)
	}
	for _, b := range f.batches {
		f.flush(b)
	}
	return f.exit
}

func (f *finding) stat(at string) (iofs.FileInfo, error) {
	if f.follow {
		if info, err := f.p.FS.Stat(at); err == nil {
			return info, nil
		}
	}
	return f.p.FS.Lstat(at)
}

func (f *finding) walk(e *found, depth int) {
	if f.quit || f.p.Step(f.ctx) != nil {
		return
	}
	f.prune = false
	if !f.depthFirst && depth >= f.minDepth {
		f.visit(e)
	}
	if e.info.IsDir() && depth < f.maxDepth && !(f.prune && !f.depthFirst) {
		entries, err := f.p.FS.ReadDir(e.at)
		if err != nil {
			f.p.Errorf("‘%s’: %s", e.name, reason(err))
			f.exit = 1
		}
		for _, x := range entries {
			sub := &found{name: strings.TrimSuffix(e.name, "/") + "/" + x.Name(), at: path.Join(e.at, x.Name()), root: e.root}
			if e.name == "/" {
				sub.name = "/" + x.Name()
			}
			info, err := f.stat(sub.at)
			if err != nil {
				continue
			}
			sub.info = info
			f.walk(sub, depth+1)
		}
	}
	if f.depthFirst && depth >= f.minDepth && !f.quit {
		f.visit(e)
	}
}

func (f *finding) visit(e *found) {
	if f.test(e) && !f.acts {
		f.print(e.name + "\n")
	}
}

func (f *finding) print(s string) {
	if _, err := io.WriteString(f.p.Stdout, s); err != nil {
		f.quit = true
	}
}

func (f *finding) peek() string {
	if f.pos < len(f.args) {
		return f.args[f.pos]
	}
	return ""
}

func (f *finding) or() func(*found) bool {
	left := f.and()
	for f.peek() == "-o" || f.peek() == "-or" || f.peek() == "," {
		comma := f.peek() == ","
		f.pos++
		if f.pos == len(f.args) {
			panic(findError("expected an expression after '-o'"))
		}
		a, b := left, f.and()
		left = func(e *found) bool {
			if comma {
				a(e)
				return b(e)
			}
			return a(e) || b(e)
		}
	}
	return left
}

func (f *finding) and() func(*found) bool {
	left := f.not()
	for f.pos < len(f.args) {
		switch f.peek() {
		case "-o", "-or", ",", ")":
			return left
		case "-a", "-and":
			f.pos++
		}
		a, b := left, f.not()
		left = func(e *found) bool { return a(e) && b(e) }
	}
	return left
}

func (f *finding) not() func(*found) bool {
	switch f.peek() {
	case "!", "-not":
		f.pos++
		inner := f.not()
		return func(e *found) bool { return !inner(e) }
	case "(":
		f.pos++
		inner := f.or()
		if f.peek() != ")" {
			panic(findError("invalid expression; I was expecting to find a ')' somewhere but did not see one."))
		}
		f.pos++
		return inner
	}
	return f.primary()
}

// argument takes the argument of a test.
func (f *finding) argument(name string) string {
	if f.pos == len(f.args) {
		panic(findError(fmt.Sprintf("missing argument to `%s'", name)))
	}
	s := f.args[f.pos]
	f.pos++
	return s
}

func (f *finding) primary() func(*found) bool {
	name := f.argument("expression")
	switch name {
	case "-true":
		return func(*found) bool { return true }
	case "-false":
		return func(*found) bool { return false }
	case "-print":
		return f.action(func(e *found) bool { f.print(e.name + "\n"); return true })
	case "-print0":
		return f.action(func(e *found) bool { f.print(e.name + "\x00"); return true })
	case "-printf":
		format := f.argument(name)
		return f.action(func(e *found) bool { f.print(f.format(format, e)); return true })
	case "-ls":
		return f.action(func(e *found) bool {
			sys := e.info.Sys().(*vfs.Sys)
			f.print(fmt.Sprintf("%9d %6d %s %3d root     root     %8d %s %s\n", sys.Inode, blocks(e.info), modeString(e.info.Mode()), sys.Links, e.info.Size(), e.info.ModTime().Format("Jan _2 15:04"), e.name))
			return true
		})
	case "-delete":
		f.depthFirst = true
		return f.action(f.remove)
	case "-quit":
		return f.action(func(*found) bool { f.quit = true; return true })
	case "-prune":
		return func(e *found) bool { f.prune = true; return true }
	case "-exec", "-execdir", "-ok":
		return f.execute(name)
	case "-maxdepth", "-mindepth":
		s := f.argument(name)
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			panic(findError(fmt.Sprintf("Expected a positive decimal integer argument to %s, but got ‘%s’", name, s)))
		}
		if name == "-maxdepth" {
			f.maxDepth = n
		} else {
			f.minDepth = n
		}
		return func(*found) bool { return true }
	case "-depth", "-d":
		f.depthFirst = true
		return func(*found) bool { return true }
	case "-mount", "-xdev", "-noleaf", "-daystart", "-follow", "-warn", "-nowarn":
		f.follow = f.follow || name == "-follow"
		return func(*found) bool { return true }
	}
	return f.condition(name)
}

func (f *finding) action(do func(*found) bool) func(*found) bool {
	f.acts = true
	return do
}

func (f *finding) remove(e *found) bool {
	if e.name == "." {
		return true
	}
	if err := f.p.FS.Remove(e.at); err != nil {
		f.p.Errorf("cannot delete ‘%s’: %s", e.name, reason(err))
		f.exit = 1
		return false
	}
	return true
}

// condition reads a test.
func (f *finding) condition(name string) func(*found) bool {
	glob := func(fold bool, text func(*found) string) func(*found) bool {
		pat := f.argument(name)
		if fold {
			pat = strings.ToLower(pat)
		}
		return func(e *found) bool {
			s := text(e)
			if fold {
				s = strings.ToLower(s)
			}
			return shell.Glob(pat, s)
		}
	}
	base := func(e *found) string { return path.Base(e.name) }
	switch name {
	case "-name", "-iname":
		return glob(name == "-iname", base)
	case "-path", "-wholename", "-ipath":
		return glob(name == "-ipath", func(e *found) string { return e.name })
	case "-regex", "-iregex":
		re, err := regex.Compile(f.argument(name), regex.Flags{IgnoreCase: name == "-iregex"})
		if err != nil {
			panic(findError(err.Error()))
		}
		return func(e *found) bool {
			m := re.Find(e.name)
			return m != nil && m[0] == 0 && m[1] == len(e.name)
		}
	case "-regextype":
		f.argument(name)
		return func(*found) bool { return true }
	case "-type", "-xtype":
		return f.kind(name)
	case "-empty":
		return func(e *found) bool {
			if e.info.IsDir() {
				entries, _ := f.p.FS.ReadDir(e.at)
				return len(entries) == 0
			}
			return e.info.Mode().IsRegular() && e.info.Size() == 0
		}
	case "-size":
		return f.size()
	case "-mtime", "-ctime", "-atime":
		cmp := f.number(name)
		return func(e *found) bool { return cmp(int64(f.dailyBase.Sub(e.info.ModTime()) / (24 * time.Hour))) }
	case "-mmin", "-cmin", "-amin":
		cmp := f.number(name)
		return func(e *found) bool {
			return cmp(int64((f.dailyBase.Sub(e.info.ModTime()) + time.Minute - 1) / time.Minute))
		}
	case "-newer":
		ref := f.argument(name)
		info, err := f.p.FS.Stat(f.p.Path(ref))
		if err != nil {
			panic(findError(fmt.Sprintf("‘%s’: %s", ref, reason(err))))
		}
		return func(e *found) bool { return e.info.ModTime().After(info.ModTime()) }
	case "-perm":
		return f.perm()
	case "-executable":
		return func(e *found) bool { return e.info.IsDir() || e.info.Mode()&0o111 != 0 }
	case "-readable", "-writable":
		return func(*found) bool { return true }
	case "-user", "-group":
		who := f.argument(name)
		return func(e *found) bool {
			sys := e.info.Sys().(*vfs.Sys)
			id := sys.UID
			if name == "-group" {
				id = sys.GID
			}
			return who == strconv.Itoa(id) || who == "root" && id == 0
		}
	case "-links":
		cmp := f.number(name)
		return func(e *found) bool { return cmp(int64(e.info.Sys().(*vfs.Sys).Links)) }
	case "-inum":
		cmp := f.number(name)
		return func(e *found) bool { return cmp(int64(e.info.Sys().(*vfs.Sys).Inode)) }
	}
	if strings.HasPrefix(name, "-") {
		panic(findError(fmt.Sprintf("unknown predicate `%s'", name)))
	}
	panic(findError(fmt.Sprintf("paths must precede expression: `%s'", name)))
}

func (f *finding) kind(name string) func(*found) bool {
	kinds := f.argument(name)
	for part := range strings.SplitSeq(kinds, ",") {
		if len(part) != 1 || !strings.Contains("bcdpflsD", part) {
			panic(findError(fmt.Sprintf("Unknown argument to %s: %s", name, kinds)))
		}
	}
	return func(e *found) bool {
		mode := e.info.Mode()
		for part := range strings.SplitSeq(kinds, ",") {
			switch {
			case part == "f" && mode.IsRegular(), part == "d" && mode.IsDir(), part == "l" && mode&iofs.ModeSymlink != 0,
				part == "c" && mode&iofs.ModeCharDevice != 0, part == "p" && mode&iofs.ModeNamedPipe != 0:
				return true
			}
		}
		return false
	}
}

// number reads n, +n or -n.
func (f *finding) number(name string) func(int64) bool {
	s := f.argument(name)
	n, err := strconv.ParseInt(strings.TrimLeft(s, "+-"), 10, 64)
	if err != nil {
		panic(findError(fmt.Sprintf("invalid argument `%s' to `%s'", s, name)))
	}
	switch s[0] {
	case '+':
		return func(x int64) bool { return x > n }
	case '-':
		return func(x int64) bool { return x < n }
	}
	return func(x int64) bool { return x == n }
}

func (f *finding) size() func(*found) bool {
	s := f.argument("-size")
	unit := int64(512)
	if i := strings.IndexByte("cwbkMG", s[max(len(s)-1, 0)]); s != "" && i >= 0 {
		unit = []int64{1, 2, 512, 1 << 10, 1 << 20, 1 << 30}[i]
		s = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(strings.TrimLeft(s, "+-"), 10, 64)
	if err != nil {
		panic(findError(fmt.Sprintf("Invalid argument `%s' to -size", s)))
	}
	return func(e *found) bool {
		x := (e.info.Size() + unit - 1) / unit
		switch s[0] {
		case '+':
			return x > n
		case '-':
			return x < n
		}
		return x == n
	}
}

func (f *finding) perm() func(*found) bool {
	s := f.argument("-perm")
	want, ok := parseMode(strings.TrimLeft(s, "-/"), 0, false, 0)
	if !ok {
		panic(findError(fmt.Sprintf("invalid mode ‘%s’", s)))
	}
	want = want.Perm()
	return func(e *found) bool {
		have := e.info.Mode().Perm()
		switch s[0] {
		case '-':
			return have&want == want
		case '/':
			return want == 0 || have&want != 0
		}
		return have == want
	}
}

func (f *finding) execute(name string) func(*found) bool {
	var args []string
	many := false
	for {
		if f.pos == len(f.args) {
			panic(findError(fmt.Sprintf("missing argument to `%s'", name)))
		}
		a := f.args[f.pos]
		f.pos++
		if a == ";" {
			break
		}
		if a == "+" && len(args) > 0 && args[len(args)-1] == "{}" {
			args = args[:len(args)-1]
			many = true
			break
		}
		args = append(args, a)
	}
	f.acts = true
	if len(args) == 0 {
		panic(findError(fmt.Sprintf("invalid argument `;' to `%s'", name)))
	}
	if many {
		b := &batch{args: args}
		f.batches = append(f.batches, b)
		return func(e *found) bool {
			b.names = append(b.names, e.name)
			return true
		}
	}
	return func(e *found) bool {
		file, dir := e.name, ""
		if name == "-execdir" {
			file, dir = "./"+path.Base(e.name), path.Dir(e.at)
		}
		run := make([]string, len(args))
		for i, a := range args {
			run[i] = strings.ReplaceAll(a, "{}", file)
		}
		if name == "-ok" {
			fmt.Fprintf(f.p.Stderr, "< %s ... %s > ? ", run[0], e.name)
			if !answeredYes(f.p) {
				return false
			}
		}
		return f.run(run, dir)
	}
}

func (f *finding) run(args []string, dir string) bool {
	if f.p.Lookup(args[0]) == "" {
		f.p.Errorf("‘%s’: No such file or directory", args[0])
		f.exit = 1
		return false
	}
	return f.p.Exec(f.ctx, args, shell.ExecOptions{Dir: dir}) == 0
}

func (f *finding) flush(b *batch) {
	if len(b.names) > 0 && !f.run(append(b.args, b.names...), "") {
		f.exit = 1
	}
}

func (f *finding) format(s string, e *found) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			if at := strings.IndexByte("abfnrtv0\\", s[i]); at >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v\x00\\"[at])
			} else {
				b.WriteString(s[i-1 : i+1])
			}
		case s[i] == '%' && i+1 < len(s):
			start := i
			i++
			for i < len(s) && strings.IndexByte("-0123456789.", s[i]) >= 0 {
				i++
			}
			if i == len(s) {
				b.WriteString(s[start:])
				break
			}
			spec := s[start:i]
			text, width := f.field(s[i:], e)
			i += width - 1
			fmt.Fprintf(&b, spec+"s", text)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// field is one directive of -printf and how many characters it has.
func (f *finding) field(s string, e *found) (string, int) {
	sys := e.info.Sys().(*vfs.Sys)
	switch s[0] {
	case '%':
		return "%", 1
	case 'f':
		return path.Base(e.name), 1
	case 'p':
		return e.name, 1
	case 'P':
		return strings.TrimPrefix(strings.TrimPrefix(e.name, e.root), "/"), 1
	case 'h':
		return path.Dir(e.name), 1
	case 'H':
		return e.root, 1
	case 's':
		return strconv.FormatInt(e.info.Size(), 10), 1
	case 'm':
		return strconv.FormatUint(uint64(e.info.Mode().Perm()), 8), 1
	case 'M':
		return modeString(e.info.Mode()), 1
	case 'y':
		kind := modeString(e.info.Mode())[:1]
		if kind == "-" {
			kind = "f"
		}
		return kind, 1
	case 'd':
		rest := strings.TrimPrefix(e.name, e.root)
		return strconv.Itoa(strings.Count(rest, "/")), 1
	case 'u', 'g':
		return "root", 1
	case 'U':
		return strconv.Itoa(sys.UID), 1
	case 'G':
		return strconv.Itoa(sys.GID), 1
	case 'i':
		return strconv.FormatUint(sys.Inode, 10), 1
	case 'n':
		return strconv.Itoa(sys.Links), 1
	case 'l':
		target, _ := f.p.FS.Readlink(e.at)
		return target, 1
	case 't':
		return e.info.ModTime().Format("Mon Jan _2 15:04:05.0000000000 2006"), 1
	case 'T':
		if len(s) > 1 {
			if s[1] == '@' {
				return fmt.Sprintf("%d.%09d0", e.info.ModTime().Unix(), e.info.ModTime().Nanosecond()), 2
			}
			return shell.Strftime("%"+s[1:2], e.info.ModTime()), 2
		}
	}
	return "%" + s[:1], 1
}
