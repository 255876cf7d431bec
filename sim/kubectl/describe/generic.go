package describe

import (
	"strings"
	"unicode"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// generic describes a kind that is known only by its fields.
func generic(c *call, p *page) error {
	var o map[string]any
	if err := c.get(c.mapping.Resource, &o); err != nil {
		return err
	}
	m, _ := o["metadata"].(map[string]any)
	text := func(key string) string { s, _ := m[key].(string); return s }
	meta := metav1.ObjectMeta{Name: text("name"), Namespace: text("namespace"), UID: types.UID(text("uid")), Labels: texts(m["labels"]), Annotations: texts(m["annotations"])}
	p.metadata(&meta)
	p.fields(0, o, "")
	kind, _ := o["kind"].(string)
	c.events(p, kind, &meta)
	return nil
}

func texts(v any) map[string]string {
	m, _ := v.(map[string]any)
	out := map[string]string{}
	for k, v := range m {
		out[k], _ = v.(string)
	}
	return out
}

// fields writes all fields of an object, by name; those of metadata that stand at the head are left out.
func (p *page) fields(level int, o map[string]any, path string) {
	for _, name := range sorted(o) {
		here := path + "." + name
		switch here {
		case ".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations":
			continue
		}
		switch v := o[name].(type) {
		case map[string]any:
			p.head(level, label(name))
			p.fields(level+1, v, here)
		case []any:
			p.head(level, label(name))
			for _, item := range v {
				if m, ok := item.(map[string]any); ok {
					p.fields(level+1, m, here)
				} else {
					p.put(level+1, "%v\n", item)
				}
			}
		default:
			p.field(level, label(name), "%v", v)
		}
	}
}

// label makes a title of a field's name: apiVersion becomes "API Version".
func label(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' }) >= 0 {
		return name
	}
	var words []string
	parts := camelWords(name)
	for i := 0; i < len(parts); i++ {
		word := parts[i]
		if i+1 < len(parts) && len(word) >= 2 && strings.ToUpper(word) == word && startsUpper(parts[i+1]) {
			i++
			word += parts[i]
		}
		switch upper := strings.ToUpper(word); upper {
		case "API", "URL", "UID", "GUID":
			word = upper
		default:
			if strings.ToLower(word) == word {
				first, size := utf8.DecodeRuneInString(word)
				word = string(unicode.ToTitle(first)) + word[size:]
			}
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func startsUpper(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// camelWords splits at each change between lower case, upper case and other runes; the last capital before lower case
// begins a word: "PDFLoader" is "PDF", "Loader".
func camelWords(s string) []string {
	if !utf8.ValidString(s) {
		return []string{s}
	}
	class := func(r rune) int {
		switch {
		case unicode.IsLower(r):
			return 1
		case unicode.IsUpper(r):
			return 2
		}
		return 3
	}
	var parts [][]rune
	last := 0
	for _, r := range s {
		if c := class(r); c != last {
			parts = append(parts, nil)
			last = c
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], r)
	}
	for i := 0; i+1 < len(parts); i++ {
		if n := len(parts[i]); unicode.IsUpper(parts[i][0]) && unicode.IsLower(parts[i+1][0]) {
			parts[i+1] = append([]rune{parts[i][n-1]}, parts[i+1]...)
			parts[i] = parts[i][:n-1]
		}
	}
	var words []string
	for _, part := range parts {
		if len(part) > 0 {
			words = append(words, string(part))
		}
	}
	return words
}
