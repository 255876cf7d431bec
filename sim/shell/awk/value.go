package awk

import (
	"math"
	"strconv"
	"strings"
)

type valueKind uint8

const (
	unset valueKind = iota
	number
	str
	strnum // input that looks like a number: compared as one
)

// value is a scalar.
type value struct {
	kind valueKind
	n    float64
	s    string
}

func num(n float64) value { return value{kind: number, n: n} }
func text(s string) value { return value{kind: str, s: s} }

func truth(b bool) value {
	if b {
		return num(1)
	}
	return num(0)
}

// input is text from outside: a field, a line of getline, an element of ARGV or ENVIRON.
func input(s string) value {
	t := strings.Trim(s, " \t\n\r\f\v")
	if t != "" && numberPrefix(t, false) == len(t) {
		return value{kind: strnum, n: parseNumber(t), s: s}
	}
	return text(s)
}

func (v value) num() float64 {
	if v.kind == str {
		t := strings.TrimLeft(v.s, " \t\n\r\f\v")
		return parseNumber(t[:numberPrefix(t, false)])
	}
	return v.n
}

func (v value) bool() bool {
	switch v.kind {
	case number, strnum:
		return v.n != 0
	case str:
		return v.s != ""
	}
	return false
}

// str is the text of a value; numbers are written by format (CONVFMT or OFMT), whole ones without it.
func (v value) str(format string) string {
	if v.kind != number {
		return v.s
	}
	if v.n == math.Trunc(v.n) && math.Abs(v.n) < 1e16 {
		return strconv.FormatInt(int64(v.n), 10)
	}
	switch {
	case math.IsNaN(v.n):
		return "nan"
	case math.IsInf(v.n, 1):
		return "inf"
	case math.IsInf(v.n, -1):
		return "-inf"
	case format == "%.6g":
		return formatG(v.n, 6)
	}
	return sprintf(format, []value{v}, format)
}

func formatG(n float64, precision int) string {
	s := strconv.FormatFloat(n, 'g', precision, 64)
	mantissa, exponent, ok := strings.Cut(s, "e")
	if !ok {
		return s
	}
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return mantissa + "e" + exponent
}

// numberPrefix is the length of the decimal number at the beginning of s. A program's constants have no sign.
func numberPrefix(s string, constant bool) int {
	i := 0
	if !constant && i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	start := i
	for i < len(s) && digit(s[i]) {
		i++
	}
	digits := i - start
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for j < len(s) && digit(s[j]) {
			j++
		}
		if digits > 0 || j > i+1 {
			digits += j - i - 1
			i = j
		}
	}
	if digits == 0 && start == i {
		return 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && digit(s[j]) {
			for j < len(s) && digit(s[j]) {
				j++
			}
			i = j
		}
	}
	return i
}

func parseNumber(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(n, 0) {
		return 0
	}
	return n
}

// compare orders two values: as numbers where both look like numbers, as text otherwise.
func compare(a, b value, format string) int {
	if a.kind != str && b.kind != str {
		switch x, y := a.num(), b.num(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return strings.Compare(a.str(format), b.str(format))
}
