package registry

import "strings"

// matchHost matches a host against an entry's host, label by label; "*" alone matches every host.
func matchHost(pattern, host string) bool {
	if pattern == "*" || pattern == host {
		return true
	}
	p, h := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(p) != len(h) {
		return false
	}
	for i := range p {
		if !matchText(p[i], h[i]) {
			return false
		}
	}
	return true
}

// matchText matches text against a pattern in which * stands for any run of characters and <a-b> for a number from
// a to b, written without leading zeros.
func matchText(pattern, text string) bool {
	for len(pattern) > 0 {
		switch pattern[0] {
		case '*':
			rest := strings.TrimLeft(pattern, "*")
			if rest == "" {
				return true
			}
			for i := 0; i <= len(text); i++ {
				if matchText(rest, text[i:]) {
					return true
				}
			}
			return false
		case '<':
			lo, hi, rest, ok := numberRange(pattern)
			if !ok {
				return false
			}
			n, digits := number(text)
			if digits == 0 || n < lo || n > hi || digits > 1 && text[0] == '0' {
				return false
			}
			pattern, text = rest, text[digits:]
		default:
			if text == "" || text[0] != pattern[0] {
				return false
			}
			pattern, text = pattern[1:], text[1:]
		}
	}
	return text == ""
}

func numberRange(pattern string) (lo, hi int, rest string, ok bool) {
	body, rest, ok := strings.Cut(pattern[1:], ">")
	if !ok {
		return 0, 0, "", false
	}
	a, b, ok := strings.Cut(body, "-")
	if !ok {
		return 0, 0, "", false
	}
	lo, na := number(a)
	hi, nb := number(b)
	return lo, hi, rest, na > 0 && na == len(a) && nb > 0 && nb == len(b)
}

// number reads the digits that text begins with, nine at most.
func number(text string) (n, digits int) {
	for digits < len(text) && digits < 9 && text[digits] >= '0' && text[digits] <= '9' {
		n = n*10 + int(text[digits]-'0')
		digits++
	}
	return n, digits
}

func matchAny(patterns []string, text string) bool {
	for _, p := range patterns {
		if matchText(p, text) {
			return true
		}
	}
	return false
}

// hasTag reports whether the repository has the tag.
func (r *Repository) hasTag(tag string) bool {
	if matchAny(r.NoTags, tag) {
		return false
	}
	if len(r.Tags) == 0 || matchAny(r.Tags, tag) || matchAny(r.Variants, tag) {
		return true
	}
	for i := range tag {
		if tag[i] == '-' && matchAny(r.Variants, tag[i+1:]) && matchAny(r.Tags, tag[:i]) {
			return true
		}
	}
	return false
}
