package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"unicode/utf16"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"

	"terrarium/sim/kubectl/object"
)

// stdinSource is what errors call standard input.
const stdinSource = "STDIN"

var extensions = []string{".json", ".yaml", ".yml"}

func (b *Builder) addFilenames() {
	f := b.Filenames
	var bad bool
	if len(f.Names) > 0 && f.Kustomize != "" {
		b.fail("only one of -f or -k can be specified")
		bad = true
	}
	if f.Kustomize != "" && f.Recursive {
		b.fail("the -k flag can't be used with -f or -R")
		bad = true
	}
	if bad {
		return
	}
	for _, name := range f.Names {
		b.addFilename(name)
	}
	if b.Stream != nil {
		b.stdin = true
		b.paths = append(b.paths, func(fn VisitFunc) error { return b.parse(b.Stream, b.StreamName, fn) })
	}
	if f.Kustomize != "" {
		b.paths = append(b.paths, func(fn VisitFunc) error {
			data, err := b.Kustomize(f.Kustomize)
			if err != nil {
				return err
			}
			return b.parse(bytes.NewReader(data), f.Kustomize, fn)
		})
	}
}

func (b *Builder) addFilename(name string) {
	switch {
	case name == "-":
		if b.stdin {
			b.fail("standard input cannot be used for multiple arguments")
		}
		b.stdin = true
		b.paths = append(b.paths, func(fn VisitFunc) error {
			data, err := io.ReadAll(b.Stdin)
			if err != nil {
				return err
			}
			return b.parse(bytes.NewReader(decodeUTF16(data)), stdinSource, fn)
		})
	case strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://"):
		if _, err := url.Parse(name); err != nil {
			b.fail("the URL passed to filename %q is not valid: %v", name, err)
			return
		}
		b.paths = append(b.paths, func(fn VisitFunc) error {
			data, err := b.Fetch(name)
			if err != nil {
				return err
			}
			return b.parse(bytes.NewReader(data), name, fn)
		})
	default:
		matches, err := b.glob(name)
		if err != nil {
			b.errs = append(b.errs, err)
			return
		}
		if !b.Filenames.Recursive && len(matches) == 1 {
			b.single = true
		}
		b.addPaths(matches)
	}
}

// glob is name itself where it exists, else what it matches as a pattern.
func (b *Builder) glob(name string) ([]string, error) {
	if _, err := b.Files.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return []string{name}, nil
	}
	if _, err := path.Match(name, ""); err != nil {
		return nil, fmt.Errorf("pattern %q is not valid: %v", name, err)
	}
	matches := b.match(name)
	if len(matches) == 0 {
		return nil, fmt.Errorf("the path %q does not exist", name)
	}
	return matches, nil
}

func (b *Builder) match(pattern string) []string {
	if !strings.ContainsAny(pattern, `*?[\`) {
		if _, err := b.Files.Stat(pattern); err != nil {
			return nil
		}
		return []string{pattern}
	}
	dir, file := path.Split(pattern)
	dirs := []string{""}
	switch {
	case dir == "/":
		dirs = []string{"/"}
	case dir != "":
		dirs = b.match(strings.TrimSuffix(dir, "/"))
	}
	var out []string
	for _, d := range dirs {
		read := d
		if read == "" {
			read = "."
		}
		entries, err := b.Files.ReadDir(read)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if ok, _ := path.Match(file, e.Name()); ok {
				out = append(out, path.Join(d, e.Name()))
			}
		}
	}
	return out
}

func (b *Builder) addPaths(paths []string) {
	for _, p := range paths {
		fi, err := b.Files.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			b.fail("the path %q does not exist", p)
			continue
		case err != nil:
			b.fail("the path %q cannot be accessed: %v", p, err)
			continue
		}
		files := []string{p}
		if fi.IsDir() {
			if files, err = b.walk(p); err != nil {
				b.fail("error reading %q: %v", p, err)
			}
		}
		if len(files) > 1 {
			b.dir = true
		}
		for _, f := range files {
			b.paths = append(b.paths, func(fn VisitFunc) error {
				data, err := b.Files.ReadFile(f)
				if err != nil {
					return err
				}
				return b.parse(bytes.NewReader(decodeUTF16(data)), f, fn)
			})
		}
	}
	if len(b.paths) == 0 && len(b.errs) == 0 {
		b.fail("error reading %v: recognized file extensions are %v", paths, extensions)
	}
}

// walk lists the manifests in dir, by name; those of directories below it only with -R.
func (b *Builder) walk(dir string) ([]string, error) {
	entries, err := b.Files.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			if b.Filenames.Recursive {
				below, err := b.walk(name)
				if err != nil {
					return out, err
				}
				out = append(out, below...)
			}
			continue
		}
		for _, ext := range extensions {
			if path.Ext(name) == ext {
				out = append(out, name)
			}
		}
	}
	return out, nil
}

// decodeUTF16 turns a text that begins with a byte order mark into UTF-8 without one.
func decodeUTF16(data []byte) []byte {
	var high, low int
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:]
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		low = 1
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		high = 1
	default:
		return data
	}
	var units []uint16
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, uint16(data[i+high])<<8|uint16(data[i+low]))
	}
	return []byte(string(utf16.Decode(units)))
}

// parse reads YAML or JSON documents one by one.
func (b *Builder) parse(r io.Reader, source string, fn VisitFunc) error {
	d := yaml.NewYAMLOrJSONDecoder(r, 4096)
	for {
		var raw rawDocument
		if err := d.Decode(&raw); err != nil {
			if err == io.EOF {
				return nil
			}
			return fmt.Errorf("error parsing %s: %v", source, err)
		}
		data := bytes.TrimSpace(raw)
		if len(data) == 0 || bytes.Equal(data, []byte("null")) {
			continue
		}
		if b.Validate {
			if err := b.validate(data); err != nil {
				return fmt.Errorf("error validating %q: error validating data: %v; if you choose to ignore these errors, turn validation off with --validate=false", source, err)
			}
		}
		info, err := b.infoForData(data, source)
		if err = fn(info, err); err != nil {
			return err
		}
	}
}

type rawDocument []byte

func (r *rawDocument) UnmarshalJSON(data []byte) error {
	*r = append((*r)[:0], data...)
	return nil
}

// validate is what is left to the client where the server checks fields. kubectl learns from the server's OpenAPI that it does: who
// cannot read that is told so here.
func (b *Builder) validate(data []byte) error {
	if err := Validate(data); err != nil {
		return err
	}
	if b.OpenAPI == nil {
		return nil
	}
	if err := b.OpenAPI(); err != nil {
		return fmt.Errorf("failed to download openapi: %w", err)
	}
	return nil
}

// Validate says whether a document, JSON or YAML, is an object that says what it is.
func Validate(data []byte) error {
	data, err := yaml.ToJSON(data)
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return errors.New("invalid object to validate")
	}
	var errs []error
	apiVersion, err := stringField(m, "apiVersion")
	if err == nil {
		_, err = schema.ParseGroupVersion(apiVersion)
	}
	if err != nil {
		errs = append(errs, err)
	}
	if _, err := stringField(m, "kind"); err != nil {
		errs = append(errs, err)
	}
	return utilerrors.NewAggregate(errs)
}

func stringField(m map[string]any, name string) (string, error) {
	v, ok := m[name]
	if !ok || v == nil {
		return "", fmt.Errorf("%s not set", name)
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s isn't string type", name)
	}
	return s, nil
}

// metadataOnlyObject finds metadata of the wrong types; its name stands in error texts.
type metadataOnlyObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
}

func missingKind(o object.Object) error {
	data, _ := json.Marshal(o)
	return fmt.Errorf("Object 'Kind' is missing in '%s'", data)
}

func (b *Builder) decode(data []byte) (object.Object, error) {
	var detector struct {
		Items json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(data, &detector); err != nil {
		var te *json.UnmarshalTypeError
		if errors.As(err, &te) && te.Field == "" {
			return nil, fmt.Errorf("json: cannot unmarshal %s into Go value of type unstructured.detector", te.Value)
		}
		return nil, err
	}
	o, err := object.Decode(data)
	if err != nil {
		return nil, err
	}
	if object.Kind(o) == "" {
		return nil, fmt.Errorf("Object 'Kind' is missing in '%s'", data)
	}
	if err := utiljson.Unmarshal(data, &metadataOnlyObject{}); err != nil {
		return nil, err
	}
	return o, nil
}

func (b *Builder) infoForData(data []byte, source string) (*Info, error) {
	o, err := b.decode(data)
	if err != nil {
		return nil, fmt.Errorf("unable to decode %q: %v", source, err)
	}
	i := &Info{Source: source, Namespace: object.Namespace(o), Name: object.Name(o), ResourceVersion: object.ResourceVersion(o), Object: o, ctx: b.Context}
	if b.Local {
		return i, nil
	}
	if err := b.bind(i); err != nil {
		var none *meta.NoKindMatchError
		if errors.As(err, &none) {
			return nil, fmt.Errorf("resource mapping not found for name: %q namespace: %q from %q: %w\nensure CRDs are installed first", i.Name, i.Namespace, source, err)
		}
		return nil, fmt.Errorf("unable to recognize %q: %v", source, err)
	}
	return i, nil
}
