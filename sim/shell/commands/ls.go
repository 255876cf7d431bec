package commands

import (
	"cmp"
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

var lsSyntax = syntax{
	short: "aAbBcCdDfFgGhHiIklLmnNopqQrRsStT:uUvw:xXZ1",
	long: []string{"all=a", "almost-all=A", "directory=d", "classify::=F", "human-readable=h", "inode=i", "recursive=R", "reverse=r", "size=s", "color::",
		"sort:", "time-style:", "full-time", "no-group=G", "numeric-uid-gid=n", "group-directories-first", "width:=w", "dereference=L", "si", "quote-name=Q", "file-type", "indicator-style:", "format:"},
	usage: []string{"NAME [OPTION]... [FILE]..."}, exit: 2,
}

// listing is one run of ls.
type listing struct {
	p        *shell.Proc
	opts     []given
	long     bool
	columns  bool
	perLine  bool
	color    bool
	exit     int
	printed  bool
	headings bool
}

// entry is a file to be listed.
type entry struct {
	name   string
	path   string
	info   iofs.FileInfo
	target string // of a symbolic link
}

func ls(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := lsSyntax.parse(p)
	if done {
		return exit
	}
	l := &listing{p: p, opts: opts, long: has(opts, "l", "n", "g", "o", "full-time"), color: colors(last(opts, "color", "never"), p)}
	l.perLine = !p.TTY
	for _, o := range opts {
		switch o.name {
		case "1":
			l.perLine, l.columns = true, false
		case "C", "x", "m":
			l.columns, l.perLine, l.long = true, false, false
		}
	}
	if has(opts, "color") && last(opts, "color", "") == "" {
		l.color = true
	}
	if len(names) == 0 {
		names = []string{"."}
	}
	l.run(ctx, names)
	return l.exit
}

func colors(when string, p *shell.Proc) bool {
	return when == "always" || when == "auto" && p.TTY
}

func (l *listing) run(ctx context.Context, names []string) {
	var files, dirs []entry
	for _, name := range names {
		e, err := l.entry(name, l.p.Path(name))
		if err != nil {
			l.p.Errorf("cannot access '%s': %s", name, vfs.Reason(err))
			l.exit = 2
			continue
		}
		info := e.info
		if e.target != "" && !l.long && !has(l.opts, "d", "F") {
			if follow, err := l.p.FS.Stat(e.path); err == nil {
				info = follow
			}
		}
		if info.IsDir() && !has(l.opts, "d") {
			dirs = append(dirs, e)
		} else {
			files = append(files, e)
		}
	}
	l.sort(files)
	l.sort(dirs)
	if len(files) > 0 {
		l.print(files)
		l.printed = true
	}
	l.headings = len(names) > 1 || has(l.opts, "R")
	for _, d := range dirs {
		l.dir(ctx, d)
	}
}

func (l *listing) entry(name, at string) (entry, error) {
	stat := l.p.FS.Lstat
	if has(l.opts, "L") {
		stat = l.p.FS.Stat
	}
	info, err := stat(at)
	if err != nil {
		return entry{}, err
	}
	e := entry{name: name, path: at, info: info}
	if info.Mode()&iofs.ModeSymlink != 0 {
		e.target, _ = l.p.FS.Readlink(at)
	}
	return e, nil
}

func (l *listing) dir(ctx context.Context, d entry) {
	if l.p.Step(ctx) != nil {
		return
	}
	list, err := l.p.FS.ReadDir(d.path)
	if err != nil {
		l.p.Errorf("cannot open directory '%s': %s", d.name, vfs.Reason(err))
		l.exit = max(l.exit, 1)
		return
	}
	var entries []entry
	if has(l.opts, "a", "f") {
		for _, name := range []string{".", ".."} {
			if e, err := l.entry(name, d.path+"/"+name); err == nil {
				entries = append(entries, e)
			}
		}
	}
	for _, x := range list {
		if strings.HasPrefix(x.Name(), ".") && !has(l.opts, "a", "A", "f") || has(l.opts, "B") && strings.HasSuffix(x.Name(), "~") {
			continue
		}
		if e, err := l.entry(x.Name(), path.Join(d.path, x.Name())); err == nil {
			entries = append(entries, e)
		}
	}
	l.sort(entries)
	if l.printed {
		io.WriteString(l.p.Stdout, "\n")
	}
	if l.headings {
		io.WriteString(l.p.Stdout, l.quoted(d.name)+":\n")
	}
	if l.long || has(l.opts, "s") {
		total := int64(0)
		for _, e := range entries {
			total += blocks(e.info)
		}
		fmt.Fprintf(l.p.Stdout, "total %s\n", l.blockSize(total))
	}
	l.printed = true
	l.print(entries)
	if !has(l.opts, "R") {
		return
	}
	for _, e := range entries {
		if e.info.IsDir() && e.name != "." && e.name != ".." {
			l.dir(ctx, entry{name: strings.TrimSuffix(d.name, "/") + "/" + e.name, path: e.path, info: e.info})
		}
	}
}

// blocks is the space a file takes, in blocks of 1024 bytes, on a file system with blocks of 4096.
func blocks(info iofs.FileInfo) int64 {
	if info.Mode()&iofs.ModeSymlink != 0 || info.Mode()&iofs.ModeDevice != 0 {
		return 0
	}
	return (info.Size() + 4095) / 4096 * 4
}

func (l *listing) blockSize(kib int64) string {
	if has(l.opts, "h") {
		return human(kib*1024, 1024)
	}
	return strconv.FormatInt(kib, 10)
}

// human shows a size as 4.0K.
func human(n, base int64) string {
	if n < base {
		return strconv.FormatInt(n, 10)
	}
	x := float64(n)
	units := "KMGTPE"
	i := -1
	for x >= float64(base) && i < len(units)-1 {
		x /= float64(base)
		i++
	}
	if x < 10 {
		// Sizes are rounded up.
		tenths := int64(x * 10)
		if float64(tenths) < x*10 {
			tenths++
		}
		if tenths < 100 {
			return fmt.Sprintf("%d.%d%c", tenths/10, tenths%10, units[i])
		}
		x = 10
	}
	whole := int64(x)
	if float64(whole) < x {
		whole++
	}
	if whole >= base && i < len(units)-1 {
		return fmt.Sprintf("1.0%c", units[i+1])
	}
	return fmt.Sprintf("%d%c", whole, units[i])
}

func (l *listing) sort(entries []entry) {
	order := last(l.opts, "sort", "name")
	for _, o := range l.opts {
		switch o.name {
		case "t":
			order = "time"
		case "S":
			order = "size"
		case "X":
			order = "extension"
		case "U", "f":
			order = "none"
		case "v":
			order = "version"
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		c := 0
		switch order {
		case "time":
			c = b.info.ModTime().Compare(a.info.ModTime())
		case "size":
			c = cmp.Compare(b.info.Size(), a.info.Size())
		case "extension":
			c = strings.Compare(path.Ext(a.name), path.Ext(b.name))
		case "version":
			c = compareVersions(a.name, b.name)
		case "none":
			return 0
		}
		if c == 0 {
			c = strings.Compare(a.name, b.name)
		}
		if has(l.opts, "r") {
			c = -c
		}
		return c
	})
	if has(l.opts, "group-directories-first") {
		slices.SortStableFunc(entries, func(a, b entry) int {
			return cmp.Compare(boolInt(!a.info.IsDir()), boolInt(!b.info.IsDir()))
		})
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// quoted shows a name as a terminal gets it: in quotes where it holds what the shell would not take as it is.
func (l *listing) quoted(name string) string {
	if has(l.opts, "Q") {
		return strconv.Quote(name)
	}
	if !l.p.TTY || has(l.opts, "N") {
		return name
	}
	switch {
	case strings.Contains(name, "'") && !strings.ContainsAny(name, "\"`$\\"):
		return `"` + name + `"`
	case name == "" || strings.ContainsAny(name, " \t\n\"'`$&*;|<>()?[]\\!{}~#=^") && !(name[0] != '~' && name[0] != '#' && !strings.ContainsAny(name, " \t\n\"'`$&*;|<>()?[]\\!{}=^")):
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

func (l *listing) display(e entry) string {
	name := l.quoted(e.name)
	if l.color {
		if c := colorOf(e); c != "" {
			name = "\x1b[" + c + "m" + name + "\x1b[0m"
		}
	}
	name += l.indicator(e.info.Mode())
	return name
}

func (l *listing) indicator(mode iofs.FileMode) string {
	style := last(l.opts, "indicator-style", "none")
	if has(l.opts, "F") {
		style = "classify"
	}
	for _, o := range l.opts {
		if o.name == "p" {
			style = "slash"
		}
		if o.name == "file-type" {
			style = "file-type"
		}
	}
	switch {
	case style == "none":
	case mode.IsDir():
		return "/"
	case style == "slash":
	case mode&iofs.ModeSymlink != 0:
		return "@"
	case mode&iofs.ModeNamedPipe != 0:
		return "|"
	case style == "classify" && mode.IsRegular() && mode&0o111 != 0:
		return "*"
	}
	return ""
}

func colorOf(e entry) string {
	mode := e.info.Mode()
	switch {
	case mode.IsDir() && mode&iofs.ModeSticky != 0 && mode&0o002 != 0:
		return "30;42"
	case mode.IsDir():
		return "01;34"
	case mode&iofs.ModeSymlink != 0:
		return "01;36"
	case mode&iofs.ModeDevice != 0:
		return "40;33;01"
	case mode&0o111 != 0:
		return "01;32"
	}
	return ""
}

func (l *listing) print(entries []entry) {
	if len(entries) == 0 {
		return
	}
	if l.long {
		l.printLong(entries)
		return
	}
	cells := make([]string, len(entries))
	for i, e := range entries {
		if has(l.opts, "i") {
			cells[i] = fmt.Sprintf("%d ", e.info.Sys().(*vfs.Sys).Inode)
		}
		if has(l.opts, "s") {
			cells[i] += l.blockSize(blocks(e.info)) + " "
		}
		cells[i] += l.display(e)
	}
	switch {
	case has(l.opts, "m"):
		io.WriteString(l.p.Stdout, strings.Join(cells, ", ")+"\n")
	case l.perLine && !l.columns:
		io.WriteString(l.p.Stdout, strings.Join(cells, "\n")+"\n")
	default:
		width := l.p.Cols
		if w, err := strconv.Atoi(last(l.opts, "w", "")); err == nil {
			width = w
		}
		if !l.p.TTY && !has(l.opts, "w") {
			width = 80
		}
		io.WriteString(l.p.Stdout, inColumns(cells, width, has(l.opts, "x")))
	}
}

// columnWidth is how many columns a text takes, without its colours.
func columnWidth(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if s[i] == 27 {
			end := strings.IndexByte(s[i:], 'm')
			if end < 0 {
				break
			}
			i += end + 1
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
		n++
	}
	return n
}

// inColumns lays cells out in the fewest rows that fit, two blanks apart, down the columns or across the rows.
func inColumns(cells []string, width int, across bool) string {
	rows := 1
	var widths []int
	for ; ; rows++ {
		cols := (len(cells) + rows - 1) / rows
		widths = make([]int, cols)
		for i, c := range cells {
			col := i / rows
			if across {
				col = i % cols
			}
			n := columnWidth(c)
			if col < cols-1 {
				n += 2
			}
			widths[col] = max(widths[col], n)
		}
		total := 0
		for _, w := range widths {
			total += w
		}
		if total <= width || rows >= len(cells) {
			break
		}
	}
	cols := len(widths)
	var b strings.Builder
	for r := range rows {
		at := 0
		for c := range cols {
			i := c*rows + r
			if across {
				i = r*cols + c
			}
			if i >= len(cells) {
				break
			}
			next := (c+1)*rows + r
			if across {
				next = i + 1
			}
			b.WriteString(cells[i])
			if c < cols-1 && next < len(cells) {
				b.WriteString(indent(at+columnWidth(cells[i]), at+widths[c]))
			}
			at += widths[c]
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// indent goes from one column to another, by tabs as far as they lead.
func indent(from, to int) string {
	var b strings.Builder
	for from < to {
		if to/8 > (from+1)/8 {
			b.WriteByte('\t')
			from += 8 - from%8
		} else {
			b.WriteByte(' ')
			from++
		}
	}
	return b.String()
}

func (l *listing) printLong(entries []entry) {
	type row struct{ cells []string }
	right := []bool{}
	rows := make([][]string, len(entries))
	for i, e := range entries {
		cells, alignment := l.longCells(e)
		rows[i], right = cells, alignment
	}
	widths := make([]int, len(right))
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for i, r := range rows {
		for j, c := range r {
			if right[j] {
				fmt.Fprintf(&b, "%*s ", widths[j], c)
			} else {
				fmt.Fprintf(&b, "%-*s ", widths[j], c)
			}
		}
		e := entries[i]
		b.WriteString(l.display(e))
		if e.target != "" {
			b.WriteString(" -> " + l.quoted(e.target))
		}
		b.WriteByte('\n')
	}
	io.WriteString(l.p.Stdout, b.String())
}

// longCells are the columns of a long line before the name, and which of them are set to the right.
func (l *listing) longCells(e entry) (cells []string, right []bool) {
	add := func(s string, r bool) { cells, right = append(cells, s), append(right, r) }
	sys := e.info.Sys().(*vfs.Sys)
	owner := func(n int) string {
		if n == 0 && !has(l.opts, "n") {
			return "root"
		}
		return strconv.Itoa(n)
	}
	if has(l.opts, "i") {
		add(strconv.FormatUint(sys.Inode, 10), true)
	}
	if has(l.opts, "s") {
		add(l.blockSize(blocks(e.info)), true)
	}
	add(modeString(e.info.Mode()), false)
	add(strconv.Itoa(sys.Links), true)
	if !has(l.opts, "g") {
		add(owner(sys.UID), false)
	}
	if !has(l.opts, "o", "G") {
		add(owner(sys.GID), false)
	}
	switch {
	case e.info.Mode()&iofs.ModeDevice != 0:
		add(map[vfs.Device]string{vfs.Null: "1, 3", vfs.Zero: "1, 5", vfs.Full: "1, 7", vfs.Random: "1, 8"}[sys.Device], true)
	case has(l.opts, "h"):
		add(human(e.info.Size(), 1024), true)
	case has(l.opts, "si"):
		add(human(e.info.Size(), 1000), true)
	default:
		add(strconv.FormatInt(e.info.Size(), 10), true)
	}
	add(l.when(e.info.ModTime()), true)
	return cells, right
}

func (l *listing) when(t time.Time) string {
	style := last(l.opts, "time-style", "")
	if has(l.opts, "full-time") {
		style = "full-iso"
	}
	now := l.p.Now()
	recent := !t.After(now) && now.Sub(t) < 15778476*time.Second
	switch {
	case style == "full-iso":
		return t.Format("2006-01-02 15:04:05.000000000 -0700")
	case style == "long-iso":
		return t.Format("2006-01-02 15:04")
	case style == "iso" && recent:
		return t.Format("01-02 15:04")
	case style == "iso":
		return t.Format("2006-01-02 ")
	case strings.HasPrefix(style, "+"):
		return shell.Strftime(style[1:], t)
	case recent:
		return t.Format("Jan _2 15:04")
	}
	return t.Format("Jan _2  2006")
}

// modeString is a mode as ls -l shows it.
func modeString(mode iofs.FileMode) string {
	kind := byte('-')
	switch {
	case mode.IsDir():
		kind = 'd'
	case mode&iofs.ModeSymlink != 0:
		kind = 'l'
	case mode&iofs.ModeCharDevice != 0:
		kind = 'c'
	case mode&iofs.ModeDevice != 0:
		kind = 'b'
	case mode&iofs.ModeNamedPipe != 0:
		kind = 'p'
	}
	b := []byte(string(kind) + "rwxrwxrwx")
	for i := range 9 {
		if mode&(1<<(8-i)) == 0 {
			b[i+1] = '-'
		}
	}
	special := func(bit iofs.FileMode, at int, c byte) {
		if mode&bit == 0 {
			return
		}
		if b[at] == '-' {
			c -= 32
		}
		b[at] = c
	}
	special(iofs.ModeSetuid, 3, 's')
	special(iofs.ModeSetgid, 6, 's')
	special(iofs.ModeSticky, 9, 't')
	return string(b)
}
