package containers

import (
	"strconv"
	"strings"
)

// servers are the images with a program that stays, by repository.
var servers = map[string]func(tag string) Image{
	"nginx": nginx, "nginxinc/nginx-unprivileged": nginx, "httpd": httpd, "redis": redis, "valkey": redis,
	"mysql": mysql, "mariadb": mariadb, "postgres": postgres, "mongo": mongo, "memcached": quiet("memcached", 11211),
	"rabbitmq": rabbitmq, "registry": quiet("registry", 5000), "traefik": quiet("traefik", 80, 8080),
	"haproxy": quiet("haproxy", 80), "caddy": quiet("caddy", 80, 443), "tomcat": quiet("catalina.sh", 8080),
	"hello-world": helloWorld, "polinux/stress": stressImage, "vish/stress": stressImage, "progrium/stress": stressImage,
	"hashicorp/http-echo": httpEcho, "curlimages/curl": curl,
}

// entrypoint is the script that official images start with.
const entrypoint = "docker-entrypoint.sh"

func server(entrypoint, cmd []string, name string, p program) Image {
	return Image{
		Entrypoint: entrypoint, Cmd: cmd, Env: []string{usualPath}, Dir: "/", Shell: true,
		programs: map[string]program{name: p, "stress": {special: stress, onTerm: 143}},
	}
}

func quiet(name string, ports ...int32) func(string) Image {
	return func(string) Image {
		return server(nil, []string{name}, name, program{lasts: forever, ports: ports})
	}
}

// version is the tag where it is a whole version, else a default.
func version(tag, usual string) string {
	v, _, _ := strings.Cut(tag, "-")
	if strings.Count(v, ".") == 2 && strings.Trim(v, "0123456789.") == "" {
		return v
	}
	return usual
}

func nginx(tag string) Image {
	v := version(tag, "1.29.4")
	p := program{lasts: forever, get: nginxGet(v)}
	configured := out(
		"/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration",
		"/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/",
		"/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh",
		"10-listen-on-ipv6-by-default.sh: info: Getting the checksum of /etc/nginx/conf.d/default.conf",
		"10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf",
		"/docker-entrypoint.sh: Sourcing /docker-entrypoint.d/15-local-resolvers.envsh",
		"/docker-entrypoint.sh: Launching /docker-entrypoint.d/20-envsubst-on-templates.sh",
		"/docker-entrypoint.sh: Launching /docker-entrypoint.d/30-tune-worker-processes.sh",
		"/docker-entrypoint.sh: Configuration complete; ready for start up",
	)
	p.logs = err(
		`«2006/01/02 15:04:05» [notice] 1#1: using the "epoll" event method`,
		"«2006/01/02 15:04:05» [notice] 1#1: nginx/"+v,
		"«2006/01/02 15:04:05» [notice] 1#1: built by gcc 14.2.0 (Debian 14.2.0-19) ",
		"«2006/01/02 15:04:05» [notice] 1#1: OS: Linux 6.8.0-101-generic",
		"«2006/01/02 15:04:05» [notice] 1#1: getrlimit(RLIMIT_NOFILE): 1048576:1048576",
		"«2006/01/02 15:04:05» [notice] 1#1: start worker processes",
		"«2006/01/02 15:04:05» [notice] 1#1: start worker process 29",
		"«2006/01/02 15:04:05» [notice] 1#1: start worker process 30",
	)
	img := server([]string{"/docker-entrypoint.sh"}, []string{"nginx", "-g", "daemon off;"}, "nginx", p)
	entered := p
	entered.logs = append(configured, p.logs...)
	img.programs[entrypoint] = entered
	p.special = func(s *Start, p *program) {
		options := strings.Join(s.Argv[1:], " ")
		switch {
		case options == "-v" || options == "-V":
			*p = program{logs: err("nginx version: nginx/" + v)}
		case options == "-t" || options == "-T":
			*p = program{logs: err("nginx: the configuration file /etc/nginx/nginx.conf syntax is ok", "nginx: configuration file /etc/nginx/nginx.conf test is successful")}
		case strings.HasPrefix(options, "-s "):
			*p = program{logs: err("«2006/01/02 15:04:05» [notice] 40#40: signal process started")}
		case !strings.Contains(options, "daemon off"):
			*p = program{logs: p.logs[:2]} // it goes to the background, and what began it ends
		}
	}
	img.programs["nginx"] = p
	img.Env = append(img.Env, "NGINX_VERSION="+v, "NJS_VERSION=0.9.4", "NJS_RELEASE=1~trixie", "PKG_RELEASE=1~trixie", "DYNPKG_RELEASE=1~trixie")
	img.Files = map[string]string{
		"/usr/share/nginx/html/index.html": nginxWelcome,
		"/usr/share/nginx/html/50x.html":   nginxError,
		"/etc/nginx/nginx.conf":            nginxConf,
		"/etc/nginx/conf.d/default.conf":   nginxDefault,
	}
	return img
}

func httpd(tag string) Image {
	v := version(tag, "2.4.66")
	const at = "[«Mon Jan 02 15:04:05.000000 2006»] "
	img := server(nil, []string{"httpd-foreground"}, "httpd-foreground", program{
		lasts: forever, ports: []int32{80}, get: folder("/usr/local/apache2/htdocs"),
		logs: err(
			"AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using 127.0.0.1. Set the 'ServerName' directive globally to suppress this message",
			at+"[mpm_event:notice] [pid 1:tid 1] AH00489: Apache/"+v+" (Unix) configured -- resuming normal operations",
			at+"[core:notice] [pid 1:tid 1] AH00094: Command line: 'httpd -D FOREGROUND'",
		),
	})
	img.Dir = "/usr/local/apache2"
	img.Env = []string{"PATH=/usr/local/apache2/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HTTPD_PREFIX=/usr/local/apache2", "HTTPD_VERSION=" + v}
	img.Files = map[string]string{"/usr/local/apache2/htdocs/index.html": "<html><body><h1>It works!</h1></body></html>\n"}
	return img
}

func redis(tag string) Image {
	v := version(tag, "8.4.0")
	const at = "1:M «02 Jan 2006 15:04:05.000» * "
	p := program{lasts: forever, ports: []int32{6379}, logs: out(
		"1:C «02 Jan 2006 15:04:05.000» * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
		"1:C «02 Jan 2006 15:04:05.000» * Redis version="+v+", bits=64, commit=00000000, modified=0, pid=1, just started",
		"1:C «02 Jan 2006 15:04:05.000» # Warning: no config file specified, using the default config. In order to specify a config file use redis-server /path/to/redis.conf",
		at+"monotonic clock: POSIX clock_gettime",
		at+"Running mode=standalone, port=6379.",
		at+"Server initialized",
		at+"Ready to accept connections tcp",
	)}
	img := server([]string{entrypoint}, []string{"redis-server"}, "redis-server", p)
	img.programs[entrypoint] = p
	img.programs["redis-cli"] = program{special: client("ping", "PONG")}
	img.Dir = "/data"
	img.Env = append(img.Env, "REDIS_VERSION="+v)
	return img
}

// client is a program that talks to the image's server; of what it can ask one thing is known: what begins with a word
// somewhere in its command line.
func client(question, answer string) func(*Start, *program) {
	return func(s *Start, p *program) {
		if strings.Contains(strings.ToLower(strings.Join(s.Argv[1:], " ")), question) {
			p.logs = out(answer)
			return
		}
		unsimulated(s, p)
	}
}

func mysql(tag string) Image {
	v := version(tag, "9.5.0")
	const note = "«2006-01-02 15:04:05-07:00» [Note] [Entrypoint]: "
	p := program{lasts: forever, ports: []int32{3306}, deaf: false,
		needs: []string{"MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD"},
		without: append(out(
			note+"Entrypoint script for MySQL Server "+v+"-1.el9 started.",
			note+"Switching to dedicated user 'mysql'",
			note+"Entrypoint script for MySQL Server "+v+"-1.el9 started.",
		), err(
			"«2006-01-02 15:04:05-07:00» [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified",
			"    You need to specify one of the following as an environment variable:",
			"    - MYSQL_ROOT_PASSWORD", "    - MYSQL_ALLOW_EMPTY_PASSWORD", "    - MYSQL_RANDOM_ROOT_PASSWORD",
		)...),
		logs: append(out(
			note+"Entrypoint script for MySQL Server "+v+"-1.el9 started.",
			note+"Switching to dedicated user 'mysql'",
			note+"Initializing database files",
			note+"Database files initialized",
			note+"MySQL init process done. Ready for start up.",
		), err("«2006-01-02T15:04:05.000000Z» 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: '"+v+"'  socket: '/var/run/mysqld/mysqld.sock'  port: 3306  MySQL Community Server - GPL.")...),
	}
	img := server([]string{entrypoint}, []string{"mysqld"}, "mysqld", p)
	img.programs[entrypoint] = p
	img.programs["mysqladmin"] = program{special: client("ping", "mysqld is alive")}
	img.programs["mysql"], img.programs["mysqldump"] = program{special: unsimulated}, program{special: unsimulated}
	img.Env = append(img.Env, "MYSQL_MAJOR="+v[:strings.LastIndexByte(v, '.')], "MYSQL_VERSION="+v+"-1.el9")
	return img
}

func mariadb(tag string) Image {
	v := version(tag, "12.0.2")
	const note = "«2006-01-02 15:04:05-07:00» [Note] [Entrypoint]: "
	p := program{lasts: forever, ports: []int32{3306},
		needs: []string{"MARIADB_ROOT_PASSWORD", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", "MARIADB_RANDOM_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD_HASH"},
		without: append(out(note+"Entrypoint script for MariaDB Server 1:"+v+"+maria~ubu2404 started."), err(
			"«2006-01-02 15:04:05-07:00» [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified",
			"\tYou need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD",
		)...),
		logs: append(out(note+"Entrypoint script for MariaDB Server 1:"+v+"+maria~ubu2404 started.", note+"Initializing database files", note+"MariaDB init process done. Ready for start up."),
			err("«2006-01-02 15:04:05» 0 [Note] mariadbd: ready for connections.")...),
	}
	img := server([]string{entrypoint}, []string{"mariadbd"}, "mariadbd", p)
	img.programs[entrypoint] = p
	for _, name := range []string{"mariadb-admin", "mysqladmin"} {
		img.programs[name] = program{special: client("ping", "mysqld is alive")}
	}
	for _, name := range []string{"mariadb", "mysql", "mariadb-dump"} {
		img.programs[name] = program{special: unsimulated}
	}
	img.programs["healthcheck.sh"] = program{}
	return img
}

func postgres(tag string) Image {
	v := version(tag, "18.1")
	const at = "«2006-01-02 15:04:05.000 MST» [1] LOG:  "
	p := program{lasts: forever, ports: []int32{5432},
		needs: []string{"POSTGRES_PASSWORD", "POSTGRES_HOST_AUTH_METHOD"},
		without: err(
			"Error: Database is uninitialized and superuser password is not specified.",
			"       You must specify POSTGRES_PASSWORD to a non-empty value for the",
			`       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".`,
			"",
			`       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all`,
			"       connections without a password. This is *not* recommended.",
			"",
			`       See PostgreSQL documentation about "trust":`,
			"       https://www.postgresql.org/docs/current/auth-trust.html",
		),
		logs: append(out(
			`The files belonging to this database system will be owned by user "postgres".`,
			"This user must also own the server process.",
			"",
			"PostgreSQL init process complete; ready for start up.",
			"",
		), err(
			at+"starting PostgreSQL "+v+" (Debian "+v+"-1.pgdg13+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 14.2.0-19) 14.2.0, 64-bit",
			at+`listening on IPv4 address "0.0.0.0", port 5432`,
			at+`listening on IPv6 address "::", port 5432`,
			at+`listening on Unix socket "/var/run/postgresql/.s.PGSQL.5432"`,
			"«2006-01-02 15:04:05.000 MST» [62] LOG:  database system was shut down at «2006-01-02 15:04:05 MST»",
			at+"database system is ready to accept connections",
		)...),
	}
	img := server([]string{entrypoint}, []string{"postgres"}, "postgres", p)
	img.programs[entrypoint] = p
	img.programs["pg_isready"] = program{special: pgIsReady}
	img.programs["psql"], img.programs["pg_dump"] = program{special: unsimulated}, program{special: unsimulated}
	img.Env = append(img.Env, "PG_MAJOR="+strings.SplitN(v, ".", 2)[0], "PG_VERSION="+v+"-1.pgdg13+1", "PGDATA=/var/lib/postgresql/data")
	return img
}

func pgIsReady(s *Start, p *program) {
	host, port := "/var/run/postgresql", "5432"
	for i, a := range s.Argv[:len(s.Argv)-1] {
		switch a {
		case "-h", "--host":
			host = s.Argv[i+1]
		case "-p", "--port":
			port = s.Argv[i+1]
		}
	}
	p.logs = out(host + ":" + port + " - accepting connections")
}

func mongo(string) Image {
	p := program{lasts: forever, ports: []int32{27017}, logs: out(
		`{"t":{"$date":"«2006-01-02T15:04:05.000-07:00»"},"s":"I",  "c":"CONTROL",  "id":4615611, "ctx":"initandlisten","msg":"MongoDB starting","attr":{"pid":1,"port":27017,"dbPath":"/data/db","architecture":"64-bit"}}`,
		`{"t":{"$date":"«2006-01-02T15:04:05.000-07:00»"},"s":"I",  "c":"NETWORK",  "id":23016,   "ctx":"listener","msg":"Waiting for connections","attr":{"port":27017,"ssl":"off"}}`,
	)}
	img := server([]string{entrypoint}, []string{"mongod"}, "mongod", p)
	img.programs[entrypoint] = p
	img.programs["mongosh"] = program{special: client("ping", "{ ok: 1 }")}
	return img
}

func helloWorld(string) Image {
	return Image{Cmd: []string{"/hello"}, Env: []string{usualPath}, Dir: "/", programs: map[string]program{"hello": {logs: out(strings.Split(helloText, "\n")...)}}}
}

func httpEcho(string) Image {
	p := program{lasts: forever, logs: err("«2006/01/02 15:04:05» [INFO] server is listening on :5678")}
	p.special = func(s *Start, p *program) {
		text, listen := "hello-world", int32(5678)
		for i, a := range s.Argv[1:] {
			name, value, ok := strings.Cut(strings.TrimLeft(a, "-"), "=")
			if !ok && i+2 < len(s.Argv) {
				value = s.Argv[i+2]
			}
			switch name {
			case "text":
				text = value
			case "listen":
				if port, err := strconv.ParseUint(value[strings.LastIndexByte(value, ':')+1:], 10, 16); err == nil {
					listen = int32(port)
				}
			}
		}
		p.ports, p.get = []int32{listen}, says(func(*Start) string { return text + "\n" })
		p.logs = err("«2006/01/02 15:04:05» [INFO] server is listening on :" + strconv.Itoa(int(listen)))
	}
	return Image{Entrypoint: []string{"/http-echo"}, Env: []string{usualPath}, Dir: "/", programs: map[string]program{"http-echo": p}}
}

func curl(string) Image {
	p := program{code: 2, logs: err("curl: try 'curl --help' for more information")}
	p.special = func(s *Start, p *program) {
		if len(s.Argv) > 2 || len(s.Argv) == 2 && s.Argv[1] != "curl" {
			unsimulated(&Start{Argv: []string{"curl"}}, p)
		}
	}
	img := server([]string{"/entrypoint.sh"}, []string{"curl"}, "entrypoint.sh", p)
	img.programs["curl"] = program{special: unsimulated}
	return img
}

func rabbitmq(tag string) Image {
	img := quiet("rabbitmq-server", 5672, 15672)(tag)
	img.programs["rabbitmq-diagnostics"] = program{special: client("ping", "Ping succeeded")}
	img.programs["rabbitmqctl"] = program{special: unsimulated}
	return img
}

func stressImage(string) Image {
	return server([]string{"stress"}, nil, "stress", program{special: stress, onTerm: 143})
}
