package shell

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// describe tells what a name is: as type does where long is set, as command -v does otherwise, or in one word for
// type -t. False where it is nothing.
func (p *process) describe(name string, long bool, mode string) bool {
	say := func(word, short, full string) bool {
		switch {
		case mode == "t":
			p.print("%s\n", word)
		case mode == "p":
		case long:
			p.print("%s\n", full)
		default:
			p.print("%s\n", short)
		}
		return true
	}
	if value, ok := p.aliases[name]; ok && p.opts.shopt["expand_aliases"] {
		return say("alias", "alias "+name+"="+singleQuote(value), name+" is aliased to `"+value+"'")
	}
	if slices.Contains(keywords, name) {
		return say("keyword", name, name+" is a shell keyword")
	}
	if fn, ok := p.funcs[name]; ok {
		return say("function", name, name+" is a function\n"+printFunction(name, fn))
	}
	if _, ok := p.sh.builtins[name]; ok && !p.opts.disabled[name] {
		return say("builtin", name, name+" is a shell builtin")
	}
	at := p.which(name)
	if strings.Contains(name, "/") {
		at = ""
		if info, err := p.sh.fs.Stat(p.abs(name)); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			at = name
		}
	}
	if at == "" {
		return false
	}
	if mode == "p" {
		p.print("%s\n", at)
		return true
	}
	return say("file", at, name+" is "+at)
}

func typeBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "afptP")
	if bad != "" {
		return p.usage("type", bad, "type [-afptP] name [name ...]")
	}
	mode := ""
	switch {
	case strings.Contains(flags, "P"):
		mode = "P"
	case strings.Contains(flags, "p"):
		mode = "p"
	case strings.Contains(flags, "t"):
		mode = "t"
	}
	status := 0
	for _, name := range rest {
		found := false
		switch {
		case mode == "P":
			if at := p.which(name); at != "" {
				p.print("%s\n", at)
				found = true
			}
		case strings.Contains(flags, "a"):
			found = p.describeAll(name, mode)
		default:
			found = p.describe(name, true, mode)
		}
		if !found {
			if mode == "" {
				p.errorf("type: %s: not found", name)
			}
			status = 1
		}
	}
	return status
}

func (p *process) describeAll(name, mode string) bool {
	found := false
	_, isAlias := p.aliases[name]
	_, isFunc := p.funcs[name]
	_, isBuiltin := p.sh.builtins[name]
	if isAlias || isFunc || isBuiltin || slices.Contains(keywords, name) {
		found = p.describe(name, true, mode)
		if (isAlias || isFunc) && isBuiltin {
			p.print("%s\n", map[bool]string{true: "builtin", false: name + " is a shell builtin"}[mode == "t"])
		}
	}
	for _, at := range p.whichAll(name) {
		found = true
		switch mode {
		case "t":
			p.print("file\n")
		case "p":
			p.print("%s\n", at)
		default:
			p.print("%s is %s\n", name, at)
		}
	}
	return found
}

func hashBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "dlprt")
	if bad != "" {
		return p.usage("hash", bad, "hash [-lr] [-p pathname] [-dt] [name ...]")
	}
	status := 0
	for _, name := range rest {
		if strings.Contains(flags, "p") || p.sh.builtins[name] != nil || p.funcs[name] != nil {
			continue
		}
		at := p.which(name)
		switch {
		case at == "":
			p.errorf("hash: %s: not found", name)
			status = 1
		case strings.Contains(flags, "t"):
			p.print("%s\n", at)
		}
	}
	if len(rest) == 0 && flags == "" {
		p.print("hash: hash table empty\n")
	}
	return status
}

func enableBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "anps")
	if bad != "" {
		return p.usage("enable", bad, "enable [-a] [-dnps] [-f filename] [name ...]")
	}
	if len(rest) == 0 {
		for _, name := range slices.Sorted(maps.Keys(p.sh.builtins)) {
			if p.opts.disabled[name] == strings.Contains(flags, "n") {
				p.print("enable %s%s\n", map[bool]string{true: "-n ", false: ""}[p.opts.disabled[name]], name)
			}
		}
		return 0
	}
	status := 0
	for _, name := range rest {
		if _, ok := p.sh.builtins[name]; !ok {
			p.errorf("enable: %s: not a shell builtin", name)
			status = 1
			continue
		}
		if p.opts.disabled == nil {
			p.opts.disabled = map[string]bool{}
		}
		p.opts.disabled[name] = strings.Contains(flags, "n")
	}
	return status
}

func helpBuiltin(p *process, args []string) int {
	if len(args) > 1 {
		status := 0
		for _, name := range args[1:] {
			if _, ok := p.sh.builtins[name]; !ok {
				p.errorf("help: no help topics match `%s'.  Try `help help' or `man -k %s' or `info %s'.", name, name, name)
				status = 1
				continue
			}
			usage := name
			if u, ok := declareUsages[name]; ok {
				usage = u
			}
			p.print("%s: %s\n", name, usage)
		}
		return status
	}
	p.print("GNU bash, version 5.2.21(1)-release (x86_64-pc-linux-gnu)\nThese shell commands are defined internally:\n\n")
	names := slices.Sorted(maps.Keys(p.sh.builtins))
	for i, name := range names {
		end := ""
		if i%6 == 5 || i == len(names)-1 {
			end = "\n"
		}
		p.print("%-12s%s", " "+name, end)
	}
	return 0
}

func aliasBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "p")
	if bad != "" {
		return p.usage("alias", bad, "alias [-p] [name[=value] ... ]")
	}
	if len(rest) == 0 || flags != "" {
		for _, name := range slices.Sorted(maps.Keys(p.aliases)) {
			p.print("alias %s=%s\n", name, singleQuote(p.aliases[name]))
		}
	}
	status := 0
	for _, arg := range rest {
		name, value, ok := strings.Cut(arg, "=")
		if ok && name != "" {
			if strings.ContainsAny(name, " \t\n\"'`$\\;&|<>()/") {
				p.errorf("alias: `%s': invalid alias name", name)
				status = 1
				continue
			}
			p.aliases[name] = value
			continue
		}
		value, ok = p.aliases[arg]
		if !ok {
			p.errorf("alias: %s: not found", arg)
			status = 1
			continue
		}
		p.print("alias %s=%s\n", arg, singleQuote(value))
	}
	return status
}

func unaliasBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "a")
	if bad != "" {
		return p.usage("unalias", bad, "unalias [-a] name [name ...]")
	}
	if flags != "" {
		clear(p.aliases)
		return 0
	}
	if len(rest) == 0 {
		p.write(2, "unalias: usage: unalias [-a] name [name ...]\n")
		return 2
	}
	status := 0
	for _, name := range rest {
		if _, ok := p.aliases[name]; !ok {
			p.errorf("unalias: %s: not found", name)
			status = 1
		}
		delete(p.aliases, name)
	}
	return status
}

func compgenBuiltin(p *process, args []string) int {
	rest := args[1:]
	word, kind, words := "", "", ""
	for len(rest) > 0 {
		switch arg := rest[0]; {
		case arg == "-W" && len(rest) > 1:
			kind, words = "W", rest[1]
			rest = rest[1:]
		case arg == "-A" && len(rest) > 1:
			kind = map[string]string{"command": "c", "function": "F", "alias": "a", "builtin": "b", "file": "f", "directory": "d", "variable": "v", "keyword": "k"}[rest[1]]
			rest = rest[1:]
		case len(arg) == 2 && arg[0] == '-' && arg != "--":
			kind = arg[1:]
		case arg != "--":
			word = arg
		}
		rest = rest[1:]
	}
	var list []string
	switch kind {
	case "W":
		for f := range strings.FieldsSeq(words) {
			list = append(list, f)
		}
	case "c":
		list = p.sh.CommandNames(word)
	case "a":
		list = slices.Sorted(maps.Keys(p.aliases))
	case "b":
		list = slices.Sorted(maps.Keys(p.sh.builtins))
	case "F":
		list = slices.Sorted(maps.Keys(p.funcs))
	case "k":
		list = keywords
	case "v":
		list = p.vars.names()
	case "f", "d":
		for _, at := range p.paths(pattern{text: quotePattern(word) + "*"}) {
			info, err := p.sh.fs.Stat(p.abs(at))
			if kind == "f" || err == nil && info.IsDir() {
				list = append(list, at)
			}
		}
	}
	found := false
	for _, s := range list {
		if strings.HasPrefix(s, word) {
			p.print("%s\n", s)
			found = true
		}
	}
	return int(truth(!found))
}

func historyBuiltin(p *process, args []string) int {
	if args[0] == "fc" && len(args) == 1 {
		p.errorf("fc: terrarium recognises editing the history but does not simulate it")
		return 1
	}
	flags, rest, bad := flagsOf(args, "acdnrwpsl")
	if bad != "" && args[0] == "history" {
		return p.usage("history", bad, "history [-c] [-d offset] [n] or history -anrw [filename] or history -ps arg [arg...]")
	}
	switch {
	case strings.Contains(flags, "c"):
		p.sh.history = nil
		return 0
	case strings.Contains(flags, "d"):
		n, err := strconv.Atoi(strings.Join(rest, ""))
		if err == nil && n < 0 {
			n += len(p.sh.history) + 1
		}
		if err != nil || n < 1 || n > len(p.sh.history) {
			p.errorf("history: %s: history position out of range", strings.Join(rest, " "))
			return 1
		}
		p.sh.history = slices.Delete(p.sh.history, n-1, n)
		return 0
	case strings.Contains(flags, "s"):
		p.sh.history = append(p.sh.history, strings.Join(rest, " "))
		return 0
	case strings.ContainsAny(flags, "anrw"):
		return 0
	}
	from := 0
	if len(rest) > 0 && args[0] == "history" {
		n, err := strconv.Atoi(rest[0])
		if err != nil {
			p.errorf("history: %s: numeric argument required", rest[0])
			return 1
		}
		from = max(len(p.sh.history)-max(n, 0), 0)
	}
	var b strings.Builder
	for i, line := range p.sh.history[from:] {
		b.WriteString(strconv.Itoa(100000 + from + i + 1)[1:])
		b.WriteString("  " + line + "\n")
	}
	p.write(1, padHistory(b.String(), from))
	return 0
}

// padHistory replaces the numbers' leading zeros by blanks.
func padHistory(s string, _ int) string {
	lines := strings.SplitAfter(s, "\n")
	for i, line := range lines {
		n := 0
		for n < 4 && n < len(line) && line[n] == '0' {
			n++
		}
		lines[i] = strings.Repeat(" ", n) + line[n:]
	}
	return strings.Join(lines, "")
}
