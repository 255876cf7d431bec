package printers

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"k8s.io/client-go/util/jsonpath"
)

// JSONPath writes what an expression finds in an object.
type JSONPath struct {
	template string
	path     *jsonpath.JSONPath
}

// NewJSONPath parses a template. asJSON makes results JSON.
func NewJSONPath(template string, allowMissing, asJSON bool) (*JSONPath, error) {
	p := jsonpath.New("out")
	if err := p.Parse(template); err != nil {
		return nil, err
	}
	p.AllowMissingKeys(allowMissing)
	p.EnableJSONOutput(asJSON)
	return &JSONPath{template, p}, nil
}

func (j *JSONPath) Print(v any, w io.Writer) error {
	o, ok := v.(map[string]any)
	if !ok {
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &o); err != nil {
			return err
		}
	}
	if err := j.path.Execute(w, o); err != nil {
		var b strings.Builder
		fmt.Fprintf(&b, "Error executing template: %v. Printing more information for debugging the template:\n", err)
		fmt.Fprintf(&b, "\ttemplate was:\n\t\t%v\n", j.template)
		fmt.Fprintf(&b, "\tobject given to jsonpath engine was:\n\t\t%#v\n\n", o)
		return fmt.Errorf("error executing jsonpath %q: %v\n", j.template, b.String())
	}
	return nil
}

var relaxed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\{\.?([^{}]+)\}$|^\.?([^{}]+)$`)
})

// Relaxed completes an expression that lacks braces or the leading dot: metadata.name becomes {.metadata.name}.
func Relaxed(expression string) (string, error) {
	if expression == "" {
		return "", nil
	}
	m := relaxed().FindStringSubmatch(expression)
	if m == nil {
		return "", fmt.Errorf("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'")
	}
	return "{." + m[1] + m[2] + "}", nil
}
