// Command openapi makes the data of package sim/openapi from the OpenAPI v3 documents of a running kube-apiserver:
//
//	go run ./scripts/openapi -out sim/openapi -from DIR
//
// DIR holds the documents of /openapi/v3/PATH, each in a file named after its path with / as __ (`api__v1`,
// `apis__apps__v1`), fetched from kube-apiserver 1.36.3 started with its default feature gates:
//
//	curl -sk -H "$AUTH" $SERVER/openapi/v3 | jq -r '.paths[].serverRelativeURL' | while read -r u; do
//		p=${u#/openapi/v3/}; curl -sk -H "$AUTH" "$SERVER$u" >"$DIR/$(printf %s "${p%%\?*}" | sed 's|/|__|g')"; done
//
// types.txt has the shapes and docs.txt the descriptions, line for line; sim/openapi says how to read them.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

type schema struct {
	Description          string             `json:"description"`
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Ref                  string             `json:"$ref"`
	AllOf                []*schema          `json:"allOf"`
	OneOf                []*schema          `json:"oneOf"`
	Items                *schema            `json:"items"`
	AdditionalProperties *schema            `json:"additionalProperties"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	Default              json.RawMessage    `json:"default"`
	Enum                 []string           `json:"enum"`
	ListType             string             `json:"x-kubernetes-list-type"`
	ListKeys             []string           `json:"x-kubernetes-list-map-keys"`
	MapType              string             `json:"x-kubernetes-map-type"`
	PatchStrategy        string             `json:"x-kubernetes-patch-strategy"`
	PatchKey             string             `json:"x-kubernetes-patch-merge-key"`
	Unions               json.RawMessage    `json:"x-kubernetes-unions"`
	Kinds                []kind             `json:"x-kubernetes-group-version-kind"`
}

type kind struct{ Group, Version, Kind string }

func main() {
	from := flag.String("from", "", "folder of documents")
	out := flag.String("out", "sim/openapi", "folder to write to")
	flag.Parse()
	files, err := filepath.Glob(filepath.Join(*from, "api*__v[0-9]*"))
	if err != nil || len(files) == 0 {
		log.Fatalf("no documents in %s: %v", *from, err)
	}
	all := map[string]*schema{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		var doc struct {
			Components struct{ Schemas map[string]*schema }
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
		for name, s := range doc.Components.Schemas {
			if _, ok := all[name]; !ok {
				all[name] = s
			}
		}
	}
	var types, docs strings.Builder
	for _, name := range sorted(all) {
		write(&types, &docs, name, all[name])
	}
	for file, text := range map[string]string{"types.txt": types.String(), "docs.txt": docs.String()} {
		if err := os.WriteFile(filepath.Join(*out, file), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func sorted[T any](m map[string]T) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func write(types, docs *strings.Builder, name string, s *schema) {
	fmt.Fprintf(types, "#%s", strings.TrimPrefix(name, "io.k8s."))
	switch {
	case len(s.OneOf) > 0:
		types.WriteString("\toneOf:")
		for i, one := range s.OneOf {
			if i > 0 {
				types.WriteString("|")
			}
			types.WriteString(one.Type)
		}
		if s.Format != "" {
			types.WriteString(":" + s.Format)
		}
	case s.Type != "" && s.Type != "object" || s.Format != "":
		types.WriteString("\t" + scalar(s))
	case s.Type == "":
		types.WriteString("\tany")
	}
	if s.MapType != "" {
		types.WriteString("\t^" + s.MapType)
	}
	if s.Unions != nil {
		fmt.Fprintf(types, "\tu%s", s.Unions)
	}
	// Options are bodies of every group's requests: which groups is known without a list.
	if len(s.Kinds) > 0 && len(s.Kinds) < 5 {
		for _, k := range s.Kinds {
			fmt.Fprintf(types, "\tk%s/%s/%s", k.Group, k.Version, k.Kind)
		}
	}
	types.WriteString("\n")
	docs.WriteString(escape(s.Description) + "\n")
	for _, field := range sorted(s.Properties) {
		p := s.Properties[field]
		types.WriteString(field)
		if slices.Contains(s.Required, field) {
			types.WriteString("!")
		}
		types.WriteString("\t" + expr(p) + flags(p) + "\n")
		docs.WriteString(escape(p.Description) + "\n")
	}
}

func escape(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "\n", `\n`)
}

// expr writes a type: []T, {}T, @ref, or a scalar; ~ marks the zero default, =JSON another.
func expr(s *schema) string {
	var t string
	switch {
	case s.Ref != "":
		t = "@" + ref(s.Ref)
	case len(s.AllOf) == 1:
		t = "@" + ref(s.AllOf[0].Ref)
		if s.Default == nil && s.Description == "" {
			log.Fatalf("allOf without default: %+v", s)
		}
	case s.Type == "array":
		t = "[]" + expr(s.Items)
	case s.AdditionalProperties != nil:
		t = "{}" + expr(s.AdditionalProperties)
	default:
		t = scalar(s)
	}
	switch d := string(s.Default); d {
	case "":
	case `""`, "0", "false", "{}":
		t += "~"
	default:
		t += "=" + d
	}
	return t
}

func ref(r string) string {
	return strings.TrimPrefix(strings.TrimPrefix(r, "#/components/schemas/"), "io.k8s.")
}

func scalar(s *schema) string {
	if s.Format != "" {
		return s.Type + ":" + s.Format
	}
	return s.Type
}

func flags(s *schema) string {
	var b strings.Builder
	if s.Enum != nil {
		b.WriteString("\t|" + strings.Join(s.Enum, "|"))
	}
	for _, element := range []*schema{s.Items, s.AdditionalProperties} {
		if element != nil && element.Enum != nil {
			b.WriteString("\t*" + strings.Join(element.Enum, "|"))
		}
	}
	switch {
	case s.ListType == "map":
		b.WriteString("\t%map," + strings.Join(s.ListKeys, ","))
	case s.ListType != "":
		b.WriteString("\t%" + s.ListType)
	}
	if s.MapType != "" {
		b.WriteString("\t^" + s.MapType)
	}
	if s.PatchStrategy != "" || s.PatchKey != "" {
		b.WriteString("\t+" + s.PatchStrategy + ":" + s.PatchKey)
	}
	return b.String()
}
