package commands

import (
	"bufio"
	"context"
	"math"
	"strconv"
	"strings"

	"terrarium/sim/shell"
)

func seq(ctx context.Context, p *shell.Proc) int {
	// A negative number is no option.
	args := p.Args
	split := len(args)
	for i, a := range args[1:] {
		if len(a) > 1 && a[0] == '-' && (a[1] >= '0' && a[1] <= '9' || a[1] == '.') {
			split = i + 1
			break
		}
	}
	p.Args = args[:split]
	opts, names, exit, done := syntax{short: "f:s:w", long: []string{"format:=f", "separator:=s", "equal-width=w"}, ordered: true,
		usage: []string{"NAME [OPTION]... LAST", "NAME [OPTION]... FIRST LAST", "NAME [OPTION]... FIRST INCREMENT LAST"}}.parse(p)
	p.Args = args
	if done {
		return exit
	}
	names = append(names, args[split:]...)
	switch {
	case len(names) == 0:
		return missing(p, "missing operand")
	case len(names) > 3:
		return missing(p, "extra operand ‘%s’", names[3])
	}
	values := []float64{1, 1, 1}
	texts := []string{"1", "1", "1"}
	at := map[int][]int{1: {2}, 2: {0, 2}, 3: {0, 1, 2}}[len(names)]
	for i, name := range names {
		x, err := strconv.ParseFloat(name, 64)
		if err != nil {
			return missing(p, "invalid floating point argument: ‘%s’", name)
		}
		values[at[i]], texts[at[i]] = x, name
	}
	first, step, end := values[0], values[1], values[2]
	if step == 0 {
		return missing(p, "invalid Zero increment value: ‘%s’", texts[1])
	}
	precision := max(decimals(texts[0]), decimals(texts[1]))
	format := last(opts, "f", "")
	width := 0
	if has(opts, "w") {
		width = max(len(strconv.FormatFloat(first, 'f', precision, 64)), len(strconv.FormatFloat(first+math.Floor((end-first)/step)*step, 'f', precision, 64)))
	}
	separator := last(opts, "s", "\n")
	w := bufio.NewWriter(p.Stdout)
	for i := 0; ; i++ {
		x := first + float64(i)*step
		if step > 0 && x > end+step*1e-10 || step < 0 && x < end+step*1e-10 {
			if i > 0 {
				w.WriteString("\n")
			}
			w.Flush()
			return 0
		}
		if i > 0 {
			w.WriteString(separator)
		}
		switch {
		case format != "":
			w.WriteString(seqFormat(format, x))
		default:
			s := strconv.FormatFloat(x, 'f', precision, 64)
			if n := width - len(s); n > 0 {
				sign := ""
				if s[0] == '-' {
					sign, s = "-", s[1:]
				}
				s = sign + strings.Repeat("0", n) + s
			}
			w.WriteString(s)
		}
		if p.Step(ctx) != nil {
			return 1
		}
	}
}

func decimals(s string) int {
	_, frac, _ := strings.Cut(s, ".")
	return len(frac)
}

// seqFormat applies a format with one %e, %f or %g.
func seqFormat(format string, x float64) string {
	start := strings.IndexByte(format, '%')
	if start < 0 {
		return format
	}
	end := start + 1
	for end < len(format) && strings.IndexByte("-+ #0123456789.'", format[end]) >= 0 {
		end++
	}
	if end >= len(format) || strings.IndexByte("eEfFgG", format[end]) < 0 {
		return format
	}
	spec := format[start:end]
	if !strings.Contains(spec, ".") && strings.IndexByte("eEfF", format[end]) >= 0 {
		spec += ".6"
	}
	return format[:start] + shell.FormatFloat(spec, format[end], x) + format[end+1:]
}
