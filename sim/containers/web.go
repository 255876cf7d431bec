package containers

import (
	"net/http"
	"path"
	"slices"
	"strconv"
)

// Get implements Process.
func (a *actor) Get(port int32, at string) (Page, bool) {
	p := &a.program
	switch {
	case a.over:
		return Page{}, false
	case len(p.ports) == 0 && p.get == nil:
		return Page{}, false
	case len(p.ports) > 0 && !slices.Contains(p.ports, port) && !slices.Equal(p.ports, allPorts):
		return Page{}, false
	case p.get == nil:
		return Page{}, true
	}
	return p.get(a.start, port, at)
}

// says answers every path with one text.
func says(text func(*Start) string) func(*Start, int32, string) (Page, bool) {
	return func(s *Start, _ int32, _ string) (Page, bool) {
		return Page{Status: http.StatusOK, Type: "text/plain; charset=utf-8", Body: []byte(text(s))}, true
	}
}

// greeting is what a server prints of which nothing else is known.
func greeting(s *Start) string { return "Hello from " + s.Hostname + "\n" }

// folder answers with the files of a folder.
func folder(root string) func(*Start, int32, string) (Page, bool) {
	return func(s *Start, _ int32, at string) (Page, bool) {
		return file(s, path.Join(root, at), []string{"index.html"}), true
	}
}

// file is a file as a server shows it; of a folder, its first index there is.
func file(s *Start, name string, index []string) Page {
	if s.Files == nil {
		if text, ok := s.Image.Files[name]; ok {
			return Page{Status: http.StatusOK, Type: kind(name), Body: []byte(text)}
		}
		for _, i := range index {
			if text, ok := s.Image.Files[path.Join(name, i)]; ok {
				return Page{Status: http.StatusOK, Type: kind(i), Body: []byte(text)}
			}
		}
		return refusal(http.StatusNotFound)
	}
	info, err := s.Files().Stat(name)
	if err != nil {
		return refusal(http.StatusNotFound)
	}
	if info.IsDir() {
		for _, i := range index {
			if found, err := s.Files().Stat(path.Join(name, i)); err == nil && !found.IsDir() {
				return file(s, path.Join(name, i), nil)
			}
		}
		return refusal(http.StatusForbidden)
	}
	data, err := s.Files().ReadFile(name)
	if err != nil {
		return refusal(http.StatusForbidden)
	}
	return Page{Status: http.StatusOK, Type: kind(name), Body: data}
}

func kind(name string) string {
	switch path.Ext(name) {
	case ".html", ".htm":
		return "text/html"
	case ".css":
		return "text/css"
	case ".txt":
		return "text/plain"
	case ".js":
		return "application/javascript"
	case ".json":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// refusal is a page that says no more than its status.
func refusal(status int) Page {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return Page{Status: status, Type: "text/html", Body: []byte("<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title + "</h1></center>\r\n</body>\r\n</html>\r\n")}
}
