package commands

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"terrarium/sim/shell"
)

func cut(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{
		short: "b:c:d:f:nsz", long: []string{"bytes:=b", "characters:=c", "delimiter:=d", "fields:=f", "complement", "only-delimited=s", "output-delimiter:", "zero-terminated=z"},
		usage: []string{"NAME OPTION... [FILE]..."},
	}.parse(p)
	if done {
		return exit
	}
	mode, list := "", ""
	for _, o := range opts {
		if o.name == "b" || o.name == "c" || o.name == "f" {
			if mode != "" {
				return missing(p, "only one list may be specified")
			}
			mode, list = o.name, o.value
		}
	}
	delimiter := last(opts, "d", "\t")
	switch {
	case mode == "":
		return missing(p, "you must specify a list of bytes, characters, or fields")
	case utf8.RuneCountInString(delimiter) > 1:
		return missing(p, "the delimiter must be a single character")
	case mode != "f" && has(opts, "d"):
		return missing(p, "an input delimiter may be specified only when operating on fields")
	case mode != "f" && has(opts, "s"):
		return missing(p, "suppressing non-delimited lines makes sense\n\tonly when operating on fields")
	}
	ranges, msg := parseRanges(list, mode == "f")
	if msg != "" {
		return missing(p, "%s", msg)
	}
	wanted := func(n int) bool {
		for _, r := range ranges {
			if r[0] <= n && n <= r[1] {
				return !has(opts, "complement")
			}
		}
		return has(opts, "complement")
	}
	if delimiter == "" {
		delimiter = "\x00"
	}
	between := last(opts, "output-delimiter", delimiter)
	return eachInput(p, names, func(_ string, r io.Reader) error {
		return eachLine(ctx, p, r, func(line string, _ bool) error {
			if mode == "f" {
				if !strings.Contains(line, delimiter) {
					if has(opts, "s") {
						return nil
					}
				} else {
					var kept []string
					for i, f := range strings.Split(line, delimiter) {
						if wanted(i + 1) {
							kept = append(kept, f)
						}
					}
					line = strings.Join(kept, between)
				}
			} else {
				line = cutBytes(line, wanted, last(opts, "output-delimiter", ""))
			}
			_, err := io.WriteString(p.Stdout, line+"\n")
			return err
		})
	})
}

// cutBytes keeps the wanted bytes; between stands where some are left out.
func cutBytes(line string, wanted func(int) bool, between string) string {
	var b strings.Builder
	gap := false
	for i := range len(line) {
		if !wanted(i + 1) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteString(between)
			gap = false
		}
		b.WriteByte(line[i])
	}
	return b.String()
}

// parseRanges reads 1,3-5,7-.
func parseRanges(list string, fields bool) (ranges [][2]int, msg string) {
	what := "byte/character positions"
	if fields {
		what = "fields"
	}
	for part := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		from, to, isRange := strings.Cut(part, "-")
		lo, hi := 1, math.MaxInt
		var err error
		if from != "" {
			if lo, err = strconv.Atoi(from); err != nil {
				return nil, invalidRange(part, fields)
			}
		}
		if to != "" {
			if hi, err = strconv.Atoi(to); err != nil {
				return nil, invalidRange(part, fields)
			}
		}
		switch {
		case part == "-":
			return nil, "invalid range with no endpoint: -"
		case !isRange:
			hi = lo
		}
		if lo == 0 || hi == 0 {
			return nil, what + " are numbered from 1"
		}
		if hi < lo {
			return nil, "invalid decreasing range"
		}
		ranges = append(ranges, [2]int{lo, hi})
	}
	if len(ranges) == 0 {
		return nil, what + " are numbered from 1"
	}
	return ranges, ""
}

func invalidRange(part string, fields bool) string {
	if fields {
		return fmt.Sprintf("invalid field value ‘%s’", part)
	}
	return fmt.Sprintf("invalid byte/character position ‘%s’", part)
}
