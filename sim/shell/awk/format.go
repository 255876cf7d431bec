package awk

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// sprintf formats as C's printf does.
func sprintf(format string, args []value, convfmt string) string {
	var b strings.Builder
	next := func() value {
		if len(args) == 0 {
			fail("not enough arguments passed to sprintf(%q)", format)
		}
		v := args[0]
		args = args[1:]
		return v
	}
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		start := i
		i++
		flags, width, precision := "", -1, -1
		for i < len(format) && strings.IndexByte("-+ #0", format[i]) >= 0 {
			flags += string(format[i])
			i++
		}
		width, i, flags = count(format, i, flags, next)
		if i < len(format) && format[i] == '.' {
			var none string
			precision, i, none = count(format, i+1, "", next)
			if precision < 0 && none == "" {
				precision = 0
			}
		}
		for i < len(format) && strings.IndexByte("hlLqjzt", format[i]) >= 0 {
			i++
		}
		if i >= len(format) {
			b.WriteString(format[start:])
			break
		}
		if format[i] == '%' {
			b.WriteByte('%')
			continue
		}
		if strings.IndexByte("diouxXeEfFgGcs", format[i]) < 0 {
			b.WriteString(format[start : i+1])
			continue
		}
		b.WriteString(convert(format[i], flags, width, precision, next(), convfmt))
	}
	return b.String()
}

// count reads a width or a precision, a number or *.
func count(format string, i int, flags string, next func() value) (int, int, string) {
	if i < len(format) && format[i] == '*' {
		n := int(next().num())
		if n < 0 {
			return min(-n, 1<<16), i + 1, flags + "-"
		}
		return min(n, 1<<16), i + 1, flags
	}
	n, found := 0, false
	for i < len(format) && digit(format[i]) {
		n = min(n*10+int(format[i]-'0'), 1<<16)
		found = true
		i++
	}
	if !found {
		n = -1
	}
	return n, i, flags
}

func convert(verb byte, flags string, width, precision int, v value, convfmt string) string {
	spec := "%" + flags
	if width >= 0 {
		spec += strconv.Itoa(width)
	}
	if precision >= 0 && verb != 'c' {
		spec += "." + strconv.Itoa(precision)
	}
	switch verb {
	case 'c':
		s := v.str(convfmt)
		if v.kind == number {
			s = string(rune(int(v.n)))
		} else if s != "" {
			_, n := utf8.DecodeRuneInString(s)
			s = s[:n]
		}
		return fmt.Sprintf(strings.ReplaceAll(spec, "0", "")+"s", s)
	case 's':
		return fmt.Sprintf("%"+strings.ReplaceAll(flags, "0", "")+spec[1+len(flags):]+"s", v.str(convfmt))
	case 'd', 'i':
		n := v.num()
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Sprintf("%"+strings.Trim(flags, "0")+"s", strings.TrimPrefix(fmt.Sprint(n), "+"))
		}
		if math.Abs(n) < 1<<62 {
			return fmt.Sprintf(spec+"d", int64(n))
		}
		return fmt.Sprintf("%"+flags+".0f", math.Trunc(n))
	case 'o', 'x', 'X', 'u':
		n := int64(v.num())
		if verb == 'u' {
			return fmt.Sprintf(spec+"d", uint64(n))
		}
		return fmt.Sprintf(spec+string(verb), uint64(n))
	}
	s := fmt.Sprintf(spec+string(verb), v.num())
	if verb == 'g' || verb == 'G' {
		s = gform(spec, verb, v.num(), precision, width, flags)
	}
	return s
}

// gform is %g, which Go writes without limiting the digits where no precision is given.
func gform(spec string, verb byte, n float64, precision, width int, flags string) string {
	if precision < 0 {
		precision = 6
	}
	if precision == 0 {
		precision = 1
	}
	s := formatG(n, precision)
	if verb == 'G' {
		s = strings.ToUpper(s)
	}
	if strings.Contains(flags, "+") && n >= 0 {
		s = "+" + s
	} else if strings.Contains(flags, " ") && n >= 0 {
		s = " " + s
	}
	if width > len(s) {
		pad := strings.Repeat(" ", width-len(s))
		switch {
		case strings.Contains(flags, "-"):
			return s + pad
		case strings.Contains(flags, "0"):
			return strings.Repeat("0", width-len(s)) + s
		}
		return pad + s
	}
	return s
}

// strftime formats a time as C's function does.
func strftime(format string, t time.Time) string {
	layouts := map[byte]string{
		'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006", 'd': "02", 'D': "01/02/06",
		'e': "_2", 'F': "2006-01-02", 'h': "Jan", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04", 'p': "PM",
		'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006",
		'z': "-0700", 'Z': "MST",
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch c := format[i]; {
		case layouts[c] != "":
			b.WriteString(t.Format(layouts[c]))
		case c == 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case c == 'n':
			b.WriteByte('\n')
		case c == 't':
			b.WriteByte('\t')
		case c == 'u':
			b.WriteString(strconv.Itoa((int(t.Weekday())+6)%7 + 1))
		case c == 'w':
			b.WriteString(strconv.Itoa(int(t.Weekday())))
		case c == '%':
			b.WriteByte('%')
		default:
			b.WriteString("%" + string(c))
		}
	}
	return b.String()
}
