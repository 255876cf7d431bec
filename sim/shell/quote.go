package shell

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// doubleQuote quotes as `declare -p` does: double quotes, or $'…' where there are control characters.
func doubleQuote(s string) string {
	if hasControl(s) {
		return ansiQuote(s)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		if strings.IndexByte("\"\\$`", c) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	return b.String()
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 32 || r == 127 || r == utf8.RuneError })
}

// ansiQuote quotes as $'…'.
func ansiQuote(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "\\%03o", s[i])
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == 27:
			b.WriteString("\\E")
		case r >= 7 && r <= 13:
			b.WriteByte('\\')
			b.WriteByte("abtnvfr"[r-7])
		case r < 32 || r == 127:
			fmt.Fprintf(&b, "\\%03o", r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	b.WriteByte('\'')
	return b.String()
}

// singleQuote quotes as ${x@Q} and alias do.
func singleQuote(s string) string {
	if hasControl(s) {
		return ansiQuote(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// shellSafe are the characters that set, export -p and xtrace leave unquoted.
func shellSafe(s string) bool {
	if s == "" {
		return false
	}
	for i, r := range s {
		switch {
		case r >= 0x80 || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
		case strings.ContainsRune("%+-./:=@_,", r):
		case r == '#' && i > 0, r == '~' && i > 0:
		default:
			return false
		}
	}
	return true
}

// quoteIfNeeded is how set and xtrace show a word.
func quoteIfNeeded(s string) string {
	if shellSafe(s) {
		return s
	}
	return singleQuote(s)
}

// backslashQuote quotes as printf %q does.
func backslashQuote(s string) string {
	if s == "" {
		return "''"
	}
	if hasControl(s) {
		return ansiQuote(s)
	}
	var b strings.Builder
	for i, r := range s {
		if r < 0x80 && strings.ContainsRune(" \t!\"$&'()*,;<>?[\\]^`{|}", r) || i == 0 && (r == '#' || r == '~') {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func quoteKey(s string) string {
	for _, r := range s {
		if r < 0x80 && !(r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("%+-./:=@,", r)) {
			return doubleQuote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// unescapeANSI expands the backslashes of $'…'; a NUL ends the string.
func unescapeANSI(s string) string {
	out, _ := unescape(s, ansiEscapes)
	if i := strings.IndexByte(out, 0); i >= 0 {
		return out[:i]
	}
	return out
}

type escapes int

const (
	ansiEscapes   escapes = iota // $'…'
	echoEscapes                  // echo -e, printf %b: \0nnn, \c ends all output
	formatEscapes                // a printf format
)

// unescape expands backslashes; stop reports that \c asked to print no more.
func unescape(s string, mode escapes) (out string, stop bool) {
	if !strings.Contains(s, `\`) {
		return s, false
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'a', 'b', 't', 'n', 'v', 'f', 'r':
			b.WriteByte("\a\b\t\n\v\f\r"[strings.IndexByte("abtnvfr", c)])
		case 'e', 'E':
			b.WriteByte(27)
		case '\\':
			b.WriteByte('\\')
		case '\'', '"', '?':
			if mode == echoEscapes {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		case 'x':
			n, digits := number(s[i+1:], 16, 2)
			if digits == 0 {
				b.WriteString(`\x`)
				break
			}
			b.WriteByte(byte(n))
			i += digits
		case 'u', 'U':
			width := 4
			if c == 'U' {
				width = 8
			}
			n, digits := number(s[i+1:], 16, width)
			if digits == 0 {
				b.WriteByte('\\')
				b.WriteByte(c)
				break
			}
			b.WriteRune(rune(n))
			i += digits
		case '0', '1', '2', '3', '4', '5', '6', '7':
			width, at := 3, i
			if mode == echoEscapes {
				if c != '0' {
					b.WriteByte('\\')
					b.WriteByte(c)
					break
				}
				at++
			}
			n, digits := number(s[at:], 8, width)
			b.WriteByte(byte(n))
			i = at + digits - 1
		case 'c':
			switch {
			case mode == echoEscapes:
				return b.String(), true
			case mode == ansiEscapes && i+1 < len(s):
				i++
				b.WriteByte(s[i] & 0x1f)
			default:
				b.WriteString(`\c`)
			}
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), false
}

// number reads up to width digits.
func number(s string, base, width int) (n, digits int) {
	for digits < width && digits < len(s) {
		d := strings.IndexByte("0123456789abcdef", s[digits]|0x20)
		if s[digits] <= '9' {
			d = strings.IndexByte("0123456789", s[digits])
		}
		if d < 0 || d >= base {
			break
		}
		n = n*base + d
		digits++
	}
	return n, digits
}
