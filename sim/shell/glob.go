package shell

import (
	"slices"
	"strings"
)

// glob appends the paths that a field matches, or the field itself where there is nothing to match or no match.
func (p *process) glob(field []piece, out []string) []string {
	meta := false
	for _, pc := range field {
		if !pc.quoted && strings.ContainsAny(pc.text, "*?[+@!") {
			meta = true
		}
	}
	text := joinPieces(field)
	if !meta || p.opts.set["noglob"] {
		return append(out, text)
	}
	var b strings.Builder
	for _, pc := range field {
		if pc.quoted {
			b.WriteString(quotePattern(pc.text))
		} else {
			b.WriteString(pc.text)
		}
	}
	pat := pattern{b.String(), p.opts.shopt["extglob"], p.opts.shopt["nocaseglob"]}
	if !pat.hasMeta() {
		return append(out, text)
	}
	matches := p.paths(pat)
	switch {
	case len(matches) > 0:
		return append(out, matches...)
	case p.opts.shopt["failglob"]:
		p.fail(1, "no match: %s", text)
	case p.opts.shopt["nullglob"]:
		return out
	}
	return append(out, text)
}

// paths lists what a pattern matches, sorted.
func (p *process) paths(pat pattern) []string {
	parts := splitPath(pat.text)
	found := []string{""}
	for i, part := range parts {
		last := i == len(parts)-1
		var next []string
		for _, dir := range found {
			next = append(next, p.pathsIn(dir, pattern{part, pat.ext, pat.fold}, last)...)
		}
		if found = next; len(found) == 0 {
			return nil
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// splitPath splits a pattern at its slashes; "/" stands for the root.
func splitPath(s string) []string {
	var parts []string
	for i, part := range strings.Split(s, "/") {
		if part == "" && i == 0 {
			part = "/"
		}
		parts = append(parts, part)
	}
	return parts
}

func (p *process) pathsIn(dir string, pat pattern, last bool) []string {
	join := func(name string) string {
		if dir == "" || dir == "/" {
			return dir + name
		}
		return dir + "/" + name
	}
	switch {
	case pat.text == "/":
		return []string{"/"}
	case pat.text == "" && last:
		return []string{dir + "/"}
	case pat.text == "":
		return []string{dir}
	case pat.text == "**" && p.opts.shopt["globstar"]:
		return p.starStar(dir, last, false)
	case !pat.hasMeta():
		path := join(pat.plain())
		if _, err := p.sh.fs.Lstat(p.abs(path)); err != nil {
			return nil
		}
		return []string{path}
	}
	entries, err := p.sh.fs.ReadDir(p.abs(dir))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") && !strings.HasPrefix(pat.text, ".") && !strings.HasPrefix(pat.text, `\.`) && !p.opts.shopt["dotglob"] {
			continue
		}
		if !pat.match(name) {
			continue
		}
		if !last {
			if info, err := p.sh.fs.Stat(p.abs(join(name))); err != nil || !info.IsDir() {
				continue
			}
		}
		out = append(out, join(name))
	}
	return out
}

// starStar lists a directory's tree: directories only where more of the pattern follows. below says that dir is not
// where the pattern began.
func (p *process) starStar(dir string, last, below bool) []string {
	var out []string
	switch {
	case !last:
		out = append(out, dir)
	case dir != "" && !below:
		out = append(out, dir+"/")
	}
	entries, _ := p.sh.fs.ReadDir(p.abs(dir))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && !p.opts.shopt["dotglob"] {
			continue
		}
		at := e.Name()
		if dir != "" {
			at = strings.TrimSuffix(dir, "/") + "/" + at
		}
		if e.IsDir() {
			if last {
				out = append(out, at)
			}
			out = append(out, p.starStar(at, last, true)...)
		} else if last {
			out = append(out, at)
		}
	}
	return out
}
