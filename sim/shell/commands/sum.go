package commands

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
	"maps"
	"strings"

	"terrarium/sim/shell"
)

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

func checksum(ctx context.Context, p *shell.Proc) int {
	make := map[string]func() hash.Hash{"md5sum": md5.New, "sha1sum": sha1.New, "sha256sum": sha256.New, "sha512sum": sha512.New}[p.Name()]
	if make == nil {
		make = sha256.New
	}
	opts, names, exit, done := syntax{short: "bctwz", long: []string{"binary=b", "check=c", "text=t", "warn=w", "quiet", "status", "tag", "ignore-missing", "strict", "zero=z"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	digest := func(r io.Reader) (string, error) {
		h := make()
		_, err := io.Copy(h, stepped{ctx, p, r})
		return hex.EncodeToString(h.Sum(nil)), err
	}
	if has(opts, "c") {
		return verify(p, opts, names, digest)
	}
	return eachInput(p, names, func(name string, r io.Reader) error {
		sum, err := digest(r)
		if err != nil {
			return err
		}
		if has(opts, "tag") {
			_, err = fmt.Fprintf(p.Stdout, "%s (%s) = %s\n", strings.ToUpper(strings.TrimSuffix(p.Name(), "sum")), name, sum)
			return err
		}
		mark := " "
		if has(opts, "b") {
			mark = "*"
		}
		_, err = fmt.Fprintf(p.Stdout, "%s %s%s\n", sum, mark, name)
		return err
	})
}

// verify checks the files of a list of sums.
func verify(p *shell.Proc, opts []given, names []string, digest func(io.Reader) (string, error)) int {
	failed, unread, lines := 0, 0, 0
	exit := eachInput(p, names, func(list string, r io.Reader) error {
		data, err := io.ReadAll(r)
		for line := range strings.Lines(string(data)) {
			want, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if !ok || len(name) < 2 {
				continue
			}
			lines++
			name = name[1:]
			f, err := p.Open(name)
			if err != nil {
				p.Errorf("%s: %s", name, reason(err))
				fmt.Fprintf(p.Stdout, "%s: FAILED open or read\n", name)
				unread++
				continue
			}
			got, _ := digest(f)
			f.Close()
			switch {
			case !strings.EqualFold(got, want):
				failed++
				if !has(opts, "status") {
					fmt.Fprintf(p.Stdout, "%s: FAILED\n", name)
				}
			case !has(opts, "quiet", "status"):
				fmt.Fprintf(p.Stdout, "%s: OK\n", name)
			}
		}
		if lines == 0 {
			p.Errorf("%s: no properly formatted checksum lines found", list)
			unread++
		}
		return err
	})
	plural := func(n int, one, many string) string {
		if n == 1 {
			return fmt.Sprintf("%d %s", n, one)
		}
		return fmt.Sprintf("%d %s", n, many)
	}
	if unread > 0 && lines > 0 {
		p.Errorf("WARNING: %s could not be read", plural(unread, "listed file", "listed files"))
	}
	if failed > 0 && !has(opts, "status") {
		p.Errorf("WARNING: %s did NOT match", plural(failed, "computed checksum", "computed checksums"))
	}
	if failed+unread > 0 {
		return 1
	}
	return exit
}
