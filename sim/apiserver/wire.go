package apiserver

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// wire is a way of writing objects beside JSON and YAML.
type wire interface {
	media() string
	// speaks says whether an object can be written.
	speaks(obj runtime.Object) bool
	decode(data []byte, gvk *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error)
	encode(obj any) ([]byte, error)
	// list makes of a list what can be written; into is of the list's Go type.
	list(into runtime.Object, l *collection) runtime.Object
	event(kind string, obj runtime.Object) ([]byte, error)
}
