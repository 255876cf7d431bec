package describe

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// recording is what a server of Kubernetes 1.36.3 answered when an object was described; what its kubectl printed stands beside it
// in a file of the same name that ends in .txt.
type recording struct {
	Now             time.Time
	Kind            schema.GroupVersionKind
	Resource        schema.GroupVersionResource
	Namespace, Name string
	Answers         map[string]json.RawMessage // by path
}

func (r recording) answer(path string, v any) error {
	body, ok := r.Answers[path]
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{}, path)
	}
	var status metav1.Status
	if json.Unmarshal(body, &status) == nil && status.Status == metav1.StatusFailure {
		return &apierrors.StatusError{ErrStatus: status}
	}
	return json.Unmarshal(body, v)
}

func (r recording) Get(_ context.Context, g schema.GroupVersionResource, namespace, name string, v any) error {
	return r.answer(collection(g, namespace)+"/"+name, v)
}

func (r recording) List(_ context.Context, g schema.GroupVersionResource, namespace string, s Selectors, v any) error {
	query := url.Values{}
	if s.Labels != "" {
		query.Set("labelSelector", s.Labels)
	}
	if s.Fields != "" {
		query.Set("fieldSelector", s.Fields)
	}
	path := collection(g, namespace)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	for recorded := range r.Answers {
		if ordered(recorded) == ordered(path) {
			return r.answer(recorded, v)
		}
	}
	return r.answer(path, v)
}

// ordered is a request's path with the terms of its selectors in one order: the recorded kubectl wrote them in any.
func ordered(path string) string {
	path, raw, _ := strings.Cut(path, "?")
	query, err := url.ParseQuery(raw)
	if err != nil {
		return path
	}
	for _, values := range query {
		for i, value := range values {
			terms := strings.Split(value, ",")
			slices.Sort(terms)
			values[i] = strings.Join(terms, ",")
		}
	}
	return path + "?" + query.Encode()
}

func collection(g schema.GroupVersionResource, namespace string) string {
	path := "/api/" + g.Version
	if g.Group != "" {
		path = "/apis/" + g.Group + "/" + g.Version
	}
	if namespace != "" {
		path += "/namespaces/" + namespace
	}
	return path + "/" + g.Resource
}

func TestDescribe(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var r recording
			if err := json.Unmarshal(data, &r); err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			got, err := Describe(context.Background(), r, Mapping{r.Kind, r.Resource}, r.Namespace, r.Name, Settings{ShowEvents: true, Now: r.Now})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-kubectl +ours:\n%s", diff)
			}
		})
	}
}

func TestDescribeMissing(t *testing.T) {
	r := recording{Kind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}}
	if _, err := Describe(context.Background(), r, Mapping{r.Kind, r.Resource}, "default", "nosuch", Settings{}); !apierrors.IsNotFound(err) {
		t.Errorf("error %v, want not found", err)
	}
}
