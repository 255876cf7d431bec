package printers

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"k8s.io/client-go/util/jsonpath"

	"terrarium/sim/kubectl/object"
)

// Columns writes columns that the user named.
type Columns struct {
	Heads     []string
	NoHeaders bool
	specs     []string
	last      string
}

// NewColumns reads HEADER:expression,… .
func NewColumns(spec string, noHeaders bool) (*Columns, error) {
	if spec == "" {
		return nil, fmt.Errorf("custom-columns format specified but no custom columns given")
	}
	c := &Columns{NoHeaders: noHeaders}
	for _, part := range strings.Split(spec, ",") {
		head, expression, ok := strings.Cut(part, ":")
		if !ok {
			return nil, fmt.Errorf("unexpected custom-columns spec: %s, expected <header>:<json-path-expr>", part)
		}
		path, err := Relaxed(expression)
		if err != nil {
			return nil, err
		}
		c.Heads, c.specs = append(c.Heads, head), append(c.specs, path)
	}
	return c, nil
}

// ReadColumns reads a line of headers and a line of expressions.
func ReadColumns(r io.Reader) (*Columns, error) {
	scanner := bufio.NewScanner(r)
	const expected = " Expected format is one line of space separated headers, one line of space separated column specs."
	if !scanner.Scan() {
		return nil, fmt.Errorf("invalid template, missing header line.%s", expected)
	}
	heads := strings.Fields(scanner.Text())
	if !scanner.Scan() {
		return nil, fmt.Errorf("invalid template, missing spec line.%s", expected)
	}
	specs := strings.Fields(scanner.Text())
	if len(heads) != len(specs) {
		return nil, fmt.Errorf("number of headers (%d) and field specifications (%d) don't match", len(heads), len(specs))
	}
	for i, s := range specs {
		path, err := Relaxed(s)
		if err != nil {
			return nil, err
		}
		specs[i] = path
	}
	return &Columns{Heads: heads, specs: specs}, nil
}

func (c *Columns) Print(v any, w io.Writer) error {
	o, err := toObject(v)
	if err != nil {
		return err
	}
	tw, ok := w.(*TabWriter)
	if !ok {
		tw = NewTabWriter(w)
		defer tw.Flush()
	}
	_, _, isEvent := asEvent(o)
	kind := "object"
	switch {
	case isEvent:
		kind = "event"
	case object.IsList(o):
		kind = "list"
	}
	if !c.NoHeaders && kind != c.last {
		fmt.Fprintln(tw, strings.Join(c.Heads, "\t"))
		c.last = kind
	}
	paths := make([]*jsonpath.JSONPath, len(c.specs))
	for i, spec := range c.specs {
		paths[i] = jsonpath.New(fmt.Sprintf("column%d", i)).AllowMissingKeys(true)
		if err := paths[i].Parse(spec); err != nil {
			return err
		}
	}
	items := []object.Object{o}
	if kind == "list" {
		items = object.Items(o)
	}
	for _, item := range items {
		if err := printColumns(item, paths, tw); err != nil {
			return err
		}
	}
	return nil
}

func printColumns(o object.Object, paths []*jsonpath.JSONPath, w io.Writer) error {
	cells := make([]string, len(paths))
	for i, p := range paths {
		found, err := p.FindResults(o)
		if err != nil {
			return err
		}
		var texts []string
		if len(found) == 0 || len(found[0]) == 0 {
			texts = append(texts, "<none>")
		}
		for _, values := range found {
			for _, v := range values {
				texts = append(texts, Escape(fmt.Sprint(v.Interface())))
			}
		}
		cells[i] = strings.Join(texts, ",")
	}
	_, err := fmt.Fprintln(w, strings.Join(cells, "\t"))
	return err
}
