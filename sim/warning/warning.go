// Package warning writes and reads the texts of `Warning:` headers (RFC 7234, section 5.5), which is how an API server
// talks to whoever sits in front of kubectl. It knows no other header.
package warning

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Header is the value of a header that carries the text; an error where the text is empty, is not UTF-8, or has
// control characters.
func Header(text string) (string, error) {
	if text == "" {
		return "", errors.New("empty text is not allowed in a warning")
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < 32 || r == 127 }) {
		return "", errors.New("control characters are not allowed in a warning")
	}
	return `299 - "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`, nil
}

// Texts reads the texts of headers, each of which may hold several; what is malformed ends its header.
func Texts(headers []string) (texts []string) {
	for _, h := range headers {
		for {
			text, rest, ok := one(strings.TrimLeft(h, " ,\t"))
			if !ok {
				break
			}
			texts = append(texts, text)
			h = rest
		}
	}
	return texts
}

// one reads `CODE AGENT "text"`, with an optional date in quotes behind it.
func one(s string) (text, rest string, ok bool) {
	if len(s) < 3 || strings.Trim(s[:3], "0123456789") != "" {
		return "", "", false
	}
	_, s, ok = strings.Cut(s, " ")
	if !ok {
		return "", "", false
	}
	_, s, ok = strings.Cut(s, " ")
	if !ok {
		return "", "", false
	}
	text, rest, ok = quoted(s)
	if date, after, dated := quoted(strings.TrimLeft(rest, " ")); dated && date != "" {
		rest = after
	}
	return text, rest, ok
}

// quoted reads a quoted string at the beginning of s.
func quoted(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", s, false
}
