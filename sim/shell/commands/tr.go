package commands

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"terrarium/sim/shell"
)

func tr(ctx context.Context, p *shell.Proc) int {
	opts, sets, exit, done := syntax{short: "cCdst", long: []string{"complement=c", "delete=d", "squeeze-repeats=s", "truncate-set1=t"}, usage: []string{"NAME [OPTION]... STRING1 [STRING2]"}, ordered: true}.parse(p)
	if done {
		return exit
	}
	remove, squeeze, complement := has(opts, "d"), has(opts, "s"), has(opts, "c", "C")
	if exit, wrong := trOperands(p, sets, remove, squeeze); wrong {
		return exit
	}
	set1, err := trSet(sets[0], 0)
	if err != nil {
		p.Errorf("%v", err)
		return 1
	}
	if complement {
		var all []byte
		for c := range 256 {
			if !slices.Contains(set1, byte(c)) {
				all = append(all, byte(c))
			}
		}
		set1 = all
	}
	var set2 []byte
	if len(sets) > 1 {
		if set2, err = trSet(sets[1], len(set1)); err != nil {
			p.Errorf("%v", err)
			return 1
		}
		if len(set2) == 0 && !remove {
			p.Errorf("when not truncating set1, string2 must be non-empty")
			return 1
		}
	}
	return translate(ctx, p, set1, set2, remove, squeeze, has(opts, "t"))
}

func trOperands(p *shell.Proc, sets []string, remove, squeeze bool) (exit int, wrong bool) {
	switch {
	case len(sets) == 0:
		return missing(p, "missing operand"), true
	case len(sets) == 1 && (!remove && !squeeze || remove && squeeze):
		what := "translating"
		if remove {
			what = "both deleting and squeezing repeats"
		}
		p.Errorf("missing operand after ‘%s’", sets[0])
		fmt.Fprintf(p.Stderr, "Two strings must be given when %s.\nTry '%s --help' for more information.\n", what, p.Name())
		return 1, true
	case len(sets) == 2 && remove && !squeeze:
		p.Errorf("extra operand ‘%s’", sets[1])
		fmt.Fprintf(p.Stderr, "Only one string may be given when deleting without squeezing repeats.\nTry '%s --help' for more information.\n", p.Name())
		return 1, true
	case len(sets) > 2:
		return missing(p, "extra operand ‘%s’", sets[2]), true
	}
	return 0, false
}

func translate(ctx context.Context, p *shell.Proc, set1, set2 []byte, remove, squeeze, truncate bool) int {
	var gone, pressed [256]bool
	var to [256]byte
	for c := range 256 {
		to[c] = byte(c)
	}
	switch {
	case remove:
		for _, c := range set1 {
			gone[c] = true
		}
	case len(set2) > 0:
		for i, c := range set1 {
			if i < len(set2) {
				to[c] = set2[i]
			} else if !truncate {
				to[c] = set2[len(set2)-1]
			}
		}
	}
	if squeeze {
		set := set1
		if len(set2) > 0 {
			set = set2
		}
		for _, c := range set {
			pressed[c] = true
		}
	}
	buf := make([]byte, 16<<10)
	lastOut := -1
	for {
		n, err := p.Stdin.Read(buf)
		out := make([]byte, 0, n)
		for _, c := range buf[:n] {
			if gone[c] {
				continue
			}
			c = to[c]
			if pressed[c] && lastOut == int(c) {
				continue
			}
			lastOut = int(c)
			out = append(out, c)
		}
		if _, werr := p.Stdout.Write(out); werr != nil {
			return 1
		}
		if err == io.EOF {
			return 0
		}
		if err != nil || p.Step(ctx) != nil {
			return 1
		}
	}
}

// trSet expands a string of tr; length is how long [x*] may make it.
func trSet(s string, length int) ([]byte, error) {
	var out []byte
	fill := -1
	var fillChar byte
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], "[:") {
			if end := strings.Index(s[i+2:], ":]"); end >= 0 {
				chars, ok := trClass(s[i+2 : i+2+end])
				if !ok {
					return nil, fmt.Errorf("invalid character class ‘%s’", s[i+2:i+2+end])
				}
				out = append(out, chars...)
				i += end + 4
				continue
			}
		}
		if strings.HasPrefix(s[i:], "[=") && len(s) > i+4 && s[i+3:i+5] == "=]" {
			out = append(out, s[i+2])
			i += 5
			continue
		}
		if s[i] == '[' && i+2 < len(s) {
			c, n := trChar(s[i+1:])
			if rest := s[i+1+n:]; strings.HasPrefix(rest, "*") {
				if end := strings.IndexByte(rest, ']'); end > 0 && strings.Trim(rest[1:end], "0123456789") == "" {
					base := 10
					if strings.HasPrefix(rest[1:end], "0") {
						base = 8
					}
					times, _ := strconv.ParseInt(rest[1:end], base, 32)
					if times == 0 {
						fill, fillChar = len(out), c
					}
					for range min(times, 100_000) {
						out = append(out, c)
					}
					i += 1 + n + end + 1
					continue
				}
			}
		}
		c, n := trChar(s[i:])
		i += n
		if i+1 < len(s) && s[i] == '-' {
			hi, n := trChar(s[i+1:])
			if hi < c {
				return nil, fmt.Errorf("range-endpoints of '%s' are in reverse collating sequence order", s[i-1:i+1+n])
			}
			for x := int(c); x <= int(hi); x++ {
				out = append(out, byte(x))
			}
			i += 1 + n
			continue
		}
		out = append(out, c)
	}
	if fill >= 0 {
		for len(out) < length {
			out = slices.Insert(out, fill, fillChar)
		}
	}
	return out, nil
}

// trChar reads one character, escapes included.
func trChar(s string) (c byte, n int) {
	if s[0] != '\\' || len(s) == 1 {
		return s[0], 1
	}
	if i := strings.IndexByte("abfnrtv\\", s[1]); i >= 0 {
		return "\a\b\f\n\r\t\v\\"[i], 2
	}
	n = 1
	value := 0
	for n < len(s) && n <= 3 && s[n] >= '0' && s[n] <= '7' {
		value = value*8 + int(s[n]-'0')
		n++
	}
	if n > 1 {
		return byte(value), n
	}
	return s[1], 2
}

func trClass(name string) ([]byte, bool) {
	in := map[string]func(c int) bool{
		"alpha": func(c int) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' },
		"digit": func(c int) bool { return c >= '0' && c <= '9' },
		"alnum": func(c int) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' },
		"upper": func(c int) bool { return c >= 'A' && c <= 'Z' },
		"lower": func(c int) bool { return c >= 'a' && c <= 'z' },
		"space": func(c int) bool { return c == ' ' || c >= 9 && c <= 13 },
		"blank": func(c int) bool { return c == ' ' || c == '\t' },
		"punct": func(c int) bool {
			return strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", byte(c)) >= 0 && c < 128
		},
		"print":  func(c int) bool { return c >= 32 && c < 127 },
		"graph":  func(c int) bool { return c > 32 && c < 127 },
		"cntrl":  func(c int) bool { return c < 32 || c == 127 },
		"xdigit": func(c int) bool { return strings.IndexByte("0123456789abcdefABCDEF", byte(c)) >= 0 && c < 128 },
	}[name]
	if in == nil {
		return nil, false
	}
	var out []byte
	for c := range 256 {
		if in(c) {
			out = append(out, byte(c))
		}
	}
	return out, true
}
