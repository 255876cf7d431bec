package sim_test

import (
	"context"
	"testing"

	"terrarium/sim"
)

// Which words errors have is the image's: busybox's in busybox, dash's and GNU's in images that are made of Debian.
func TestContainerWords(t *testing.T) {
	c, err := sim.New(sim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run := func(line string) string {
		t.Helper()
		r, err := c.Exec(context.Background(), line)
		if err != nil {
			t.Fatal(err)
		}
		return r.Stdout + r.Stderr
	}
	run("kubectl run bb --image=busybox -- sleep 3600; kubectl run web --image=nginx; kubectl wait --for=condition=Ready pod --all")
	const script = "foo; ls /x; cat /x; cd /nosuch; echo a > /nosuch/b; cat < /nosuch; rm /x; mkdir /tmp; head -1 /x; ls --zzz"
	for _, x := range []struct{ line, want string }{
		{"kubectl exec bb -- sh -c '" + script + "'", `sh: foo: not found
ls: /x: No such file or directory
cat: can't open '/x': No such file or directory
sh: cd: line 0: can't cd to /nosuch: No such file or directory
sh: can't create /nosuch/b: nonexistent directory
sh: can't open /nosuch: no such file
rm: can't remove '/x': No such file or directory
mkdir: can't create directory '/tmp': File exists
head: /x: No such file or directory
ls: unrecognized option: zzz
command terminated with exit code 2
`},
		{"kubectl exec web -- sh -c '" + script + "'", `sh: 1: foo: not found
ls: cannot access '/x': No such file or directory
cat: /x: No such file or directory
sh: 1: cd: can't cd to /nosuch
sh: 1: cannot create /nosuch/b: Directory nonexistent
sh: 1: cannot open /nosuch: No such file
rm: cannot remove '/x': No such file or directory
mkdir: cannot create directory ‘/tmp’: File exists
head: cannot open '/x' for reading: No such file or directory
ls: unrecognized option '--zzz'
Try 'ls --help' for more information.
command terminated with exit code 2
`},
		{"kubectl exec web -- bash -c 'foo; cd /nosuch; true'", "bash: line 1: foo: command not found\nbash: line 1: cd: /nosuch: No such file or directory\n"},
		{"kubectl exec bb -- wget -qO- web", "error: terrarium recognises \"wget\" but does not simulate it\ncommand terminated with exit code 1\n"},
		{"kubectl exec bb -- sh -c 'curl web; nslookup web'", "sh: curl: not found\nerror: terrarium recognises \"nslookup\" but does not simulate it\ncommand terminated with exit code 1\n"},
		{"kubectl exec web -- bash -c 'wget web; curl web'", "bash: line 1: wget: command not found\nerror: terrarium recognises \"curl\" but does not simulate it\ncommand terminated with exit code 1\n"},
		{"kubectl exec bb -- env", `HOSTNAME=bb
HOME=/root
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
KUBERNETES_SERVICE_PORT=443
KUBERNETES_SERVICE_PORT_HTTPS=443
KUBERNETES_PORT=tcp://10.96.0.1:443
KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443
KUBERNETES_PORT_443_TCP_PROTO=tcp
KUBERNETES_PORT_443_TCP_PORT=443
KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1
KUBERNETES_SERVICE_HOST=10.96.0.1
`},
		{"kubectl exec bb -- sh -c 'env | grep -c -e ^LANG -e ^USER -e ^TERM; echo $PWD $SHLVL'", "0\n/ 1\n"},
		{"kubectl run mixed --image=busybox --restart=Never -- sh -c 'echo 1; ls /x; echo 2; foo; echo 3'; kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/mixed >/dev/null; kubectl logs mixed",
			"pod/mixed created\n1\nls: /x: No such file or directory\n2\nsh: foo: not found\n3\n"},
	} {
		if got := run(x.line); got != x.want {
			t.Errorf("%s: got\n%s\nwant\n%s", x.line, got, x.want)
		}
	}
}
