// Package openssl is the program openssl, as far as people use it around a cluster: keys, certificate requests,
// certificates, random numbers. Options and texts are OpenSSL 3.0's.
//
// It knows no cluster. RSA keys are made of a few known primes, so nothing of them is secret.
package openssl

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"terrarium/sim/pki"
	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

// commands are what is simulated, recognised what OpenSSL has besides.
var commands = map[string]func(*call) int{
	"base64": enc, "dgst": dgst, "enc": enc, "genpkey": genpkey, "genrsa": genrsa, "pkey": pkey, "rand": random, "req": req, "rsa": pkey,
	"verify": verify, "version": version, "x509": x509,
}

const recognised = " asn1parse ca ciphers cmp cms crl crl2pkcs7 dhparam dsa dsaparam ec ecparam engine errstr fipsinstall gendsa info kdf list mac nseq ocsp passwd pkcs12 pkcs7 pkcs8 pkeyparam pkeyutl prime rehash rsautl s_client s_server s_time sess_id smime speed spkac srp storeutl ts "

// Command is the program.
func Command(_ context.Context, p *shell.Proc) int {
	if len(p.Args) < 2 || p.Args[1] == "help" {
		return unsimulated(p, strings.Join(p.Args, " "))
	}
	name := p.Args[1]
	run := commands[name]
	if name == "sha256" || name == "sha512" || name == "sha1" || name == "md5" {
		run = dgst
	}
	if run == nil {
		if strings.Contains(recognised, " "+name+" ") {
			return unsimulated(p, "openssl "+name)
		}
		fmt.Fprintf(p.Stderr, "Invalid command '%s'; type \"help\" for a list.\n", name)
		return 1
	}
	c := &call{Proc: p, name: name, options: map[string]string{}}
	if exit, ok := c.parse(); !ok {
		return exit
	}
	return run(c)
}

func unsimulated(p *shell.Proc, what string) int {
	fmt.Fprintf(p.Stderr, "error: terrarium recognises %q but does not simulate it\n", what)
	return 1
}

// call is one run of a command.
type call struct {
	*shell.Proc
	name    string
	options map[string]string // by name; those without a value have ""
	more    []string          // values of -addext, in their order
	args    []string
}

// valued and flags are the options of each command, with and without a value.
var valued = map[string]string{
	"base64": "in out", "enc": "in out", "dgst": "hmac out", "genpkey": "algorithm pkeyopt out outform", "genrsa": "out", "pkey": "in out", "rsa": "in out",
	"rand": "out", "verify": "CAfile",
	"req":  "addext config days extensions in key keyform keyout newkey out outform inform pkeyopt reqexts set_serial subj",
	"x509": "CA CAkey CAserial checkend days ext extensions extfile force_pubkey in inform key nameopt out outform set_serial signkey subj",
}

var flags = map[string]string{
	"base64": "A a base64 d e", "enc": "A a base64 d e", "dgst": "hex r sha1 sha256 sha512 md5", "genpkey": "", "genrsa": "traditional verbose quiet", "pkey": "noout pubin pubout text traditional",
	"rsa": "check modulus noout pubin pubout text traditional", "rand": "base64 hex", "verify": "verbose", "version": "a v",
	"req":  "batch new newhdr nodes noenc noout pubkey sha256 sha384 sha512 subject text utf8 verify x509",
	"x509": "CAcreateserial alias dates enddate fingerprint issuer modulus new noout pubkey purpose req serial sha1 sha256 startdate subject text",
}

// parse reads the options; where it cannot, it says so.
func (c *call) parse() (exit int, ok bool) {
	args := c.Args[2:]
	for i := 0; i < len(args); i++ {
		option, isOption := strings.CutPrefix(args[i], "-")
		option = strings.TrimPrefix(option, "-")
		switch {
		case !isOption || option == "":
			c.args = append(c.args, args[i])
		case has(valued[c.name], option):
			if i++; i == len(args) {
				fmt.Fprintf(c.Stderr, "%s: Option -%s needs a value\n%s: Use -help for summary.\n", c.name, option, c.name)
				return 1, false
			}
			c.options[option] = args[i]
			if option == "addext" {
				c.more = append(c.more, args[i])
			}
		case has(flags[c.name], option):
			c.options[option] = ""
		default:
			return unsimulated(c.Proc, "openssl "+c.name+" -"+option), false
		}
	}
	return 0, true
}

func has(list, word string) bool { return slices.Contains(strings.Fields(list), word) }

func (c *call) is(option string) bool { _, ok := c.options[option]; return ok }

// read is the file of an option, or stdin.
func (c *call) read(option string) ([]byte, error) {
	if name := c.options[option]; name != "" {
		return c.ReadFile(name)
	}
	return io.ReadAll(c.Stdin)
}

// shown is the file of an option as messages name it.
func (c *call) shown(option string) string {
	if name := c.options[option]; name != "" {
		return name
	}
	return "<stdin>"
}

// write puts data into the file of an option, or on stdout; private files are for their owner alone.
func (c *call) write(option string, data []byte, private bool) int {
	name := c.options[option]
	if name == "" {
		c.Stdout.Write(data)
		return 0
	}
	mode := 0o666 &^ c.Umask()
	if private {
		mode = 0o600
	}
	if err := c.FS.WriteFile(c.Path(name), data, mode); err != nil {
		return c.fail("Can't open \"%s\" for writing, %s", name, vfs.Reason(err))
	}
	return 0
}

func (c *call) fail(format string, args ...any) int {
	fmt.Fprintf(c.Stderr, format+"\n", args...)
	return 1
}

// key reads the private key of an option's file; it has said what is wrong where there is none.
func (c *call) key(option string) crypto.Signer {
	text, err := c.read(option)
	if err != nil {
		c.fail("Could not open file or uri for loading private key from %s", c.shown(option))
		return nil
	}
	key, err := pki.ParseKey(text)
	if err != nil {
		c.fail("Could not read private key from %s", c.shown(option))
		return nil
	}
	return key
}

func (c *call) bytes(n int) []byte {
	out := make([]byte, 0, n+7)
	for len(out) < n {
		out = binary.BigEndian.AppendUint64(out, c.Random())
	}
	return out[:n]
}

func (c *call) number(option string, or int) (int, bool) {
	text, ok := c.options[option]
	if !ok {
		return or, true
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		c.fail("%s: Can't parse \"%s\" as a number", c.name, text)
		return 0, false
	}
	return n, true
}

func version(c *call) int {
	io.WriteString(c.Stdout, "OpenSSL 3.0.13 30 Jan 2024 (Library: OpenSSL 3.0.13 30 Jan 2024)\n")
	return 0
}

func random(c *call) int {
	if len(c.args) != 1 {
		return c.fail("rand: Use -help for summary.")
	}
	n, err := strconv.Atoi(c.args[0])
	if err != nil || n < 0 || n > 1<<20 {
		return c.fail("rand: Can't parse \"%s\" as a number", c.args[0])
	}
	data := c.bytes(n)
	switch {
	case c.is("hex"):
		data = []byte(hex.EncodeToString(data) + "\n")
	case c.is("base64"):
		data = lines64(data)
	}
	return c.write("out", data, false)
}

// lines64 is base64 in lines of 64.
func lines64(data []byte) []byte {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 64 {
		b.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	if text != "" {
		b.WriteString(text + "\n")
	}
	return []byte(b.String())
}

// enc is `openssl enc -base64` and `openssl base64`.
func enc(c *call) int {
	if c.name == "enc" && !c.is("base64") && !c.is("a") {
		return unsimulated(c.Proc, "openssl enc")
	}
	data, err := c.read("in")
	if err != nil {
		return c.fail("Can't open \"%s\" for reading, %s", c.options["in"], vfs.Reason(err))
	}
	switch {
	case c.is("d"):
		text := strings.Join(strings.Fields(string(data)), "")
		if data, err = base64.StdEncoding.DecodeString(text); err != nil {
			return c.fail("error reading input file")
		}
	case c.is("A"):
		data = []byte(base64.StdEncoding.EncodeToString(data))
	default:
		data = lines64(data)
	}
	return c.write("out", data, false)
}
