package apiserver_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// fact is one request and what kube-apiserver 1.36.3 answered.
type fact struct {
	Label, Method, Path, Body string
	Headers                   map[string]string
	Unchecked                 bool
	Code                      int
	Status                    map[string]any
	Object                    any
	Columns                   []any
	Cells                     [][]any
	Warnings                  []string
}

// TestCustomResources plays testdata/crds.jsonl: definitions that are refused, one that is not, its objects, its end.
func TestCustomResources(t *testing.T) {
	f, err := os.Open("testdata/crds.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := newSite(t)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var want fact
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		var headers []string
		for key, value := range want.Headers {
			headers = append(headers, key+": "+value)
		}
		if want.Body != "" && want.Headers["Content-Type"] == "" {
			headers = append(headers, "Content-Type: application/json")
		}
		headers = append(headers, "User-Agent: x")
		answer := s.ask(want.Method, want.Path, want.Body, headers...)
		data, _ := io.ReadAll(answer.Body)
		s.clock.Advance(8 * time.Second)
		if want.Unchecked {
			continue
		}
		t.Run(want.Label, func(t *testing.T) { want.check(t, answer.StatusCode, data, answer.Header.Values("Warning")) })
	}
}

func (f fact) check(t *testing.T, code int, data []byte, warnings []string) {
	if code != f.Code {
		t.Errorf("code %d, want %d\n%s", code, f.Code, data)
	}
	slices.Sort(warnings)
	slices.Sort(f.Warnings)
	if d := gocmp.Diff(f.Warnings, warnings); d != "" && f.Columns == nil && len(f.Warnings)+len(warnings) > 0 {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	var got map[string]any
	_ = json.Unmarshal(data, &got)
	switch {
	case f.Status != nil:
		delete(got, "code")
		delete(got, "kind")
		delete(got, "apiVersion")
		delete(got, "metadata")
		if details, ok := got["details"].(map[string]any); ok {
			delete(details, "uid")
			if len(details) == 0 {
				delete(got, "details")
			}
		}
		if d := gocmp.Diff(unordered(f.Status), unordered(got)); d != "" {
			t.Errorf("status (-want +got):\n%s", d)
		}
	case f.Columns != nil:
		if d := gocmp.Diff(f.Columns, got["columnDefinitions"]); d != "" {
			t.Errorf("columns (-want +got):\n%s", d)
		}
		for i, cells := range f.Cells {
			row := got["rows"].([]any)[i].(map[string]any)["cells"].([]any)[:len(cells)]
			if d := gocmp.Diff(cells, row); d != "" {
				t.Errorf("row %d (-want +got):\n%s", i, d)
			}
		}
	case f.Object != nil && got == nil:
		if d := gocmp.Diff(f.Object, string(data)); d != "" {
			t.Errorf("text (-want +got):\n%s", d)
		}
	case f.Object != nil:
		f.checkObject(t, got)
	}
}

func (f fact) checkObject(t *testing.T, got map[string]any) {
	switch f.Label {
	case "openapi":
		got = got["components"].(map[string]any)["schemas"].(map[string]any)
		for name := range got {
			if !strings.HasPrefix(name, "io.ex") {
				delete(got, name)
			}
		}
	case "aggregated":
		got["items"] = slices.DeleteFunc(got["items"].([]any), func(g any) bool {
			return g.(map[string]any)["metadata"].(map[string]any)["name"] != "ex.io"
		})
	}
	if d := gocmp.Diff(plain(f.Object), plain(got)); d != "" {
		t.Errorf("object (-want +got):\n%s", d)
	}
}

// plain drops what differs from run to run.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			switch key {
			case "uid", "creationTimestamp", "resourceVersion", "managedFields", "deletionTimestamp", "lastTransitionTime", "storageVersionHash":
			default:
				out[key] = plain(value)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, plain(item))
		}
		return out
	}
	return v
}

// unordered sorts what the real server tells in the random order of its maps.
func unordered(status map[string]any) map[string]any {
	if text, ok := status["message"].(string); ok {
		if before, list, ok := strings.Cut(text, ": ["); ok && strings.HasSuffix(list, "]") {
			parts := strings.Split(strings.TrimSuffix(list, "]"), ", ")
			slices.Sort(parts)
			status["message"] = before + ": [" + strings.Join(parts, ", ") + "]"
		}
	}
	if details, ok := status["details"].(map[string]any); ok {
		if causes, ok := details["causes"].([]any); ok {
			slices.SortFunc(causes, func(a, b any) int {
				x, _ := json.Marshal(a)
				y, _ := json.Marshal(b)
				return cmp.Compare(string(x), string(y))
			})
		}
	}
	return status
}
