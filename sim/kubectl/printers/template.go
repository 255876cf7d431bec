package printers

import (
	"encoding/json"
	"fmt"
	"io"

	"terrarium/sim/kubectl/gotemplate"
)

// Template writes an object through a Go template.
type Template struct {
	text string
	tmpl *gotemplate.Template
}

// NewTemplate parses a Go template. Where missing keys are not allowed, they are errors.
func NewTemplate(text string, allowMissing bool) (*Template, error) {
	tmpl, err := gotemplate.Parse("output", text)
	if err != nil {
		return nil, err
	}
	tmpl.FailOnMissing = !allowMissing
	return &Template{text, tmpl}, nil
}

func (t *Template) Print(v any, w io.Writer) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var plain map[string]any
	if err := json.Unmarshal(data, &plain); err != nil {
		return err
	}
	if err := t.tmpl.Execute(w, plain); err != nil {
		fmt.Fprintf(w, "Error executing template: %v. Printing more information for debugging the template:\n", err)
		fmt.Fprintf(w, "\ttemplate was:\n\t\t%v\n", t.text)
		fmt.Fprintf(w, "\traw data was:\n\t\t%v\n", string(data))
		fmt.Fprintf(w, "\tobject given to template engine was:\n\t\t%+v\n\n", plain)
		return fmt.Errorf("error executing template %q: %v", t.text, err)
	}
	return nil
}
