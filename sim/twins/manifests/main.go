// Command manifests sends the same documents, and broken ones made of them, to a real API server and to Terrarium, and
// compares what they answer: status, message, causes, warnings and the object itself.
//
//	manifests --real real.kubeconfig --ours ours.kubeconfig [--mutations 10] [--fixtures DIR] FILE|DIR…
//
// Both servers stand still: no controllers run beside the real one, Terrarium is started with --speed 0.
package main

import (
	"flag"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	realConfig := flag.String("real", "", "kubeconfig of the real API server")
	oursConfig := flag.String("ours", "", "kubeconfig of Terrarium")
	mutations := flag.Int("mutations", 0, "broken documents to make of each one")
	fixtures := flag.String("fixtures", "", "folder of k8s.io/api's testdata/HEAD: where broken documents take fields from")
	seed := flag.Uint64("seed", 1, "seed of the mutations")
	only := flag.String("only", "", "take only documents whose file or kind contains this")
	flag.Parse()
	if err := run(*realConfig, *oursConfig, *fixtures, *only, *mutations, *seed, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(realConfig, oursConfig, fixtures, only string, mutations int, seed uint64, paths []string) error {
	a, err := newServer(realConfig)
	if err != nil {
		return err
	}
	b, err := newServer(oursConfig)
	if err != nil {
		return err
	}
	t := &tally{classes: map[string]int{}}
	donors := map[string]map[string]any{}
	if fixtures != "" {
		for _, d := range read([]string{fixtures}) {
			donors[d.gvk()] = d.object
		}
	}
	for _, d := range read(paths) {
		if only != "" && !strings.Contains(d.source, only) && !strings.Contains(d.gvk(), only) {
			continue
		}
		if !a.serves(d) {
			t.unserved++
			continue
		}
		for _, s := range []*server{a, b} {
			if err := s.prepare(d); err != nil {
				return err
			}
		}
		t.compare(a, b, d, attempt{name: "create", verb: create, object: d.object, validation: "Strict"})
		t.compare(a, b, d, attempt{name: "apply", verb: apply, object: d.object, validation: "Strict"})
		h := fnv.New64a()
		fmt.Fprint(h, d.source)
		r := rand.New(rand.NewPCG(seed, h.Sum64()))
		for range mutations {
			m, raw, what := mutate(r, d.object, donors[d.gvk()])
			v := []string{"Strict", "Strict", "Warn", "Ignore"}[r.IntN(4)]
			verb := []verb{create, create, apply}[r.IntN(3)]
			t.compare(a, b, d, attempt{name: what, verb: verb, object: m, raw: raw, validation: v})
		}
		if mutations > 0 {
			t.updates(a, b, d, r, donors[d.gvk()], mutations)
		}
	}
	t.report()
	return nil
}

// updates creates the document on both, compares what changes of it are answered, and deletes it.
func (t *tally) updates(a, b *server, d document, r *rand.Rand, donor map[string]any, n int) {
	whole := attempt{name: "create", verb: create, object: d.object, validation: "Ignore", keep: true}
	ra, rb := a.try(d, whole), b.try(d, whole)
	if ra.code == 201 && rb.code == 201 {
		for range n {
			base := d.object
			m, raw, what := mutate(r, base, donor)
			v := []string{"Strict", "Warn", "Ignore"}[r.IntN(3)]
			verb := []verb{update, merge, strategic, apply}[r.IntN(4)]
			t.compare(a, b, d, attempt{name: "update " + what, verb: verb, object: m, raw: raw, validation: v})
		}
	}
	if ra.code == 201 {
		a.remove(d)
	}
	if rb.code == 201 {
		b.remove(d)
	}
}

// document is one object of a file.
type document struct {
	source string // file#index
	object map[string]any
}

func (d document) gvk() string {
	v, _ := d.object["apiVersion"].(string)
	k, _ := d.object["kind"].(string)
	return v + "/" + k
}

func read(paths []string) (out []document) {
	for _, root := range paths {
		filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return nil
			}
			switch filepath.Ext(path) {
			case ".yaml", ".yml", ".json":
				out = append(out, documents(path)...)
			}
			return nil
		})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].source < out[j].source })
	return out
}
