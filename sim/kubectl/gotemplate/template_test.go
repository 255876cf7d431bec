package gotemplate

import (
	"encoding/json"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
)

const data = `{"kind":"Pod","metadata":{"name":"web","labels":{"app":"web","a/b":"c"},"empty":""},"n":3,"big":1000000,"half":0.5,"yes":true,
"null":null,"items":[{"name":"a","ready":true},{"name":"b","ready":false}],"args":["x","y","z"],"secret":"aGVsbG8="}`

// Each template gives what text/template gives: the same output, the same error.
func TestEqualsTextTemplate(t *testing.T) {
	for _, text := range []string{
		`{{.kind}}`, `{{.metadata.name}} {{.n}} {{.big}} {{.half}} {{.yes}}`, `{{.nosuch}}`, `{{.nosuch.deeper}}`, `{{.null}}`, `{{.null.x}}`,
		`{{.kind.x}}`, `{{.metadata.name.x.y}}`, `{{range .items}}{{.name}}={{.ready}};{{end}}`, `{{range $i, $e := .items}}{{$i}}{{$e.name}}{{end}}`,
		`{{range .nosuch}}x{{else}}none{{end}}`, `{{range .kind}}x{{end}}`, `{{range $k, $v := .metadata.labels}}{{$k}}:{{$v}} {{end}}`,
		`{{range .items}}{{if .ready}}{{continue}}{{end}}{{.name}}{{end}}`, `{{range .args}}{{if eq . "y"}}{{break}}{{end}}{{.}}{{end}}`,
		`{{if .yes}}a{{else if .n}}b{{else}}c{{end}}`, `{{if and .yes .nosuch}}a{{else}}b{{end}}`, `{{or .nosuch "d"}}`, `{{and .yes .n}}`,
		`{{with .metadata}}{{.name}}{{end}}`, `{{with .nosuch}}x{{else with .metadata}}{{.name}}{{else}}y{{end}}`, `{{with $x := .n}}{{$x}}{{end}}`,
		`{{index .items 0}}`, `{{index .metadata.labels "a/b"}}`, `{{index .args 9}}`, `{{index .args 3}}`, `{{index .args "x"}}`, `{{index .n 0}}`, `{{index .nosuch 0}}`, `{{index .metadata 1}}`,
		`{{index .kind 0}}`, `{{index .items 0 "name"}}`, `{{(index .items 0).name}}`, `{{(index .items 0).name.x}}`, `{{len .args}} {{len .kind}} {{len .metadata}}`, `{{len .n}}`, `{{len .null}}`, `{{len .nosuch}}`,
		`{{not .yes}}`, `{{eq .kind "Pod" "X"}}`, `{{eq .n 3}}`, `{{eq .n 3.0}}`, `{{ne .kind "Pod"}}`, `{{eq .nosuch "x"}}`, `{{eq .nosuch .null}}`, `{{eq .items .items}}`, `{{eq .items .metadata}}`, `{{eq .kind}}`,
		`{{lt .n 4.0}}{{gt .n 4.0}}{{le .n 3.0}}{{ge .n 3.0}}`, `{{lt .n 4}}`, `{{lt .yes true}}`, `{{gt .kind "A"}}`, `{{lt .nosuch 1}}`,
		`{{printf "%s-%v %5.1f %d" .kind .n .half .n}}`, `{{printf .n}}`, `{{printf 3}}`, `{{print .kind .n .null .nosuch}}`, `{{println "a" 1}}`, `{{.kind | printf "%q"}}`,
		`{{html "<a href='x'>&\""}}`, `{{js "it's <b> \"q\" \\ = é \u2028"}}`, `{{urlquery "a b&c"}}`, `{{html .nosuch .n}}`, `{{slice .args 1}} {{slice .kind 1 2}} {{slice .args 0 1 2}}`, `{{slice .args 2 1}}`, `{{slice .n}}`, `{{slice .kind 0 1 2}}`,
		`{{$x := 1}}{{$x = 2}}{{$x}}`, `{{range $i := 3}}{{$i}}{{end}}`, `{{range 3}}x{{end}}`, `{{range $a, $b := 3}}x{{end}}`, `{{range 0}}x{{else}}z{{end}}`, `{{define "t"}}<{{.}}>{{end}}{{template "t" .kind}}`, `{{template "nosuch"}}`, `{{block "b" .n}}{{.}}{{end}}`,
		`{{1}} {{1.5}} {{"s"}} {{true}} {{'a'}} {{0x10}}`, `{{nil}}`, `{{.kind "x"}}`, `{{"x" | .kind}}`, `{{3 "x"}}`, `{{call .kind}}`, `{{call .nosuch}}`, `{{len}}`, `{{len 1 2}}`, `{{index}}`, `{{.}}`, `{{$}}`, `{{$.kind}}`,
		`{{- .kind -}}  x`, `{{/* c */}}y`, `{{.metadata}}`, `{{.items}}`, `{{.args}}`, `{{range $i, $_ := .args}}{{if $i}},{{end}}{{.}}{{end}}`, `{{99999999999999999999}}`, `{{.kind | len | printf "%03d"}}`,
		`{{range $i, $x = .args}}{{end}}`, `{{$x}}`, `{{.spec`, `{{end}}`, `{{nosuchfunc .}}`, `{{if}}{{end}}`, `{{range .items}}`, `{{"unterminated}}`, `{{break}}`, "a\n{{\n.kind.x}}", `{{index nil 0}}`, `{{printf nil}}`, `{{define "r"}}{{template "t" .}}{{end}}{{define "t"}}{{.x.y}}{{end}}{{template "r" .kind}}`,
	} {
		for _, missing := range []string{"missingkey=default", "missingkey=error"} {
			var v map[string]any
			json.Unmarshal([]byte(data), &v)
			var want, got strings.Builder
			tmpl, err := template.New("output").Option(missing).Parse(text)
			if err == nil {
				err = tmpl.Execute(&want, v)
			}
			if err != nil {
				want.WriteString("\nerror: " + err.Error())
			}
			ours, err := Parse("output", text)
			if err == nil {
				ours.FailOnMissing = missing == "missingkey=error"
				err = ours.Execute(&got, v)
			}
			if err != nil {
				got.WriteString("\nerror: " + err.Error())
			}
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Errorf("%s (%s) (-text/template +ours):\n%s", text, missing, diff)
			}
		}
	}
}

func TestKubectlFunctions(t *testing.T) {
	var v map[string]any
	json.Unmarshal([]byte(data), &v)
	for _, c := range []struct{ in, want string }{
		{`{{.secret | base64decode}}`, "hello"},
		{`{{base64decode .kind}}`, "error: template: output:1:2: executing \"output\" at <base64decode .kind>: error calling base64decode: base64 decode failed: illegal base64 data at input byte 0"},
		{`{{base64decode .n}}`, "error: template: output:1:15: executing \"output\" at <.n>: wrong type for value; expected string; got float64"},
		{`{{base64decode .nosuch}}`, "error: template: output:1:15: executing \"output\" at <.nosuch>: invalid value; expected string"},
		{`{{exists . "metadata" "name"}} {{exists . "nosuch"}} {{exists .args 2}} {{exists .args 3}} {{exists .n "x"}}`, "true false true false false"},
	} {
		var got strings.Builder
		tmpl, err := Parse("output", c.in)
		if err == nil {
			err = tmpl.Execute(&got, v)
		}
		if err != nil {
			got.WriteString("error: " + err.Error())
		}
		if diff := cmp.Diff(c.want, got.String()); diff != "" {
			t.Errorf("%s:\n%s", c.in, diff)
		}
	}
}

func TestBoundless(t *testing.T) {
	for _, text := range []string{`{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`, `{{range 1000000000}}{{end}}`} {
		tmpl, err := Parse("output", text)
		if err != nil {
			t.Fatal(err)
		}
		if err := tmpl.Execute(new(strings.Builder), nil); err == nil || !strings.Contains(err.Error(), "exceeded") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
