package commands

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"terrarium/sim/shell"
	"terrarium/sim/shell/regex"
)

// pager is less and more. Where nobody could turn the pages, it prints everything.
func pager(ctx context.Context, p *shell.Proc) int {
	v := &pages{p: p, ctx: ctx, more: p.Name() == "more"}
	for i, a := range p.Args[1:] {
		switch {
		case a == "--":
			v.names = append(v.names, p.Args[i+2:]...)
		case strings.HasPrefix(a, "+") && len(a) > 1:
			v.first = a[1:]
			continue
		case strings.HasPrefix(a, "-") && a != "-":
			v.option(a)
			continue
		default:
			v.names = append(v.names, a)
			continue
		}
		break
	}
	if len(v.names) == 0 {
		if p.StdinTTY {
			if v.more {
				fmt.Fprint(p.Stderr, "more: bad usage\nTry 'more --help' for more information.\n")
				return 1
			}
			fmt.Fprint(p.Stderr, "Missing filename (\"less --help\" for help)\n")
			return 1
		}
		v.names = []string{"-"}
	}
	exit := 0
	var whole []string
	for _, name := range v.names {
		r, err := v.open(name)
		if err != nil {
			if v.more {
				fmt.Fprintf(p.Stderr, "more: cannot open %s: %s\n", name, reason(err))
			} else {
				fmt.Fprintf(p.Stderr, "%s: %s\n", name, reason(err))
			}
			exit = 1
			continue
		}
		whole = append(whole, name)
		v.inputs = append(v.inputs, r)
	}
	v.names = whole
	keys, err := p.Open("/dev/tty")
	raw, ok := keys.(interface{ Raw(bool) })
	if !p.TTY || err != nil || !ok {
		for _, r := range v.inputs {
			if _, err := io.Copy(p.Stdout, r); err != nil {
				return 1
			}
		}
		return exit
	}
	v.keys, v.raw = keys, raw.Raw
	defer v.raw(false)
	if len(v.names) > 0 {
		v.run()
	}
	if ctx.Err() != nil {
		return 130
	}
	return exit
}

// pages is a text on the screen.
type pages struct {
	p      *shell.Proc
	ctx    context.Context
	more   bool
	keys   io.Reader
	raw    func(bool)
	names  []string
	inputs []io.Reader
	at     int // which of them

	chop, numbers, colours, fold, onePage, stay bool
	first                                       string // what + says: a line, or /PATTERN

	cols, rows int // of text
	lines      []string
	rest       string // read, and not yet a line
	ended      bool
	top        int // the row that is shown first
	laid       []row
	laidLines  int // as many lines have been laid out

	pattern *regex.Regexp
	back    bool // the search goes up
	message string
	typed   []byte // keys that were read and not yet used
	fresh   bool   // the file's name is still to be shown
}

// row is a line of the screen.
type row struct {
	text  string
	line  int  // of the text, from 0
	begin bool // the line's first row
}

func (v *pages) option(a string) {
	for _, r := range strings.TrimLeft(a, "-") {
		switch r {
		case 'S':
			v.chop = true
		case 'N':
			v.numbers = true
		case 'R', 'r':
			v.colours = true
		case 'i', 'I':
			v.fold = true
		case 'F':
			v.onePage = true
		case 'X':
			v.stay = true
		}
	}
}

func (v *pages) open(name string) (io.Reader, error) {
	if name == "-" {
		return v.p.Stdin, nil
	}
	if info, err := v.p.FS.Stat(v.p.Path(name)); err == nil && info.IsDir() {
		if v.more {
			fmt.Fprintf(v.p.Stdout, "\n*** %s: directory ***\n\n", name)
			return strings.NewReader(""), nil
		}
		fmt.Fprintf(v.p.Stderr, "%s is a directory\n", name)
		return strings.NewReader(""), nil
	}
	return v.p.Open(name)
}

// longestText bounds what is kept of a text that never ends.
const longestText = 200_000

// fill reads until there are n rows, or the text ends. While it waits for a pipe, Ctrl-C ends the program.
func (v *pages) fill(n int) {
	v.layOut()
	buf := make([]byte, 32<<10)
	for len(v.laid) < n && !v.ended && v.ctx.Err() == nil {
		v.raw(false)
		k, err := v.inputs[v.at].Read(buf)
		v.raw(true)
		v.rest += string(buf[:k])
		cut := strings.LastIndexByte(v.rest, '\n') + 1
		v.lines = append(v.lines, strings.Split(strings.TrimSuffix(v.rest[:cut], "\n"), "\n")...)
		if cut == 0 {
			v.lines = v.lines[:len(v.lines)-1]
		}
		v.rest = v.rest[cut:]
		if err != nil || len(v.lines) > longestText {
			v.ended = true
			if v.rest != "" {
				v.lines, v.rest = append(v.lines, v.rest), ""
			}
		}
		v.layOut()
	}
}

// layOut cuts lines into rows.
func (v *pages) layOut() {
	for ; v.laidLines < len(v.lines); v.laidLines++ {
		text := v.visible(v.lines[v.laidLines])
		margin := ""
		if v.numbers {
			margin = fmt.Sprintf("%7d ", v.laidLines+1)
		}
		begin := true
		for {
			head, tail := cutAt(text, v.cols-len(margin))
			v.laid = append(v.laid, row{margin + head, v.laidLines, begin})
			if tail == "" || v.chop {
				break
			}
			text, begin = tail, false
			if margin != "" {
				margin = strings.Repeat(" ", 8)
			}
		}
	}
}

// visible shows tabs and control characters.
func (v *pages) visible(s string) string {
	s = strings.TrimSuffix(s, "\r")
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "?") {
		switch {
		case r == '\t':
			for ok := true; ok; ok = n%8 != 0 {
				b.WriteByte(' ')
				n++
			}
			continue
		case r == 27 && !v.colours:
			b.WriteString("ESC")
			n += 3
			continue
		case r < 32 && r != 27:
			b.WriteString("^" + string(r+'@'))
			n += 2
			continue
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// cutAt cuts a text behind n columns; escape sequences take none.
func cutAt(s string, n int) (head, tail string) {
	used, escape := 0, false
	for i, r := range s {
		switch {
		case escape:
			escape = !(r >= 0x40 && r <= 0x7e && r != '[')
		case r == 27:
			escape = true
		default:
			w := 1
			if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300 && r <= 0x1faff) {
				w = 2
			} else if unicode.Is(unicode.Mn, r) {
				w = 0
			}
			if used+w > n && i > 0 {
				return s[:i], s[i:]
			}
			used += w
		}
	}
	return s, ""
}

// size takes the screen's size, which may have changed.
func (v *pages) size() {
	cols, rows := v.p.Size()
	if max(cols, 10) == v.cols && max(rows-1, 1) == v.rows {
		return
	}
	line := 0
	if v.top < len(v.laid) {
		line = v.laid[v.top].line
	}
	v.cols, v.rows = max(cols, 10), max(rows-1, 1)
	v.relay(line)
}

// relay lays everything out again; the line is shown first.
func (v *pages) relay(line int) {
	v.laid, v.laidLines = nil, 0
	v.layOut()
	v.top = v.rowOf(line)
}

func (v *pages) rowOf(line int) int {
	for i, r := range v.laid {
		if r.line >= line {
			return i
		}
	}
	return max(0, len(v.laid)-v.rows)
}

func (v *pages) write(s string) bool {
	_, err := io.WriteString(v.p.Stdout, s)
	return err == nil && v.ctx.Err() == nil
}

func (v *pages) run() {
	if v.more {
		v.runMore()
		return
	}
	v.size()
	v.fill(v.rows + 1)
	if v.onePage && v.ended && len(v.laid) <= v.rows && len(v.names) == 1 {
		v.raw(false)
		for _, r := range v.laid {
			v.write(r.text + "\n")
		}
		return
	}
	v.raw(true)
	if !v.stay {
		v.write("\x1b[?1049h")
		defer v.p.LastWords("\x1b[?1049l")
	}
	v.fresh = true
	v.begin()
	for v.ctx.Err() == nil {
		v.draw()
		if v.key() {
			break
		}
	}
	v.write("\r\x1b[K")
}

// begin goes to where + says.
func (v *pages) begin() {
	switch n, err := strconv.Atoi(v.first); {
	case err == nil:
		v.fill(1 << 30)
		v.top = v.rowOf(n - 1)
	case strings.HasPrefix(v.first, "/"):
		v.search(v.first[1:], false)
	case v.first == "G":
		v.end()
	}
	v.first = ""
}

func (v *pages) last() int { return max(0, len(v.laid)-v.rows) }

func (v *pages) draw() {
	v.size()
	v.fill(v.top + v.rows + 1)
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i := range v.rows {
		b.WriteString("\x1b[K")
		if at := v.top + i; at < len(v.laid) {
			b.WriteString(v.marked(v.laid[at].text))
			if strings.Contains(v.laid[at].text, "\x1b") {
				b.WriteString("\x1b[m")
			}
		} else {
			b.WriteString("~")
		}
		b.WriteString("\r\n")
	}
	b.WriteString("\x1b[K" + v.prompt())
	v.write(b.String())
}

func (v *pages) marked(s string) string {
	if v.pattern == nil || strings.Contains(s, "\x1b") {
		return s
	}
	var b strings.Builder
	at := 0
	for _, m := range v.pattern.FindAll(s, -1) {
		if m[0] == m[1] {
			continue
		}
		b.WriteString(s[at:m[0]] + "\x1b[7m" + s[m[0]:m[1]] + "\x1b[27m")
		at = m[1]
	}
	return b.String() + s[at:]
}

func (v *pages) prompt() string {
	text := ":"
	end := v.ended && v.top+v.rows >= len(v.laid)
	name := v.names[v.at]
	if v.message != "" {
		text = v.message
		v.message = ""
		return "\x1b[7m" + text + "\x1b[27m"
	}
	if v.fresh && name != "-" {
		text = name
		if len(v.names) > 1 {
			text += fmt.Sprintf(" (file %d of %d)", v.at+1, len(v.names))
		}
		if end {
			text += " (END)"
		}
	} else if end {
		text = "(END)"
	}
	if end && v.at+1 < len(v.names) {
		text += " - Next: " + v.names[v.at+1]
	}
	v.fresh = false
	if text == ":" {
		return text
	}
	return "\x1b[7m" + text + "\x1b[27m"
}

// press reads one key: a character, or what an escape sequence is called.
func (v *pages) press() string {
	for {
		if k, n := pressed(v.typed); n > 0 {
			v.typed = v.typed[n:]
			return k
		}
		buf := make([]byte, 256)
		n, err := v.keys.Read(buf)
		if n == 0 && err != nil || v.ctx.Err() != nil {
			return "q"
		}
		v.typed = append(v.typed, buf[:n]...)
	}
}

var sequences = map[string]string{
	"[A": "up", "[B": "down", "[5~": "pgup", "[6~": "pgdn", "[H": "home", "[F": "end", "OA": "up", "OB": "down", "OH": "home", "OF": "end",
	"[1~": "home", "[4~": "end", "[C": "right", "[D": "left",
}

// pressed reads a key from the beginning of b; n is 0 where more is to come.
func pressed(b []byte) (key string, n int) {
	if len(b) == 0 {
		return "", 0
	}
	if b[0] != 27 {
		if !utf8.FullRune(b) {
			return "", 0
		}
		_, n := utf8.DecodeRune(b)
		return string(b[:n]), n
	}
	if len(b) == 1 {
		return "esc", 1
	}
	for i := 2; i <= len(b); i++ {
		if k, ok := sequences[string(b[1:i])]; ok {
			return k, i
		}
		if c := b[i-1]; i > 2 && c >= 0x40 && c <= 0x7e {
			return "none", i
		}
	}
	if b[1] != '[' && b[1] != 'O' {
		return "M-" + string(b[1:2]), 2
	}
	return "none", len(b)
}

// key does what one key says; true where it leaves.
func (v *pages) key() (leave bool) {
	count, k := 0, v.press()
	for k >= "0" && k <= "9" && len(k) == 1 {
		count = min(count*10+int(k[0]-'0'), 1<<24)
		v.write("\r\x1b[K:" + strconv.Itoa(count))
		k = v.press()
	}
	n := max(count, 1)
	switch k {
	case "q", "Q":
		return true
	case "Z":
		return v.press() == "Z"
	case "j", "e", "\r", "\n", "down", "\x0e", "\x05":
		v.down(n)
	case "k", "y", "up", "\x10", "\x19", "\x0b":
		v.top = max(0, v.top-n)
	case " ", "f", "pgdn", "\x06", "\x16", "z":
		v.down(n * v.rows)
	case "b", "pgup", "\x02", "M-v", "w":
		v.top = max(0, v.top-n*v.rows)
	case "d", "\x04":
		v.down(v.rows / 2)
	case "u", "\x15":
		v.top = max(0, v.top-v.rows/2)
	case "g", "<", "home", "M-<":
		v.fill(count * 2)
		v.top = min(v.rowOf(max(count-1, 0)), v.last())
	case "G", ">", "end", "M->":
		v.end()
		if count > 0 {
			v.top = v.rowOf(count - 1)
		}
	case "%", "p":
		v.fill(1 << 30)
		v.top = min(len(v.laid)*min(count, 100)/100, v.last())
	case "/", "?":
		if text, ok := v.ask(k); ok {
			v.search(text, k == "?")
		}
	case "n":
		v.next(v.back)
	case "N":
		v.next(!v.back)
	case "=", "\x07":
		v.fill(1 << 30)
		v.message = fmt.Sprintf("%s lines %d-%d/%d", strings.Replace(v.names[v.at], "-", "(standard input)", 1), v.lineAt(v.top)+1, v.lineAt(v.top+v.rows-1)+1, len(v.lines))
	case "-":
		v.toggle()
	case "h", "H":
		v.message = "space, b: page  j, k: line  g, G: ends  /, ?, n: search  q: quit"
	case ":":
		return v.colon()
	case "r", "R", "\x0c", "\x12":
	case "M-u":
		v.pattern = nil
	case "\x03", "esc", "none":
	default:
		v.write("\a")
	}
	return false
}

func (v *pages) lineAt(i int) int {
	if len(v.laid) == 0 {
		return 0
	}
	return v.laid[min(i, len(v.laid)-1)].line
}

func (v *pages) down(n int) {
	v.fill(v.top + n + v.rows)
	if v.top >= v.last() {
		v.write("\a")
		return
	}
	v.top = min(v.top+n, v.last())
}

func (v *pages) end() {
	v.fill(1 << 30)
	v.top = v.last()
}

// toggle is - and an option's letter.
func (v *pages) toggle() {
	v.write("\r\x1b[K-")
	line := v.lineAt(v.top)
	switch k := v.press(); k {
	case "S":
		v.chop = !v.chop
	case "N":
		v.numbers = !v.numbers
	case "i", "I":
		v.fold = !v.fold
	case "R", "r":
		v.colours = !v.colours
	default:
		v.message = "There is no " + k + " option (\"less --help\" for help)"
	}
	v.relay(line)
}

// colon is the commands of two keys.
func (v *pages) colon() (leave bool) {
	v.write("\r\x1b[K :")
	switch k := v.press(); k {
	case "q", "Q":
		return true
	case "n", "p":
		to := v.at + map[string]int{"n": 1, "p": -1}[k]
		if to < 0 || to >= len(v.names) {
			v.message = "No " + map[string]string{"n": "next", "p": "previous"}[k] + " file"
			return false
		}
		if r, err := v.open(v.names[to]); err == nil {
			v.inputs[to] = r
		}
		v.at, v.lines, v.rest, v.ended, v.top, v.laid, v.laidLines, v.fresh = to, nil, "", false, 0, nil, 0, true
	default:
		v.write("\a")
	}
	return false
}

// ask reads a line in the last row.
func (v *pages) ask(prompt string) (string, bool) {
	text := ""
	for {
		v.write("\r\x1b[K" + prompt + text)
		switch k := v.press(); k {
		case "\r", "\n":
			return text, true
		case "esc", "\x03", "\x07":
			return "", false
		case "\x7f", "\b":
			if text == "" {
				return "", false
			}
			_, n := utf8.DecodeLastRuneInString(text)
			text = text[:len(text)-n]
		case "\x15":
			text = ""
		default:
			if v.ctx.Err() != nil {
				return "", false
			}
			if utf8.RuneCountInString(k) == 1 && k >= " " {
				text += k
			}
		}
	}
}

func (v *pages) search(text string, back bool) {
	v.back = back
	if text != "" {
		re, err := regex.Compile(text, regex.Flags{Extended: true, IgnoreCase: v.fold && strings.ToLower(text) == text})
		if err != nil {
			v.message = err.Error() + "  (press RETURN)"
			return
		}
		v.pattern = re
	}
	if back {
		v.find(v.lineAt(v.top+v.rows-1), -1)
	} else {
		v.find(v.lineAt(v.top), 1)
	}
}

// next goes to the next line that matches.
func (v *pages) next(back bool) {
	if v.pattern == nil {
		v.message = "No previous regular expression  (press RETURN)"
		return
	}
	step := 1
	if back {
		step = -1
	}
	v.find(v.lineAt(v.top)+step, step)
}

// find goes to the first line, from one on, that matches.
func (v *pages) find(line, step int) {
	if v.pattern == nil {
		v.message = "No previous regular expression  (press RETURN)"
		return
	}
	if step > 0 {
		v.fill(1 << 30)
	}
	for i := line; i >= 0 && i < len(v.lines); i += step {
		if v.pattern.Match(v.lines[i]) {
			v.top = v.rowOf(i)
			return
		}
	}
	v.message = "Pattern not found  (press RETURN)"
}

// runMore is more: a page, and then as much as is asked for, down to the end.
func (v *pages) runMore() {
	for i := range v.inputs {
		v.at, v.lines, v.rest, v.ended, v.laid, v.laidLines = i, nil, "", false, nil, 0
		v.size()
		if len(v.names) > 1 {
			v.write(strings.Repeat(":", 14) + "\n" + v.names[i] + "\n" + strings.Repeat(":", 14) + "\n")
		}
		if !v.morePages() {
			return
		}
	}
}

// morePages shows one text; false where the rest is not wanted.
func (v *pages) morePages() bool {
	defer v.raw(false)
	for at, n := 0, v.rows; ; {
		v.fill(at + n + 1)
		v.raw(false)
		for ; n > 0 && at < len(v.laid); n, at = n-1, at+1 {
			if !v.write(v.laid[at].text + "\n") {
				return false
			}
		}
		if v.ended && at >= len(v.laid) {
			return true
		}
		v.raw(true)
		v.write("\x1b[7m--More--" + v.share(at) + "\x1b[27m")
		k := v.press()
		v.write("\r\x1b[K")
		switch k {
		case "q", "Q", "\x03":
			return false
		case "\r", "\n", "j", "down":
			n = 1
		case "d", "\x04":
			n = 11
		case "b", "\x02", "pgup":
			at, n = max(0, at-2*v.rows), v.rows
			v.write("...back 1 page\r\n")
		case " ", "f", "pgdn", "z":
			n = v.rows
		default:
			v.write("\a")
		}
	}
}

// share is how much of a file has been shown.
func (v *pages) share(at int) string {
	info, err := v.p.FS.Stat(v.p.Path(v.names[v.at]))
	if v.names[v.at] == "-" || err != nil || info.Size() == 0 {
		return ""
	}
	shown := 0
	for i := range v.lineAt(at) {
		shown += len(v.lines[i]) + 1
	}
	return fmt.Sprintf("(%d%%)", int64(shown)*100/info.Size())
}
