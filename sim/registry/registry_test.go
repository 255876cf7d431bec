package registry

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"terrarium/sim/reference"
)

// recorded is the world of testdata/scenarios/recorded.yaml.
func recorded(t *testing.T) *World {
	t.Helper()
	data, err := os.ReadFile("../../testdata/scenarios/recorded.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var scenario struct {
		Registries json.RawMessage `json:"registries"`
	}
	if err := yaml.Unmarshal(data, &scenario); err != nil {
		t.Fatal(err)
	}
	var registries []Registry
	if err := yaml.UnmarshalStrict(scenario.Registries, &registries); err != nil {
		t.Fatal(err)
	}
	w, err := NewWorld(registries...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func pull(t *testing.T, w *World, image, login string, runtime Runtime) (Result, string) {
	t.Helper()
	ref, err := reference.Parse(image)
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(login, ":")
	res, err := w.Pull(Request{Image: ref.WithDefaultTag(), User: user, Password: password, Architecture: "amd64", Runtime: runtime})
	if err != nil {
		return res, err.Error()
	}
	return res, ""
}

const zeros = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// The texts of pull-secrets-05, 06, 11 and 13, recorded with containerd 2.x.
func TestRecordedWorld(t *testing.T) {
	w := recorded(t)
	const (
		good   = "myuser:mypassword"
		bad    = "myuser:oops"
		denied = "pull access denied, repository does not exist or may require authorization: "
		scope  = denied + "server message: insufficient_scope: authorization failed"
		basic  = denied + "authorization failed: no basic auth credentials"
	)
	for _, c := range []struct{ image, login, name, err string }{
		{"nginx", "", "", ""},
		{"nginx:1.28", "", "", ""},
		{"nginx:1.29", good, "", ""},
		{"grafana/grafana:11.0.0", "", "", ""},
		{"perl:5.34.0", "", "", ""},
		{"polinux/stress", "", "", ""},
		{"ngnix", "", "docker.io/library/ngnix:latest", scope},
		{"nginx:1.999", "", "docker.io/library/nginx:1.999", "docker.io/library/nginx:1.999: not found"},
		{"nginx:1.161", "", "docker.io/library/nginx:1.161", "docker.io/library/nginx:1.161: not found"},
		{"nginx:nosuchtag", "", "docker.io/library/nginx:nosuchtag", "docker.io/library/nginx:nosuchtag: not found"},
		{"nginx@" + zeros, "", "docker.io/library/nginx@" + zeros, "docker.io/library/nginx@" + zeros + ": not found"},
		{"nosuchuser/nosuchrepo:1.0", "", "docker.io/nosuchuser/nosuchrepo:1.0", scope},
		{"nosuch.example.org/app:1.0", "", "nosuch.example.org/app:1.0", `failed to do request: Head "https://nosuch.example.org/v2/app/manifests/1.0": dial tcp: lookup nosuch.example.org on 10.96.0.10:53: no such host`},
		{"localhost:5000/app:1.0", "", "localhost:5000/app:1.0", `failed to do request: Head "https://localhost:5000/v2/app/manifests/1.0": dial tcp [::1]:5000: connect: connection refused`},
		{"203.0.113.10:5000/app:1.0", "", "203.0.113.10:5000/app:1.0", `failed to do request: Head "https://203.0.113.10:5000/v2/app/manifests/1.0": dial tcp 203.0.113.10:5000: connect: connection refused`},
		{"192.168.1.10:5000/app:1.0", "", "192.168.1.10:5000/app:1.0", `failed to do request: Head "https://192.168.1.10:5000/v2/app/manifests/1.0": dial tcp 192.168.1.10:5000: i/o timeout`},
		{"quay.io/mycompany/app:1.0", "", "quay.io/mycompany/app:1.0", "unexpected status from HEAD request to https://quay.io/v2/mycompany/app/manifests/1.0: 401 Unauthorized"},
		{"quay.io/mycompany/app:1.0", "robot:token", "", ""},
		{"ghcr.io/mycompany/app:1.0", "", "ghcr.io/mycompany/app:1.0", "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Amycompany%2Fapp%3Apull&service=ghcr.io: 401 Unauthorized"},
		{"registry.k8s.io/nosuchimage:1.0", "", "registry.k8s.io/nosuchimage:1.0", "registry.k8s.io/nosuchimage:1.0: not found"},
		{"registry.k8s.io/pause:3.10.1", "", "", ""},
		{"myorg/private:1.0", "", "docker.io/myorg/private:1.0", scope},
		{"myorg/private:1.0", good, "", ""},
		{"myorg/private:1.0", bad, "docker.io/myorg/private:1.0", "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Amyorg%2Fprivate%3Apull&service=registry.docker.io: 401 Unauthorized"},
		{"grafana/grafana:11.0.0", bad, "docker.io/grafana/grafana:11.0.0", "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Agrafana%2Fgrafana%3Apull&service=registry.docker.io: 401 Unauthorized"},
		{"registry.example.com/myapp:1.0", "", "registry.example.com/myapp:1.0", basic},
		{"registry.example.com/myapp:1.0", "myuser:", "registry.example.com/myapp:1.0", basic},
		{"registry.example.com/myapp:1.0", good, "", ""},
		{"registry.example.com/wrongapp:1.0", bad, "registry.example.com/wrongapp:1.0", "unexpected status from HEAD request to https://registry.example.com/v2/wrongapp/manifests/1.0: 401 Unauthorized"},
		{"registry.example.com:5000/team/app:1.0", "", "registry.example.com:5000/team/app:1.0", basic},
		{"registry.example.com:5000/team/app:1.0", good, "", ""},
		{"registry.example.com:8443/team/app:1.0", good, "", ""},
		{"registry.example.com/nosuchapp:1.0", good, "registry.example.com/nosuchapp:1.0", "registry.example.com/nosuchapp:1.0: not found"},
		{"harbor.example.com/p/app:1.0", "", "harbor.example.com/p/app:1.0", basic},
		{"registry.mycompany.com/app:1.0", good, "", ""},
	} {
		want := ""
		if c.err != "" {
			want = `failed to pull and unpack image "` + c.name + `": failed to resolve reference "` + c.name + `": ` + c.err
			if strings.HasSuffix(c.err, ": not found") {
				want = "rpc error: code = NotFound desc = " + want
			}
		}
		if _, got := pull(t, w, c.image, c.login, Containerd); got != want {
			t.Errorf("pull %s as %q:\n%s", c.image, c.login, cmp.Diff(want, got))
		}
	}
}

// The sizes that the recordings show.
func TestRecordedSizes(t *testing.T) {
	w := recorded(t)
	for image, want := range map[string]int64{
		"nginx": 72324501, "nginx:1.28": 72324501, "redis:7.2": 51443842, "httpd:2.4": 45146374, "busybox:1.36": 2223685,
		"registry.example.com/team/app:1.0": 58856420, "registry.example.com:5000/team/app:1.0": 54062660, "registry.example.com/saapp:1.0": 21275300, "registry.example.com/saapp:2.0": 21275300, "myorg/private:1.0": 51599480,
		"registry.k8s.io/kube-proxy:v1.36.3": 25964312, "registry.k8s.io/coredns/coredns:v1.14.2": 23553139, "registry.k8s.io/pause:3.10.1": 318731,
	} {
		res, err := pull(t, w, image, "", Containerd)
		if strings.HasPrefix(image, "registry.example.com") || strings.HasPrefix(image, "myorg") {
			res, err = pull(t, w, image, "myuser:mypassword", Containerd)
		}
		if err != "" || res.Size != want {
			t.Errorf("%s: size %d %s, want %d", image, res.Size, err, want)
		}
	}
}

// The built-in world, in both runtimes' words, as the first-cluster issue demands them.
func TestBuiltinWorld(t *testing.T) {
	for _, c := range []struct {
		image, login string
		runtime      Runtime
		want         string
	}{
		{"registry.example.com/myapp:1.0", "", Containerd, `failed to pull and unpack image "registry.example.com/myapp:1.0": failed to resolve reference "registry.example.com/myapp:1.0": unexpected status from GET request to https://registry.example.com/v2/myapp/manifests/1.0: 401 Unauthorized` + "\nunauthorized: authentication required"},
		{"registry.example.com/myapp:1.0", "", Docker, `Error response from daemon: Head "https://registry.example.com/v2/myapp/manifests/1.0": unauthorized: authentication required`},
		{"registry.example.com/myapp:1.0", "myuser:mypassword", Containerd, ""},
		{"registry.example.com/other:1.0", "myuser:mypassword", Containerd, `rpc error: code = NotFound desc = failed to pull and unpack image "registry.example.com/other:1.0": failed to resolve reference "registry.example.com/other:1.0": registry.example.com/other:1.0: not found`},
		{"sunnybhambhani/test:v1", "", Docker, `Error response from daemon: pull access denied for sunnybhambhani/test, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`},
		{"sunnybhambhani/test:v1", "", Containerd, `failed to pull and unpack image "docker.io/sunnybhambhani/test:v1": failed to resolve reference "docker.io/sunnybhambhani/test:v1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`},
		{"sunnybhambhani/test:v1", "<your-name>:<your-password>", Docker, ""},
		{"nginx:nosuchtag", "", Docker, "Error response from daemon: manifest for nginx:nosuchtag not found: manifest unknown: manifest unknown"},
		{"nosuch.example.org/app", "", Docker, `Error response from daemon: Get "https://nosuch.example.org/v2/": dial tcp: lookup nosuch.example.org on 10.96.0.10:53: no such host`},
		{"quay.io/prometheus/prometheus:v2.53.0", "", Containerd, ""},
		{"mcr.microsoft.com/dotnet/samples:aspnetapp", "", Containerd, ""},
		{"public.ecr.aws/nginx/nginx:stable", "", Containerd, ""},
		{"gcr.io/google-samples/hello-app:1.0", "", Containerd, ""},
		{"ghcr.io/stefanprodan/podinfo", "", Containerd, ""},
	} {
		w, err := NewWorld()
		if err != nil {
			t.Fatal(err)
		}
		if _, got := pull(t, w, c.image, c.login, c.runtime); got != c.want {
			t.Errorf("pull %s as %q under %s:\n%s", c.image, c.login, c.runtime, cmp.Diff(c.want, got))
		}
	}
}

func TestFaults(t *testing.T) {
	minute := &metav1.Duration{Duration: time.Minute}
	w, err := NewWorld(
		Registry{Host: "docker.io", Fault: &Fault{Kind: RateLimit, Until: minute}},
		Registry{Host: "quay.io", Fault: &Fault{Kind: Down, Times: 1}},
		Registry{Host: "slow.example.com", Rate: 0.5, Repositories: []Repository{{Name: "app", Size: 5_000_000, Architectures: []string{"arm64"}, Tags: []string{"arm"}}, {Name: "big", Size: 5_000_000}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	img := w.image(w.find("docker.io"), &Repository{}, "docker.io/library/nginx", "latest")
	limited := `failed to pull and unpack image "docker.io/library/nginx:latest": failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry-1.docker.io/v2/library/nginx/manifests/` + img.Digest + `: 429 Too Many Requests` +
		"\ntoomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
	if _, got := pull(t, w, "nginx", "", Containerd); got != limited {
		t.Error(cmp.Diff(limited, got))
	}
	ref, _ := reference.Parse("nginx:latest")
	if _, err := w.Pull(Request{Image: ref, Now: time.Minute}); err != nil {
		t.Errorf("after the fault: %v", err)
	}
	down := `failed to pull and unpack image "quay.io/org/app:1": failed to resolve reference "quay.io/org/app:1": unexpected status from HEAD request to https://quay.io/v2/org/app/manifests/1: 503 Service Unavailable`
	if _, got := pull(t, w, "quay.io/org/app:1", "", Containerd); got != down {
		t.Error(cmp.Diff(down, got))
	}
	if _, got := pull(t, w, "quay.io/org/app:1", "", Containerd); got != "" {
		t.Errorf("the second pull: %s", got)
	}
	if res, got := pull(t, w, "slow.example.com/big:1", "", Containerd); got != "" || res.Took < 10*time.Second {
		t.Errorf("slow pull took %v, %s", res.Took, got)
	}
	if _, got := pull(t, w, "slow.example.com/app:arm", "", Docker); got != "Error response from daemon: no matching manifest for linux/amd64 in the manifest list entries" {
		t.Error(got)
	}
}

// What was pulled by its tag can be pulled by its digest.
func TestPullByDigest(t *testing.T) {
	w, _ := NewWorld()
	res, text := pull(t, w, "nginx:1.28", "", Containerd)
	if text != "" {
		t.Fatal(text)
	}
	again, text := pull(t, w, "nginx@"+res.Digest, "", Containerd)
	if d := cmp.Diff(res.Image, again.Image); d != "" || text != "" {
		t.Errorf("%s %s", d, text)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"{}", "registries: an entry has no host"},
		{"{host: a, access: secret}", `registries: a: access: "secret" is not one of ["public" "private"]`},
		{"{host: a, fault: {kind: moon}}", `registries: a: fault: "moon" is not one of ["unknownHost" "refused" "timeout" "tls" "down" "denied" "rateLimit" "status"]`},
		{"{host: a, repositories: [{name: b, size: -1}]}", "registries: a: b: size and rate may not be negative"},
		{"{host: a, fault: {kind: status}}", "registries: a: fault: status 0 is not an error"},
	} {
		var r Registry
		if err := yaml.UnmarshalStrict([]byte(c.in), &r); err != nil {
			t.Fatal(err)
		}
		if _, err := NewWorld(r); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.in, err, c.want)
		}
	}
	var r Registry
	if err := yaml.UnmarshalStrict([]byte("{host: a, accounts: everybody}"), &r); err == nil || !strings.Contains(err.Error(), `accounts: "everybody" is neither any nor a list of user and password`) {
		t.Errorf("accounts: %v", err)
	}
}

func TestMatchText(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"nginx", "nginx", true}, {"nginx", "nginx2", false}, {"*", "", true}, {"a*c", "abbc", true}, {"a*c", "abcd", false},
		{"1.<0-29>", "1.28", true}, {"1.<0-29>", "1.30", false}, {"1.<0-29>", "1.028", false}, {"1.<0-29>", "1.", false}, {"1.<0-29>", "1.161", false},
		{"*nosuch*", "a/nosuch-b", true}, {"<x-y>", "1", false}, {"<", "<", false}, {"<1-2", "1", false}, {"<0-9>*", "5abc", true},
	} {
		if got := matchText(c.pattern, c.text); got != c.want {
			t.Errorf("matchText(%q, %q) = %v", c.pattern, c.text, got)
		}
	}
}

func FuzzMatchText(f *testing.F) {
	f.Add("1.<0-29>*", "1.28-alpine")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern)+len(text) > 60 {
			return
		}
		matchText(pattern, text)
	})
}
