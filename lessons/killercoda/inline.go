package killercoda

import (
	"regexp"
	"strings"
)

// hosts are the addresses of the machines; the first two are the control plane's and node01's.
var hosts = map[string]string{"1": "172.30.1.2", "2": "172.30.2.2", "3": "172.30.3.2"}

var (
	trafficLink = regexp.MustCompile(`\[([^\]]*)\]\(\s*\{\{\s*TRAFFIC_(SELECTOR|HOST(\d+)_(\d+))\s*\}\}[^)]*\)`)
	traffic     = regexp.MustCompile(`\{\{\s*TRAFFIC_HOST(\d+)_(\d+)\s*\}\}`)
	selector    = regexp.MustCompile(`\{\{\s*TRAFFIC_SELECTOR\s*\}\}`)
	hostIP      = regexp.MustCompile(`\[\[HOST(\d?)_IP\]\]`)
	subdomain   = regexp.MustCompile(`https?://\[\[HOST(\d?)_SUBDOMAIN\]\]-(\d+)-\[\[KATACODA_HOST\]\][\w.-]*`)
	variable    = regexp.MustCompile(`\{\{\s*((?:KILLERCODA|TRAFFIC)[A-Z0-9_]*)\s*\}\}|\[\[((?:KATACODA|HOST)[A-Z0-9_]*)\]\]`)
)

// variables puts in what Killercoda puts in for {{NAME}}: the addresses of machines. In prose, a link to a port becomes
// words, since no browser reaches the machines.
func (t *translator) variables(s string, code bool) string {
	if !strings.Contains(s, "{{") && !strings.Contains(s, "[[") {
		return s
	}
	at := func(host, port string) string {
		if host == "" {
			host = "1"
		}
		t.note("a link to port %s of host %s: nothing outside of the cluster reaches it", port, host)
		ip, ok := hosts[host]
		if !ok {
			ip = "host" + host
		}
		return "http://" + ip + ":" + port
	}
	if !code {
		s = trafficLink.ReplaceAllStringFunc(s, func(link string) string {
			m := trafficLink.FindStringSubmatch(link)
			if m[2] == "SELECTOR" {
				t.note("a link to the choice of ports ({{TRAFFIC_SELECTOR}}): nothing outside of the cluster reaches a port")
				return m[1]
			}
			return m[1] + " (`" + at(m[3], m[4]) + "`, within the cluster)"
		})
	}
	s = traffic.ReplaceAllStringFunc(s, func(v string) string {
		m := traffic.FindStringSubmatch(v)
		return at(m[1], m[2])
	})
	s = subdomain.ReplaceAllStringFunc(s, func(v string) string {
		m := subdomain.FindStringSubmatch(v)
		return at(m[1], m[2])
	})
	s = selector.ReplaceAllStringFunc(s, func(string) string {
		t.note("{{TRAFFIC_SELECTOR}}: nothing outside of the cluster reaches a port")
		return "http://172.30.1.2"
	})
	s = hostIP.ReplaceAllStringFunc(s, func(v string) string {
		if ip, ok := hosts[hostIP.FindStringSubmatch(v)[1]]; ok {
			return ip
		}
		return hosts["1"]
	})
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		t.note("%s has no value here", v)
		return v
	})
}

var (
	image     = regexp.MustCompile(`!\[([^\]]*)\]\(\s*([^)\s]+)([^)]*)\)`)
	imageTag  = regexp.MustCompile(`(?i)<img\s[^>]*>`)
	attribute = regexp.MustCompile(`(?i)\b(src|alt|href)\s*=\s*["']([^"']*)["']`)
	anchor    = regexp.MustCompile(`(?is)<a\s([^>]*)>(.*?)</a>`)
	bold      = regexp.MustCompile(`(?i)</?(b|strong)>`)
	italic    = regexp.MustCompile(`(?i)</?(i|em)>`)
	mono      = regexp.MustCompile(`(?i)</?(code|kbd|tt)>`)
	comment   = regexp.MustCompile(`<!--.*?-->`)
	silent    = regexp.MustCompile(`(?i)</?(br|p|div|span|center|font|u|small|big|sub|sup|hr|mark|section|blockquote|h[1-6])(\s[^>]*)?/?>`)
	other     = regexp.MustCompile(`</?[a-zA-Z][a-zA-Z0-9-]*(\s[^<>]*)?/?>`)
)

// html carries the HTML within Markdown over, as far as Markdown has words for it, and notes what pictures name.
func (t *translator) html(s string) string {
	if strings.Contains(s, "<") {
		s = comment.ReplaceAllString(s, "")
		s = imageTag.ReplaceAllStringFunc(s, func(v string) string {
			a := attributes(v)
			return "![" + a["alt"] + "](" + a["src"] + ")"
		})
		s = anchor.ReplaceAllStringFunc(s, func(v string) string {
			m := anchor.FindStringSubmatch(v)
			return "[" + m[2] + "](" + attributes(m[1])["href"] + ")"
		})
		s = bold.ReplaceAllString(s, "**")
		s = italic.ReplaceAllString(s, "*")
		s = mono.ReplaceAllString(s, "`")
		s = silent.ReplaceAllString(s, "")
		s = other.ReplaceAllStringFunc(s, func(v string) string {
			if strings.Contains(v, "://") || strings.Contains(v, "@") {
				return v // <https://…> is a link
			}
			if isTag(v) {
				t.note("HTML that a lesson's text does not have: %s", v)
				return ""
			}
			return strings.ReplaceAll(v, "<", "&lt;") // <name> stands for something
		})
	}
	return image.ReplaceAllStringFunc(s, func(v string) string {
		m := image.FindStringSubmatch(v)
		if strings.Contains(m[2], "://") {
			return v
		}
		t.images = append(t.images, m[2])
		alt := m[1]
		if alt == "" {
			alt = spoken(strings.TrimSuffix(base(m[2]), ext(m[2])))
		}
		return "![" + alt + "](" + base(m[2]) + ")"
	})
}

func attributes(s string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(s, -1) {
		out[strings.ToLower(m[1])] = m[2]
	}
	return out
}

// isTag tells HTML from <name> as people write it for something to be filled in.
func isTag(v string) bool {
	name := strings.ToLower(strings.Trim(v, "</> \t"))
	name, _, _ = strings.Cut(name, " ")
	switch name {
	case "table", "thead", "tbody", "tr", "td", "th", "ul", "ol", "li", "dl", "dt", "dd", "pre", "iframe", "video", "audio",
		"source", "script", "style", "svg", "path", "form", "input", "button", "label", "select", "option", "textarea",
		"figure", "figcaption", "header", "footer", "nav", "main", "article", "aside", "canvas", "object", "embed", "link", "meta", "details", "summary":
		return true
	}
	return false
}

// plain is a line without its tags.
func plain(s string) string {
	return strings.TrimSpace(other.ReplaceAllString(s, ""))
}

func base(name string) string {
	name = strings.TrimRight(name, "/")
	return name[strings.LastIndexByte(name, '/')+1:]
}

func ext(name string) string {
	b := base(name)
	if at := strings.LastIndexByte(b, '.'); at >= 0 {
		return b[at:]
	}
	return ""
}
