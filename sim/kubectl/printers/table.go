package printers

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/duration"

	"terrarium/sim/kubectl/object"
)

// TableOptions say which columns a table has beside the server's.
type TableOptions struct {
	NoHeaders     bool
	WithNamespace bool
	WithKind      bool   // names are prefixed with Kind
	Kind          string // deployment.apps
	Wide          bool
	ShowLabels    bool
	ColumnLabels  []string
	Now           func() time.Time // for ages of objects that the server did not make a table of
}

// Table writes the tables that the server makes of objects; anything else as name and age. Headers are repeated only where the
// columns change.
type Table struct {
	TableOptions
	columns  []column
	headed   bool
	lastKind string // of rows that the server made no table of
}

type column struct {
	name     string
	isName   bool
	priority bool
}

type row struct {
	cells  []any
	object object.Object
}

// IsTable says whether o is a server's table.
func IsTable(o object.Object) bool {
	return object.Kind(o) == "Table" && strings.HasPrefix(object.APIVersion(o), "meta.k8s.io/")
}

func (t *Table) Print(v any, w io.Writer) error {
	o, err := toObject(v)
	if err != nil {
		return err
	}
	tw, ok := w.(*TabWriter)
	if !ok {
		tw = NewTabWriter(w)
		defer tw.Flush()
	}
	event, o, isEvent := asEvent(o)
	if !IsTable(o) {
		return t.printPlain(o, event, tw)
	}
	columns, rows := readTable(o)
	noHeaders := t.NoHeaders || t.headed && (len(columns) == 0 || reflect.DeepEqual(columns, t.columns))
	if len(columns) == 0 {
		columns = t.columns
	} else if !reflect.DeepEqual(columns, t.columns) {
		t.columns, t.headed = columns, false
	}
	if len(rows) > 0 {
		t.headed = true
	}
	columns, rows = t.decorate(columns, rows)
	if isEvent {
		columns = append([]column{{name: "Event"}}, columns...)
		for i := range rows {
			rows[i].cells = append([]any{eventText(event)}, rows[i].cells...)
		}
	}
	t.print(columns, rows, noHeaders, tw)
	return nil
}

func readTable(o object.Object) ([]column, []row) {
	var columns []column
	for _, c := range object.Maps(o, "columnDefinitions") {
		n, _ := object.Int(c, "priority")
		columns = append(columns, column{
			name:     object.String(c, "name"),
			isName:   object.String(c, "format") == "name" && object.String(c, "type") == "string",
			priority: n != 0,
		})
	}
	var rows []row
	for _, r := range object.Maps(o, "rows") {
		rows = append(rows, row{append([]any(nil), object.List(r, "cells")...), object.Map(r, "object")})
	}
	return columns, rows
}

// decorate adds the namespace, the kind before names, and labels.
func (t *Table) decorate(columns []column, rows []row) ([]column, []row) {
	name := -1
	for i, c := range columns {
		if c.isName && t.WithKind && t.Kind != "" {
			name = i
			break
		}
	}
	var all []column
	if t.WithNamespace {
		all = append(all, column{name: "Namespace"})
	}
	all = append(all, columns...)
	for _, l := range t.ColumnLabels {
		all = append(all, column{name: labelHeader(l)})
	}
	if t.ShowLabels {
		all = append(all, column{name: "Labels"})
	}
	for i := range rows {
		r := &rows[i]
		if name >= 0 && name < len(r.cells) {
			r.cells[name] = fmt.Sprintf("%s/%v", t.Kind, r.cells[name])
		}
		if t.WithNamespace {
			var ns any
			if r.object != nil {
				ns = object.Namespace(r.object)
			}
			r.cells = append([]any{ns}, r.cells...)
		}
		if r.object != nil {
			r.cells = append(r.cells, t.labelCells(r.object)...)
		}
	}
	return all, rows
}

func (t *Table) labelCells(o object.Object) []any {
	var out []any
	set := object.Labels(o)
	for _, key := range t.ColumnLabels {
		out = append(out, set[key])
	}
	if t.ShowLabels {
		out = append(out, labels.FormatLabels(set))
	}
	return out
}

func labelHeader(label string) string {
	return strings.ToUpper(label[strings.LastIndexByte(label, '/')+1:])
}

func (t *Table) print(columns []column, rows []row, noHeaders bool, w io.Writer) {
	if !noHeaders {
		if len(rows) == 0 {
			return
		}
		var heads []string
		for _, c := range columns {
			if t.Wide || !c.priority {
				heads = append(heads, strings.ToUpper(c.name))
			}
		}
		fmt.Fprintln(w, strings.Join(heads, "\t"))
	}
	for _, r := range rows {
		var cells []string
		for i, cell := range r.cells {
			if i < len(columns) && (t.Wide || !columns[i].priority) {
				cells = append(cells, cellText(cell))
			}
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
}

// cellText is the first line of a cell, made safe for a terminal.
func cellText(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		if i := strings.IndexAny(v, "\f\n\r"); i >= 0 {
			return Escape(v[:i]) + "..."
		}
		return Escape(v)
	}
	return Escape(fmt.Sprint(cell))
}

// Escape shows the control characters that would move a terminal's cursor.
func Escape(s string) string {
	return strings.NewReplacer("\x1b", "^[", "\r", "\\r").Replace(s)
}

func eventText(kind string) string {
	switch kind {
	case "ADDED", "MODIFIED", "DELETED", "ERROR":
		return fmt.Sprintf("%-8s", kind)
	}
	return kind
}

// printPlain writes name and age, or a Status.
func (t *Table) printPlain(o object.Object, event string, w io.Writer) error {
	kind, heads := "object", []string{"NAME", "AGE"}
	if object.Kind(o) == "Status" {
		kind, heads = "status", []string{"STATUS", "REASON", "MESSAGE"}
	}
	if t.lastKind != kind && !t.NoHeaders {
		if t.lastKind != "" {
			fmt.Fprintln(w)
		}
		for _, l := range t.ColumnLabels {
			heads = append(heads, labelHeader(l))
		}
		if t.ShowLabels {
			heads = append(heads, "LABELS")
		}
		if t.WithNamespace {
			heads = append([]string{"NAMESPACE"}, heads...)
		}
		if event != "" {
			heads = append([]string{"EVENT"}, heads...)
		}
		fmt.Fprintln(w, strings.Join(heads, "\t"))
	}
	t.lastKind = kind
	items := []object.Object{o}
	if object.IsList(o) {
		items = object.Items(o)
	}
	for _, item := range items {
		fmt.Fprintln(w, strings.Join(t.plainCells(item, event), "\t"))
	}
	return nil
}

func (t *Table) plainCells(o object.Object, event string) []string {
	var cells []string
	if event != "" {
		cells = append(cells, eventText(event))
	}
	if object.Kind(o) == "Status" {
		return append(cells, object.String(o, "status"), object.String(o, "reason"), object.String(o, "message"))
	}
	if t.WithNamespace {
		cells = append(cells, object.Namespace(o))
	}
	name := object.Name(o)
	if t.WithKind && t.Kind != "" {
		name = t.Kind + "/" + name
	}
	cells = append(cells, name, t.age(o))
	for _, l := range t.labelCells(o) {
		cells = append(cells, l.(string))
	}
	return cells
}

func (t *Table) age(o object.Object) string {
	created, err := time.Parse(time.RFC3339, object.String(o, "metadata", "creationTimestamp"))
	if err != nil || t.Now == nil {
		return "<unknown>"
	}
	return duration.HumanDuration(t.Now().Sub(created))
}
