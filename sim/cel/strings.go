package cel

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// stringFunction calls a function on a text; ok is false where it is not one of these.
func stringFunction(name, s string, args []any) (out any, ok bool) {
	arg := func(i int) string { v, _ := args[i].(string); return v }
	n := func(i int) int64 { v, _ := args[i].(int64); return v }
	switch name {
	case "contains":
		return strings.Contains(s, arg(0)), true
	case "startsWith":
		return strings.HasPrefix(s, arg(0)), true
	case "endsWith":
		return strings.HasSuffix(s, arg(0)), true
	case "matches", "find", "findAll":
		return match(name, s, args), true
	case "charAt":
		runes, i := []rune(s), n(0)
		switch {
		case i < 0 || i > int64(len(runes)):
			return failf("index out of range: %d", i), true
		case i == int64(len(runes)):
			return "", true
		}
		return string(runes[i]), true
	case "indexOf":
		at := int64(0)
		if len(args) == 2 {
			at = n(1)
		}
		return indexOf([]rune(s), []rune(arg(0)), at), true
	case "lastIndexOf":
		runes := []rune(s)
		at := int64(len(runes)) - 1
		switch {
		case len(args) == 2:
			at = n(1)
		case arg(0) == "":
			at++
		case len(s) < len(arg(0)):
			return int64(-1), true
		}
		return lastIndexOf(runes, []rune(arg(0)), at), true
	case "lowerAscii", "upperAscii":
		return strings.Map(func(r rune) rune {
			switch {
			case name == "lowerAscii" && r >= 'A' && r <= 'Z', name == "upperAscii" && r >= 'a' && r <= 'z':
				return r ^ 0x20
			}
			return r
		}, s), true
	case "replace":
		times := -1
		if len(args) == 3 {
			times = int(n(2))
		}
		return strings.Replace(s, arg(0), arg(1), times), true
	case "split":
		times := -1
		if len(args) == 2 {
			times = int(n(1))
		}
		return texts(strings.SplitN(s, arg(0), times)), true
	case "substring":
		runes := []rune(s)
		end := int64(len(runes))
		if len(args) == 2 {
			end = n(1)
			if n(0) > end {
				return failf("invalid substring range. start: %d, end: %d", n(0), end), true
			}
			if end < 0 || end > int64(len(runes)) {
				return failf("index out of range: %d", end), true
			}
		}
		if n(0) < 0 || n(0) > int64(len(runes)) {
			return failf("index out of range: %d", n(0)), true
		}
		return string(runes[n(0):end]), true
	case "trim":
		return strings.TrimFunc(s, unicode.IsSpace), true
	case "format":
		list, _ := items(args[0])
		return formatted(s, list), true
	case "strings.quote":
		return quote(s), true
	case "jsonpatch.escapeKey":
		return strings.NewReplacer("/", "~1", "~", "~0").Replace(s), true
	}
	return nil, false
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func match(name, s string, args []any) any {
	re, err := regexp.Compile(args[0].(string))
	switch {
	case err != nil && name == "matches":
		return fault(err.Error())
	case err != nil:
		return fault("Illegal regex: " + err.Error())
	case name == "matches":
		return re.MatchString(s)
	case name == "find":
		return re.FindString(s)
	}
	times := -1
	if len(args) == 2 {
		times = int(args[1].(int64))
	}
	return texts(re.FindAllString(s, times))
}

func at(s, sub []rune, i int64) bool {
	for j, r := range sub {
		if s[int(i)+j] != r {
			return false
		}
	}
	return true
}

func indexOf(s, sub []rune, from int64) any {
	switch {
	case len(sub) == 0:
		return from
	case from < 0:
		return failf("index out of range: %d", from)
	}
	for i := from; i <= int64(len(s)-len(sub)); i++ {
		if at(s, sub, i) {
			return i
		}
	}
	return int64(-1)
}

func lastIndexOf(s, sub []rune, from int64) any {
	switch {
	case len(sub) == 0:
		return from
	case from < 0:
		return failf("index out of range: %d", from)
	case from >= int64(len(s)):
		return int64(-1)
	}
	for i := min(from, int64(len(s)-len(sub))); i >= 0; i-- {
		if at(s, sub, i) {
			return i
		}
	}
	return int64(-1)
}

// quote is a text as a literal.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if i := strings.IndexRune("\a\b\f\n\r\t\v\\\"", r); i >= 0 {
			b.WriteByte('\\')
			b.WriteByte(`abfnrtv\"`[i])
			continue
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}

// formatted is s.format(list).
func formatted(s string, list []any) any {
	next := 0
	return clauses(s, func(verb byte, precision int) (string, error) {
		if next >= len(list) {
			return "", failf("index %d out of range", next)
		}
		next++
		return clause(verb, precision, list[next-1])
	})
}

// clauses replaces the clauses of a format.
func clauses(s string, replace func(verb byte, precision int) (string, error)) any {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i >= len(s) {
			return fault("unexpected end of string")
		}
		if s[i] == '%' {
			b.WriteByte('%')
			continue
		}
		precision := 6
		if s[i] == '.' {
			n := i + 1
			for n < len(s) && isDigit(rune(s[n])) {
				n++
			}
			if n == len(s) {
				return fault("could not find end of precision specifier")
			}
			precision, _ = strconv.Atoi(s[i+1 : n])
			i = n
		}
		part, err := replace(s[i], precision)
		if err != nil {
			return err
		}
		b.WriteString(part)
	}
	return b.String()
}

func clause(verb byte, precision int, v any) (string, error) {
	switch verb {
	case 's':
		return shown(v, true)
	case 'd':
		switch v.(type) {
		case int64, uint64:
			return toString(v).(string), nil
		}
	case 'f', 'e':
		f, ok := v.(float64)
		if s, special := v.(string); special && (s == "NaN" || s == "Infinity" || s == "-Infinity") {
			f, _ = toDouble(s).(float64)
			ok = true
		}
		if ok {
			return real(verb, precision, f), nil
		}
	case 'b', 'o', 'x', 'X':
		if out, ok := based(verb, v); ok {
			return out, nil
		}
	}
	return "", wrongClause(verb, called(v))
}

// wrongClause is the error of a clause that is not for such a value.
func wrongClause(verb byte, given string) error {
	what := ""
	switch verb {
	case 's':
		what = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps"
	case 'd':
		what = "decimal clause can only be used on integers"
	case 'f':
		what = "fixed-point clause can only be used on doubles"
	case 'e':
		what = "scientific clause can only be used on doubles"
	case 'b':
		what = "only integers and bools can be formatted as binary"
	case 'o':
		what = "octal clause can only be used on integers"
	case 'x', 'X':
		what = "only integers, byte buffers, and strings can be formatted as hex"
	default:
		return failf("could not parse formatting clause: unrecognized formatting clause \"%c\"", verb)
	}
	return failf("error during formatting: %s, was given %s", what, given)
}

// real is a number in English.
func real(verb byte, precision int, f float64) string {
	if verb == 'e' {
		precision = 6 // what a format says is not heard
	}
	s := strconv.FormatFloat(f, verb, precision, 64)
	switch s {
	case "NaN":
		return s
	case "+Inf":
		return "∞"
	case "-Inf":
		return "-∞"
	}
	if verb == 'e' {
		mantissa, exponent, _ := strings.Cut(s, "e")
		exponent = strings.NewReplacer("+", "", "-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(exponent)
		return mantissa + "×10" + exponent
	}
	whole, fraction, dot := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if strings.HasPrefix(s, "-") {
		whole = "-" + whole
	}
	if dot {
		whole += "." + fraction
	}
	return whole
}

func based(verb byte, v any) (out string, ok bool) {
	base := 16
	switch verb {
	case 'b':
		base = 2
	case 'o':
		base = 8
	}
	switch v := v.(type) {
	case int64:
		out = strconv.FormatInt(v, base)
	case uint64:
		out = strconv.FormatUint(v, base)
	case bool:
		if base != 2 {
			return "", false
		}
		if v {
			return "1", true
		}
		return "0", true
	case string:
		out = hex(v)
		ok = base == 16
	case Bytes:
		out = hex(string(v))
		ok = base == 16
	default:
		return "", false
	}
	if verb == 'X' {
		out = strings.ToUpper(out)
	}
	return out, ok || number(v)
}

func hex(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte("0123456789abcdef"[s[i]>>4])
		b.WriteByte("0123456789abcdef"[s[i]&15])
	}
	return b.String()
}

// shown is a value for %s; within lists and maps texts are quoted.
func shown(v any, top bool) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case string:
		if top {
			return v, nil
		}
		return strconv.Quote(v), nil
	case Bytes:
		if !utf8.ValidString(string(v)) {
			return "", failf("could not convert argument %q to string", toString(v))
		}
		if top {
			return string(v), nil
		}
		return "b" + strconv.Quote(string(v)), nil
	case float64:
		if !top {
			return real('f', 6, v), nil
		}
		return toString(v).(string), nil
	case bool, int64, uint64:
		return toString(v).(string), nil
	}
	if l, ok := items(v); ok {
		var parts []string
		for _, item := range l {
			s, err := shown(item, false)
			if err != nil {
				return "", err
			}
			parts = append(parts, s)
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	}
	if keys, values, ok := entries(v); ok {
		return shownMap(keys, values)
	}
	if s, ok := toString(v).(string); ok && libraryKind(v) == 0 {
		switch v.(type) {
		case time.Duration:
			s = "duration(" + strconv.Quote(s) + ")"
		case time.Time:
			s = "timestamp(" + strconv.Quote(s) + ")"
		}
		if top {
			return toString(v).(string), nil
		}
		return s, nil
	}
	return "", wrongClause('s', called(v))
}

func shownMap(keys, values []any) (string, error) {
	var parts []string
	for i, key := range keys {
		switch key.(type) {
		case string, bool, int64, uint64:
		default:
			return "", failf("no formatting function for map key of type %s", called(key))
		}
		k, err := shown(key, false)
		if err != nil {
			return "", err
		}
		value, err := shown(values[i], false)
		if err != nil {
			return "", err
		}
		parts = append(parts, k+":"+value)
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ", ") + "}", nil
}
