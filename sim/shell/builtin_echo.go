package shell

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func echoBuiltin(p *process, args []string) int {
	text := Echo(args[1:], p.opts.shopt["xpg_echo"] || p.posix && !p.opts.typed)
	if err := p.write(1, text); err != nil {
		p.errorf("echo: write error: %s", upperFirst(err.Error()))
		return 1
	}
	return 0
}

// Echo is what echo prints for its arguments; escapes are expanded where that is on or -e is given.
func Echo(args []string, expand bool) string {
	newline := true
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		for _, c := range args[0][1:] {
			switch c {
			case 'n':
				newline = false
			case 'e':
				expand = true
			case 'E':
				expand = false
			}
		}
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if expand {
		var stop bool
		if text, stop = unescape(text, echoEscapes); stop {
			newline = false
		}
	}
	if newline {
		text += "\n"
	}
	return text
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func printfBuiltin(p *process, args []string) int {
	rest := args[1:]
	target := ""
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") && rest[0] != "-" {
		switch {
		case rest[0] == "--":
		case strings.HasPrefix(rest[0], "-v"):
			if target = rest[0][2:]; target == "" && len(rest) > 1 {
				target, rest = rest[1], rest[1:]
			}
			rest = rest[1:]
			continue
		default:
			return p.usage("printf", rest[0][:2], "printf [-v var] format [arguments]")
		}
		rest = rest[1:]
		break
	}
	if len(rest) == 0 {
		p.write(2, "printf: usage: printf [-v var] format [arguments]\n")
		return 2
	}
	f := Printf{Now: p.sh.machine.Now, Start: p.sh.start, Complain: func(msg string) { p.errorf("printf: %s", msg) }}
	out, status := f.Format(rest[0], rest[1:])
	if target != "" {
		if name, sub, ok := strings.Cut(target, "["); ok {
			p.setElement(name, strings.TrimSuffix(sub, "]"), out, false)
		} else {
			p.set(target, out)
		}
		return status
	}
	if err := p.write(1, out); err != nil {
		p.errorf("printf: write error: %s", upperFirst(err.Error()))
		return 1
	}
	return status
}

// Printf formats as the printf of bash and of coreutils.
type Printf struct {
	Now      func() time.Time
	Start    time.Time
	Complain func(msg string)

	args   []string
	used   bool
	status int
	stop   bool
	out    strings.Builder
}

// Format uses the format again until the arguments are used up.
func (f *Printf) Format(format string, args []string) (out string, status int) {
	f.args = args
	for {
		f.used = false
		f.once(format)
		if f.stop || !f.used || len(f.args) == 0 {
			break
		}
	}
	return f.out.String(), f.status
}

func (f *Printf) complain(format string, args ...any) {
	f.Complain(fmt.Sprintf(format, args...))
	f.status = 1
}

func (f *Printf) next() (string, bool) {
	f.used = true
	if len(f.args) == 0 {
		return "", false
	}
	s := f.args[0]
	f.args = f.args[1:]
	return s, true
}

func (f *Printf) once(format string) {
	for i := 0; i < len(format) && !f.stop; {
		switch {
		case format[i] == '\\':
			end := escapeEnd(format, i)
			s, _ := unescape(format[i:end], formatEscapes)
			f.out.WriteString(s)
			i = end
		case format[i] == '%' && i+1 < len(format) && format[i+1] == '%':
			f.out.WriteByte('%')
			i += 2
		case format[i] == '%':
			i += f.directive(format[i:])
		default:
			f.out.WriteByte(format[i])
			i++
		}
	}
}

// escapeEnd is where the escape that begins at i ends.
func escapeEnd(s string, i int) int {
	if i+1 >= len(s) {
		return i + 1
	}
	digits := func(from, width int, set string) int {
		n := from
		for n < len(s) && n < from+width && strings.IndexByte(set, s[n]) >= 0 {
			n++
		}
		return n
	}
	const hex = "0123456789abcdefABCDEF"
	switch s[i+1] {
	case '0', '1', '2', '3', '4', '5', '6', '7':
		return digits(i+1, 3, "01234567")
	case 'x':
		return digits(i+2, 2, hex)
	case 'u':
		return digits(i+2, 4, hex)
	case 'U':
		return digits(i+2, 8, hex)
	}
	return i + 2
}

// directive prints one % directive and returns its length.
func (f *Printf) directive(s string) int {
	i := 1
	for i < len(s) && strings.IndexByte("-+ 0#'", s[i]) >= 0 {
		i++
	}
	flags := strings.ReplaceAll(s[1:i], "'", "")
	width, n := f.size(s[i:])
	i += n
	precision := -1
	if width < -1 {
		flags, width = flags+"-", -width
	}
	if i < len(s) && s[i] == '.' {
		precision, n = f.size(s[i+1:])
		precision = max(precision, 0)
		i += 1 + n
	}
	for i < len(s) && strings.IndexByte("hlLqjzt", s[i]) >= 0 && !(s[i] == 'q') {
		i++
	}
	if i >= len(s) {
		f.complain("`%s': missing format character", s)
		f.stop = true
		return len(s)
	}
	verb := s[i]
	if verb == '(' {
		end := strings.Index(s[i:], ")T")
		if end < 0 {
			f.complain("`%c': invalid format character", verb)
			f.stop = true
			return len(s)
		}
		f.time(s[i+1:i+end], flags, width)
		return i + end + 2
	}
	spec := "%" + flags
	if width >= 0 {
		spec += strconv.Itoa(width)
	}
	if !f.convert(verb, spec, flags, width, precision) {
		f.complain("`%c': invalid format character", verb)
		f.stop = true
	}
	return i + 1
}

// size reads a width or precision; -1 where there is none.
func (f *Printf) size(s string) (value, length int) {
	if s != "" && s[0] == '*' {
		arg, _ := f.next()
		n, _ := strconv.Atoi(arg)
		return n, 1
	}
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 {
		return -1, 0
	}
	v, _ := strconv.Atoi(s[:n])
	return min(v, 1<<20), n
}

func (f *Printf) convert(verb byte, spec, flags string, width, precision int) bool {
	withPrecision := spec
	if precision >= 0 {
		withPrecision += "." + strconv.Itoa(precision)
	}
	switch verb {
	case 's', 'q', 'b', 'Q':
		arg, given := f.next()
		switch verb {
		case 'q', 'Q':
			if given {
				arg = backslashQuote(arg)
			} else {
				arg = "''"
			}
		case 'b':
			arg, f.stop = unescape(arg, echoEscapes)
		}
		if precision >= 0 {
			arg = cutBytes(arg, precision)
		}
		f.pad(arg, flags, width)
	case 'c':
		arg, _ := f.next()
		f.pad(cutBytes(arg, 1), flags, width)
	case 'd', 'i':
		f.out.WriteString(formatInt(withPrecision+"d", f.integer(), precision, flags))
	case 'u':
		f.out.WriteString(fmt.Sprintf(strings.NewReplacer("+", "", " ", "").Replace(withPrecision)+"d", uint64(f.integer())))
	case 'o', 'x', 'X':
		f.out.WriteString(fmt.Sprintf(withPrecision+string(verb), uint64(f.integer())))
	case 'e', 'E', 'f', 'F', 'g', 'G', 'a', 'A':
		if precision < 0 && strings.IndexByte("eEfF", verb) >= 0 {
			withPrecision += ".6"
		}
		if verb == 'F' {
			verb = 'f'
		}
		f.out.WriteString(FormatFloat(withPrecision, verb, f.float()))
	case 'n':
	default:
		return false
	}
	return true
}

func formatInt(spec string, n int64, precision int, flags string) string {
	if precision >= 0 {
		spec = strings.Replace(spec, "0", "", strings.Count(flags, "0"))
	}
	return fmt.Sprintf(spec, n)
}

// FormatFloat formats as C does; spec is a directive without its verb.
func FormatFloat(spec string, verb byte, x float64) string {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		s := "nan"
		if math.IsInf(x, 1) {
			s = "inf"
		} else if math.IsInf(x, -1) {
			s = "-inf"
		}
		if verb < 'a' {
			s = strings.ToUpper(s)
		}
		spec, _, _ = strings.Cut(spec, ".")
		return fmt.Sprintf(strings.ReplaceAll(spec, "0", "")+"s", s)
	case verb == 'a' || verb == 'A':
		return strconv.FormatFloat(x, 'x', -1, 64)
	case verb == 'g' || verb == 'G':
		return formatG(spec, verb, x)
	}
	return fmt.Sprintf(spec+string(verb), x)
}

// formatG is %g as in C: Go's own takes another number of digits for its default and pads exponents alike.
func formatG(spec string, verb byte, x float64) string {
	head, precision := spec, 6
	if i := strings.IndexByte(spec, '.'); i >= 0 {
		head = spec[:i]
		precision, _ = strconv.Atoi(spec[i+1:])
	}
	precision = max(precision, 1)
	alternate := strings.Contains(head, "#")
	head = strings.ReplaceAll(head, "#", "")
	exp := 0
	if x != 0 {
		s := strconv.FormatFloat(x, 'e', precision-1, 64)
		exp, _ = strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	}
	var s string
	if exp < -4 || exp >= precision {
		s = strconv.FormatFloat(x, 'e', precision-1, 64)
		mantissa, e, _ := strings.Cut(s, "e")
		if !alternate && strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		s = mantissa + "e" + e
	} else {
		s = strconv.FormatFloat(x, 'f', precision-1-exp, 64)
		if !alternate && strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
	}
	if verb == 'G' {
		s = strings.ToUpper(s)
	}
	sign := ""
	switch {
	case strings.HasPrefix(s, "-"):
		sign, s = "-", s[1:]
	case strings.Contains(head, "+"):
		sign = "+"
	case strings.Contains(head, " "):
		sign = " "
	}
	digits := strings.TrimLeft(head, "%+ -0#")
	width, _ := strconv.Atoi(digits)
	flags := strings.TrimSuffix(head, digits)
	switch n := width - len(sign) - len(s); {
	case n <= 0:
		return sign + s
	case strings.Contains(flags, "-"):
		return sign + s + strings.Repeat(" ", n)
	case strings.Contains(flags, "0"):
		return sign + strings.Repeat("0", n) + s
	default:
		return strings.Repeat(" ", n) + sign + s
	}
}

// cutBytes cuts a text to at most n bytes.
func cutBytes(s string, n int) string {
	if n >= len(s) {
		return s
	}
	return s[:n]
}

// pad fills to a width in characters.
func (f *Printf) pad(s, flags string, width int) {
	fill := strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
	if strings.Contains(flags, "-") {
		f.out.WriteString(s + fill)
	} else {
		f.out.WriteString(fill + s)
	}
}

// integer reads the next argument as a number: decimal, 0x, 0 octal, or 'c for a character's code.
func (f *Printf) integer() int64 {
	arg, given := f.next()
	if !given || arg == "" {
		if given {
			f.complain("%s: invalid number", arg)
		}
		return 0
	}
	if arg[0] == '\'' || arg[0] == '"' {
		r, size := utf8.DecodeRuneInString(arg[1:])
		if size == 0 {
			return 0
		}
		return int64(r)
	}
	s := strings.TrimLeft(arg, " \t\n")
	if n, err := strconv.ParseInt(s, 0, 64); err == nil && !strings.ContainsAny(s, "_oObB") {
		return n
	}
	if n, err := strconv.ParseUint(s, 0, 64); err == nil && !strings.ContainsAny(s, "_oObB") {
		return int64(n)
	}
	n, end := leadingInt(s)
	switch {
	case errRange(s):
		f.complain("warning: %s: Numerical result out of range", arg)
		if s[0] == '-' {
			return math.MinInt64
		}
		return math.MaxInt64
	case end < len(s):
		f.complain("%s: invalid number", arg)
	}
	return n
}

func errRange(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// leadingInt is strtol.
func leadingInt(s string) (n int64, end int) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	base, digits := 10, i
	if strings.HasPrefix(s[i:], "0x") || strings.HasPrefix(s[i:], "0X") {
		base, digits = 16, i+2
	} else if strings.HasPrefix(s[i:], "0") {
		base = 8
	}
	value, count := number(s[digits:], base, 18)
	if s != "" && s[0] == '-' {
		value = -value
	}
	return int64(value), digits + count
}

func (f *Printf) float() float64 {
	arg, given := f.next()
	if !given {
		return 0
	}
	if arg != "" && (arg[0] == '\'' || arg[0] == '"') {
		r, _ := utf8.DecodeRuneInString(arg[1:])
		return float64(r)
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(arg), 64)
	if err == nil && !strings.Contains(arg, "_") {
		return x
	}
	for end := len(arg) - 1; end > 0; end-- {
		if x, err := strconv.ParseFloat(arg[:end], 64); err == nil {
			f.complain("%s: invalid number", arg)
			return x
		}
	}
	f.complain("%s: invalid number", arg)
	return 0
}

func (f *Printf) time(format, flags string, width int) {
	arg, given := f.next()
	at := f.Now()
	if given && arg != "" && arg != "-1" {
		n, err := strconv.ParseInt(arg, 10, 64)
		switch {
		case err != nil:
			f.complain("%s: invalid number", arg)
		case n == -2:
			at = f.Start
		default:
			at = time.Unix(n, 0).UTC()
		}
	}
	if format == "" {
		format = "%X"
	}
	f.pad(Strftime(format, at), flags, width)
}
