package help

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// addFlag defines the flag of the table's line id in set.
func addFlag(set *pflag.FlagSet, id, home string) {
	f := strings.Split(index().flags[number(id)], "\t")
	for i := range f {
		f[i] = unescape(f[i])
	}
	name, shorthand, kind, value, without, marks, usage := f[1], f[2], f[3], f[4], f[5], f[6], f[7]
	value = strings.Replace(value, "$HOME", home, 1)
	switch kind {
	case "string":
		set.StringP(name, shorthand, value, usage)
	case "bool":
		set.BoolP(name, shorthand, value == "true", usage)
	case "int":
		set.IntP(name, shorthand, int(number(value)), usage)
	case "int32":
		set.Int32P(name, shorthand, int32(number(value)), usage)
	case "int64":
		set.Int64P(name, shorthand, number(value), usage)
	case "duration":
		d, _ := time.ParseDuration(value)
		set.DurationP(name, shorthand, d, usage)
	case "stringSlice":
		set.StringSliceP(name, shorthand, list(value), usage)
	case "stringArray":
		set.StringArrayP(name, shorthand, list(value), usage)
	case "stringToString":
		set.StringToStringP(name, shorthand, nil, usage)
	default:
		set.VarP(&text{kind: kind, value: value}, name, shorthand, usage)
	}
	flag := set.Lookup(name)
	flag.NoOptDefVal = without
	for _, m := range strings.Split(marks, ";") {
		key, value, _ := strings.Cut(m, "=")
		switch key {
		case "":
		case "hidden":
			flag.Hidden = true
		case "deprecated":
			flag.Deprecated = value
		case "shorthanddeprecated":
			flag.ShorthandDeprecated = value
		default:
			if flag.Annotations == nil {
				flag.Annotations = map[string][]string{}
			}
			flag.Annotations[key] = append(flag.Annotations[key], value)
		}
	}
}

// list reads a default such as [a,b].
func list(s string) []string {
	s = strings.Trim(s, "[]")
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// text is a value whose type is upstream's own: tristate, Level, moduleSpec, mapStringString.
type text struct{ kind, value string }

func (t *text) String() string { return t.value }
func (t *text) Type() string   { return t.kind }

func (t *text) Set(s string) error {
	switch t.kind {
	case "tristate":
		b, err := strconv.ParseBool(s)
		if err != nil {
			return err
		}
		s = strconv.FormatBool(b)
	case "Level":
		if _, err := strconv.ParseInt(s, 10, 32); err != nil {
			return err
		}
	case "mapStringString":
		for _, pair := range strings.Split(s, ",") {
			if !strings.Contains(pair, "=") {
				return errors.New("malformed pair, expect string=string")
			}
		}
		if t.value != "" {
			s = t.value + "," + s
		}
	}
	t.value = s
	return nil
}
