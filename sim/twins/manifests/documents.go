package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"

	"sigs.k8s.io/yaml"
)

var between = regexp.MustCompile(`(?m)^---.*$`)

// documents takes a file apart; what is no object, a template for instance, is left out.
func documents(path string) (out []document) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var add func(object map[string]any)
	add = func(object map[string]any) {
		kind, _ := object["kind"].(string)
		version, _ := object["apiVersion"].(string)
		if items, ok := object["items"].([]any); ok && version == "v1" && kind == "List" {
			for _, item := range items {
				if o, ok := item.(map[string]any); ok {
					add(o)
				}
			}
			return
		}
		if kind != "" && version != "" {
			out = append(out, document{source: fmt.Sprintf("%s#%d", path, len(out)), object: object})
		}
	}
	for _, part := range between.Split(string(data), -1) {
		converted, err := yaml.YAMLToJSON([]byte(part))
		if err != nil {
			continue
		}
		var object map[string]any
		d := json.NewDecoder(bytes.NewReader(converted))
		d.UseNumber()
		if d.Decode(&object) == nil && object != nil {
			add(object)
		}
	}
	return out
}
