package containers

import (
	"bytes"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// nginxSite is what nginx's configuration says of its servers. What it does not understand it passes over.
type nginxSite struct {
	start   *Start
	servers []*nginxServer
}

type nginxServer struct {
	ports     []int32
	locations []nginxLocation
	nginxPlace
}

// nginxPlace is how files are found, which a location takes over from its server.
type nginxPlace struct {
	root, alias string
	index       []string
	try         []string
	status      int // of a `return`; 0 is none
	body        string
}

type nginxLocation struct {
	how, path string // how is "", "=", "^~", "~" or "~*"
	nginxPlace
}

// directive is one line of the configuration, with what stands in its braces.
type directive struct {
	words []string
	block []directive
}

// nginxGet returns what answers for nginx: its configuration is read when it is first asked, as there is nobody before
// who could tell the difference.
func nginxGet(version string) func(*Start, int32, string) (Page, bool) {
	var site *nginxSite
	var of *Start
	return func(s *Start, port int32, at string) (Page, bool) {
		if site == nil || of != s {
			site, of = readNginx(s), s
		}
		page, listens := site.get(port, at)
		if page.Status >= 400 {
			page.Body = bytes.Replace(page.Body, []byte("</center>\r\n</body>"), []byte("</center>\r\n<hr><center>nginx/"+version+"</center>\r\n</body>"), 1)
		}
		return page, listens
	}
}

func readNginx(s *Start) *nginxSite {
	site := &nginxSite{start: s}
	for _, d := range site.read("/etc/nginx/nginx.conf") {
		if d.words[0] == "http" {
			site.http(d.block, nginxPlace{root: "/etc/nginx/html", index: []string{"index.html"}})
		}
	}
	return site
}

// read is what a file says, with what it includes.
func (n *nginxSite) read(name string) []directive {
	text := n.start.Image.Files[name]
	if n.start.Files != nil {
		data, err := n.start.Files().ReadFile(name)
		if err != nil {
			return nil
		}
		text = string(data)
	}
	tree, _ := parseNginx(words(text), 0)
	return n.include(tree)
}

func (n *nginxSite) include(tree []directive) []directive {
	var out []directive
	for _, d := range tree {
		if d.words[0] == "include" && len(d.words) == 2 {
			for _, name := range n.glob(path.Join("/etc/nginx", strings.TrimPrefix(d.words[1], "/etc/nginx"))) {
				out = append(out, n.read(name)...)
			}
			continue
		}
		d.block = n.include(d.block)
		out = append(out, d)
	}
	return out
}

func (n *nginxSite) glob(pattern string) (names []string) {
	if n.start.Files == nil {
		for name := range n.start.Image.Files {
			if ok, _ := path.Match(pattern, name); ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	entries, err := n.start.Files().ReadDir(path.Dir(pattern))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if ok, _ := path.Match(path.Base(pattern), e.Name()); ok {
			names = append(names, path.Join(path.Dir(pattern), e.Name()))
		}
	}
	return names
}

// words splits a configuration: words, quoted or not, and the marks ; { }.
func words(text string) (out []string) {
	var word strings.Builder
	quote, begun := byte(0), false
	flush := func() {
		if begun {
			out = append(out, "w"+word.String())
		}
		word.Reset()
		begun = false
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == '\\' && i+1 < len(text):
			i++
			if text[i] == 'n' {
				word.WriteByte('\n')
			} else {
				word.WriteByte(text[i])
			}
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case (c == '"' || c == '\'') && !begun:
			quote, begun = c, true
		case c == '#' && !begun:
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			flush()
		case c == ';' || c == '{' || c == '}':
			if begun && c == '{' && strings.HasSuffix(word.String(), "$") {
				end := strings.IndexByte(text[i:], '}')
				if end > 0 { // ${name}
					word.WriteString(text[i : i+end+1])
					i += end
					continue
				}
			}
			flush()
			out = append(out, string(c))
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	return out
}

// parseNginx reads directives up to the brace that ends their block, and says what is left. Marks are told from words by
// the w before these.
func parseNginx(tokens []string, depth int) (tree []directive, rest []string) {
	var d directive
	for len(tokens) > 0 {
		t := tokens[0]
		tokens = tokens[1:]
		switch {
		case t[0] == 'w':
			d.words = append(d.words, t[1:])
			continue
		case t == "}":
			return tree, tokens
		case t == "{" && depth < 20:
			d.block, tokens = parseNginx(tokens, depth+1)
		}
		if len(d.words) > 0 {
			tree = append(tree, d)
		}
		d = directive{}
	}
	return tree, nil
}

func (n *nginxSite) http(block []directive, place nginxPlace) {
	place.take(block)
	for _, d := range block {
		if d.words[0] != "server" {
			continue
		}
		server := &nginxServer{nginxPlace: place}
		server.take(d.block)
		for _, l := range d.block {
			switch {
			case l.words[0] == "listen" && len(l.words) > 1:
				port := l.words[1][strings.LastIndexByte(l.words[1], ':')+1:]
				if number, err := strconv.ParseUint(port, 10, 16); err == nil {
					server.ports = append(server.ports, int32(number))
				}
			case l.words[0] == "location" && len(l.words) > 1:
				inner := server.nginxPlace
				inner.status, inner.body = 0, ""
				inner.take(l.block)
				at := nginxLocation{path: l.words[len(l.words)-1], nginxPlace: inner}
				if len(l.words) > 2 {
					at.how = l.words[1]
				}
				server.locations = append(server.locations, at)
			}
		}
		if len(server.ports) == 0 {
			server.ports = []int32{80}
		}
		n.servers = append(n.servers, server)
	}
}

// take overlays what a block says.
func (p *nginxPlace) take(block []directive) {
	for _, d := range block {
		arguments := append(slices.Clone(d.words[1:]), "")
		if d.words[0] == "stub_status" {
			p.status, p.body = http.StatusOK, "Active connections: 1 \n"
		}
		if len(d.words) == 1 {
			continue
		}
		switch d.words[0] {
		case "root":
			p.root, p.alias = arguments[0], ""
		case "alias":
			p.alias = arguments[0]
		case "index":
			p.index = d.words[1:]
		case "try_files":
			p.try = d.words[1:]
		case "return":
			p.status, p.body = 302, ""
			if code, err := strconv.Atoi(arguments[0]); err == nil {
				p.status = code
			}
			if p.status < 300 || p.status >= 400 {
				p.body = arguments[1]
			}
		case "deny":
			if arguments[0] == "all" {
				p.status = http.StatusForbidden
			}
		case "proxy_pass", "fastcgi_pass", "uwsgi_pass":
			p.status = http.StatusBadGateway
		}
	}
}

func (n *nginxSite) get(port int32, at string) (Page, bool) {
	for _, s := range n.servers {
		for _, p := range s.ports {
			if p == port {
				return n.page(s, at), true
			}
		}
	}
	return Page{}, false
}

func (n *nginxSite) page(s *nginxServer, at string) Page {
	place, prefix := s.nginxPlace, ""
	if place.status == 0 {
		if l := s.locate(at); l != nil {
			place, prefix = l.nginxPlace, l.path
		}
	}
	if place.status != 0 {
		page := refusal(place.status)
		if place.status < 300 || place.body != "" {
			page.Type, page.Body = "text/plain", []byte(place.body)
		}
		return page
	}
	find := func(at string) Page {
		if place.alias != "" {
			return file(n.start, path.Join(place.alias, strings.TrimPrefix(at, prefix)), place.index)
		}
		return file(n.start, path.Join(place.root, at), place.index)
	}
	for i, try := range place.try {
		if code, err := strconv.Atoi(strings.TrimPrefix(try, "=")); err == nil && strings.HasPrefix(try, "=") {
			return refusal(code)
		}
		page := find(strings.ReplaceAll(try, "$uri", at))
		if page.Status == http.StatusOK || i == len(place.try)-1 {
			return page
		}
	}
	return find(at)
}

// locate is the location that a path belongs to: the exact one, else the first pattern that matches, else the longest
// prefix, which comes before patterns where it says so.
func (s *nginxServer) locate(at string) *nginxLocation {
	var best *nginxLocation
	for i := range s.locations {
		l := &s.locations[i]
		switch {
		case l.how == "=" && l.path == at:
			return l
		case (l.how == "" || l.how == "^~") && strings.HasPrefix(at, l.path) && (best == nil || len(l.path) > len(best.path)):
			best = l
		}
	}
	if best != nil && best.how == "^~" {
		return best
	}
	for i := range s.locations {
		l := &s.locations[i]
		pattern := l.path
		if l.how == "~*" {
			pattern = "(?i)" + pattern
		} else if l.how != "~" {
			continue
		}
		if re, err := regexp.Compile(pattern); err == nil && re.MatchString(at) {
			return l
		}
	}
	return best
}
