package awk

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type builtin struct {
	min, max int   // of arguments; max -1: any number
	arrays   []int // which arguments are arrays
	run      func(in *interp, args []expr) value
}

// builtins is made when the first program is parsed: the functions and the parser refer to each other.
var builtins map[string]*builtin

func math1(f func(float64) float64) *builtin {
	return &builtin{1, 1, nil, func(in *interp, a []expr) value { return num(f(in.eval(a[0]).num())) }}
}

func text1(f func(string) string) *builtin {
	return &builtin{1, 1, nil, func(in *interp, a []expr) value { return text(f(in.str(in.eval(a[0])))) }}
}

func makeBuiltins() {
	if builtins != nil {
		return
	}
	builtins = map[string]*builtin{
		"length": {0, 1, nil, length},
		"substr": {2, 3, nil, substr},
		"index": {2, 2, nil, func(in *interp, a []expr) value {
			s, t := in.str(in.eval(a[0])), in.str(in.eval(a[1]))
			i := strings.Index(s, t)
			if i < 0 {
				return num(0)
			}
			return num(float64(utf8.RuneCountInString(s[:i]) + 1))
		}},
		"split":   {2, 4, []int{1}, split},
		"sub":     {2, 3, nil, func(in *interp, a []expr) value { return substitute(in, a, false) }},
		"gsub":    {2, 3, nil, func(in *interp, a []expr) value { return substitute(in, a, true) }},
		"gensub":  {3, 4, nil, gensub},
		"match":   {2, 3, []int{2}, match},
		"sprintf": {1, -1, nil, sprintfCall},
		"sin":     math1(math.Sin), "cos": math1(math.Cos), "exp": math1(math.Exp), "log": math1(math.Log),
		"sqrt": math1(math.Sqrt), "int": math1(math.Trunc),
		"atan2": {2, 2, nil, func(in *interp, a []expr) value {
			y := in.eval(a[0]).num()
			return num(math.Atan2(y, in.eval(a[1]).num()))
		}},
		"rand": {0, 0, nil, func(in *interp, _ []expr) value {
			in.rand = in.rand*6364136223846793005 + 1442695040888963407
			return num(float64(in.rand>>11) / (1 << 53))
		}},
		"srand": {0, 1, nil, func(in *interp, a []expr) value {
			old := in.seed
			if len(a) > 0 {
				in.seed = in.eval(a[0]).num()
			} else if in.c.Now != nil {
				in.seed = float64(in.c.Now())
			}
			in.rand = math.Float64bits(in.seed)*2862933555777941757 + 3037000493
			return num(old)
		}},
		"tolower": text1(strings.ToLower), "toupper": text1(strings.ToUpper),
		"system": {1, 1, nil, func(in *interp, a []expr) value {
			line := in.str(in.eval(a[0]))
			in.flush()
			return num(float64(in.c.System(line, nil, nil)))
		}},
		"close": {1, 2, nil, func(in *interp, a []expr) value { return num(float64(in.closeName(in.str(in.eval(a[0]))))) }},
		"fflush": {0, 1, nil, func(in *interp, a []expr) value {
			in.flush()
			return num(0)
		}},
		"systime": {0, 0, nil, func(in *interp, _ []expr) value {
			if in.c.Now == nil {
				return num(0)
			}
			return num(float64(in.c.Now()))
		}},
		"strftime": {0, 3, nil, strftimeCall},
		"asort":    {1, 2, []int{0, 1}, asort},
		"asorti":   {1, 2, []int{0, 1}, asorti},
	}
}

func length(in *interp, a []expr) value {
	if len(a) == 0 {
		return num(float64(utf8.RuneCountInString(in.text())))
	}
	if v, ok := a[0].(*variable); ok {
		if c := in.cell(v); c.array != nil {
			return num(float64(len(c.array)))
		}
	}
	return num(float64(utf8.RuneCountInString(in.str(in.eval(a[0])))))
}

func round(x float64) float64 { return math.RoundToEven(x) }

func substr(in *interp, a []expr) value {
	s := in.str(in.eval(a[0]))
	from := round(in.eval(a[1]).num())
	to := math.Inf(1)
	if len(a) > 2 {
		to = from + round(in.eval(a[2]).num())
	}
	if math.IsNaN(from) || math.IsNaN(to) {
		return text("")
	}
	r := []rune(s)
	lo := int(math.Max(from, 1)) - 1
	hi := int(math.Min(to, float64(len(r)+1))) - 1
	if from > float64(len(r)) || lo >= hi {
		return text("")
	}
	return text(string(r[lo:hi]))
}

func split(in *interp, a []expr) value {
	s := in.str(in.eval(a[0]))
	array := in.array(a[1].(*variable))
	var parts []string
	if len(a) < 3 {
		parts = in.splitBy(s, in.getText("FS"), false)
	} else if re, ok := a[2].(*regexLit); ok {
		if s != "" {
			parts = splitRegex(s, re.re)
		}
	} else {
		parts = in.splitBy(s, in.str(in.eval(a[2])), false)
	}
	clear(array)
	for i, p := range parts {
		array[num(float64(i+1)).str("")] = input(p)
	}
	return num(float64(len(parts)))
}

// substitute is sub and gsub: & in the replacement is what matched, \& is itself.
func substitute(in *interp, a []expr, all bool) value {
	re := in.regex(a[0])
	by := in.str(in.eval(a[1]))
	var target expr = &fieldRef{&constant{num(0)}}
	if len(a) > 2 {
		target = a[2]
	}
	s := in.str(in.eval(target))
	out, n := replace(re, s, all, func(m []int) string { return ampersands(by, s[m[0]:m[1]]) })
	if n > 0 && lvalue(target) {
		in.store(target, text(out))
	}
	return num(float64(n))
}

func ampersands(by, matched string) string {
	if !strings.ContainsAny(by, `&\`) {
		return by
	}
	var b strings.Builder
	for i := 0; i < len(by); i++ {
		switch {
		case by[i] == '\\' && i+1 < len(by) && (by[i+1] == '&' || by[i+1] == '\\'):
			i++
			b.WriteByte(by[i])
		case by[i] == '&':
			b.WriteString(matched)
		default:
			b.WriteByte(by[i])
		}
	}
	return b.String()
}

func replace(re *pattern, s string, all bool, with func(m []int) string) (string, int) {
	n := -1
	if !all {
		n = 1
	}
	found := re.FindAll(s, n)
	if len(found) == 0 {
		return s, 0
	}
	var b strings.Builder
	from := 0
	for _, m := range found {
		b.WriteString(s[from:m[0]])
		b.WriteString(with(m))
		from = m[1]
	}
	b.WriteString(s[from:])
	return b.String(), len(found)
}

func gensub(in *interp, a []expr) value {
	re := in.regex(a[0])
	by := in.str(in.eval(a[1]))
	how := in.eval(a[2])
	var s string
	if len(a) > 3 {
		s = in.str(in.eval(a[3]))
	} else {
		s = in.text()
	}
	which := int(how.num())
	if t := in.str(how); strings.HasPrefix(t, "g") || strings.HasPrefix(t, "G") {
		which = 0
	} else if which < 1 {
		which = 1
	}
	count := 0
	out, _ := replace(re, s, true, func(m []int) string {
		if count++; which > 0 && count != which {
			return s[m[0]:m[1]]
		}
		return groups(by, s, m)
	})
	return text(out)
}

func groups(by, s string, m []int) string {
	var b strings.Builder
	for i := 0; i < len(by); i++ {
		c := by[i]
		g := -1
		switch {
		case c == '&':
			g = 0
		case c == '\\' && i+1 < len(by):
			i++
			if digit(by[i]) {
				g = int(by[i] - '0')
			} else {
				b.WriteByte(by[i])
				continue
			}
		default:
			b.WriteByte(c)
			continue
		}
		if 2*g+1 < len(m) && m[2*g] >= 0 {
			b.WriteString(s[m[2*g]:m[2*g+1]])
		}
	}
	return b.String()
}

func match(in *interp, a []expr) value {
	s := in.str(in.eval(a[0]))
	m := in.regex(a[1]).Find(s)
	start, n := 0, -1
	if m != nil {
		start, n = utf8.RuneCountInString(s[:m[0]])+1, utf8.RuneCountInString(s[m[0]:m[1]])
	}
	in.global("RSTART").v, in.global("RLENGTH").v = num(float64(start)), num(float64(n))
	if len(a) > 2 {
		array := in.array(a[2].(*variable))
		clear(array)
		for i := 0; 2*i < len(m); i++ {
			if m[2*i] >= 0 {
				array[num(float64(i)).str("")] = input(s[m[2*i]:m[2*i+1]])
			}
		}
	}
	return num(float64(start))
}

func sprintfCall(in *interp, a []expr) value {
	args := make([]value, len(a))
	for i, x := range a {
		args[i] = in.eval(x)
	}
	return text(sprintf(in.str(args[0]), args[1:], in.getText("CONVFMT")))
}

func strftimeCall(in *interp, a []expr) value {
	format, at := "%a %b %e %H:%M:%S %Z %Y", int64(0)
	if in.c.Now != nil {
		at = in.c.Now()
	}
	if len(a) > 0 {
		format = in.str(in.eval(a[0]))
	}
	if len(a) > 1 {
		at = int64(in.eval(a[1]).num())
	}
	return text(strftime(format, time.Unix(at, 0).UTC()))
}

func asort(in *interp, a []expr) value {
	src := in.array(a[0].(*variable))
	vals := slices.Collect(maps.Values(src))
	slices.SortFunc(vals, func(x, y value) int {
		if (x.kind == str) != (y.kind == str) {
			if x.kind == str {
				return 1
			}
			return -1
		}
		return compare(x, y, "%.6g")
	})
	return sorted(in, a, src, vals)
}

func asorti(in *interp, a []expr) value {
	src := in.array(a[0].(*variable))
	var vals []value
	for _, k := range sortedNames(src) {
		vals = append(vals, text(k))
	}
	return sorted(in, a, src, vals)
}

func sorted(in *interp, a []expr, dst map[string]value, vals []value) value {
	if len(a) > 1 {
		dst = in.array(a[1].(*variable))
	}
	clear(dst)
	for i, v := range vals {
		dst[num(float64(i+1)).str("")] = v
	}
	return num(float64(len(vals)))
}
