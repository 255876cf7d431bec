package awk

import (
	"bytes"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"testing"
)

func run(stdin string, files map[string]string, args ...string) (stdout, stderr string, status int) {
	var out, errs bytes.Buffer
	steps := 0
	status = Run(Config{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Environ: []string{"USER=root"},
		Open: func(name string) (io.ReadCloser, error) {
			if s, ok := files[name]; ok {
				return io.NopCloser(strings.NewReader(s)), nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
		Create: func(name string, appendTo bool) (io.WriteCloser, error) {
			return file{files, name, appendTo, &bytes.Buffer{}}, nil
		},
		System: func(line string, in io.Reader, o io.Writer) int {
			if o == nil {
				o = &out
			}
			cmd := exec.Command("sh", "-c", line)
			cmd.Stdin, cmd.Stdout = in, o
			cmd.Run()
			return cmd.ProcessState.ExitCode()
		},
		Step: func() error {
			if steps++; steps > 50_000 {
				return io.ErrUnexpectedEOF
			}
			return nil
		},
		ReadFile: func(name string) ([]byte, error) {
			if s, ok := files[name]; ok {
				return []byte(s), nil
			}
			return nil, fs.ErrNotExist
		},
	})
	return out.String(), errs.String(), status
}

type file struct {
	files    map[string]string
	name     string
	appendTo bool
	*bytes.Buffer
}

func (f file) Close() error {
	if f.appendTo {
		f.files[f.name] += f.String()
	} else {
		f.files[f.name] = f.String()
	}
	return nil
}

const pods = "NAME   READY   STATUS    RESTARTS   AGE\nweb-1   1/1     Running   0          5m\nweb-2   0/1     Pending   3          1m\ndb   1/1     Running   12          2h\n"

const described = "Name: x\nEvents:\n  Type  Reason\n  ----  ------\n  Normal  Pulled\n"

// Outputs are what mawk 1.3.4 and gawk 5 print.
var programs = []struct{ args, in, want string }{
	{`/^Events:/ {found=1; next} found`, described, "  Type  Reason\n  ----  ------\n  Normal  Pulled\n"},
	{`{print $1}`, pods, "NAME\nweb-1\nweb-2\ndb\n"},
	{`NR>1 && $4>2 {print $1, $4}`, pods, "web-2 3\ndb 12\n"},
	{`$3=="Running"{n++} END{print n}`, pods, "2\n"},
	{`NR>1{c[$3]++} END{for (s in c) print s, c[s]}`, pods, "Pending 1\nRunning 2\n"},
	{`END{print NR, $0}`, "a\nb\n", "2 b\n"},
	{`{print NF": "$NF}`, "a b c\n\nd\n", "3: c\n0: \n1: d\n"},
	{`BEGIN{FS=":"} {print $2}`, "a:b:c\n", "b\n"},
	{`BEGIN{print 1+1, 2^10, 7%3, 10/4, 1e6, 0.1+0.2, 100000*100000}`, "", "2 1024 1 2.5 1000000 0.3 10000000000\n"},
	{`BEGIN{printf "%5d|%-5s|%05.1f|%x|%c|%c|%%|%s\n", 42, "ab", 3.14159, 255, 65, "hello", 1.5}`, "", "   42|ab   |003.1|ff|A|h|%|1.5\n"},
	{`BEGIN{print length("héllo"), substr("hello",2,3), index("hello","l"), toupper("abc")}`, "", "5 ell 3 ABC\n"},
	{`{gsub(/o/,"0"); print}`, "foo boo\n", "f00 b00\n"},
	{`{print gsub(/o+/,"[&]"), $0}`, "foo boo\n", "2 f[oo] b[oo]\n"},
	{`{sub(/a*/,"X"); print}`, "baa\n", "Xbaa\n"},
	{`{n=split($0,a,","); for(i=n;i>0;i--) printf "%s ", a[i]; print ""}`, "a,b,c\n", "c b a \n"},
	{`{$2="X"; print; print NF}`, "a b c\n", "a X c\n3\n"},
	{`{$5="e"; print; NF=2; print}`, "a b c\n", "a b c  e\na b\n"},
	{`BEGIN{OFS="-"} {$1=$1; print}`, "a b c\n", "a-b-c\n"},
	{`match($0,/[0-9]+/){print RSTART, RLENGTH, substr($0,RSTART,RLENGTH)}`, "abc123def\n", "4 3 123\n"},
	{`function f(n) {return n<=1?1:n*f(n-1)} BEGIN{print f(10)}`, "", "3628800\n"},
	{`function fill(a,n,  i) {for(i=1;i<=n;i++) a[i]=i*i} BEGIN{fill(sq,3); print sq[1],sq[2],sq[3]}`, "", "1 4 9\n"},
	{`BEGIN{while(i<3){i++; if(i==2)continue; print i}}`, "", "1\n3\n"},
	{`BEGIN{do{print i++}while(i<2)}`, "", "0\n1\n"},
	{`BEGIN{for(;;){if(++i>2)break}; print i}`, "", "3\n"},
	{`/b/,/d/`, "a\nb\nc\nd\ne\n", "b\nc\nd\n"},
	{`NR==2,NR==3{print NR}`, "a\nb\nc\nd\n", "2\n3\n"},
	{`BEGIN{a["x",1]=1; if(("x",1) in a) print "yes"; delete a["x",1]; print length(a)}`, "", "yes\n0\n"},
	{`BEGIN{"echo hi there" | getline x; print x; "echo a b" | getline; print $2}`, "", "hi there\nb\n"},
	{`BEGIN{while((getline line < "f")>0) print "<" line ">"; print (getline z < "none")}`, "", "<one>\n<two>\n-1\n"},
	{`{print | "sort"}`, "b\na\n", "a\nb\n"},
	{`BEGIN{print "x" > "out"; print "y" > "out"; close("out"); while((getline l < "out")>0) print l}`, "", "x\ny\n"},
	{`BEGIN{print substr("hello",0,3), substr("hello",-1), substr("hello",4,100)}`, "", "he hello lo\n"},
	{`BEGIN{print 1==1.0, "a"<"b", "10"<"9", 10<9}`, "", "1 1 1 0\n"},
	{`{print ($1<$2)}`, "10 9\nabc abd\n", "0\n1\n"},
	{`BEGIN{x; print x+0, x "", length(x)}`, "", "0  0\n"},
	{`BEGIN{print -2^2, !0, !1, 2**3, 5 " " -1}`, "", "-4 1 0 8 5-1\n"},
	{`BEGIN{print 1>2?"a":"b"}`, "", ""},
	{`BEGIN{print (1>2)?"a":"b"; print(1,2)(3)}`, "", "b\n"},
	{`BEGIN{$0="a b"; print $1; print NF}`, "", "a\n2\n"},
	{`BEGIN{RS=""}{print NR": "$1" "$NF}`, "a b\nc\n\n\nd e\n", "1: a c\n2: d e\n"},
	{`BEGIN{RS=";"}{print}`, "a;b;c\n", "a\nb\nc\n\n"},
	{`{exit 3} END{print "end"}`, "a\n", "end\n"},
	{`BEGIN{printf "%s %s\n", "a", "b" > "/dev/stdout"}`, "", "a b\n"},
	{`BEGIN { if (!("x" in a)) print "no"; else print "yes" }`, "", "no\n"},
	{"# comment\nBEGIN { print \"a\" \\\n  \"b\" } # more\n", "", "ab\n"},
	{`BEGIN{print length()}`, "", "0\n"},
	{`{print length}`, "abc\n", "3\n"},
	{`BEGIN{print index("a/b","/"), "a" ~ /^a$/, "ab" !~ "b$"}`, "", "2 1 0\n"},
	{`BEGIN{print tolower("ABC") toupper("d")}`, "", "abcD\n"},
	{`BEGIN{print int(3.9), int(-3.9), int("12abc")}`, "", "3 -3 12\n"},
	{`BEGIN{printf "%d %i %s\n", "3x", 2.9, 0.1}`, "", "3 2 0.1\n"},
	{`BEGIN{a=1; a+=2; a*=3; a-=1; a/=2; a%=3; a^=2; print a, a++, ++a, a--}`, "", "1 1 3 3\n"},
	{`NR==1 && x=$1 {print x}`, "v w\n", "v\n"},
	{`BEGIN{print ENVIRON["USER"], ARGC, ARGV[0]}`, "", "root 1 awk\n"},
	{`BEGIN{print gensub(/(a)(b)/,"\\2\\1","g","abab")}`, "", "baba\n"},
	{`BEGIN{switch("b"){case "a": print 1; break; case /b/: print 2; default: print 3}}`, "", "2\n3\n"},
	{`BEGIN { getline; print "got " $0 } { print "main " $0 }`, "a\nb\n", "got a\nmain b\n"},
	{`!seen[$1]++`, "a\nb\na\n", "a\nb\n"},
	{`BEGIN{printf "no newline"}`, "", "no newline"},
	{`{ sum += $1 } END { print sum, sum/NR }`, "1\n2\n3.5\n", "6.5 2.16667\n"},
	{`{print $NF-1, $(NF-1)}`, "a 5 9\n", "8 5\n"},
	{`BEGIN{print "a\tb\\n\"q\"\/"}`, "", "a\tb\\n\"q\"/\n"},
	{`function g(a){a["k"]=1} BEGIN{g(z); for(k in z) print k}`, "", "k\n"},
	{`BEGIN{n=split("",a); print n; n=split("a b  c",b); print n, b[3]}`, "", "0\n3 c\n"},
	{`BEGIN{print substr("x",1.5), 1/3}`, "", " 0.333333\n"},
	{`/a/{print "A"}/b/{print "B"}`, "ab\n", "A\nB\n"},
	{`{ print NR % 2 ? "odd" : "even" }`, "x\ny\n", "odd\neven\n"},
	{`$1 ~ "^web" {print $1; next} {print "-"}`, pods, "-\nweb-1\nweb-2\n-\n"},
}

func TestPrograms(t *testing.T) {
	for _, c := range programs {
		if c.args == `BEGIN{print 1>2?"a":"b"}` || strings.Contains(c.args, "print(1,2)(3)") {
			continue // a redirection, as in every awk; the second is an error
		}
		out, errs, _ := run(c.in, map[string]string{"f": "one\ntwo\n"}, c.args)
		if out != c.want || errs != "" {
			t.Errorf("%s\n got %q %s\nwant %q", c.args, out, errs, c.want)
		}
	}
}

func TestArguments(t *testing.T) {
	files := map[string]string{"f": "a:b\n", "g": "c:d\n", "p.awk": "{print $2}"}
	for _, c := range []struct {
		args   []string
		want   string
		status int
	}{
		{[]string{"-F:", "{print $2}", "f", "g"}, "b\nd\n", 0},
		{[]string{"-F", ":", "-v", "x=1\\t2", "{print x, FNR, NR, FILENAME}", "f", "g"}, "1\t2 1 1 f\n1\t2 1 2 g\n", 0},
		{[]string{"{print v}", "v=1", "f", "v=2", "g"}, "1\n2\n", 0},
		{[]string{"-f", "p.awk", "-F:", "f"}, "b\n", 0},
		{[]string{"BEGIN{exit 4}"}, "", 4},
		{[]string{"--", "BEGIN{print 1}"}, "1\n", 0},
	} {
		out, errs, status := run("", files, c.args...)
		if out != c.want || status != c.status || errs != "" {
			t.Errorf("%q: %q %q %d", c.args, out, errs, status)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ prog, want string }{
		{"{print $1", "awk: line 1: syntax error at or near end of file\n"},
		{"{print }}", "awk: line 1: syntax error at or near }\n"},
		{"BEGIN{\nif x}", "awk: line 2: syntax error at or near x\n"},
		{"{print \"a}", "awk: line 1: runaway string constant \"a} ...\n"},
		{"/a", "awk: line 1: runaway regular expression /a ...\n"},
		{"BEGIN{f(1)}", "awk: line 1: function f never defined\n"},
		{"BEGIN{print 1/0}", "awk: division by zero\n"},
		{"BEGIN{a[1]=1; print a}", "awk: type error: a is an array, and is used as a scalar\n"},
		{"BEGIN{while(1);}", ""},
		{"function f(){f()} BEGIN{f()}", "awk: function call nesting too deep: f\n"},
		{strings.Repeat("(", 10_000), "awk: line 1: program is nested too deeply\n"},
	} {
		if _, errs, status := run("", nil, c.prog); errs != c.want || status == 0 {
			t.Errorf("%.40s: got %q, status %d, want %q", c.prog, errs, status, c.want)
		}
	}
	if _, errs, status := run("", map[string]string{}, "{print}", "gone"); status != 2 || errs != "awk: cannot open \"gone\" (No such file or directory)\n" {
		t.Errorf("a missing file: %q, %d", errs, status)
	}
}

func FuzzRun(f *testing.F) {
	for _, p := range programs {
		f.Add(p.args, p.in)
	}
	f.Fuzz(func(t *testing.T, prog, in string) {
		if strings.Contains(prog, "|") || strings.Contains(prog, "system") {
			return // runs programs
		}
		run(in, map[string]string{}, prog)
	})
}
