package shell

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Strftime formats a time as the C library and GNU date do in the C locale; flags - _ 0 ^ # and a width may follow
// the percent sign.
func Strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		start := i
		i++
		flag := byte(0)
		for i < len(format) && strings.IndexByte("-_0^#", format[i]) >= 0 {
			flag = format[i]
			i++
		}
		width := 0
		for i < len(format) && format[i] >= '0' && format[i] <= '9' {
			width = min(width*10+int(format[i]-'0'), 1000)
			i++
		}
		colons := 0
		for i < len(format) && format[i] == ':' {
			colons++
			i++
		}
		for i < len(format) && (format[i] == 'E' || format[i] == 'O') {
			i++
		}
		if i == len(format) {
			b.WriteString(format[start:])
			break
		}
		s, digits, ok := timeField(format[i], colons, t)
		if !ok {
			b.WriteString(format[start : i+1])
			continue
		}
		b.WriteString(padTime(s, digits, width, flag))
	}
	return b.String()
}

// padTime applies a flag and a width; digits is the field's own width, 0 for text and negative where blanks pad.
func padTime(s string, digits, width int, flag byte) string {
	switch flag {
	case '^':
		s = strings.ToUpper(s)
	case '#':
		if s == strings.ToUpper(s) {
			s = strings.ToLower(s)
		} else {
			s = strings.ToUpper(s)
		}
	}
	fill := "0"
	if digits <= 0 {
		fill = " "
	}
	if digits < 0 {
		digits = -digits
	}
	switch flag {
	case '-':
		return s
	case '_':
		fill = " "
	case '0':
		fill = "0"
	}
	n := max(width, digits)
	for len(s) < n {
		s = fill + s
	}
	return s
}

// timeField is one field: its text without padding and its natural width.
func timeField(c byte, colons int, t time.Time) (s string, digits int, ok bool) {
	num := func(n, digits int) (string, int, bool) { return strconv.Itoa(n), digits, true }
	text := func(s string) (string, int, bool) { return s, 0, true }
	hour12 := (t.Hour()+11)%12 + 1
	switch c {
	case '%':
		return text("%")
	case 'n':
		return text("\n")
	case 't':
		return text("\t")
	case 'a':
		return text(t.Format("Mon"))
	case 'A':
		return text(t.Format("Monday"))
	case 'b', 'h':
		return text(t.Format("Jan"))
	case 'B':
		return text(t.Format("January"))
	case 'c':
		return text(t.Format("Mon Jan _2 15:04:05 2006"))
	case 'C':
		return num(t.Year()/100, 2)
	case 'd':
		return num(t.Day(), 2)
	case 'D', 'x':
		return text(t.Format("01/02/06"))
	case 'e':
		return num(t.Day(), -2)
	case 'F':
		return text(t.Format("2006-01-02"))
	case 'g':
		year, _ := t.ISOWeek()
		return num(year%100, 2)
	case 'G':
		year, _ := t.ISOWeek()
		return num(year, 1)
	case 'H':
		return num(t.Hour(), 2)
	case 'I':
		return num(hour12, 2)
	case 'j':
		return num(t.YearDay(), 3)
	case 'k':
		return num(t.Hour(), -2)
	case 'l':
		return num(hour12, -2)
	case 'm':
		return num(int(t.Month()), 2)
	case 'M':
		return num(t.Minute(), 2)
	case 'N':
		return num(t.Nanosecond(), 9)
	case 'p':
		return text(t.Format("PM"))
	case 'P':
		return text(t.Format("pm"))
	case 'q':
		return num((int(t.Month())+2)/3, 1)
	case 'r':
		return text(t.Format("03:04:05 PM"))
	case 'R':
		return text(t.Format("15:04"))
	case 's':
		return num(int(t.Unix()), 1)
	case 'S':
		return num(t.Second(), 2)
	case 'T', 'X':
		return text(t.Format("15:04:05"))
	case 'u':
		return num((int(t.Weekday())+6)%7+1, 1)
	case 'U':
		return num((t.YearDay()+6-int(t.Weekday()))/7, 2)
	case 'V':
		_, week := t.ISOWeek()
		return num(week, 2)
	case 'w':
		return num(int(t.Weekday()), 1)
	case 'W':
		return num((t.YearDay()+6-(int(t.Weekday())+6)%7)/7, 2)
	case 'y':
		return num(t.Year()%100, 2)
	case 'Y':
		return num(t.Year(), 1)
	case 'z':
		return text(zone(t, colons))
	case 'Z':
		return text(t.Format("MST"))
	}
	return "", 0, false
}

func zone(t time.Time, colons int) string {
	_, offset := t.Zone()
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	h, m, s := offset/3600, offset/60%60, offset%60
	switch colons {
	case 0:
		return fmt.Sprintf("%c%02d%02d", sign, h, m)
	case 1:
		return fmt.Sprintf("%c%02d:%02d", sign, h, m)
	}
	return fmt.Sprintf("%c%02d:%02d:%02d", sign, h, m, s)
}
