package main

import (
	"mime"
	"net/http"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// static serves a folder, and of each file the brotli or gzip form beside it where the client takes it. A client on the
// same machine gets the file itself: to unpack it takes longer than to copy it.
type static struct{ dir string }

var encodings = []struct{ name, ext string }{{"br", ".br"}, {"gzip", ".gz"}}

func (s static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := filepath.Join(s.dir, filepath.FromSlash(path.Clean("/"+r.URL.Path)))
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		if !strings.HasSuffix(r.URL.Path, "/") {
			http.Redirect(w, r, path.Base(r.URL.Path)+"/", http.StatusMovedPermanently)
			return
		}
		name = filepath.Join(name, "index.html")
	}
	accept := r.Header.Get("Accept-Encoding")
	if local(r.RemoteAddr) {
		accept = ""
	}
	f, encoding := s.open(name, accept)
	if f == nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Add("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	h.Set("Access-Control-Allow-Origin", "*") // any site may embed the elements
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
}

func local(addr string) bool {
	a, err := netip.ParseAddrPort(addr)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// open opens the form of the file that suits the client; encoding is "" for the file itself.
func (s static) open(name, accept string) (f *os.File, encoding string) {
	for _, e := range encodings {
		if strings.Contains(accept, e.name) {
			if f, err := os.Open(name + e.ext); err == nil {
				return f, e.name
			}
		}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, ""
	}
	return f, ""
}

func contentType(name string) string {
	switch ext := filepath.Ext(name); ext {
	case ".wasm":
		return "application/wasm"
	case ".image":
		return "application/octet-stream"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".md", ".yaml", ".sh":
		return "text/plain; charset=utf-8"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}
