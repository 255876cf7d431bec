package openssl

import (
	"crypto"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"terrarium/sim/pki"
	"terrarium/sim/vfs"
)

// req makes and shows certificate requests, and certificates that sign themselves.
func req(c *call) int {
	if c.is("new") || c.is("newkey") || c.is("x509") && !c.is("in") {
		return c.request()
	}
	text, err := c.read("in")
	if err != nil {
		return c.fail("Can't open \"%s\" for reading, %s", c.options["in"], vfs.Reason(err))
	}
	d, err := pki.ReadRequest(text)
	if err != nil {
		return c.fail("Unable to load X509 request")
	}
	if c.is("verify") {
		if !d.SignedBy(d.PublicKey) {
			return c.fail("Certificate request self-signature verify failure")
		}
		io.WriteString(c.Stderr, "Certificate request self-signature verify OK\n")
	}
	if c.is("text") {
		c.requestText(d)
	}
	if c.is("subject") {
		fmt.Fprintf(c.Stdout, "subject=%s\n", shownName(d.Subject))
	}
	if c.is("pubkey") {
		c.publicKey(d.PublicKey)
	}
	if c.is("noout") {
		return 0
	}
	return c.write("out", block("CERTIFICATE REQUEST", d.DER), false)
}

// request makes a request, or with -x509 a certificate.
func (c *call) request() int {
	settings := config{}
	if name, ok := c.options["config"]; ok {
		text, err := c.ReadFile(name)
		if err != nil {
			return c.fail("Can't open config file %s: %s", name, vfs.Reason(err))
		}
		settings = parseConfig(string(text))
	}
	key, exit := c.requestKey(settings)
	if key == nil {
		return exit
	}
	var subject []byte
	if c.is("subj") {
		var ok bool
		if subject, ok = c.subjectOption(); !ok {
			return 1
		}
	} else {
		parts, exit := c.askSubject(settings)
		if parts == nil {
			return exit
		}
		var err error
		if subject, err = c.subject(parts); err != nil {
			return c.fail("%v", err)
		}
	}
	public, err := pki.PublicKey(key)
	if err != nil {
		return c.fail("%v", err)
	}
	if c.is("x509") {
		return c.selfSigned(settings, key, subject, public)
	}
	extensions, err := c.requested(settings, signing{subject: public})
	if err != nil {
		return c.fail("Error adding request extensions from command line: %v", err)
	}
	text, err := pki.NewRequest(subject, key, extensions)
	if err != nil {
		return c.fail("%v", err)
	}
	return c.write("out", text, false)
}

// requestKey is the key of -key, or a new one, which goes to -keyout.
func (c *call) requestKey(settings config) (crypto.Signer, int) {
	if c.is("key") {
		return c.key("key"), 1
	}
	algorithm, size, _ := strings.Cut(c.options["newkey"], ":")
	if algorithm == "" {
		algorithm, size = "rsa", settings.get("req", "default_bits")
	}
	if !c.is("nodes") && !c.is("noenc") && settings.get("req", "encrypt_key") != "no" {
		return nil, unsimulated(c.Proc, "openssl req with an encrypted key (there is -nodes)")
	}
	key, exit := c.newKey(algorithm, size)
	if key == nil {
		return nil, exit
	}
	if strings.EqualFold(algorithm, "rsa") {
		c.progress()
	}
	if _, named := c.options["keyout"]; !named {
		c.options["keyout"] = settings.get("req", "default_keyfile")
		if c.options["keyout"] == "" {
			c.options["keyout"] = "privkey.pem"
		}
	}
	if exit := c.writeKey("keyout", key); exit != 0 {
		return nil, exit
	}
	io.WriteString(c.Stderr, "-----\n")
	return key, 0
}

// progress is what the search for two primes leaves on the screen.
func (c *call) progress() {
	for range 2 {
		var b strings.Builder
		for range 2 {
			for n := c.Random()%60 + 3; n > 0; n-- {
				b.WriteByte("...+"[c.Random()%4])
			}
			b.WriteString(strings.Repeat("+", 65) + "*")
		}
		io.WriteString(c.Stderr, strings.TrimSuffix(b.String(), "*")+"\n")
	}
}

// requested are the extensions of -addext and of the configuration's section.
func (c *call) requested(settings config, keys signing) ([]pkix.Extension, error) {
	var all []setting
	for _, text := range c.more {
		key, value, _ := strings.Cut(text, "=")
		all = append(all, setting{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	section := settings.get("req", "req_extensions")
	if c.is("x509") {
		section = settings.get("req", "x509_extensions")
	}
	for _, option := range []string{"reqexts", "extensions"} {
		if name, ok := c.options[option]; ok {
			section = name
		}
	}
	return settings.extensions(append(all, settings[section]...), keys)
}

func (c *call) selfSigned(settings config, key crypto.Signer, subject, public []byte) int {
	days, ok := c.number("days", 30)
	if !ok {
		return 1
	}
	asked, err := c.requested(settings, signing{public, public})
	if err != nil {
		return c.fail("Error adding x509 extensions from command line: %v", err)
	}
	extensions := []pkix.Extension{pki.SubjectKeyID(public), pki.AuthorityKeyID(public), pki.BasicConstraints(true, true)}
	for _, e := range asked {
		extensions = replaced(extensions, e)
	}
	text, err := pki.Issuer{Subject: subject, Key: key}.Sign(pki.Unsigned{
		Serial: c.serial(), Subject: subject, PublicKey: public, NotBefore: c.Now(), NotAfter: c.Now().Add(time.Duration(days) * 24 * time.Hour), Extensions: extensions,
	})
	if err != nil {
		return c.fail("%v", err)
	}
	return c.write("out", text, false)
}

func replaced(all []pkix.Extension, e pkix.Extension) []pkix.Extension {
	for i := range all {
		if all[i].Id.Equal(e.Id) {
			all[i] = e
			return all
		}
	}
	return append(all, e)
}

// serial is a random serial number of 20 bytes.
func (c *call) serial() *big.Int {
	b := c.bytes(20)
	b[0] = b[0]&0x7f | 0x01
	return new(big.Int).SetBytes(b)
}

// questions are what is asked for where nothing names the subject.
var questions = []struct{ kind, prompt, value string }{
	{"C", "Country Name (2 letter code) [AU]:", "AU"}, {"ST", "State or Province Name (full name) [Some-State]:", "Some-State"},
	{"L", "Locality Name (eg, city) []:", ""}, {"O", "Organization Name (eg, company) [Internet Widgits Pty Ltd]:", "Internet Widgits Pty Ltd"},
	{"OU", "Organizational Unit Name (eg, section) []:", ""}, {"CN", "Common Name (e.g. server FQDN or YOUR name) []:", ""}, {"emailAddress", "Email Address []:", ""},
}

// askSubject takes the subject from the configuration, or asks for it on stdin.
func (c *call) askSubject(settings config) ([]attribute, int) {
	if section := settings.get("req", "distinguished_name"); settings.get("req", "prompt") == "no" {
		out := []attribute{}
		for _, s := range settings[section] {
			kind := s.key
			if number, rest, ok := strings.Cut(kind, "."); ok && strings.Trim(number, "0123456789") == "" {
				kind = rest
			}
			out = append(out, attribute{kind, s.value})
		}
		return out, 0
	}
	io.WriteString(c.Stderr, `You are about to be asked to enter information that will be incorporated
into your certificate request.
What you are about to enter is what is called a Distinguished Name or a DN.
There are quite a few fields but you can leave some blank
For some fields there will be a default value,
If you enter '.', the field will be left blank.
-----
`)
	out := []attribute{}
	for _, q := range questions {
		value, ok := c.ask(q.prompt)
		switch {
		case !ok:
			c.fail("\nerror making certificate request")
			return nil, 1
		case value == "":
			value = q.value
		case value == ".":
			value = ""
		}
		if value != "" {
			out = append(out, attribute{q.kind, value})
		}
	}
	if c.is("x509") {
		return out, 0
	}
	io.WriteString(c.Stderr, "\nPlease enter the following 'extra' attributes\nto be sent with your certificate request\n")
	c.ask("A challenge password []:")
	c.ask("An optional company name []:")
	return out, 0
}

// ask reads a line.
func (c *call) ask(prompt string) (line string, ok bool) {
	io.WriteString(c.Stderr, prompt)
	var b strings.Builder
	one := make([]byte, 1)
	for {
		n, err := c.Stdin.Read(one)
		switch {
		case n == 1 && one[0] == '\n':
			return strings.TrimSpace(b.String()), true
		case n == 1:
			b.WriteByte(one[0])
		case err != nil:
			return b.String(), b.Len() > 0
		}
	}
}
