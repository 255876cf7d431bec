// Package explain renders the documentation of a kind's fields from an OpenAPI v3 document, as `kubectl explain` does. It
// does not know where documents come from.
package explain

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/help"
)

type node = map[string]any

// Plain renders the resource, or the field at path, in the format plaintext. Errors are kubectl's, with their "error: ";
// the text that kubectl shows before one is returned with it.
func Plain(document map[string]any, gvr schema.GroupVersionResource, path []string, recursive bool) (string, error) {
	d := renderer{document: document, recursive: recursive}
	gvk, ok := d.kind(gvr)
	if !ok {
		return "", fmt.Errorf("error: GVR (%v) not found in OpenAPI schema", gvr.String())
	}
	head := fmt.Sprintf("KIND:       %v\nVERSION:    %v\n\n", gvk["kind"], gvk["version"])
	if group, _ := gvk["group"].(string); group != "" {
		head = fmt.Sprintf("GROUP:      %s\n", group) + head
	}
	kind := d.schemaOf(gvk)
	if kind == nil {
		return head, fmt.Errorf("error: GVK %v not found in OpenAPI schema", gvk)
	}
	text := d.output(kind, path, nil)
	if text == "" {
		return head, fmt.Errorf("error: field %q does not exist", path[len(path)-1])
	}
	return head + text + "\n", nil
}

type renderer struct {
	document  map[string]any
	recursive bool
}

// kind finds the kind of a resource in the operations on it.
func (d renderer) kind(gvr schema.GroupVersionResource) (node, bool) {
	prefix := "/api/"
	if gvr.Group != "" {
		prefix = "/apis/" + gvr.Group + "/"
	}
	paths, _ := d.document["paths"].(node)
	for _, p := range []string{"", "/{name}"} {
		for _, scope := range []string{"", "namespaces/{namespace}/"} {
			operations, _ := paths[prefix+gvr.Version+"/"+scope+gvr.Resource+p].(node)
			for _, method := range []string{"get", "post", "put", "patch", "delete"} {
				operation, _ := operations[method].(node)
				if gvk, ok := operation["x-kubernetes-group-version-kind"].(node); ok {
					return gvk, true
				}
			}
		}
	}
	return nil, false
}

func (d renderer) schemas() node {
	components, _ := d.document["components"].(node)
	schemas, _ := components["schemas"].(node)
	return schemas
}

// schemaOf is the schema of a kind, nil where there is none.
func (d renderer) schemaOf(gvk node) node {
	schemas := d.schemas()
	for _, name := range sorted(schemas) {
		s, _ := schemas[name].(node)
		kinds, _ := s["x-kubernetes-group-version-kind"].([]any)
		for _, k := range kinds {
			if reflect.DeepEqual(k, any(gvk)) {
				return s
			}
		}
	}
	return nil
}

func sorted(m node) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func ref(s node) string { text, _ := s["$ref"].(string); return text }

// resolve follows a reference within the document; what is none, or leads nowhere, stays itself.
func (d renderer) resolve(s node) node {
	fragment, ok := strings.CutPrefix(ref(s), "#")
	if !ok {
		return s
	}
	at := node(d.document)
	for _, step := range strings.Split(fragment, "/") {
		if step == "" {
			continue
		}
		next, ok := at[step].(node)
		if !ok {
			return s
		}
		at = next
	}
	return at
}

func child(s node, key string) node { c, _ := s[key].(node); return c }

// alternatives are the schemas that a schema is made of.
func alternatives(s node) []node {
	list, _ := s["allOf"].([]any)
	var out []node
	for _, v := range list {
		if m, ok := v.(node); ok {
			out = append(out, m)
		}
	}
	return out
}

// A trail holds the references followed so far, so that cycles end.
type trail map[string]bool

func (t trail) with(ref string) trail {
	out := trail{ref: true}
	for k := range t {
		out[k] = true
	}
	return out
}

// output follows path and renders what is there; "" where it leads nowhere.
func (d renderer) output(s node, path []string, seen trail) string {
	reference := ref(s)
	resolved := d.resolve(s)
	if len(path) == 0 {
		return d.page(resolved)
	}
	if reference != "" && seen[reference] {
		return ""
	}
	if field := child(child(resolved, "properties"), path[0]); field != nil {
		text := ""
		if len(path) == 1 {
			text = fmt.Sprintf("FIELD: %s <%s>\n%s\n\n", path[0], d.typeOf(field), longEnum(field))
		}
		return text + d.output(field, path[1:], nil)
	}
	seen = seen.with(reference)
	if items := child(resolved, "items"); items != nil {
		return d.output(items, path, seen)
	}
	if values := child(resolved, "additionalProperties"); values != nil {
		return d.output(values, path, seen)
	}
	for _, a := range alternatives(resolved) {
		if text := d.output(a, path, seen); text != "" {
			return text
		}
	}
	return ""
}

func (d renderer) page(s node) string {
	description := d.description(s)
	if description == "" {
		description = "<empty>"
	}
	text := "DESCRIPTION:\n" + indent(4, help.Wrap(description, 76)) + "\n"
	if docs := child(s, "externalDocs"); docs != nil {
		text += "\nEXTERNAL DOCS:\n" + externalDocs(docs, 4, 76)
	}
	if fields := d.fields(s, 1, nil); fields != "" {
		text += "FIELDS:\n" + fields
	}
	return text
}

func externalDocs(docs node, level, width int) string {
	text := ""
	if about, _ := docs["description"].(string); about != "" {
		text += indent(level, help.Wrap(about, width)) + "\n"
	}
	if url, _ := docs["url"].(string); url != "" {
		text += indent(level, "URL: "+url) + "\n"
	}
	return text
}

func indent(n int, s string) string {
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(s, "\n", "\n"+pad)
}

// description is what a schema and all those that it is made of say.
func (d renderer) description(s node) string {
	s = d.resolve(s)
	text, _ := s["description"].(string)
	if text != "" {
		text += "\n"
	}
	for _, a := range alternatives(s) {
		text += d.description(a)
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if sub := child(s, key); sub != nil {
			text += d.description(sub)
		}
	}
	return text
}

func (d renderer) fields(s node, level int, seen trail) string {
	reference := ref(s)
	if reference != "" && seen[reference] {
		return ""
	}
	seen = seen.with(reference)
	s = d.resolve(s)
	var b strings.Builder
	properties := child(s, "properties")
	for _, name := range sorted(properties) {
		field, _ := properties[name].(node)
		b.WriteString(d.field(s, name, field, level))
		if d.recursive {
			b.WriteString(d.fields(field, level+1, seen))
		}
	}
	for _, a := range alternatives(s) {
		b.WriteString(d.fields(a, level, seen))
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if sub := child(s, key); sub != nil {
			b.WriteString(d.fields(sub, level, seen))
		}
	}
	return b.String()
}

func (d renderer) field(of node, name string, s node, level int) string {
	in := level * 2
	text := indent(in, name) + "\t<" + d.typeOf(s) + ">"
	required, _ := of["required"].([]any)
	for _, r := range required {
		if r == name {
			text += " -required-"
			break
		}
	}
	text += shortEnum(s, in) + "\n"
	if d.recursive {
		return text
	}
	about, _ := s["description"].(string)
	if about == "" {
		about = "<no description>"
	}
	text += indent(in+2, help.Wrap(about, 78-in)) + "\n"
	if docs := child(s, "externalDocs"); docs != nil {
		text += "\n" + indent(in+2, "EXTERNAL DOCS:") + "\n" + externalDocs(docs, in+4, 76-in)
	}
	return text + "\n"
}

// typeOf is a short name of what a field holds: string, []Container, map[string]string.
func (d renderer) typeOf(s node) string {
	if items := child(s, "items"); items != nil {
		return "[]" + d.typeOf(items)
	}
	if values := child(s, "additionalProperties"); values != nil {
		return "map[string]" + d.typeOf(values)
	}
	kind, _ := s["type"].(string)
	if all := alternatives(s); len(all) == 1 && child(s, "properties") == nil {
		return d.typeOf(all[0])
	}
	if reference := ref(s); reference != "" {
		if to, _ := d.resolve(s)["type"].(string); to != "" && to != "object" {
			return to
		}
		name := reference[strings.LastIndexByte(reference, '/')+1:]
		if name = name[strings.LastIndexByte(name, '.')+1:]; name != "" {
			return name
		}
		return "Object"
	}
	if kind == "" || kind == "object" {
		return "Object"
	}
	return kind
}

func enumOf(s node) []string {
	list, _ := s["enum"].([]any)
	var out []string
	for _, v := range list {
		if v == "" {
			v = `""`
		}
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func longEnum(s node) string {
	list := enumOf(s)
	if len(list) == 0 {
		return ""
	}
	return "ENUM:\n    " + strings.Join(list, "\n    ")
}

func shortEnum(s node, in int) string {
	list := enumOf(s)
	if len(list) == 0 {
		return ""
	}
	const most = 4
	more := ""
	if len(list) > most {
		list, more = list[:most], ", ...."
	}
	return "\n" + strings.Repeat(" ", in) + "enum: " + strings.Join(list, ", ") + more
}
