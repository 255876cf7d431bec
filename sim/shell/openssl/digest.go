package openssl

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"terrarium/sim/vfs"
)

var digests = []struct {
	option, name string
	make         func() hash.Hash
}{
	{"sha256", "SHA2-256", sha256.New}, {"sha512", "SHA2-512", sha512.New}, {"sha1", "SHA1", sha1.New}, {"md5", "MD5", md5.New},
}

// dgst prints digests of files, or of stdin.
func dgst(c *call) int {
	d := digests[0]
	for _, other := range digests {
		if c.is(other.option) || c.name == other.option {
			d = other
		}
	}
	names := c.args
	if len(names) == 0 {
		names = []string{""}
	}
	prefix, exit := "", 0
	if c.is("hmac") {
		prefix = "HMAC-"
	}
	for _, name := range names {
		read, shown := c.ReadFile, name
		if name == "" {
			shown = "stdin"
			read = func(string) ([]byte, error) { return io.ReadAll(c.Stdin) }
		}
		data, err := read(name)
		if err != nil {
			exit = c.fail("%s: %s", name, vfs.Reason(err))
			continue
		}
		h := d.make()
		if key, ok := c.options["hmac"]; ok {
			h = hmac.New(d.make, []byte(key))
		}
		h.Write(data)
		sum := hex.EncodeToString(h.Sum(nil))
		if c.is("r") {
			fmt.Fprintf(c.Stdout, "%s *%s\n", sum, shown)
			continue
		}
		fmt.Fprintf(c.Stdout, "%s%s(%s)= %s\n", prefix, d.name, shown, sum)
	}
	return exit
}
