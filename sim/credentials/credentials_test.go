package credentials

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func secret(name string, kind corev1.SecretType, key, content string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ns", UID: "uid-of-" + "x"},
		Type:       kind, Data: map[string][]byte{key: []byte(content)},
	}
}

func config(name, content string) *corev1.Secret {
	return secret(name, corev1.SecretTypeDockerConfigJson, corev1.DockerConfigJsonKey, content)
}

// Locations as people write them, against repositories: pull-secrets-06 and 13, and the keyring's own tests.
func TestLookupOneLocation(t *testing.T) {
	for _, c := range []struct {
		location, repository string
		want                 bool
	}{
		{"registry.example.com", "registry.example.com/team/app", true},
		{"https://registry.example.com", "registry.example.com/team/app", true},
		{"http://registry.example.com", "registry.example.com/team/app", true},
		{"https://registry.example.com/v1/", "registry.example.com/team/app", true},
		{"https://registry.example.com/v2/", "registry.example.com/team/app", true},
		{"https://registry.example.com/v2", "registry.example.com/team/app", false},
		{"registry.example.com/", "registry.example.com/team/app", true},
		{"registry.example.com:5000", "registry.example.com/team/app", false},
		{"registry.example.com:5000", "registry.example.com:5000/team/app", true},
		{"registry.example.com", "registry.example.com:5000/team/app", false},
		{"registry.example.com/team", "registry.example.com/team/app", true},
		{"registry.example.com/team", "registry.example.com/teamwork/app", true},
		{"registry.example.com/other", "registry.example.com/team/app", false},
		{"*.example.com", "registry.example.com/team/app", true},
		{"*.example.com", "a.registry.example.com/app", false},
		{"*.example.com", "example.com/app", false},
		{"*.*.com", "registry.example.com/app", true},
		{"re*.example.com", "registry.example.com/app", true},
		{"*", "registry.example.com/team/app", false},
		{"*", "localhost/app", true},
		{"Registry.Example.com", "registry.example.com/team/app", false},
		{"https://index.docker.io/v1/", "docker.io/library/nginx", true},
		{"https://index.docker.io/v2/", "docker.io/myorg/private", true},
		{"index.docker.io", "docker.io/myorg/private", true},
		{"docker.io", "docker.io/myorg/private", true},
		{"registry-1.docker.io", "docker.io/myorg/private", false},
		{"https://index.docker.io/v1/", "quay.io/org/app", false},
		{"http://[::1", "registry.example.com/app", false},
		{"[", "registry.example.com/app", false},
	} {
		k := &Keyring{logins: map[string][]Login{}}
		k.add(Source{}, DockerConfig{c.location: {Username: "u", Password: "p"}})
		if got := len(k.Lookup(c.repository)) == 1; got != c.want {
			t.Errorf("%s for %s: %v", c.location, c.repository, got)
		}
	}
}

// All that match are tried, longer paths first, then in the order of the secrets.
func TestLookupOrder(t *testing.T) {
	k, err := FromSecrets([]*corev1.Secret{
		config("a", `{"auths":{"registry.example.com":{"username":"host1","password":"x"},"quay.io":{"username":"quay","password":"x"}}}`),
		config("b", `{"auths":{"registry.example.com/team":{"username":"team","password":"x"},"*.example.com":{"username":"glob","password":"x"}}}`),
		config("c", `{"auths":{"https://registry.example.com":{"username":"host2","password":"x"}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range k.Lookup("registry.example.com/team/app") {
		got = append(got, l.Source.Name+" "+l.Username)
	}
	if d := cmp.Diff([]string{"b team", "a host1", "c host2", "b glob"}, got); d != "" {
		t.Error(d)
	}
}

func TestFromSecrets(t *testing.T) {
	for _, c := range []struct {
		name   string
		secret *corev1.Secret
		want   string // user:password
		err    string
	}{
		{"user and password", config("s", `{"auths":{"r.io":{"username":"u","password":"p"}}}`), "u:p", ""},
		{"auth only", config("s", `{"auths":{"r.io":{"auth":"dTpw"}}}`), "u:p", ""},
		{"auth padded", config("s", `{"auths":{"r.io":{"auth":"bXl1c2VyOm15cGFzc3dvcmQ="}}}`), "myuser:mypassword", ""},
		{"auth unpadded", config("s", `{"auths":{"r.io":{"auth":"bXl1c2VyOm15cGFzc3dvcmQ"}}}`), "myuser:mypassword", ""},
		{"auth wins", config("s", `{"auths":{"r.io":{"username":"a","password":"b","auth":"dTpw"}}}`), "u:p", ""},
		{"password with a colon", config("s", `{"auths":{"r.io":{"auth":"dTpwOnE="}}}`), "u:p:q", ""},
		{"legacy", secret("s", corev1.SecretTypeDockercfg, corev1.DockerConfigKey, `{"r.io":{"username":"u","password":"p"}}`), "u:p", ""},
		{"other keys", config("s", `{"credsStore":"desktop","auths":{"r.io":{"username":"u","password":"p"}}}`), "u:p", ""},
		{"an empty entry is an empty login", config("s", `{"auths":{"r.io":{}}}`), ":", ""},
		{"opaque with the same bytes", secret("s", corev1.SecretTypeOpaque, corev1.DockerConfigJsonKey, `{"auths":{"r.io":{"username":"u"}}}`), "", ""},
		{"another key", secret("s", corev1.SecretTypeDockerConfigJson, "config.json", `{"auths":{"r.io":{"username":"u"}}}`), "", ""},
		{"empty", config("s", ""), "", ""},
		{"no auths", config("s", `{}`), "", ""},
		{"no entries", config("s", `{"auths":{}}`), "", ""},
		{"dockercfg as dockerconfigjson", config("s", `{"r.io":{"username":"u","password":"p"}}`), "", ""},
		{"not base64", config("s", `{"auths":{"r.io":{"auth":"%%%"}}}`), "", "illegal base64 data at input byte 0"},
		{"no colon", config("s", `{"auths":{"r.io":{"auth":"dXNlcg=="}}}`), "", "unable to parse auth field, must be formatted as base64(username:password)"},
		{"cut off", config("s", `{"auths":{"r.io":`), "", "unexpected end of JSON input"},
		{"not JSON", config("s", `auths: {}`), "", "invalid character 'a' looking for beginning of value"},
		{"a list", config("s", `{"auths":[]}`), "", "json: cannot unmarshal array into Go struct field DockerConfigJSON.auths of type credentialprovider.DockerConfig"},
		{"a number", config("s", `{"auths":{"r.io":{"username":5}}}`), "", "json: cannot unmarshal number into Go struct field DockerConfigJSON.auths.username of type string"},
	} {
		k, err := FromSecrets([]*corev1.Secret{c.secret})
		got, gotErr := "", ""
		if err != nil {
			gotErr = err.Error()
		} else if l := k.Lookup("r.io/app"); len(l) == 1 {
			got = l[0].Username + ":" + l[0].Password
		}
		if got != c.want || gotErr != c.err {
			t.Errorf("%s: %q %q, want %q %q", c.name, got, gotErr, c.want, c.err)
		}
	}
}

// The same login has the same hash in another secret, a rotated password another.
func TestHash(t *testing.T) {
	a, b, c := Login{Username: "u", Password: "p"}, Login{Username: "u", Password: "p", Source: Source{Name: "other"}}, Login{Username: "u", Password: "q"}
	if a.hash() != b.hash() || a.hash() == c.hash() {
		t.Error("hashes do not tell logins apart")
	}
}

func FuzzFromSecrets(f *testing.F) {
	f.Add([]byte(`{"auths":{"r.io":{"auth":"dTpw"}}}`), "r.io/app")
	f.Fuzz(func(t *testing.T, content []byte, repository string) {
		if k, err := FromSecrets([]*corev1.Secret{config("s", string(content))}); err == nil {
			k.Lookup(repository)
		}
	})
}
