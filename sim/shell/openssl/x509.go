package openssl

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"terrarium/sim/pki"
	"terrarium/sim/vfs"
)

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// x509 shows a certificate, or with -req signs a request.
func x509(c *call) int {
	if c.is("req") {
		return c.signRequest()
	}
	d := c.certificate("in")
	if d == nil {
		return 1
	}
	for _, option := range []string{"CA", "signkey", "key", "new", "force_pubkey"} {
		if c.is(option) {
			return unsimulated(c.Proc, "openssl x509 -"+option+" without -req")
		}
	}
	// The order is that of the command line.
	exit := 0
	for _, arg := range c.Args[2:] {
		if option, ok := strings.CutPrefix(arg, "-"); ok && c.is(strings.TrimPrefix(option, "-")) && !c.show(d, strings.TrimPrefix(option, "-")) {
			exit = 1
		}
	}
	if c.is("noout") || c.is("checkend") {
		return exit
	}
	return c.write("out", block("CERTIFICATE", d.DER), false)
}

// show prints what one option asks for; ok is false where the answer is no.
func (c *call) show(d *pki.Document, option string) (ok bool) {
	stamp := func(t time.Time) string { return t.UTC().Format("Jan _2 15:04:05 2006 GMT") }
	dates := option == "dates"
	switch option {
	case "subject":
		fmt.Fprintf(c.Stdout, "subject=%s\n", shownName(d.Subject))
	case "issuer":
		fmt.Fprintf(c.Stdout, "issuer=%s\n", shownName(d.Issuer))
	case "serial":
		fmt.Fprintf(c.Stdout, "serial=%s\n", evenHex(d.Serial))
	case "startdate", "enddate", "dates":
		if dates || option == "startdate" {
			fmt.Fprintf(c.Stdout, "notBefore=%s\n", stamp(d.NotBefore))
		}
		if dates || option == "enddate" {
			fmt.Fprintf(c.Stdout, "notAfter=%s\n", stamp(d.NotAfter))
		}
	case "text":
		c.certificateText(d)
	case "pubkey":
		c.publicKey(d.PublicKey)
	case "modulus":
		if key, err := pki.ReadPublicKey(d.PublicKey); err == nil {
			c.modulus(key)
		}
	case "fingerprint":
		c.fingerprint(d)
	case "ext":
		c.extensionTexts(d, list(c.options["ext"]))
	case "checkend":
		n, ok := c.number("checkend", 0)
		if !ok {
			return false
		}
		if d.NotAfter.Before(c.Now().Add(time.Duration(n) * time.Second)) {
			io.WriteString(c.Stdout, "Certificate will expire\n")
			return false
		}
		io.WriteString(c.Stdout, "Certificate will not expire\n")
	}
	return true
}

// evenHex is a number in hexadecimal, in whole bytes.
func evenHex(n *big.Int) string {
	text := fmt.Sprintf("%X", n)
	if len(text)%2 == 1 {
		text = "0" + text
	}
	return text
}

func (c *call) fingerprint(d *pki.Document) {
	name, sum := "SHA1", sha1.New()
	if c.is("sha256") {
		name, sum = "sha256", sha256.New()
	}
	sum.Write(d.DER)
	fmt.Fprintf(c.Stdout, "%s Fingerprint=%s\n", name, strings.ToUpper(colons(sum.Sum(nil))))
}

func (c *call) publicKey(der []byte) { c.Stdout.Write(block("PUBLIC KEY", der)) }

// certificate reads the certificate of an option; it has said what is wrong where there is none.
func (c *call) certificate(option string) *pki.Document {
	text, err := c.read(option)
	if err != nil {
		c.fail("Could not open file or uri for loading certificate from %s\nUnable to load certificate", c.shown(option))
		return nil
	}
	d, err := pki.ReadCertificate(text)
	if err != nil {
		c.fail("Could not read certificate from %s\nUnable to load certificate", c.shown(option))
		return nil
	}
	return d
}

// signRequest makes a certificate of a request, signed by -CA or with -signkey by its own key.
func (c *call) signRequest() int {
	text, err := c.read("in")
	if err != nil {
		return c.fail("Can't open \"%s\" for reading, %s", c.options["in"], vfs.Reason(err))
	}
	asked, err := pki.ReadRequest(text)
	if err != nil {
		return c.fail("Unable to load X509 request")
	}
	if !asked.SignedBy(asked.PublicKey) {
		return c.fail("Certificate request self-signature did not match the contents")
	}
	fmt.Fprintf(c.Stderr, "Certificate request self-signature ok\nsubject=%s\n", shownName(asked.Subject))
	days, ok := c.number("days", 30)
	if !ok {
		return 1
	}
	issuer, public, exit := c.issuer(asked)
	if exit != 0 {
		return exit
	}
	serial, exit := c.certificateSerial()
	if exit != 0 {
		return exit
	}
	extensions, err := c.extensionFile(signing{asked.PublicKey, public})
	if err != nil {
		return c.fail("Error adding extensions: %v", err)
	}
	out, err := issuer.Sign(pki.Unsigned{
		Serial: serial, Subject: asked.Subject, PublicKey: asked.PublicKey, NotBefore: c.Now(),
		NotAfter: c.Now().Add(time.Duration(days) * 24 * time.Hour), Extensions: extensions,
	})
	if err != nil {
		return c.fail("%v", err)
	}
	return c.write("out", out, false)
}

// issuer is who signs, with its public key.
func (c *call) issuer(asked *pki.Document) (out pki.Issuer, public []byte, exit int) {
	option := "CAkey"
	switch {
	case c.is("signkey"):
		option = "signkey"
	case c.is("key"):
		option = "key"
	case !c.is("CA"):
		return out, nil, c.fail("We need a private key to sign with, use -signkey or -CA or -CAkey")
	case !c.is("CAkey"):
		option = "CA"
	}
	out.Subject = asked.Subject
	if c.is("CA") {
		d := c.certificate("CA")
		if d == nil {
			return out, nil, 1
		}
		out.Subject = d.Subject
		public = d.PublicKey
	}
	key := c.key(option)
	if key == nil {
		return out, nil, 1
	}
	out.Key = key
	return out, public, c.matches(key, &public)
}

// matches wants the key to be that of the certificate, if there is one.
func (c *call) matches(key crypto.Signer, public *[]byte) int {
	own, err := pki.PublicKey(key)
	if err != nil {
		return c.fail("%v", err)
	}
	if *public != nil && !bytes.Equal(own, *public) {
		return c.fail("CA certificate and CA private key do not match")
	}
	*public = own
	return 0
}

// certificateSerial is the number of -set_serial, the next one of the authority's file, or a new one, which is kept there.
func (c *call) certificateSerial() (*big.Int, int) {
	if text, ok := c.options["set_serial"]; ok {
		n, ok := new(big.Int).SetString(text, 0)
		if !ok {
			return nil, c.fail("x509: Can't parse \"%s\" as a number", text)
		}
		return n, 0
	}
	if !c.is("CA") {
		return c.serial(), 0
	}
	name := c.options["CAserial"]
	if name == "" {
		name = c.options["CA"]
		if dot := strings.LastIndexByte(name, '.'); dot > strings.LastIndexByte(name, '/') {
			name = name[:dot]
		}
		name += ".srl"
	}
	serial := c.serial()
	if text, err := c.ReadFile(name); err == nil {
		if n, ok := new(big.Int).SetString(strings.TrimSpace(string(text)), 16); ok {
			serial = n.Add(n, big.NewInt(1))
		}
	}
	if err := c.FS.WriteFile(c.Path(name), []byte(evenHex(serial)+"\n"), 0o666&^c.Umask()); err != nil {
		return nil, c.fail("Can't open \"%s\" for writing, %s", name, vfs.Reason(err))
	}
	return serial, 0
}

// extensionFile are the extensions that -extfile asks for.
func (c *call) extensionFile(keys signing) ([]pkix.Extension, error) {
	name, ok := c.options["extfile"]
	if !ok {
		return nil, nil
	}
	text, err := c.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, vfs.Reason(err))
	}
	settings := parseConfig(string(text))
	section := c.options["extensions"]
	if section == "" {
		section = settings.get("default", "extensions")
	}
	if section == "" {
		section = "default"
	}
	return settings.extensions(settings[section], keys)
}

// verify looks whether certificates are signed by the authority's.
func verify(c *call) int {
	var root *pki.Document
	if c.is("CAfile") {
		if root = c.certificate("CAfile"); root == nil {
			return 1
		}
	}
	exit := 0
	for _, name := range c.args {
		c.options["in"] = name
		d := c.certificate("in")
		if d == nil {
			return 1
		}
		problem := ""
		switch {
		case root == nil && bytes.Equal(d.Issuer, d.Subject):
			problem = "error 18 at 0 depth lookup: self-signed certificate"
		case root == nil || !bytes.Equal(d.Issuer, root.Subject) || !d.SignedBy(root.PublicKey):
			problem = "error 20 at 0 depth lookup: unable to get local issuer certificate"
		case d.NotAfter.Before(c.Now()):
			problem = "error 10 at 0 depth lookup: certificate has expired"
		}
		if problem != "" {
			fmt.Fprintf(c.Stderr, "%s\n%s\nerror %s: verification failed\n", shownName(d.Subject), problem, name)
			exit = 2
			continue
		}
		fmt.Fprintf(c.Stdout, "%s: OK\n", name)
	}
	return exit
}
