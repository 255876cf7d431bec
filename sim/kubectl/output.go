package kubectl

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/printers"
)

// errNoFormat says that a family of printers does not know a format.
var errNoFormat = errors.New("no such format")

// output is what -o and its relatives ask for.
type output struct {
	format           string // as typed
	template         string
	allowMissing     bool
	managedFields    bool
	noHeaders        bool
	formatIsExplicit bool
}

func outputOf(cmd *cobra.Command) output {
	o := output{allowMissing: true}
	if f := cmd.Flags().Lookup("output"); f != nil {
		o.format, o.formatIsExplicit = f.Value.String(), f.Changed
	}
	if f := cmd.Flags().Lookup("template"); f != nil {
		o.template = f.Value.String()
	}
	if cmd.Flags().Lookup("allow-missing-template-keys") != nil {
		o.allowMissing = flagBool(cmd, "allow-missing-template-keys")
	}
	if cmd.Flags().Lookup("show-managed-fields") != nil {
		o.managedFields = flagBool(cmd, "show-managed-fields")
	}
	if cmd.Flags().Lookup("no-headers") != nil {
		o.noHeaders = flagBool(cmd, "no-headers")
	}
	return o
}

var (
	structuredFormats = []string{"json", "yaml", "kyaml"}
	jsonpathFormats   = []string{"jsonpath", "jsonpath-as-json", "jsonpath-file"}
	templateFormats   = []string{"go-template", "go-template-file", "template", "templatefile"}
	columnFormats     = []string{"custom-columns", "custom-columns-file"}
)

// printer is what prints the results of cmd: by default type, name and operation ("created"), else what -o says.
func (f *Factory) printer(cmd *cobra.Command, operation string) (printers.Printer, error) {
	return f.printerFor(outputOf(cmd), operation)
}

func (f *Factory) printerFor(o output, operation string) (printers.Printer, error) {
	format := o.format
	if o.template != "" && !o.formatIsExplicit {
		format = "go-template"
	}
	if p := f.structured(o, format); p != nil {
		return p, nil
	}
	switch strings.ToLower(format) {
	case "name":
		return printers.Name{Short: true}, nil
	case "":
		return printers.Name{Operation: operation}, nil
	}
	p, err := f.templated(o, format)
	if err == errNoFormat {
		return nil, noPrinter(o.format, slices.Concat(structuredFormats, []string{"name"}, jsonpathFormats, templateFormats))
	}
	return p, err
}

func noPrinter(format string, allowed []string) error {
	slices.Sort(allowed)
	return fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: %s", format, strings.Join(allowed, ","))
}

// structured is the printer of json, yaml and kyaml, or nil.
func (f *Factory) structured(o output, format string) printers.Printer {
	var p printers.Printer
	switch strings.ToLower(format) {
	case "json":
		p = printers.JSON{}
	case "yaml":
		p = &printers.YAML{}
	case "kyaml":
		if strings.EqualFold(f.Getenv("KUBECTL_KYAML"), "false") {
			return nil
		}
		p = printers.KYAML{}
	default:
		return nil
	}
	if !o.managedFields {
		p = printers.WithoutManagedFields{Printer: p}
	}
	return p
}

// splitTemplate takes the template from -o FORMAT=TEMPLATE, or from --template.
func splitTemplate(o output, format string, known []string) (name, text string, err error) {
	if o.template != "" {
		name, text = format, o.template
	} else if name, text, _ = strings.Cut(format, "="); !strings.Contains(format, "=") {
		name = format
	}
	if !slices.Contains(known, name) {
		return "", "", errNoFormat
	}
	return name, text, nil
}

// templated is the printer of a JSONPath or a Go template; errNoFormat where format is neither.
func (f *Factory) templated(o output, format string) (printers.Printer, error) {
	if format == "" && o.template == "" {
		return nil, errNoFormat
	}
	name, text, err := splitTemplate(o, format, slices.Concat(jsonpathFormats, templateFormats))
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, errors.New("template format specified but no template given")
	}
	if strings.HasSuffix(name, "file") {
		data, err := f.Files.ReadFile(text)
		if err != nil {
			return nil, fmt.Errorf("error reading --template %s, %v", text, err)
		}
		text = string(data)
	}
	if slices.Contains(jsonpathFormats, name) {
		p, err := printers.NewJSONPath(text, o.allowMissing, name == "jsonpath-as-json")
		if err != nil {
			return nil, fmt.Errorf("error parsing jsonpath %s, %v", text, err)
		}
		return p, nil
	}
	p, err := printers.NewTemplate(text, o.allowMissing)
	if err != nil {
		return nil, fmt.Errorf("error parsing template %s, %v", text, err)
	}
	return p, nil
}

// columns is the printer of custom-columns; errNoFormat where format is another.
func (f *Factory) columns(o output, format string) (printers.Printer, error) {
	if format == "" {
		return nil, errNoFormat
	}
	name, text, err := splitTemplate(o, format, columnFormats)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, errors.New("custom-columns format specified but no custom columns given")
	}
	if name == "custom-columns" {
		return errNil(printers.NewColumns(text, o.noHeaders))
	}
	data, err := f.Files.ReadFile(text)
	if err != nil {
		return nil, fmt.Errorf("error reading template %s, %v\n", text, err)
	}
	return errNil(printers.ReadColumns(bytes.NewReader(data)))
}

// errNil keeps a nil pointer from becoming a non-nil Printer.
func errNil(c *printers.Columns, err error) (printers.Printer, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// tablePrinter is what get prints with: a table by default, else what -o says.
func (f *Factory) tablePrinter(o output, table printers.TableOptions) (printers.Printer, error) {
	format := o.format
	if o.template != "" && format == "" {
		format = "go-template"
	}
	if p, err := f.templated(o, format); err != errNoFormat {
		return p, err
	}
	if p := f.structured(o, format); p != nil {
		return p, nil
	}
	if format == "" || format == "wide" {
		table.NoHeaders, table.Wide, table.Now = o.noHeaders, format == "wide", f.Now
		return &printers.Table{TableOptions: table}, nil
	}
	if p, err := f.columns(o, format); err != errNoFormat {
		return p, err
	}
	if strings.EqualFold(format, "name") {
		return printers.Name{Short: true}, nil
	}
	return nil, noPrinter(format, slices.Concat(structuredFormats, []string{"name", "wide"}, jsonpathFormats, templateFormats, columnFormats))
}
