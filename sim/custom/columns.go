package custom

import (
	"bytes"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/util/jsonpath"
)

// columns are the columns and the row of a kind's table.
func columns(extra []Column) ([]metav1.TableColumnDefinition, func(runtime.Object, time.Time) []any) {
	if len(extra) == 0 {
		extra = []Column{{
			Name: "Age", Type: "date", JSONPath: ".metadata.creationTimestamp", Description: metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"],
		}}
	}
	out := []metav1.TableColumnDefinition{{Name: "Name", Type: "string", Format: "name", Description: metav1.ObjectMeta{}.SwaggerDoc()["name"]}}
	var paths []*jsonpath.JSONPath
	var kinds []string
	for _, col := range extra {
		p := jsonpath.New(col.Name).AllowMissingKeys(true)
		if p.Parse("{"+col.JSONPath+"}") != nil {
			continue
		}
		description := col.Description
		if description == "" {
			description = "Custom resource definition column (in JSONPath format): " + col.JSONPath
		}
		out = append(out, metav1.TableColumnDefinition{Name: col.Name, Type: col.Type, Format: col.Format, Description: description, Priority: col.Priority})
		paths, kinds = append(paths, p), append(kinds, col.Type)
	}
	return out, func(obj runtime.Object, now time.Time) []any {
		u := obj.(*unstructured.Unstructured)
		row := []any{u.GetName()}
		for i, p := range paths {
			row = append(row, cell(u, p, kinds[i], now))
		}
		return row
	}
}

func cell(u *unstructured.Unstructured, p *jsonpath.JSONPath, kind string, now time.Time) any {
	results, err := p.FindResults(u.Object)
	if err != nil || len(results) == 0 || len(results[0]) == 0 {
		return nil
	}
	value := results[0][0].Interface()
	if kind == "string" {
		var b bytes.Buffer
		if p.PrintResults(&b, results[0]) != nil {
			return nil
		}
		return b.String()
	}
	switch kind {
	case "integer":
		switch v := value.(type) {
		case int64:
			return v
		case float64:
			return int64(v)
		}
	case "number":
		switch v := value.(type) {
		case int64:
			return float64(v)
		case float64:
			return v
		}
	case "boolean":
		if v, ok := value.(bool); ok {
			return v
		}
	case "date":
		text, ok := value.(string)
		if !ok {
			return nil
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return "<invalid>"
		}
		return duration.HumanDuration(now.Sub(at))
	default:
		return fmt.Sprint(value)
	}
	return nil
}
