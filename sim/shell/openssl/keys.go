package openssl

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"io"
	"strconv"
	"strings"

	"terrarium/sim/pki"
)

// genrsa makes an RSA key.
func genrsa(c *call) int {
	bits := 2048
	if len(c.args) > 0 {
		var err error
		if bits, err = strconv.Atoi(c.args[0]); err != nil {
			return c.fail("genrsa: Can't parse \"%s\" as a number", c.args[0])
		}
	}
	key := rsaKey(c.Proc, bits)
	if key == nil {
		return unsimulated(c.Proc, fmt.Sprintf("openssl genrsa %d", bits))
	}
	return c.writeKey("out", key)
}

// genpkey makes a key of any kind.
func genpkey(c *call) int {
	key, exit := c.newKey(c.options["algorithm"], strings.TrimPrefix(c.options["pkeyopt"], "rsa_keygen_bits:"))
	if key == nil {
		return exit
	}
	return c.writeKey("out", key)
}

// newKey is a key of an algorithm; size may be empty.
func (c *call) newKey(algorithm, size string) (crypto.Signer, int) {
	switch strings.ToLower(algorithm) {
	case "rsa":
		bits, err := strconv.Atoi(size)
		if size == "" {
			bits, err = 2048, nil
		}
		if err == nil {
			if key := rsaKey(c.Proc, bits); key != nil {
				return key, 0
			}
		}
		return nil, unsimulated(c.Proc, "openssl "+c.name+" with an RSA key of "+size+" bits")
	case "ed25519":
		return ed25519.NewKeyFromSeed(c.bytes(ed25519.SeedSize)), 0
	}
	return nil, unsimulated(c.Proc, "openssl "+c.name+" with the algorithm "+algorithm)
}

func (c *call) writeKey(option string, key crypto.Signer) int {
	text, err := pki.KeyPEM(key)
	if err != nil {
		return c.fail("%v", err)
	}
	if k, ok := key.(*rsa.PrivateKey); ok && c.is("traditional") {
		if text, err = pki.TraditionalPEM(k); err != nil {
			return c.fail("%v", err)
		}
	}
	return c.write(option, text, true)
}

// pkey shows a key, or its public half.
func pkey(c *call) int {
	if c.is("pubin") || c.is("text") {
		return unsimulated(c.Proc, "openssl "+c.name+" -pubin and -text")
	}
	key := c.key("in")
	if key == nil {
		return 1
	}
	if c.is("check") {
		io.WriteString(c.Stdout, "RSA key ok\n")
	}
	if c.is("modulus") {
		c.modulus(key.Public())
	}
	if c.is("noout") {
		return 0
	}
	if c.name == "rsa" {
		io.WriteString(c.Stderr, "writing RSA key\n")
	}
	if !c.is("pubout") {
		return c.writeKey("out", key)
	}
	der, err := pki.PublicKey(key)
	if err != nil {
		return c.fail("%v", err)
	}
	return c.write("out", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), false)
}

func (c *call) modulus(key crypto.PublicKey) {
	if k, ok := key.(*rsa.PublicKey); ok {
		fmt.Fprintf(c.Stdout, "Modulus=%X\n", k.N)
		return
	}
	io.WriteString(c.Stdout, "Modulus=No modulus for this public key type\n")
}
