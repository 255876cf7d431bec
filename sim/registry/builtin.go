package registry

import "net/http"

// Builtin is the world without a scenario: the public registries, Docker Hub first, and two private places to
// learn on. The caller may change what it gets.
func Builtin() []Registry {
	return []Registry{
		{
			Host: "docker.io", API: "registry-1.docker.io",
			Challenge: ByToken, Token: &Token{Realm: "https://auth.docker.io/token", Service: "registry.docker.io"},
			Accounts: Accounts{Any: true},
			Missing:  MissingDenied, Others: OthersAbsent,
			Repositories: dockerHub(),
		},
		{
			Host: "registry.example.com", Port: AnyPort,
			Access: Private, Accounts: Accounts{List: []Account{{User: "myuser", Password: "mypassword"}}},
			Challenge: ByRefuse, Others: OthersAbsent,
			Repositories: []Repository{{Name: "myapp", Tags: []string{"1.0", "latest"}, Size: 31_457_280}},
		},
		public("registry.k8s.io", Token{Realm: "https://registry.k8s.io/token"}, kubernetesImages()...),
		public("gcr.io", Token{Realm: "https://gcr.io/v2/token"}),
		public("mcr.microsoft.com", Token{Realm: "https://mcr.microsoft.com/oauth2/token"}),
		public("public.ecr.aws", Token{Realm: "https://public.ecr.aws/token/"}),
		quay(),
		ghcr(),
		{Host: "localhost", Port: AnyPort, Fault: &Fault{Kind: Refused}},
		{Host: "192.168.*.*", Port: AnyPort, Fault: &Fault{Kind: Timeout}},
		{Host: "<0-255>.<0-255>.<0-255>.<0-255>", Port: AnyPort, Fault: &Fault{Kind: Refused}},
		{Host: "*", Port: AnyPort, Fault: &Fault{Kind: UnknownHost}},
	}
}

// absentNames are for those who want to see a failure.
func absentNames() []string {
	return []string{"*nosuch*", "*doesnotexist*", "*nonexistent*", "*invalid*"}
}

func public(host string, token Token, repositories ...Repository) Registry {
	return Registry{
		Host: host, Challenge: ByToken, Token: &token, Accounts: Accounts{Any: true},
		Others: OthersAbsent, Repositories: append(repositories, anyRepository("*")...),
	}
}

// anyRepository takes every name and tag that the pattern takes, but the absent ones.
func anyRepository(pattern string) []Repository {
	var out []Repository
	for _, name := range absentNames() {
		out = append(out, Repository{Name: name, Absent: true})
	}
	return append(out, Repository{Name: pattern, NoTags: absentNames()})
}

func privateNames() []Repository {
	return []Repository{
		{Name: "*private*", Access: Private}, {Name: "*mycompany*", Access: Private}, {Name: "*myorg*", Access: Private},
	}
}

func quay() Registry {
	r := public("quay.io", Token{Realm: "https://quay.io/v2/auth", Service: "quay.io"}, privateNames()...)
	r.Refusal = &Refusal{Status: http.StatusUnauthorized}
	r.Missing = MissingDenied
	return r
}

func ghcr() Registry {
	r := public("ghcr.io", Token{Realm: "https://ghcr.io/token", Service: "ghcr.io", Anonymous: http.StatusUnauthorized}, privateNames()...)
	r.Refusal = &Refusal{Status: http.StatusForbidden}
	r.Missing = MissingDenied
	return r
}

func kubernetesImages() []Repository {
	repo := func(name string, size int64) Repository {
		return Repository{Name: name, Size: size, NoTags: absentNames()}
	}
	return []Repository{
		repo("kube-apiserver", 27_900_000), repo("kube-controller-manager", 23_100_000),
		repo("kube-scheduler", 17_400_000), repo("kube-proxy", 25_964_312),
		repo("coredns/coredns", 23_553_139), repo("etcd", 23_600_000), repo("pause", 318_731),
		repo("e2e-test-images/agnhost", 51_900_000), repo("metrics-server/metrics-server", 22_500_000),
		repo("ingress-nginx/controller", 105_000_000), repo("echoserver", 43_700_000),
	}
}
