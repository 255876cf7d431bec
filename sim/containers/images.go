package containers

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// An Image is what a repository's images bring along.
type Image struct {
	Repository string // in full: "docker.io/library/nginx"
	Tag        string

	Entrypoint, Cmd []string
	Env             []string
	Dir             string
	UID, GID        int64
	Groups          []int64
	// Shell says that there is a shell with the usual tools; images from scratch have none.
	Shell bool
	// Files that the image brings beside the usual ones, by path.
	Files map[string]string

	programs map[string]program // by the last element of argv[0]
}

// Argv is the command line of a container that overrides entrypoint (command) and arguments (args), either of which
// may be nil.
func (i Image) Argv(command, args []string) []string {
	switch {
	case len(command) > 0:
		return append(slices.Clone(command), args...)
	case len(args) > 0:
		return append(slices.Clone(i.Entrypoint), args...)
	}
	return append(slices.Clone(i.Entrypoint), i.Cmd...)
}

// Programs are the names of what the image brings beside a shell and its tools, in order.
func (i Image) Programs() []string {
	return slices.Sorted(maps.Keys(i.programs))
}

// program returns what is known of a command line.
func (i Image) program(argv []string) (program, bool) {
	p, ok := i.programs[path.Base(argv[0])]
	return p, ok
}

const (
	usualPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// Lookup returns the image of a repository in full; one that is not known is taken to be a server that answers on every
// port.
func Lookup(repository, tag string) Image {
	name := strings.TrimPrefix(repository, "docker.io/")
	name = strings.TrimPrefix(name, "library/")
	for _, mirror := range []string{"public.ecr.aws/docker/library/", "mirror.gcr.io/library/", "quay.io/", "ghcr.io/", "public.ecr.aws/nginx/"} {
		name = strings.TrimPrefix(name, mirror)
	}
	var img Image
	switch {
	case endsAtOnce[name] != nil:
		img = base(endsAtOnce[name]...)
	case slices.Contains(kubernetesPrograms, path.Base(name)) && strings.HasPrefix(repository, "registry.k8s.io/"):
		img = kubernetesImage(path.Base(name))
	default:
		build, ok := servers[name]
		if !ok {
			build = unknown
		}
		img = build(tag)
	}
	img.Repository, img.Tag = repository, tag
	if name == "busybox" {
		img.Groups = []int64{10}
	}
	return img
}

// endsAtOnce are images whose default command has nothing to do without a terminal.
var endsAtOnce = map[string][]string{
	"busybox": {"sh"}, "alpine": {"/bin/sh"}, "bash": {"bash"}, "ubuntu": {"/bin/bash"}, "debian": {"bash"},
	"centos": {"/bin/bash"}, "fedora": {"/bin/bash"}, "rockylinux": {"/bin/bash"}, "almalinux": {"/bin/bash"},
	"amazonlinux": {"/bin/bash"}, "oraclelinux": {"/bin/bash"}, "archlinux": {"/usr/bin/bash"}, "buildpack-deps": {"bash"},
	"python": {"python3"}, "node": {"node"}, "golang": {"bash"}, "ruby": {"irb"}, "php": {"php", "-a"}, "perl": {"perl", "-de0"},
	"rust": {"bash"}, "gcc": {"bash"}, "openjdk": {"jshell"}, "eclipse-temurin": {"jshell"}, "amazoncorretto": {"bash"},
	"maven": {"mvn"}, "gradle": {"gradle"}, "erlang": {"erl"}, "elixir": {"iex"}, "swift": {"bash"}, "julia": {"julia"},
	"r-base": {"R"}, "haskell": {"ghci"}, "docker": {"sh"}, "nicolaka/netshoot": {"zsh"}, "bitnami/kubectl": {"kubectl"},
}

// base is an image whose command is an interpreter.
func base(cmd ...string) Image {
	img := Image{Cmd: cmd, Env: []string{usualPath}, Dir: "/", Shell: true, programs: tools()}
	if name := path.Base(cmd[0]); name != "perl" && !isShell(name) {
		img.programs[name] = program{special: interpreter}
	}
	return img
}

// interpreter is a language: without a program and with nothing to read it ends.
func interpreter(s *Start, p *program) {
	if len(s.Argv) > 1 && s.Argv[1] != "-a" || s.Stdin != nil {
		unsimulated(s, p)
	}
}

// unsimulated is a program that the image has and that is not played.
func unsimulated(s *Start, p *program) {
	*p = program{logs: err("error: terrarium recognises \"" + path.Base(s.Argv[0]) + "\" but does not simulate it"), code: 1}
}

// tools are commands that do one known thing wherever they are.
func tools() map[string]program {
	return map[string]program{
		"perl":   {special: perl},
		"stress": {special: stress, onTerm: 143},
	}
}

func unknown(string) Image {
	return Image{
		Entrypoint: []string{"/app"}, Env: []string{usualPath}, Dir: "/", Shell: true,
		programs: map[string]program{"app": {lasts: forever, ports: allPorts, get: says(greeting)}, "stress": {special: stress, onTerm: 143}},
	}
}

// allPorts marks a program that answers wherever it is asked.
var allPorts = []int32{-1}

var kubernetesPrograms = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd", "coredns", "pause", "metrics-server"}

func kubernetesImage(name string) Image {
	p := program{lasts: forever, ports: allPorts, get: says(func(*Start) string { return "ok" })}
	if name == "coredns" {
		p.logs = out(".:53", "[INFO] plugin/reload: Running configuration SHA512 = 1b226df79860026c6a52e67daa10d7f0d57ec5b023288ec00c5e05f93523c894564e15b91770d3a07ae1cfbe861d15b37d4a0027e69c546ab112970993a3b03b", "CoreDNS-1.14.2", "linux/amd64, go1.26.1, dd1df4f")
	}
	if name == "pause" {
		p.ports, p.get = nil, nil
	}
	return Image{
		Entrypoint: []string{"/" + name}, Env: []string{usualPath}, Dir: "/",
		programs: map[string]program{name: p},
	}
}

// Busybox reports whether the image's shell and tools are busybox's.
func (i Image) Busybox() bool {
	return strings.HasSuffix(i.Repository, "busybox") || strings.HasSuffix(i.Repository, "alpine") || strings.Contains(i.Tag, "alpine") || strings.Contains(i.Tag, "busybox") || i.Repository == "docker.io/curlimages/curl"
}

// What images bring of the programs that are not simulated. Debian's is what its base image has.
const (
	busyboxHas = " adduser bc bzip2 crontab dc dmesg ed fdisk fuser gunzip gzip ifconfig ip killall lsof lsmod modprobe mount nc netstat nslookup passwd pgrep ping pkill poweroff reboot sysctl tar telnet top traceroute umount unzip wget xz "
	alpineHas  = busyboxHas + "apk "
	debianHas  = " apt apt-cache apt-get dmesg dpkg groupadd gunzip gzip mount passwd perl su tar umount update-alternatives useradd usermod "
	nginxHas   = debianHas + "curl openssl "
)

// Has reports whether a program that nobody plays is in the image.
func (i Image) Has(program string) bool {
	has := debianHas
	switch {
	case strings.HasSuffix(i.Repository, "busybox"):
		has = busyboxHas
	case i.Busybox():
		has = alpineHas
	case strings.HasSuffix(i.Repository, "/nginx"):
		has = nginxHas
	case strings.Contains(i.Repository, "netshoot"), strings.Contains(i.Repository, "buildpack-deps"):
		return true
	}
	return strings.Contains(has, " "+program+" ") || i.Repository == "docker.io/curlimages/curl" && program == "curl"
}
