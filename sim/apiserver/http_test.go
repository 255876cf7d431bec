package apiserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/auth"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/resources"
)

// site is a server with the built-in kinds and without admission, asked in process.
type site struct {
	*apiserver.Server
	t     *testing.T
	clock *clock.Clock
}

func newSite(t *testing.T) site {
	t.Helper()
	c := clock.New(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	s := apiserver.New(apiserver.Config{Clock: c, Chance: chance.New(1), Resources: resources.All(), Address: "172.30.1.2:6443", Window: 64})
	return site{s, t, c}
}

// ask makes one request; headers are KEY: VALUE.
func (s site) ask(method, path, body string, headers ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r = r.WithContext(apiserver.WithUser(r.Context(), admin))
	for _, h := range headers {
		key, value, _ := strings.Cut(h, ": ")
		r.Header.Set(key, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func (s site) text(method, path, body string, headers ...string) string {
	s.t.Helper()
	data, err := io.ReadAll(s.ask(method, path, body, headers...).Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// object asks for JSON and returns it without what differs from run to run.
func (s site) object(method, path, body string, headers ...string) map[string]any {
	s.t.Helper()
	text := s.text(method, path, body, headers...)
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		s.t.Fatalf("%s %s: %s", method, path, text)
	}
	return m
}

// as asks in somebody's name.
func (s site) as(user api.User, method, path, body string) map[string]any {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r.WithContext(apiserver.WithUser(r.Context(), user)))
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		s.t.Fatalf("%s %s: %s", method, path, w.Body)
	}
	return m
}

const configMaps = "/api/v1/namespaces/default/configmaps"

func configMap(name, data string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q},"data":{%s}}`, name, data)
}

// TestStatuses holds messages against what kube-apiserver 1.36.3 answers.
func TestStatuses(t *testing.T) {
	s := newSite(t)
	made := s.object("POST", configMaps, configMap("a", `"x":"y"`))
	uid := made["metadata"].(map[string]any)["uid"].(string)
	for _, c := range []struct {
		what, method, path, body string
		headers                  []string
		code                     int
		want                     string
	}{
		{"not found", "GET", configMaps + "/z", "", nil, 404, `configmaps "z" not found`},
		{"no resource", "GET", "/api/v1/namespaces/default/nosuch", "", nil, 404, "the server could not find the requested resource"},
		{"exists", "POST", configMaps, configMap("a", ""), nil, 409, `configmaps "a" already exists`},
		{"other namespace", "POST", configMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","namespace":"other"}}`, nil, 400,
			"the namespace of the provided object does not match the namespace sent on the request"},
		{"other name", "PUT", configMaps + "/a", configMap("b", ""), nil, 400, "the name of the object (b) does not match the name on the URL (a)"},
		{"no name", "PUT", configMaps + "/a", `{"apiVersion":"v1","kind":"ConfigMap"}`, nil, 400,
			"the name of the object (a based on URL) was undeterminable: name must be provided"},
		{"unknown field", "POST", configMaps + "?fieldValidation=Strict", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"},"dta":{},"data":{"a":"b","a":"c"}}`, nil, 400,
			`ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta", duplicate field "data.a"`},
		{"bad type", "POST", configMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"},"data":{"a":1}}`, nil, 400,
			`ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string`},
		{"no JSON", "POST", configMaps, `{`, nil, 400,
			"the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)"},
		{"nothing", "POST", configMaps, ``, nil, 400,
			"the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"},
		{"other version", "POST", configMaps, `{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"b"}}`, nil, 400,
			`ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/runtime/scheme.go:111"`},
		{"media type", "POST", configMaps, `x`, []string{"Content-Type: text/plain"}, 415,
			"the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"},
		{"accept", "GET", configMaps, ``, []string{"Accept: text/html"}, 406,
			"406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"},
		{"dry run", "POST", configMaps + "?dryRun=Some", configMap("b", ""), nil, 422,
			`CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"`},
		{"label selector", "GET", configMaps + "?labelSelector=a%3D%3D%3Db", "", nil, 400,
			"unable to parse requirement: found '=', expected: identifier"},
		{"field selector", "GET", configMaps + "?fieldSelector=a%3Db", "", nil, 400,
			`"a" is not a known field selector: only "metadata.name", "metadata.namespace"`},
		{"other kind", "POST", configMaps, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"b"}}`, nil, 400,
			`Deployment in version "v1" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion`},
		{"other form", "GET", configMaps, "", []string{"Accept: application/json;as=Foo;v=v1;g=meta.k8s.io"}, 406,
			"only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"},
		{"list as one", "GET", configMaps, "", []string{"Accept: application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}, 406,
			"you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)"},
		{"no namespace", "POST", "/api/v1/configmaps", configMap("b", ""), nil, 405, "the server does not allow this method on the requested resource"},
		{"create by name", "POST", configMaps + "/a", configMap("b", ""), nil, 405, "the server does not allow this method on the requested resource"},
		{"no version", "GET", configMaps + "?resourceVersion=x", "", nil, 400,
			`invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax`},
		{"UID", "DELETE", configMaps + "/a", `{"preconditions":{"uid":"x"}}`, nil, 409,
			`Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (x) does not match the UID in record (` + uid + `). The object might have been deleted and then recreated`},
		{"kind of options", "DELETE", configMaps + "/a", `{"kind":"Foo"}`, nil, 400,
			`no kind "Foo" is registered for version "meta.k8s.io/v1" in scheme "pkg/runtime/scheme.go:111"`},
		{"version of the new", "POST", configMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"x-","resourceVersion":"3"}}`, nil, 500,
			"resourceVersion should not be set on objects to be created"},
		{"patch of nothing", "PATCH", configMaps + "/a", "null", []string{"Content-Type: application/merge-patch+json"}, 400, "Invalid JSON Patch"},
		{"patch that is no list", "PATCH", configMaps + "/a", "{}", []string{"Content-Type: application/json-patch+json"}, 400,
			"error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"},
		{"patched type", "PATCH", configMaps + "/a", `{"data":{"a":1}}`, []string{"Content-Type: application/merge-patch+json"}, 422,
			` "" is invalid: patch: Invalid value: "{\"apiVersion\":\"v1\",\"data\":{\"a\":1,\"x\":\"y\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"namespace\":\"default\",\"uid\":\"` + uid + `\",\"resourceVersion\":\"2\",\"creationTimestamp\":\"2026-11-22T00:00:00Z\",\"managedFields\":[{\"manager\":\"kubernetes-admin\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":\"2026-11-22T00:00:00Z\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:data\":{\".\":{},\"f:x\":{}}}}]}}": json: cannot unmarshal number into Go struct field ConfigMap.data of type string`},
		{"patched type, strategic", "PATCH", configMaps + "/a", `{"data":{"a":1}}`, []string{"Content-Type: application/strategic-merge-patch+json"}, 422,
			` "" is invalid: patch: Invalid value: "map[data:map[a:1]]": cannot convert int64 to string`},
		{"patched strictly", "PATCH", configMaps + "/a?fieldValidation=Strict", `{"dta":1}`, []string{"Content-Type: application/strategic-merge-patch+json"}, 422,
			` "" is invalid: patch: Invalid value: "map[dta:1]": strict decoding error: unknown field "dta"`},
		{"apply of no kind", "PATCH", configMaps + "/a?fieldManager=x", `{}`, []string{"Content-Type: application/apply-patch+yaml"}, 400, "invalid object type: /, Kind="},
		{"apply of another kind", "PATCH", configMaps + "/a?fieldManager=x", `{"apiVersion":"v2","kind":"ConfigMap"}`, []string{"Content-Type: application/apply-patch+yaml"}, 400,
			"invalid object type: /v2, Kind=ConfigMap"},
		{"apply of no name", "PATCH", configMaps + "/new?fieldManager=x", `{"apiVersion":"v1","kind":"ConfigMap"}`, []string{"Content-Type: application/apply-patch+yaml"}, 400,
			"the name of the object (new based on URL) was undeterminable: name must be provided"},
		{"apply of no YAML", "PATCH", configMaps + "/a?fieldManager=x", `a: b: c`, []string{"Content-Type: application/apply-patch+yaml"}, 400,
			"error decoding YAML: error converting YAML to JSON: yaml: mapping values are not allowed in this context"},
		{"apply of a key twice", "PATCH", configMaps + "/a?fieldManager=x&fieldValidation=Strict", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"q":"1","q":"2"}}`,
			[]string{"Content-Type: application/apply-patch+yaml"}, 400,
			"error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 1: key \"q\" already set in map"},
		{"stale", "PUT", configMaps + "/a", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"1"}}`, nil, 409,
			`Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again`},
		{"future", "GET", configMaps + "?resourceVersion=99999", "", nil, 504, "Timeout: Too large resource version: 99999, current: 2"},
		{"limit", "GET", configMaps + "?limit=x", "", nil, 400, `strconv.ParseInt: parsing "x": invalid syntax`},
		{"continue", "GET", configMaps + "?limit=1&continue=x", "", nil, 400,
			`invalid continue token: continue key is not valid: illegal base64 data at input byte 0`},
		{"match", "GET", configMaps + "?resourceVersionMatch=Exact", "", nil, 422,
			`ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`},
		{"patch type", "PATCH", configMaps + "/a", "{}", []string{"Content-Type: application/json"}, 415,
			"415: Unsupported Media Type"},
		{"JSON patch", "PATCH", configMaps + "/a", `[{"op":"remove","path":"/data/z"}]`, []string{"Content-Type: application/json-patch+json"}, 422,
			"the server rejected our request due to an error in our request"},
		{"merge patch", "PATCH", configMaps + "/a", `[]`, []string{"Content-Type: application/merge-patch+json"}, 400,
			"error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"},
		{"apply without manager", "PATCH", configMaps + "/a", `{}`, []string{"Content-Type: application/apply-patch+yaml"}, 422,
			`PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch`},
		{"delete options", "DELETE", configMaps + "/a?propagationPolicy=Some", "", nil, 422,
			`DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Some": supported values: "Foreground", "Background", "Orphan", "nil"`},
	} {
		r := s.ask(c.method, c.path, c.body, c.headers...)
		var status struct {
			Kind, Message string
			Code          int
		}
		data, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(data, &status); err != nil || status.Kind != "Status" {
			t.Errorf("%s: %s", c.what, data)
			continue
		}
		if runtime.GOOS == "js" { // the browser's build has no protobuf
			c.want = strings.NewReplacer(", application/vnd.kubernetes.protobuf;stream=watch", "", ", application/vnd.kubernetes.protobuf", "").Replace(c.want)
		}
		if r.StatusCode != c.code || status.Code != c.code || status.Message != c.want {
			t.Errorf("%s: %d %s\nwant %d %s", c.what, r.StatusCode, status.Message, c.code, c.want)
		}
	}
}

func TestPages(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		s.object("POST", configMaps, configMap(name, ""))
	}
	names := func(list map[string]any) (out string) {
		for _, item := range list["items"].([]any) {
			out += item.(map[string]any)["metadata"].(map[string]any)["name"].(string)
		}
		return out
	}
	first := s.object("GET", configMaps+"?limit=2", "")
	meta := first["metadata"].(map[string]any)
	if names(first) != "ab" || meta["remainingItemCount"] != 3.0 {
		t.Errorf("first page %v", first)
	}
	// What happens between two pages is not seen.
	s.object("DELETE", configMaps+"/c", "")
	s.object("POST", configMaps, configMap("cc", ""))
	second := s.object("GET", configMaps+"?limit=2&continue="+meta["continue"].(string), "")
	if names(second) != "cd" {
		t.Errorf("second page %v", second)
	}
	s.Store().Compact(s.Store().Revision())
	gone := s.object("GET", configMaps+"?limit=2&continue="+meta["continue"].(string), "")
	if gone["reason"] != "Expired" || gone["code"] != 410.0 {
		t.Errorf("expired page %v", gone)
	}
	again := gone["metadata"].(map[string]any)["continue"].(string)
	if rest := s.object("GET", configMaps+"?limit=9&continue="+again, ""); names(rest) != "ccde" {
		t.Errorf("rest %v", rest)
	}
}

func TestTable(t *testing.T) {
	s := newSite(t)
	s.object("POST", configMaps, configMap("a", `"x":"y"`))
	s.clock.Advance(90 * time.Second)
	table := s.object("GET", configMaps, "", "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
	rows := table["rows"].([]any)
	row := rows[0].(map[string]any)
	if diff := cmp.Diff([]any{"a", 1.0, "90s"}, row["cells"]); diff != "" || table["kind"] != "Table" {
		t.Error(diff)
	}
	if row["object"].(map[string]any)["kind"] != "PartialObjectMetadata" {
		t.Errorf("row of %v", row["object"])
	}
	if p := s.object("GET", configMaps+"/a", "", "Accept: application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"); p["kind"] != "PartialObjectMetadata" || p["data"] != nil {
		t.Errorf("partial %v", p)
	}
}

func TestWarnings(t *testing.T) {
	s := newSite(t)
	r := s.ask("POST", configMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"},"dta":{}}`)
	if got := r.Header.Values("Warning"); r.StatusCode != 201 || len(got) != 1 || got[0] != `299 - "unknown field \"dta\""` {
		t.Errorf("%d %q", r.StatusCode, got)
	}
	r = s.ask("POST", configMaps+"?fieldValidation=Ignore", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"dta":{}}`)
	if got := r.Header.Values("Warning"); r.StatusCode != 201 || len(got) != 0 {
		t.Errorf("%d %q", r.StatusCode, got)
	}
}

func TestHTTPWatch(t *testing.T) {
	s := newSite(t)
	s.object("POST", configMaps, configMap("a", ""))
	from := s.Store().Revision()
	s.object("POST", configMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","labels":{"x":"y"}}}`)
	s.object("PATCH", configMaps+"/b", `{"metadata":{"labels":{"x":"z"}}}`, "Content-Type: application/merge-patch+json")
	s.object("DELETE", configMaps+"/a", "")
	for _, c := range []struct{ query, want string }{
		{"watch=1", "ADDED b"},
		{fmt.Sprintf("watch=1&resourceVersion=%d", from), "ADDED b, MODIFIED b, DELETED a"},
		{fmt.Sprintf("watch=1&resourceVersion=%d&labelSelector=x%%3Dy", from), "ADDED b, DELETED b"},
		{fmt.Sprintf("watch=1&resourceVersion=%d&fieldSelector=metadata.name%%3Da", from), "DELETED a"},
		{"watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", "ADDED b, BOOKMARK "},
	} {
		if got := events(t, s.text("GET", configMaps+"?"+c.query, "")); got != c.want {
			t.Errorf("%s: %s, want %s", c.query, got, c.want)
		}
	}
	s.Store().Compact(s.Store().Revision())
	want := fmt.Sprintf(`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: %d (%d)","reason":"Expired","code":410}}`, from, s.Store().Revision())
	if got := strings.TrimSpace(s.text("GET", fmt.Sprintf("%s?watch=1&resourceVersion=%d", configMaps, from), "")); got != want {
		t.Errorf("too old: %s\nwant %s", got, want)
	}
}

func events(t *testing.T, stream string) string {
	var out []string
	dec := json.NewDecoder(strings.NewReader(stream))
	for dec.More() {
		var e struct {
			Type   string
			Object struct{ Metadata struct{ Name string } }
		}
		if err := dec.Decode(&e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Type+" "+e.Object.Metadata.Name)
	}
	return strings.Join(out, ", ")
}

func TestIdentity(t *testing.T) {
	s := newSite(t)
	s.SetAuthorizer(auth.NewStandard(api.Client{Door: s.Server, User: apiserver.Loopback()}))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/nodes", nil))
	if !strings.Contains(w.Body.String(), `nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the cluster scope`) || w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	r := httptest.NewRequest("GET", "/api/v1/nodes", nil)
	r.Header.Set("Authorization", "Bearer nonsense")
	w = httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `"message":"Unauthorized","reason":"Unauthorized","code":401`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
