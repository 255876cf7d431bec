package explain

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Old renders a kind, or the field at path, in the format plaintext-openapiv2: what kubectl printed before OpenAPI v3.
func Old(document map[string]any, gvk schema.GroupVersionKind, path []string, recursive bool) (string, error) {
	d := renderer{document: document, recursive: recursive}
	s := d.schemaOf(node{"group": gvk.Group, "kind": gvk.Kind, "version": gvk.Version})
	if s == nil {
		return "", fmt.Errorf("couldn't find resource for %q", gvk)
	}
	s, err := d.walk(s, path)
	if err != nil {
		return "", err
	}
	o := &oldPage{renderer: d, gvk: gvk}
	if len(path) > 0 {
		o.name = path[len(path)-1]
	}
	o.show(s)
	return o.String(), nil
}

// step is the schema that stands behind references, without looking into lists and maps.
func (d renderer) step(s node) node {
	for {
		next := s
		if ref(s) != "" {
			next = d.resolve(s)
		} else if all := alternatives(s); len(all) == 1 && child(s, "properties") == nil {
			next = all[0]
		}
		if fmt.Sprintf("%p", next) == fmt.Sprintf("%p", s) {
			return s
		}
		s = next
	}
}

func (d renderer) walk(s node, path []string) (node, error) {
	for len(path) > 0 {
		at := d.step(s)
		switch {
		case child(at, "properties") != nil:
			next := child(child(at, "properties"), path[0])
			if next == nil {
				return nil, fmt.Errorf("field %q does not exist", path[0])
			}
			s, path = next, path[1:]
		case child(at, "items") != nil:
			s = child(at, "items")
		case child(at, "additionalProperties") != nil:
			s = child(at, "additionalProperties")
		default:
			return s, nil
		}
	}
	return s, nil
}

type oldPage struct {
	strings.Builder
	renderer
	gvk          schema.GroupVersionKind
	name, kind   string
	descriptions []string
	visited      []string
}

func about(s node) string { text, _ := s["description"].(string); return text }

// show goes through references, lists and maps to what they hold, and prints that.
func (o *oldPage) show(s node) {
	switch {
	case ref(s) != "":
		o.descriptions = append(o.descriptions, about(s))
		o.show(o.resolve(s))
		return
	case len(alternatives(s)) == 1 && child(s, "properties") == nil:
		o.descriptions = append(o.descriptions, about(s))
		o.show(o.resolve(alternatives(s)[0]))
		return
	case child(s, "items") != nil, child(s, "additionalProperties") != nil:
		o.descriptions = append(o.descriptions, about(s))
		o.setKind(s)
		for _, key := range []string{"items", "additionalProperties"} {
			if sub := child(s, key); sub != nil {
				o.show(sub)
				return
			}
		}
	}
	fmt.Fprintf(o, "KIND:     %s\nVERSION:  %s\n\n", o.gvk.Kind, o.gvk.GroupVersion())
	o.setKind(s)
	isKind := child(s, "properties") != nil
	switch {
	case isKind && o.name != "":
		fmt.Fprintf(o, "RESOURCE: %s <%s>\n\n", o.name, o.kind)
	case !isKind:
		fmt.Fprintf(o, "FIELD:    %s <%s>\n\n", o.name, o.kind)
	}
	o.describe(about(s))
	if isKind {
		o.WriteString("\nFIELDS:\n")
		o.list(s, 3)
	}
}

func (o *oldPage) setKind(s node) {
	if o.kind == "" {
		o.kind = o.oldType(s)
	}
}

func (o *oldPage) describe(last string) {
	o.WriteString("DESCRIPTION:\n")
	empty := true
	for i, text := range append(o.descriptions, last) {
		if text == "" {
			continue
		}
		empty = false
		if i > 0 {
			o.WriteString("\n")
		}
		o.wrapped(5, text)
	}
	if empty {
		o.wrapped(5, "<empty>")
	}
}

func (o *oldPage) list(s node, in int) {
	s = o.step(s)
	for _, key := range []string{"items", "additionalProperties"} {
		if sub := child(s, key); sub != nil {
			o.enter(sub, in)
			return
		}
	}
	properties := child(s, "properties")
	required := map[any]bool{}
	if list, ok := s["required"].([]any); ok {
		for _, r := range list {
			required[r] = true
		}
	}
	for _, name := range sorted(properties) {
		field, _ := properties[name].(node)
		fmt.Fprintf(o, "%s%s\t<%s>", strings.Repeat(" ", in), name, o.oldType(field))
		if o.recursive {
			o.WriteString("\n")
			o.enter(field, in+3)
			continue
		}
		if required[name] {
			o.WriteString(" -required-")
		}
		o.WriteString("\n")
		o.wrapped(in+2, about(field))
		o.WriteString("\n")
	}
}

// enter lists what a schema refers to, unless that is being listed already.
func (o *oldPage) enter(s node, in int) {
	reference := ref(s)
	if all := alternatives(s); reference == "" && len(all) == 1 {
		reference = ref(all[0])
	}
	for _, v := range o.visited {
		if reference != "" && v == reference {
			return
		}
	}
	o.visited = append(o.visited, reference)
	o.list(s, in)
	o.visited = o.visited[:len(o.visited)-1]
}

func (o *oldPage) oldType(s node) string {
	s = o.step(s)
	kind, _ := s["type"].(string)
	switch {
	case child(s, "items") != nil:
		return "[]" + o.oldType(child(s, "items"))
	case child(s, "additionalProperties") != nil:
		return "map[string]" + o.oldType(child(s, "additionalProperties"))
	case child(s, "properties") != nil:
		return "Object"
	case kind == "object":
		return "map[string]"
	case kind == "" && s["oneOf"] != nil:
		return "string"
	}
	return kind
}

// wrapped writes text in lines that end at column 80, in the old rules for where a line begins.
func (o *oldPage) wrapped(in int, text string) {
	for _, line := range oldLines(text, 80-in) {
		if line != "" {
			o.WriteString(strings.Repeat(" ", in))
		}
		o.WriteString(line + "\n")
	}
}

var bullet = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+\.?|-|\*)\s`) })

func oldLines(text string, width int) []string {
	var out []string
	line, last := "", ""
	flush := func() {
		if line != "" {
			out = append(out, line)
			line, last = "", ""
		}
	}
	for _, s := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(s)
		switch {
		case strings.HasPrefix(s, "    "):
			flush()
			out = append(out, s)
			continue
		case len(out) > 0 && trimmed == "":
			flush()
			out = append(out, "")
			continue
		case strings.HasSuffix(last, ":"), trimmed == "", bullet().MatchString(trimmed):
			flush()
		}
		for _, word := range strings.Fields(s) {
			if line != "" && len(line)+1+len(word) > width {
				flush()
			}
			last = word
			if line != "" {
				line += " "
			}
			line += word
		}
	}
	flush()
	return out
}
