package apiserver

import (
	"reflect"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"

	"terrarium/sim/resources"
)

// schemeName is where the real server's scheme is made, as its messages name it.
const schemeName = "pkg/runtime/scheme.go:111"

// scheme tells serializers what kinds there are: those of the resources that are served, and those that only
// requests to subresources carry.
type scheme struct{ s *Server }

// ObjectKinds implements runtime.ObjectTyper.
func (t scheme) ObjectKinds(obj runtime.Object) ([]schema.GroupVersionKind, bool, error) {
	if _, ok := obj.(runtime.Unstructured); ok {
		return []schema.GroupVersionKind{obj.GetObjectKind().GroupVersionKind()}, false, nil
	}
	typ := reflect.TypeOf(obj).Elem()
	if gvr, ok := t.s.types[typ]; ok {
		return []schema.GroupVersionKind{t.s.kinds[gvr].GVK()}, false, nil
	}
	for gvk, fresh := range bodies {
		if reflect.TypeOf(fresh()).Elem() == typ {
			return []schema.GroupVersionKind{gvk}, false, nil
		}
	}
	return nil, false, runtime.NewNotRegisteredErrForType(schemeName, typ)
}

// Recognizes implements runtime.ObjectTyper.
func (t scheme) Recognizes(gvk schema.GroupVersionKind) bool {
	_, err := t.New(gvk)
	return err == nil
}

// New implements runtime.ObjectCreater.
func (t scheme) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	if r := t.s.kindNamed(gvk); r != nil {
		return r.New(), nil
	}
	if fresh, ok := bodies[gvk]; ok {
		return fresh(), nil
	}
	return nil, runtime.NewNotRegisteredErrForKind(schemeName, gvk)
}

// kindNamed finds a resource by what its objects are called; nil where none is served.
func (s *Server) kindNamed(gvk schema.GroupVersionKind) *resources.Resource {
	for _, r := range s.kinds {
		if r.GVK() == gvk && r.New != nil {
			return r
		}
	}
	return nil
}

// serializer reads and writes JSON or YAML; a strict one also tells of unknown and repeated fields.
func (s *Server) serializer(yaml, strict bool) *jsonserializer.Serializer {
	return jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, scheme{s}, scheme{s},
		jsonserializer.SerializerOptions{Yaml: yaml, Strict: strict})
}

// goNames are a kind as a client sends it and as the real server keeps it, in the words of its messages.
func goNames(obj runtime.Object, group string) (versioned, internal string) {
	t := reflect.TypeOf(obj).Elem()
	pkg, _, _ := strings.Cut(group, ".")
	switch pkg {
	case "", "events":
		pkg = "core"
	}
	return t.String(), pkg + "." + t.Name()
}

// strict says whether the request wants to hear of unknown fields, and whether they are an error.
func (c *call) strict() (check, fail bool) {
	switch c.req.FieldValidation {
	case metav1.FieldValidationIgnore:
		return false, false
	case metav1.FieldValidationStrict:
		return true, true
	}
	return true, false
}

// document turns an object into the maps, lists and scalars that patches work on.
func document(obj runtime.Object) (map[string]any, error) {
	if u, ok := obj.(*unstructured.Unstructured); ok {
		return u.DeepCopy().Object, nil
	}
	return runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
}

// typed reads a document as JSON, so that errors are the decoder's.
func (c *call) typed(data []byte, into runtime.Object, check bool) (strict []error, err error) {
	gvk := into.GetObjectKind().GroupVersionKind()
	_, _, err = c.serializer(false, check).Decode(data, &gvk, into)
	if found, ok := runtime.AsStrictDecodingError(err); ok {
		return found.Errors(), nil
	}
	return nil, err
}

// badRequest is an error of decoding.
func badRequest(err error) error { return apierrors.NewBadRequest(err.Error()) }
