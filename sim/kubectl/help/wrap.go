package help

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wrapLimit is the width at which kubectl wraps help on a terminal of that width: 120, 100 or 80 columns; below that,
// and where there is no terminal, 0, which is not at all.
func wrapLimit(width int) int {
	for _, limit := range []int{120, 100, 80} {
		if width >= limit {
			return limit
		}
	}
	return 0
}

// Wrap breaks lines between words so that none is wider than limit runes, if no word is; blanks at a break are
// dropped, all others kept. A limit of 0 keeps s as it is.
func Wrap(s string, limit int) string {
	if limit <= 0 {
		return s
	}
	var b strings.Builder
	column := 0
	blanks, word := "", ""
	flush := func() {
		b.WriteString(blanks + word)
		column += utf8.RuneCountInString(blanks) + utf8.RuneCountInString(word)
		blanks, word = "", ""
	}
	for _, r := range s {
		switch {
		case r == '\n':
			if word == "" && column+utf8.RuneCountInString(blanks) > limit {
				blanks = ""
			}
			flush()
			b.WriteByte('\n')
			column = 0
		case unicode.IsSpace(r) && r != '\u00a0':
			if blanks == "" || word != "" {
				flush()
			}
			blanks += string(r)
		default:
			word += string(r)
			width := utf8.RuneCountInString(word)
			if column+utf8.RuneCountInString(blanks)+width > limit && width < limit {
				b.WriteByte('\n')
				column, blanks = 0, ""
			}
		}
	}
	if word != "" || column+utf8.RuneCountInString(blanks) <= limit {
		flush()
	}
	return b.String()
}
