package resources

import "strings"

// imageTag is the tag that an image name stands for: the one it names, or latest where it names neither tag nor
// digest. It is "" for a name with a digest alone and for one that is no image name.
func imageTag(name string) string {
	if len(name) == 64 && strings.Trim(name, "0123456789abcdef") == "" {
		return ""
	}
	domain, rest, found := strings.Cut(name, "/")
	if !found || (!strings.ContainsAny(domain, ".:") && domain != "localhost" && strings.ToLower(domain) == domain) {
		domain, rest = "docker.io", name
	}
	rest, digest, digested := strings.Cut(rest, "@")
	path, tag, tagged := strings.Cut(rest, ":")
	switch {
	case !validDomain(domain), !validPath(path), len(domain)+1+len(path) > 255,
		tagged && !validTag(tag), digested && !validDigest(digest):
		return ""
	case tagged:
		return tag
	case digested:
		return ""
	}
	return "latest"
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlnum(c byte) bool { return isLower(c|0x20) || isDigit(c) }

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func validDomain(domain string) bool {
	host, port, hasPort := strings.Cut(domain, ":")
	if strings.HasPrefix(domain, "[") {
		end := strings.IndexByte(domain, ']')
		if end < 2 {
			return false
		}
		rest := domain[end+1:]
		return all(domain[1:end], func(c byte) bool { return c == ':' || isDigit(c) || strings.IndexByte("abcdef", c|0x20) >= 0 }) &&
			(rest == "" || rest[0] == ':' && rest != ":" && all(rest[1:], isDigit))
	}
	if hasPort && (port == "" || !all(port, isDigit)) {
		return false
	}
	for _, part := range strings.Split(host, ".") {
		if part == "" || !isAlnum(part[0]) || !isAlnum(part[len(part)-1]) ||
			!all(part, func(c byte) bool { return isAlnum(c) || c == '-' }) {
			return false
		}
	}
	return true
}

// validPath holds each part to lower-case words joined by one period, one or two underscores, or any dashes.
func validPath(path string) bool {
	for _, part := range strings.Split(path, "/") {
		word := false
		for i := 0; i < len(part); {
			start := i
			for i < len(part) && (isLower(part[i]) || isDigit(part[i])) {
				i++
			}
			if word = i > start; !word {
				return false
			}
			start = i
			for i < len(part) && strings.IndexByte("._-", part[i]) >= 0 {
				i++
			}
			if joint := part[start:i]; joint != "" {
				if joint != "." && joint != "_" && joint != "__" && strings.Trim(joint, "-") != "" {
					return false
				}
				word = false
			}
		}
		if !word {
			return false
		}
	}
	return true
}

func validTag(tag string) bool {
	if tag == "" || len(tag) > 128 || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	return all(tag, func(c byte) bool { return isAlnum(c) || strings.IndexByte("_.-", c) >= 0 })
}

func validDigest(digest string) bool {
	lengths := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}
	algorithm, hex, _ := strings.Cut(digest, ":")
	length := lengths[algorithm]
	return length > 0 && len(hex) == length && all(hex, func(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' })
}
