// Package openapi knows the shapes of the built-in kinds and what their fields are for: the schemas of Kubernetes
// 1.36.3, from generated data. It knows no server and no objects.
//
// types.txt holds a line `#NAME [TYPE] [^MAPTYPE] [uUNIONS] [kGROUP/VERSION/KIND...]` for each schema and after it a
// line `FIELD[!] TYPE [|ENUM...] [*ITEMENUM] [%LISTTYPE[,KEYS]] [^MAPTYPE] [+STRATEGY:KEY]` for each field; ! is required. A type is
// []TYPE, {}TYPE, @NAME or SCALAR[:FORMAT], with ~ for the zero value as default or =JSON for another. docs.txt holds the
// description of every line. Tabs separate; names go without their leading `io.k8s.`. Both are parsed when first asked for.
package openapi

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The data is made by scripts/openapi.
//
//go:embed types.txt
var types string

//go:embed docs.txt
var docs string

// Prefix is what the names of the built-in schemas begin with.
const Prefix = "io.k8s."

// Schema is the shape of one type.
type Schema struct {
	Name    string // with Prefix
	Type    Type   // of a schema that is no object with fields
	OneOf   []string
	Any     bool   // any JSON value
	MapType string // granular or atomic
	Unions  json.RawMessage
	Kinds   []schema.GroupVersionKind
	Fields  []Field // by name

	line int // of its description
}

// Field is one field of a schema.
type Field struct {
	Name          string
	Required      bool
	Type          Type
	Enum          []string
	ItemEnum      []string // of the elements of a list or map
	ListType      string   // map, set or atomic
	ListKeys      []string
	MapType       string
	PatchStrategy string
	PatchKey      string

	line int
}

// Type is a reference, a list, a map or a scalar.
type Type struct {
	Ref     string // a schema's name, with Prefix
	List    *Type
	Map     *Type
	Scalar  string // string, integer, number, boolean, object
	Format  string
	Default json.RawMessage // nil where there is none
}

// data finds the lines of a schema.
type data struct {
	once   sync.Once
	chunks map[string]chunk
	names  []string
	kinds  map[schema.GroupVersionKind]string

	described sync.Once
	docs      []string
}

type chunk struct {
	text string
	line int // of its first line
}

var built data

func (d *data) load() {
	d.once.Do(func() {
		d.chunks = map[string]chunk{}
		d.kinds = map[schema.GroupVersionKind]string{}
		line := 0
		for _, text := range strings.Split(types[1:], "\n#") {
			header, _, _ := strings.Cut(text, "\n")
			words := strings.Split(header, "\t")
			d.chunks[words[0]] = chunk{text, line}
			d.names = append(d.names, words[0])
			for _, w := range words[1:] {
				if w[0] == 'k' {
					gvk := parseKind(w[1:])
					d.kinds[gvk] = words[0]
				}
			}
			line += strings.Count(strings.TrimSuffix(text, "\n"), "\n") + 1
		}
	})
}

func parseKind(text string) schema.GroupVersionKind {
	parts := strings.Split(text, "/")
	return schema.GroupVersionKind{Group: parts[0], Version: parts[1], Kind: parts[2]}
}

// Lookup finds a schema by its name; nil where there is none.
func Lookup(name string) *Schema {
	built.load()
	short := strings.TrimPrefix(name, Prefix)
	c, ok := built.chunks[short]
	if !ok {
		return nil
	}
	return parse(c)
}

// ForKind is the name of the schema of a built-in kind; "" where it has none.
func ForKind(gvk schema.GroupVersionKind) string {
	built.load()
	if name, ok := built.kinds[gvk]; ok {
		return Prefix + name
	}
	return ""
}

func parse(c chunk) *Schema {
	lines := strings.Split(strings.TrimSuffix(c.text, "\n"), "\n")
	words := strings.Split(lines[0], "\t")
	s := &Schema{Name: Prefix + words[0], line: c.line}
	for _, w := range words[1:] {
		switch {
		case w[0] == '^':
			s.MapType = w[1:]
		case w[0] == 'k':
			s.Kinds = append(s.Kinds, parseKind(w[1:]))
		case w[0] == 'u' && w[1] == '[':
			s.Unions = json.RawMessage(w[1:])
		case strings.HasPrefix(w, "oneOf:"):
			kinds, format, _ := strings.Cut(w[len("oneOf:"):], ":")
			s.OneOf, s.Type.Format = strings.Split(kinds, "|"), format
		case w == "any":
			s.Any = true
		default:
			s.Type = parseType(w)
		}
	}
	for i, line := range lines[1:] {
		s.Fields = append(s.Fields, parseField(line, c.line+1+i))
	}
	return s
}

func parseField(text string, line int) Field {
	name, rest, _ := strings.Cut(text, "\t")
	f := Field{Name: strings.TrimSuffix(name, "!"), Required: strings.HasSuffix(name, "!"), line: line}
	words := strings.Split(rest, "\t")
	f.Type = parseType(words[0])
	for _, w := range words[1:] {
		switch w[0] {
		case '|':
			f.Enum = strings.Split(w[1:], "|")
		case '*':
			f.ItemEnum = strings.Split(w[1:], "|")
		case '%':
			parts := strings.Split(w[1:], ",")
			f.ListType, f.ListKeys = parts[0], parts[1:]
		case '^':
			f.MapType = w[1:]
		case '+':
			f.PatchStrategy, f.PatchKey, _ = strings.Cut(w[1:], ":")
		}
	}
	return f
}

func parseType(text string) Type {
	var t Type
	if expr, value, ok := strings.Cut(text, "="); ok {
		text, t.Default = expr, json.RawMessage(value)
	}
	zero := strings.HasSuffix(text, "~")
	// The mark belongs to the innermost type, which is the element where there is one.
	switch {
	case strings.HasPrefix(text, "[]"):
		inner := parseType(text[2:])
		t.List = &inner
		return t
	case strings.HasPrefix(text, "{}"):
		inner := parseType(text[2:])
		t.Map = &inner
		return t
	}
	text = strings.TrimSuffix(text, "~")
	if strings.HasPrefix(text, "@") {
		t.Ref = Prefix + text[1:]
	} else {
		t.Scalar, t.Format, _ = strings.Cut(text, ":")
	}
	if zero {
		t.Default = t.zero()
	}
	return t
}

func (t Type) zero() json.RawMessage {
	switch t.Scalar {
	case "string":
		return json.RawMessage(`""`)
	case "integer", "number":
		return json.RawMessage("0")
	case "boolean":
		return json.RawMessage("false")
	}
	return json.RawMessage("{}")
}

// Description says what the type is for.
func (s *Schema) Description() string { return describe(s.line) }

// Description says what the field is for.
func (f Field) Description() string { return describe(f.line) }

var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n")

func describe(line int) string {
	built.described.Do(func() { built.docs = strings.Split(docs, "\n") })
	return unescape.Replace(built.docs[line])
}
