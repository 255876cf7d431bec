package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

func TestStaticEncoding(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.wasm": "plain", "a.wasm.br": "brotli", "a.wasm.gz": "gzip", "b.js": "plain"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct{ path, client, accept, body, encoding string }{
		{"/a.wasm", "192.0.2.1:5", "gzip, br", "brotli", "br"},
		{"/a.wasm", "192.0.2.1:5", "gzip", "gzip", "gzip"},
		{"/a.wasm", "192.0.2.1:5", "", "plain", ""},
		{"/b.js", "192.0.2.1:5", "br", "plain", ""},
		{"/a.wasm", "127.0.0.1:5", "gzip, br", "plain", ""},
		{"/a.wasm", "[::1]:5", "gzip, br", "plain", ""},
		{"/a.wasm", "[::ffff:127.0.0.1]:5", "gzip, br", "plain", ""},
	} {
		r := httptest.NewRequest("GET", x.path, nil)
		r.RemoteAddr = x.client
		r.Header.Set("Accept-Encoding", x.accept)
		w := httptest.NewRecorder()
		static{dir}.ServeHTTP(w, r)
		if w.Body.String() != x.body || w.Header().Get("Content-Encoding") != x.encoding || w.Header().Get("Content-Type") == "" {
			t.Errorf("%s from %s, which takes %q: %s %v", x.path, x.client, x.accept, w.Body, w.Header())
		}
	}
}
