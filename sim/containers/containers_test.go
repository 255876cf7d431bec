package containers

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"terrarium/sim/clock"
	"terrarium/sim/vfs"
)

// play starts a container and returns what it has printed and how it ended within d; code is -1 while it runs.
func play(t *testing.T, repository, tag string, command, args, env []string, memory int64, d time.Duration) (out string, exit Exit) {
	t.Helper()
	c := clock.New(time.Date(2026, 11, 22, 5, 51, 47, 0, time.UTC))
	var b bytes.Buffer
	exit.Code = -1
	img := Lookup(repository, tag)
	_, err := (&Engine{Clock: c}).Start(&Start{
		Image: img, Argv: img.Argv(command, args), Env: env, Stdout: &b, Stderr: &b, Main: true, Memory: memory, Hostname: "web-1",
		Exit: func(e Exit) { exit = e },
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Advance(d)
	return b.String(), exit
}

func TestWhatImagesDo(t *testing.T) {
	for _, c := range []struct {
		name, repository, tag string
		command, args, env    []string
		memory                int64
		within                time.Duration
		says                  string
		exit                  Exit
	}{
		{name: "a server stays", repository: "docker.io/library/nginx", tag: "1.28.3", within: time.Hour, says: "[notice] 1#1: nginx/1.28.3", exit: Exit{Code: -1}},
		{name: "a shell ends", repository: "docker.io/library/busybox", within: time.Second, exit: Exit{}},
		{name: "an interpreter ends", repository: "docker.io/library/python", within: time.Second, exit: Exit{}},
		{name: "an unknown image serves", repository: "registry.example.com/myapp", within: time.Hour, exit: Exit{Code: -1}},
		{name: "a command in a server's image", repository: "docker.io/library/nginx", command: []string{"sleep", "5"}, within: 6 * time.Second, exit: Exit{}},
		{name: "arguments of a shell", repository: "docker.io/library/busybox", args: []string{"sh", "-c", "echo starting; echo boom >&2; exit 1"}, within: time.Second, says: "starting\nboom\n", exit: Exit{Code: 1}},
		{name: "hello", repository: "docker.io/library/hello-world", within: time.Second, says: "Hello from Docker!", exit: Exit{}},
		{name: "pi takes its time", repository: "docker.io/library/perl", command: []string{"perl", "-Mbignum=bpi", "-wle", "print bpi(20)"}, within: 3 * time.Second, exit: Exit{Code: -1}},
		{name: "pi", repository: "docker.io/library/perl", command: []string{"perl", "-Mbignum=bpi", "-wle", "print bpi(20)"}, within: 5 * time.Second, says: "3.1415926535897932384", exit: Exit{}},
		{name: "a database without a password", repository: "docker.io/library/postgres", within: time.Second, says: "superuser password is not specified.", exit: Exit{Code: 1}},
		{name: "a database with one", repository: "docker.io/library/mysql", env: []string{"MYSQL_ROOT_PASSWORD=x"}, within: time.Hour, says: "ready for connections", exit: Exit{Code: -1}},
		{name: "a debugger with nothing to read", repository: "docker.io/library/perl", within: time.Second, exit: Exit{}},
		{name: "an entrypoint with another command", repository: "docker.io/library/redis", args: []string{"redis-cli", "-h", "localhost", "PING"}, within: time.Second, says: "PONG", exit: Exit{}},
		{name: "an entrypoint with its server", repository: "docker.io/library/redis", args: []string{"redis-server", "--appendonly", "yes"}, within: time.Hour, says: "Ready to accept", exit: Exit{Code: -1}},
		{name: "an entrypoint with options", repository: "docker.io/library/redis", args: []string{"--appendonly", "yes"}, within: time.Hour, says: "Ready to accept", exit: Exit{Code: -1}},
		{name: "an entrypoint with a tool", repository: "docker.io/curlimages/curl", args: []string{"sleep", "5"}, within: 6 * time.Second, exit: Exit{}},
		{name: "a daemon that goes to the background", repository: "docker.io/library/nginx", command: []string{"nginx"}, within: time.Second, exit: Exit{}},
		{name: "a program that is not played", repository: "docker.io/library/python", command: []string{"python3", "app.py"}, within: time.Second, says: "error: terrarium recognises \"python3\" but does not simulate it\n", exit: Exit{Code: 1}},
		{name: "a client that is not played", repository: "docker.io/library/postgres", command: []string{"psql", "-l"}, within: time.Second, says: "recognises \"psql\"", exit: Exit{Code: 1}},
		{name: "a client's question", repository: "docker.io/library/postgres", command: []string{"pg_isready", "-h", "localhost", "-U", "me"}, within: time.Second, says: "localhost:5432 - accepting connections\n", exit: Exit{}},
		{name: "more memory than allowed", repository: "docker.io/polinux/stress", command: []string{"stress"}, args: []string{"--vm", "1", "--vm-bytes", "150M"}, memory: 100 << 20, within: time.Second, says: "1 vm", exit: Exit{Code: 137, OOMKilled: true}},
		{name: "memory within the limit", repository: "docker.io/polinux/stress", command: []string{"stress"}, args: []string{"--vm", "1", "--vm-bytes", "50M"}, memory: 100 << 20, within: time.Hour, exit: Exit{Code: -1}},
	} {
		out, exit := play(t, c.repository, c.tag, c.command, c.args, c.env, c.memory, c.within)
		if !strings.Contains(out, c.says) || exit != c.exit {
			t.Errorf("%s: ended %+v, want %+v, and said\n%s", c.name, exit, c.exit, out)
		}
	}
}

func TestCommandsThatAreNotThere(t *testing.T) {
	c := clock.New(time.Time{})
	for _, x := range []struct{ repository, command, want string }{
		{"docker.io/library/busybox", "nosuchcommand", `exec: "nosuchcommand": executable file not found in $PATH`},
		{"registry.k8s.io/pause", "/bin/sh", `exec: "/bin/sh": stat /bin/sh: no such file or directory`},
	} {
		_, err := (&Engine{Clock: c}).Start(&Start{Image: Lookup(x.repository, ""), Argv: []string{x.command}})
		var missing *NotFound
		if !errors.As(err, &missing) || err.Error() != x.want {
			t.Errorf("%s in %s: %v, want %s", x.command, x.repository, err, x.want)
		}
	}
}

// A main process that handles no signals only dies of SIGKILL; a server ends in order.
func TestSignals(t *testing.T) {
	for _, x := range []struct {
		repository string
		args       []string
		signal     int
		want       int
	}{
		{"docker.io/library/busybox", []string{"sleep", "3600"}, SIGTERM, -1},
		{"docker.io/library/busybox", []string{"sleep", "3600"}, SIGKILL, 137},
		{"docker.io/library/nginx", nil, SIGTERM, 0},
	} {
		c := clock.New(time.Time{})
		code := -1
		img := Lookup(x.repository, "")
		p, err := (&Engine{Clock: c}).Start(&Start{Image: img, Argv: img.Argv(nil, x.args), Main: true, Exit: func(e Exit) { code = e.Code }})
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Second)
		p.Signal(x.signal)
		c.Advance(time.Minute)
		if code != x.want {
			t.Errorf("%s after signal %d: %d, want %d", x.repository, x.signal, code, x.want)
		}
	}
}

// begin starts a container with files.
func begin(t *testing.T, img Image, files map[string]string, argv ...string) Process {
	t.Helper()
	c := clock.New(time.Time{})
	fs := vfs.New(c.Now, func([]byte) {}, vfs.Limits{})
	for _, more := range []map[string]string{img.Files, files} {
		for name, text := range more {
			fs.MkdirAll(path.Dir(name), 0o755)
			fs.WriteFile(name, []byte(text), 0o644)
		}
	}
	p, err := (&Engine{Clock: c}).Start(&Start{Image: img, Argv: argv, Files: func() *vfs.FS { return fs }, Hostname: "web-1"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPages(t *testing.T) {
	const conf = `
# a comment; with a mark {
server {
  listen 8080 default_server; listen [::]:8080;
  root /srv/site;
  location = /healthz { access_log off; return 200 "fine; really"; }
  location /old { return 301 https://example.com${request_uri}; }
  location /files/ { alias /data/; }
  location /app { try_files $uri $uri/ /index.html; }
  location /none { try_files $uri =418; }
  location ~ \.secret$ { deny all; }
  location /api { proxy_pass http://api:80; }
}
server { listen 127.0.0.1:9090; location /stub { stub_status; } }
`
	for _, x := range []struct {
		image string
		argv  []string
		files map[string]string
		port  int32
		path  string
		want  string // "no" where nothing listens
	}{
		{image: "nginx", port: 80, path: "/50x.html", want: "200 text/html <!DOCTYPE html>"},
		{image: "nginx", port: 80, path: "/", want: "200 text/html <!DOCTYPE html>"},
		{image: "nginx", port: 80, path: "/nosuch", want: "404 text/html <html>"},
		{image: "nginx", port: 8080, path: "/", want: "no"},
		{image: "nginx", files: map[string]string{"/usr/share/nginx/html/index.html": "mine"}, port: 80, path: "/", want: "200 text/html mine"},
		{image: "nginx", files: map[string]string{"/usr/share/nginx/html/a/b.css": "x"}, port: 80, path: "/a/b.css", want: "200 text/css x"},
		{image: "nginx", files: map[string]string{"/usr/share/nginx/html/a/b.css": "x"}, port: 80, path: "/a/", want: "403 text/html <html>"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf}, port: 80, path: "/", want: "no"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf}, port: 8080, path: "/healthz", want: "200 text/plain fine; really"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf}, port: 8080, path: "/healthz/x", want: "404 text/html <html>"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf}, port: 8080, path: "/old/x", want: "301 text/html <html>"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf, "/data/f.txt": "data"}, port: 8080, path: "/files/f.txt", want: "200 text/plain data"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf, "/srv/site/index.html": "app"}, port: 8080, path: "/app/deep", want: "200 text/html app"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf}, port: 8080, path: "/none", want: "418 text/html <html>"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf, "/srv/site/a.secret": "s"}, port: 8080, path: "/a.secret", want: "403 text/html <html>"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf}, port: 8080, path: "/api", want: "502 text/html <html>"},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": conf}, port: 9090, path: "/stub", want: "200 text/plain Active connections: 1 "},
		{image: "nginx", files: map[string]string{"/etc/nginx/conf.d/default.conf": "server { listen 80; { } } }; {{{"}, port: 80, path: "/", want: "404 text/html <html>"},
		{image: "httpd", port: 80, path: "/", want: "200 text/html <html><body><h1>It works!</h1></body></html>"},
		{image: "redis", port: 6379, path: "/", want: "0  "},
		{image: "busybox", argv: []string{"sleep", "100"}, port: 80, path: "/", want: "no"},
		{image: "myapp", port: 1234, path: "/x", want: "200 text/plain; charset=utf-8 Hello from web-1"},
		{image: "hashicorp/http-echo", argv: []string{"/http-echo", "-text=hi", "-listen", ":80"}, port: 80, path: "/", want: "200 text/plain; charset=utf-8 hi"},
	} {
		img := Lookup(x.image, "")
		argv := x.argv
		if argv == nil {
			argv = img.Argv(nil, nil)
		}
		got := "no"
		if page, ok := begin(t, img, x.files, argv...).Get(x.port, x.path); ok {
			line, _, _ := strings.Cut(string(page.Body), "\n")
			got = fmt.Sprintf("%d %s %s", page.Status, page.Type, strings.TrimSuffix(line, "\r"))
		}
		if got != x.want {
			t.Errorf("%s, port %d, %s: %q, want %q", x.image, x.port, x.path, got, x.want)
		}
	}
}

func TestPi(t *testing.T) {
	if got := pi(50); got != "3.1415926535897932384626433832795028841971693993751" {
		t.Error(got)
	}
}
