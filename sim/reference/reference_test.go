package reference

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var hex64 = strings.Repeat("0123456789abcdef", 4)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Reference
		err  string
	}{
		{in: "nginx", want: Reference{Domain: "docker.io", Path: "library/nginx"}},
		{in: "nginx:1.28", want: Reference{Domain: "docker.io", Path: "library/nginx", Tag: "1.28"}},
		{in: "grafana/grafana", want: Reference{Domain: "docker.io", Path: "grafana/grafana"}},
		{in: "docker.io/nginx", want: Reference{Domain: "docker.io", Path: "library/nginx"}},
		{in: "index.docker.io/org/app:1", want: Reference{Domain: "docker.io", Path: "org/app", Tag: "1"}},
		{in: "localhost/app", want: Reference{Domain: "localhost", Path: "app"}},
		{in: "localhost:5000/app:1.0", want: Reference{Domain: "localhost:5000", Path: "app", Tag: "1.0"}},
		{in: "registry.example.com:5000/team/app:1.0", want: Reference{Domain: "registry.example.com:5000", Path: "team/app", Tag: "1.0"}},
		{in: "nginx@sha256:" + hex64, want: Reference{Domain: "docker.io", Path: "library/nginx", Digest: "sha256:" + hex64}},
		{in: "nginx:1@sha256:" + hex64, want: Reference{Domain: "docker.io", Path: "library/nginx", Tag: "1", Digest: "sha256:" + hex64}},
		{in: "UPPER.example.com/app", want: Reference{Domain: "UPPER.example.com", Path: "app"}},
		{in: "[2001:db8::1]:5000/app", want: Reference{Domain: "[2001:db8::1]:5000", Path: "app"}},
		{in: "Org/app", want: Reference{Domain: "Org", Path: "app"}},
		{in: "Nginx", err: "invalid reference format: repository name (library/Nginx) must be lowercase"},
		{in: "FAILED_IMAGE", err: "invalid reference format: repository name (library/FAILED_IMAGE) must be lowercase"},
		{in: "registry.example.com/App:1", err: "invalid reference format: repository name (App) must be lowercase"},
		{in: "", err: "invalid reference format"},
		{in: "nginx:", err: "invalid reference format"},
		{in: "nginx latest", err: "invalid reference format"},
		{in: "nginx!!", err: "invalid reference format"},
		{in: "https://registry.example.com/app:1.0", err: "invalid reference format"},
		{in: "nginx@sha256:abc", err: "invalid reference format"},
		{in: "nginx@sha256:" + hex64[:40], err: "invalid checksum digest length"},
		{in: "nginx@md5:" + hex64, err: "unsupported digest algorithm"},
		{in: hex64, err: "invalid repository name (" + hex64 + "), cannot specify 64-byte hexadecimal strings"},
		{in: "a/" + strings.Repeat("b", 300), err: "repository name must not be more than 255 characters"},
	} {
		got, err := Parse(c.in)
		if msg := text(err); msg != c.err {
			t.Errorf("Parse(%q) = %q, want %q", c.in, msg, c.err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("Parse(%q):\n%s", c.in, d)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ in, full, familiar string }{
		{"nginx", "docker.io/library/nginx:latest", "nginx"},
		{"myorg/private:1.0", "docker.io/myorg/private:1.0", "myorg/private"},
		{"quay.io/org/app:2", "quay.io/org/app:2", "quay.io/org/app"},
		{"nginx:1@sha256:" + hex64, "docker.io/library/nginx@sha256:" + hex64, "nginx"},
	} {
		r, err := Parse(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.WithDefaultTag().String(); got != c.full {
			t.Errorf("%q in full: %q, want %q", c.in, got, c.full)
		}
		if got := r.Familiar(); got != c.familiar {
			t.Errorf("%q as Docker shows it: %q, want %q", c.in, got, c.familiar)
		}
	}
}

// The texts of the kubelet's InspectFailed event.
func TestParseImageError(t *testing.T) {
	_, _, _, err := ParseImage("FAILED_IMAGE")
	want := `couldn't parse image name "FAILED_IMAGE": invalid reference format: repository name (library/FAILED_IMAGE) must be lowercase`
	if text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}

// From pull-secrets-11-bad-images: these `kubectl run` refuses.
func TestValid(t *testing.T) {
	for name, want := range map[string]bool{
		"nginx": true, "ngnix": true, "localhost:5000/app:1.0": true, "nginx@sha256:" + hex64: true,
		"Nginx": false, "nginx latest": false, "https://registry.example.com/app:1.0": false, "nginx:": false, "nginx@sha256:abc": false, "": false,
	} {
		if got := Valid(name); got != want {
			t.Errorf("Valid(%q) = %v", name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"nginx", "a/b:c@sha256:" + hex64, "[::1]:5/a", "A/b", ":", "@", "/", "a//b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		if r.Domain == "" || r.Path == "" {
			t.Fatalf("Parse(%q) = %+v", s, r)
		}
		again, err := Parse(r.WithDefaultTag().String())
		if err != nil {
			t.Fatalf("%q parses, its full name %q does not: %v", s, r.WithDefaultTag(), err)
		}
		if again.Repository() != r.Repository() {
			t.Fatalf("%q: %q, then %q", s, r.Repository(), again.Repository())
		}
	})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
