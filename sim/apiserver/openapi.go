package apiserver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/openapi"
	"terrarium/sim/resources"
)

// openAPI serves the description of the API: /openapi/v2 and, one document for each group and version, /openapi/v3.
func (x *exchange) openAPI(rest string) {
	version, path, _ := strings.Cut(rest, "/")
	switch {
	case version == "v2" && path == "":
		if !x.openAPIProto() {
			x.openAPI2()
		}
	case version == "v3" && path == "":
		x.openAPI3Index()
	case version == "v3":
		x.openAPI3(path)
	default:
		x.notFound()
	}
}

// openAPI3Index lists the documents. The hash changes with what a document holds, so that clients may keep it.
func (x *exchange) openAPI3Index() {
	paths := openapi.Object{}
	for _, g := range x.groups() {
		for _, v := range g.versions {
			path := apiPath(g.group, v)
			paths[path] = openapi.Object{"serverRelativeURL": "/openapi/v3/" + path + "?hash=" + x.openAPIHash(g.group, v)}
		}
	}
	data, err := json.Marshal(openapi.Object{"paths": paths})
	if err != nil {
		x.fail(err)
		return
	}
	x.send("text/plain; charset=utf-8", http.StatusOK, data)
}

func apiPath(group, version string) string {
	if group == "" {
		return "api/" + version
	}
	return "apis/" + group + "/" + version
}

func (x *exchange) openAPIHash(group, version string) string {
	h := sha256.New()
	for _, r := range x.of(group, version) {
		fmt.Fprintln(h, r.Name, r.Kind, string(r.Schema))
	}
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

func (x *exchange) openAPI3(path string) {
	parts := strings.Split(path, "/")
	var group, version string
	switch {
	case len(parts) == 2 && parts[0] == "api":
		version = parts[1]
	case len(parts) == 3 && parts[0] == "apis":
		group, version = parts[1], parts[2]
	}
	all := x.of(group, version)
	if len(all) == 0 {
		x.notFound()
		return
	}
	d := x.document(openapi.V3, all)
	data, err := json.Marshal(openapi.Object{
		"openapi": "3.0.0",
		"info":    openapi.Object{"title": "Kubernetes", "version": "1.36"},
		"paths":   d.paths,
		"components": openapi.Object{"schemas": d.schemas, "securitySchemes": openapi.Object{"BearerToken": openapi.Object{
			"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"}}},
	})
	if err != nil {
		x.fail(err)
		return
	}
	h := x.w.Header()
	if x.r.URL.Query().Get("hash") != "" {
		h.Set("Cache-Control", "public, immutable")
	}
	x.send("application/json", http.StatusOK, data)
}

func (x *exchange) openAPI2() {
	d := x.document(openapi.V2, x.Resources())
	data, err := json.Marshal(openapi.Object{
		"swagger":     "2.0",
		"info":        openapi.Object{"title": "Kubernetes", "version": "1.36"},
		"paths":       d.paths,
		"definitions": d.schemas,
		"parameters":  d.parameters,
		"securityDefinitions": openapi.Object{"BearerToken": openapi.Object{
			"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"}},
		"security": []any{openapi.Object{"BearerToken": []any{}}},
	})
	if err != nil {
		x.fail(err)
		return
	}
	x.send("application/json", http.StatusOK, data)
}

// apiDocument collects the paths and schemas of some resources.
type apiDocument struct {
	server     *Server
	style      openapi.Style
	v2         bool
	paths      openapi.Object
	schemas    openapi.Object
	parameters openapi.Object // that operations share, in version 2
	names      []string       // of built-in schemas that are referred to
	// customKind says that the paths being made are of a kind that takes no strategic merge patch.
	customKind bool
}

const (
	metaPrefix = openapi.Prefix + "apimachinery.pkg.apis.meta.v1."
	statusName = metaPrefix + "Status"
)

func (s *Server) document(style openapi.Style, all []*resources.Resource) *apiDocument {
	d := &apiDocument{server: s, style: style, v2: style == openapi.V2, paths: openapi.Object{}, schemas: openapi.Object{}, parameters: openapi.Object{}}
	d.names = []string{statusName, metaPrefix + "DeleteOptions", metaPrefix + "Patch", metaPrefix + "WatchEvent"}
	for _, r := range all {
		d.resource(r)
	}
	for name, s := range style.Schemas(d.names...) {
		d.schemas[name] = s
	}
	return d
}

// schemaName is what a kind's schema is called.
func (d *apiDocument) schemaName(gvk schema.GroupVersionKind) string {
	if name := openapi.ForKind(gvk); name != "" {
		d.names = append(d.names, name)
		return name
	}
	parts := strings.Split(gvk.Group, ".")
	slices.Reverse(parts)
	return strings.Join(append(parts, gvk.Version, gvk.Kind), ".")
}

func (d *apiDocument) resource(r *resources.Resource) {
	gvk := r.GVK()
	name := d.schemaName(gvk)
	list := d.schemaName(gvk.GroupVersion().WithKind(r.Kind + "List"))
	d.customKind = r.Custom
	if r.Schema != nil {
		d.custom(r, name, list)
	}
	can := func(verb string) bool { return slices.Contains(verbs(r), verb) }
	base := "/" + apiPath(r.Group, r.Version) + "/"
	all := base + r.Name
	params := []any{}
	if r.Namespaced {
		if can("list") {
			d.paths[all] = openapi.Object{"get": d.operation("list", gvk, list, listParams...)}
		}
		base += "namespaces/{namespace}/"
		params = append(params, d.parameter("namespace", "path"))
	}
	collection := openapi.Object{}
	if can("list") {
		collection["get"] = d.operation("list", gvk, list, listParams...)
	}
	if can("create") {
		collection["post"] = d.body(d.operation("post", gvk, name, writeParams...), name)
	}
	if can("deletecollection") {
		collection["delete"] = d.operation("deletecollection", gvk, statusName, append(slices.Clone(listParams), deleteParams...)...)
	}
	d.add(base+r.Name, collection, params)
	item := openapi.Object{}
	if can("get") {
		item["get"] = d.operation("get", gvk, name)
	}
	if can("update") {
		item["put"] = d.body(d.operation("put", gvk, name, writeParams...), name)
	}
	if can("patch") {
		item["patch"] = d.body(d.operation("patch", gvk, name, append(slices.Clone(writeParams), "force")...), metaPrefix+"Patch")
		withoutStrategic(r, item["patch"])
	}
	if can("delete") {
		item["delete"] = d.operation("delete", gvk, statusName, deleteParams...)
	}
	named := append(slices.Clone(params), d.parameter("name", "path"))
	d.add(base+r.Name+"/{name}", item, named)
	for _, sub := range d.server.parts(r) {
		d.add(base+r.Name+"/{name}/"+sub.Name, d.part(r, sub), named)
	}
}

func (d *apiDocument) add(path string, operations openapi.Object, params []any) {
	if len(operations) == 0 {
		return
	}
	if len(params) > 0 {
		operations["parameters"] = params
	}
	d.paths[path] = operations
}

func (d *apiDocument) part(r *resources.Resource, sub resources.Subresource) openapi.Object {
	gvk := schema.GroupVersionKind{Group: sub.Group, Version: sub.Version, Kind: sub.Kind}
	if sub.Version == "" {
		gvk.Group, gvk.Version = r.Group, r.Version
	}
	name := d.schemaName(gvk)
	out := openapi.Object{}
	for verb, action := range map[string]string{"get": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete"} {
		if !slices.Contains(sub.Verbs, verb) {
			continue
		}
		op := d.operation(action, gvk, name)
		switch verb {
		case "create", "update":
			op = d.body(d.operation(action, gvk, name, writeParams...), name)
		case "patch":
			op = d.body(d.operation(action, gvk, name, append(slices.Clone(writeParams), "force")...), metaPrefix+"Patch")
			withoutStrategic(r, op)
		}
		out[action] = op
	}
	return out
}

var (
	listParams = []string{"allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
		"resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"}
	writeParams  = []string{"dryRun", "fieldManager", "fieldValidation"}
	deleteParams = []string{"dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"}
)

func (d *apiDocument) parameter(name, in string) openapi.Object {
	kind := "string"
	switch name {
	case "limit", "timeoutSeconds", "gracePeriodSeconds":
		kind = "integer"
	case "watch", "allowWatchBookmarks", "sendInitialEvents", "force", "orphanDependents":
		kind = "boolean"
	}
	p := openapi.Object{"name": name, "in": in}
	if in == "path" {
		p["required"] = true
	}
	if d.v2 {
		p["type"], p["uniqueItems"] = kind, true
	} else {
		p["schema"] = openapi.Object{"type": kind, "uniqueItems": true}
	}
	return p
}

// queried is a parameter of the query: in a document of version 2 the shared one, where there is such.
func (d *apiDocument) queried(name string) openapi.Object {
	p := d.parameter(name, "query")
	about, ok := queryParameters()[name]
	if !ok || !d.v2 {
		return p
	}
	p["description"] = about.description
	if about.key == "" {
		return p
	}
	d.parameters[about.key] = p
	return openapi.Object{"$ref": "#/parameters/" + about.key}
}

// about is what a document says of a query parameter: its key among the shared ones, "" where it is not shared.
type about struct{ key, description string }

func (d *apiDocument) operation(action string, gvk schema.GroupVersionKind, result string, params ...string) openapi.Object {
	op := openapi.Object{
		"x-kubernetes-action":             action,
		"x-kubernetes-group-version-kind": openapi.Object{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind},
	}
	ok := openapi.Object{"description": "OK"}
	if d.v2 {
		ok["schema"] = d.style.Ref(result)
	} else {
		ok["content"] = openapi.Object{"application/json": openapi.Object{"schema": d.style.Ref(result)}}
	}
	op["responses"] = openapi.Object{"200": ok, "401": openapi.Object{"description": "Unauthorized"}}
	var list []any
	for _, p := range params {
		list = append(list, d.queried(p))
	}
	if list != nil {
		op["parameters"] = list
	}
	return op
}

func (d *apiDocument) body(op openapi.Object, name string) openapi.Object {
	if d.v2 {
		list, _ := op["parameters"].([]any)
		op["parameters"] = append([]any{openapi.Object{"name": "body", "in": "body", "required": true, "schema": d.style.Ref(name)}}, list...)
		return op
	}
	media := "*/*"
	content := openapi.Object{}
	if name == metaPrefix+"Patch" {
		for _, media := range []string{"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"} {
			if d.customKind && strings.Contains(media, "strategic") {
				continue
			}
			content[media] = openapi.Object{"schema": d.style.Ref(name)}
		}
	} else {
		content[media] = openapi.Object{"schema": d.style.Ref(name)}
	}
	op["requestBody"] = openapi.Object{"required": true, "content": content}
	return op
}

// withoutStrategic takes the strategic patch, for which custom kinds have no rules, from the PATCH of one; clients
// choose their patch by what is left.
func withoutStrategic(r *resources.Resource, patch any) {
	op, _ := patch.(openapi.Object)
	body, _ := op["requestBody"].(openapi.Object)
	content, _ := body["content"].(openapi.Object)
	if r.Schema != nil {
		delete(content, "application/strategic-merge-patch+json")
	}
}

// custom adds the schemas of a custom kind and its list.
func (d *apiDocument) custom(r *resources.Resource, name, list string) {
	var s openapi.Object
	if err := json.Unmarshal(r.Schema, &s); err != nil {
		return
	}
	open := s["x-kubernetes-preserve-unknown-fields"] == true
	if d.v2 {
		older(s)
	}
	properties, _ := s["properties"].(openapi.Object)
	if properties == nil {
		properties = openapi.Object{}
		s["properties"] = properties
	}
	meta := openapi.Lookup(openapi.Prefix + "api.core.v1.ConfigMap")
	describe := func(field string) string {
		for _, f := range meta.Fields {
			if f.Name == field {
				return f.Description()
			}
		}
		return ""
	}
	intsOrStrings(s)
	properties["apiVersion"] = openapi.Object{"type": "string", "description": describe("apiVersion")}
	properties["kind"] = openapi.Object{"type": "string", "description": describe("kind")}
	d.names = append(d.names, metaPrefix+"ObjectMeta", metaPrefix+"ListMeta")
	reference := func(field, target string) openapi.Object {
		if d.v2 {
			return openapi.Object{"$ref": "#/definitions/" + target, "description": describe(field)}
		}
		return openapi.Object{"allOf": []any{d.style.Ref(target)}, "description": describe(field)}
	}
	properties["metadata"] = reference("metadata", metaPrefix+"ObjectMeta")
	s["type"] = "object"
	kinds := func(kind string) []any {
		return []any{openapi.Object{"group": r.Group, "version": r.Version, "kind": kind}}
	}
	s["x-kubernetes-group-version-kind"] = kinds(r.Kind)
	d.schemas[name] = s
	if d.v2 && open {
		// A client of version 2 takes any properties for all that there are.
		d.schemas[name] = openapi.Object{"type": "object", "x-kubernetes-group-version-kind": kinds(r.Kind)}
	}
	listMeta := reference("metadata", metaPrefix+"ListMeta")
	listMeta["description"] = "Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
	d.schemas[list] = openapi.Object{
		"description": r.Kind + "List is a list of " + r.Kind,
		"type":        "object",
		"required":    []any{"items"},
		"properties": openapi.Object{
			"apiVersion": properties["apiVersion"], "kind": properties["kind"], "metadata": listMeta,
			"items": openapi.Object{"type": "array", "items": d.style.Ref(name), "description": fmt.Sprintf("List of %s. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md", r.Name)},
		},
		"x-kubernetes-group-version-kind": kinds(r.Kind + "List"),
	}
	if fields := selectableFields(r); fields != nil {
		s["x-kubernetes-selectable-fields"] = fields
		d.schemas[list].(openapi.Object)["x-kubernetes-selectable-fields"] = fields
	}
}

func selectableFields(r *resources.Resource) (out []any) {
	if r.Fields == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.Fields(r.New()))) {
		out = append(out, openapi.Object{"fieldPath": name})
	}
	return out
}

// older takes from a schema what documents of version 2 do not have: alternatives, null, and what stands beside
// unknown fields that are kept, which clients would take for all there is.
func older(s openapi.Object) {
	for _, key := range []string{"allOf", "oneOf", "anyOf", "not"} {
		delete(s, key)
	}
	kept, nullable := s["x-kubernetes-preserve-unknown-fields"] == true, s["nullable"] == true
	if kept || nullable {
		delete(s, "items")
		delete(s, "properties")
	}
	if nullable || kept && s["type"] == "object" || s["type"] == "array" && s["items"] == nil {
		delete(s, "type")
	}
	delete(s, "nullable")
	properties, _ := s["properties"].(openapi.Object)
	for name, one := range properties {
		p, _ := one.(openapi.Object)
		if required, ok := s["required"].([]any); ok && p["nullable"] == true {
			s["required"] = slices.DeleteFunc(required, func(r any) bool { return r == name })
		}
		older(p)
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := s[key].(openapi.Object); ok {
			older(inner)
		}
	}
}

// intsOrStrings says of values that may be either what they may be.
func intsOrStrings(v any) {
	switch v := v.(type) {
	case openapi.Object:
		if v["x-kubernetes-int-or-string"] == true && v["anyOf"] == nil && v["allOf"] == nil {
			v["anyOf"] = []any{openapi.Object{"type": "integer"}, openapi.Object{"type": "string"}}
		}
		for _, one := range v {
			intsOrStrings(one)
		}
	case []any:
		for _, one := range v {
			intsOrStrings(one)
		}
	}
}
