package commands

import (
	"context"
	"fmt"
	"strings"

	"terrarium/sim/shell"
)

func whoami(_ context.Context, p *shell.Proc) int {
	if len(p.Args) > 1 {
		return missing(p, "extra operand ‘%s’", p.Args[1])
	}
	fmt.Fprintln(p.Stdout, p.User())
	return 0
}

func id(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "agGnruzZ", long: []string{"user=u", "group=g", "groups=G", "name=n", "real=r"}, usage: []string{"NAME [OPTION]... [USER]..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) > 0 && names[0] != p.User() {
		p.Errorf("‘%s’: no such user", names[0])
		return 1
	}
	name := has(opts, "n")
	switch {
	case has(opts, "u", "g", "G") && name:
		fmt.Fprintln(p.Stdout, p.User())
	case has(opts, "u", "g", "G"):
		fmt.Fprintln(p.Stdout, 0)
	case name || has(opts, "r"):
		p.Errorf("printing only names or real IDs requires -u, -g, or -G")
		return 1
	default:
		fmt.Fprintf(p.Stdout, "uid=0(%[1]s) gid=0(%[1]s) groups=0(%[1]s)\n", p.User())
	}
	return 0
}

func hostname(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "adfiIsAy", long: []string{"fqdn=f", "long=f", "short=s", "ip-address=i", "all-ip-addresses=I", "domain=d"}, usage: []string{"NAME [OPTION]..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) > 0 {
		p.Errorf("you must be root to change the host name")
		return 1
	}
	host := p.Hostname()
	switch {
	case has(opts, "s"):
		host, _, _ = strings.Cut(host, ".")
	case has(opts, "d"):
		host = ""
	case has(opts, "i", "I"):
		host = "172.30.1.2"
		if has(opts, "I") {
			host += " "
		}
	}
	fmt.Fprintln(p.Stdout, host)
	return 0
}

func uname(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "asnrvmpio", long: []string{"all=a", "kernel-name=s", "nodename=n", "kernel-release=r", "kernel-version=v", "machine=m", "processor=p", "hardware-platform=i", "operating-system=o"}, usage: []string{"NAME [OPTION]..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) > 0 {
		return missing(p, "extra operand ‘%s’", names[0])
	}
	var out []string
	for _, f := range []struct{ option, text string }{
		{"s", "Linux"}, {"n", p.Hostname()}, {"r", "6.8.0-101-generic"}, {"v", "#101-Ubuntu SMP PREEMPT_DYNAMIC Mon Feb  9 10:15:05 UTC 2026"},
		{"m", "x86_64"}, {"p", "x86_64"}, {"i", "x86_64"}, {"o", "GNU/Linux"},
	} {
		if has(opts, f.option, "a") || len(opts) == 0 && f.option == "s" {
			out = append(out, f.text)
		}
	}
	fmt.Fprintln(p.Stdout, strings.Join(out, " "))
	return 0
}
