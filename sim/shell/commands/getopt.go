package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"terrarium/sim/shell"
)

// syntax is what a program's command line may hold.
type syntax struct {
	short   string   // letters; one with ":" takes an argument, with "::" one that is attached to it
	long    []string // "name=x" is the same as -x; "name" stands for itself; ":" or "::" after the name as above
	usage   []string // the lines of --help
	exit    int      // status for a wrong command line; default 1
	ordered bool     // options end at the first operand
	number  bool     // -5 is the option "#" with the value 5
	always  bool     // a wrong command line shows the usage
}

// given is one option as it was given: its letter, or its long name where it has no letter.
type given struct{ name, value string }

// parse reads a command line as GNU getopt_long does. Where it is wrong, or asks for help, parse has printed what there
// is to say and done is true with the exit status.
func (s syntax) parse(p *shell.Proc) (opts []given, operands []string, exit int, done bool) {
	args := slices.Clone(p.Args[1:])
	wrong := func(format string, a ...any) ([]given, []string, int, bool) {
		p.Errorf(format, a...)
		if s.always {
			fmt.Fprintf(p.Stderr, "Usage: %s\n", strings.ReplaceAll(s.usage[0], "NAME", p.Name()))
		}
		fmt.Fprintf(p.Stderr, "Try '%s --help' for more information.\n", p.Name())
		return nil, nil, max(s.exit, 1), true
	}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return opts, append(operands, args...), 0, false
		case strings.HasPrefix(arg, "--"):
			name, value, hasValue := strings.Cut(arg[2:], "=")
			if name == "help" && !slices.ContainsFunc(s.long, func(l string) bool { return strings.HasPrefix(l, "help") }) {
				s.help(p)
				return nil, nil, 0, true
			}
			if name == "version" && !slices.ContainsFunc(s.long, func(l string) bool { return strings.HasPrefix(l, "version") }) {
				fmt.Fprintf(p.Stdout, "%s (GNU coreutils) 9.4\n", p.Name())
				return nil, nil, 0, true
			}
			full, kind, letter, matches := s.find(name)
			switch {
			case len(matches) > 1:
				return wrong("option '%s' is ambiguous; possibilities: '--%s'", arg, strings.Join(matches, "' '--"))
			case full == "":
				return wrong("unrecognized option '--%s'", name)
			case kind == "" && hasValue:
				return wrong("option '--%s' doesn't allow an argument", full)
			case kind == ":" && !hasValue:
				if len(args) == 0 {
					return wrong("option '--%s' requires an argument", full)
				}
				value, args = args[0], args[1:]
			}
			opts = append(opts, given{letter, value})
		case s.number && len(arg) > 1 && arg[0] == '-' && arg[1] >= '0' && arg[1] <= '9':
			opts = append(opts, given{"#", arg[1:]})
		case len(arg) > 1 && arg[0] == '-':
			for i := 1; i < len(arg); i++ {
				at := strings.IndexByte(s.short, arg[i])
				if at < 0 || arg[i] == ':' {
					return wrong("invalid option -- '%c'", arg[i])
				}
				name, rest := string(arg[i]), s.short[at+1:]
				if !strings.HasPrefix(rest, ":") {
					opts = append(opts, given{name, ""})
					continue
				}
				value := arg[i+1:]
				if value == "" && !strings.HasPrefix(rest, "::") {
					if len(args) == 0 {
						return wrong("option requires an argument -- '%c'", arg[i])
					}
					value, args = args[0], args[1:]
				}
				opts = append(opts, given{name, value})
				break
			}
		default:
			operands = append(operands, arg)
			if s.ordered {
				return opts, append(operands, args...), 0, false
			}
		}
	}
	return opts, operands, 0, false
}

// find looks a long option up, by a beginning that fits only one.
func (s syntax) find(name string) (full, kind, letter string, matches []string) {
	for _, l := range s.long {
		l, letter, hasLetter := strings.Cut(l, "=")
		base := strings.TrimRight(l, ":")
		if !hasLetter {
			letter = base
		}
		if base == name {
			return base, l[len(base):], letter, nil
		}
		if strings.HasPrefix(base, name) {
			matches = append(matches, base)
		}
	}
	if len(matches) == 1 {
		return s.find(matches[0])
	}
	return "", "", "", matches
}

func (s syntax) help(p *shell.Proc) {
	for i, line := range s.usage {
		head := "Usage: "
		if i > 0 {
			head = "  or:  "
		}
		io.WriteString(p.Stdout, head+strings.ReplaceAll(line, "NAME", p.Name())+"\n")
	}
}

// has reports whether one of the options was given.
func has(opts []given, names ...string) bool {
	return slices.ContainsFunc(opts, func(g given) bool { return slices.Contains(names, g.name) })
}

// last is the value of the option where it was given last.
func last(opts []given, name, otherwise string) string {
	for _, g := range slices.Backward(opts) {
		if g.name == name {
			return g.value
		}
	}
	return otherwise
}

// missing says that an operand is missing, as most programs do.
func missing(p *shell.Proc, format string, a ...any) int {
	p.Errorf(format, a...)
	fmt.Fprintf(p.Stderr, "Try '%s --help' for more information.\n", p.Name())
	return 1
}
