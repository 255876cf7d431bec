// Package resources describes the kinds: one file a kind, each saying how its objects are named, defaulted,
// prepared, validated and shown in a table.
//
// It knows no requests, no storage and no other objects than the one at hand: whatever needs to look at a second
// object is admission or a controller.
package resources

import (
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Context is what a strategy may know beyond the object.
type Context struct {
	Now    time.Time
	User   string
	UID    string // the user's
	Groups []string
	Extra  map[string][]string
	Suffix func(n int) string // seeded random characters, as in generated names
	// Warn receives a warning for the client.
	Warn func(text string)
}

// Resource is one kind as the API server serves it. Functions may be nil where the kind has nothing to say.
// Objects given to Default and Prepare… are the caller's to change; objects given to the others are read-only.
type Resource struct {
	Group, Version string // the version that is stored and preferred
	Name           string // plural, as in the path: "deployments"
	Singular       string
	Kind           string
	ShortNames     []string
	Categories     []string
	Namespaced     bool
	Verbs          []string // nil means all of create, delete, deletecollection, get, list, patch, update, watch
	New            func() runtime.Object
	NewList        func() runtime.Object

	// Custom says that a CustomResourceDefinition has made the kind.
	Custom bool
	// Schema is the OpenAPI v3 schema of a custom kind.
	Schema json.RawMessage
	// Coerce drops the fields that a custom kind does not have, after decoding, and returns their paths. An error is
	// one of decoding.
	Coerce func(obj runtime.Object) (unknown []string, err error)
	// Seen makes what a client sees of an object that was stored when the kind was defined otherwise; it may be nil.
	Seen func(obj runtime.Object) runtime.Object
	// Hidden is set where the kind is stored as a version that is not served.
	Hidden bool

	// Live makes the objects of a kind that is not stored, in the order of namespace and name: those of a namespace, or of
	// all where it is "". Such a kind can be got and listed.
	Live func(namespace string) []runtime.Object

	// View is set for another version, or group, of a resource that is stored under View.Of. Such a descriptor needs
	// names, New, NewList and Default only: all else is asked of the stored one, but for what is set here too, which
	// takes stored objects.
	View *View

	// Default fills in what the versioned defaults of the API fill in, after decoding.
	Default func(obj runtime.Object)

	PrepareForCreate func(ctx *Context, obj runtime.Object)
	PrepareForUpdate func(ctx *Context, obj, old runtime.Object)
	// Validate and ValidateUpdate tell all problems but those of the metadata, in the order of the real server. The
	// caller has checked the metadata, with NameError.
	Validate       func(obj runtime.Object) field.ErrorList
	ValidateUpdate func(obj, old runtime.Object) field.ErrorList
	// Warnings are the texts of `Warning:` headers for a create (old == nil) or an update.
	Warnings func(obj, old runtime.Object) []string

	// NameError checks metadata.name; nil means a DNS subdomain. prefix is set for generateName.
	NameError func(name string, prefix bool) []string

	// HasStatus says that status is a subresource: writes to the object keep the old status and the other way round.
	HasStatus   bool
	ResetStatus func(obj, old runtime.Object) // obj's status := old's, or zero where old is nil
	ResetSpec   func(obj, old runtime.Object) // everything but status := old's, for a write to /status
	// Resets are the fields whose managers a write to the object does not become, where that is not just status;
	// StatusResets are, beside spec, those that a write to /status does not.
	Resets, StatusResets   []string
	PrepareForStatusUpdate func(ctx *Context, obj, old runtime.Object)
	ValidateStatusUpdate   func(obj, old runtime.Object) field.ErrorList
	// SpecChanged says whether metadata.generation counts up; nil where the kind keeps no generation.
	SpecChanged func(obj, old runtime.Object) bool
	// FromZero says that the generation of a new object is 0, not 1.
	FromZero bool

	// Scale is set for kinds with a scale subresource.
	Scale *Scale
	// Subresources names the others that exist ("log", "exec", "binding", ...), for discovery.
	Subresources []Subresource

	// Deprecated is the warning that every request for the kind gets; "" for most.
	Deprecated string

	// CreateOnUpdate lets an update create what is not there.
	CreateOnUpdate bool
	// NeedsVersion refuses an update that names no resourceVersion.
	NeedsVersion bool
	// OrphanByDefault is the propagation of a delete that names none; otherwise it is background.
	OrphanByDefault bool
	// ReturnsDeleted answers a delete with the object as it was, not with a Status.
	ReturnsDeleted bool
	// BecomeDeleting changes an object whose deletion has begun and says whether it stays until it is finalized by
	// a write of its own (namespaces and their spec.finalizers). nil for kinds that know metadata.finalizers only.
	BecomeDeleting func(ctx *Context, obj runtime.Object) (stays bool)

	// GracePeriod is the grace period in seconds that a delete gets when it names none; nil for kinds that are
	// deleted at once.
	GracePeriod func(obj runtime.Object) *int64

	// Fields are the field selectors that the kind supports beyond metadata.name and, for namespaced kinds,
	// metadata.namespace. Where it is nil, every kind takes these two.
	Fields func(obj runtime.Object) fields.Set
	// FieldError refuses any other field; %s stands for it. "" is the text of most kinds that have Fields.
	FieldError string

	// Columns and Row make the server's table; nil gives Name and Created At. Cells are those of all priorities.
	Columns []metav1.TableColumnDefinition
	Row     func(obj runtime.Object, now time.Time) []any
	// RowOrder compares two objects whose rows do not come in the order of the list; nil for nearly all kinds.
	RowOrder func(a, b runtime.Object) int
	// RowConditions are the conditions of the table's row; nil where there are none.
	RowConditions func(obj runtime.Object) []metav1.TableRowCondition
}

// View converts between what a client sees and what is stored. The results share nothing that a caller may change.
type View struct {
	Of         schema.GroupResource
	FromStored func(obj runtime.Object) runtime.Object
	ToStored   func(obj runtime.Object) runtime.Object
}

// Scale reads and writes the replicas of a kind.
type Scale struct {
	Replicas func(obj runtime.Object) (spec, status int32, selector string)
	Set      func(obj runtime.Object, replicas int32)
}

// Subresource is one line of discovery. status and scale are not listed: HasStatus and Scale say them.
type Subresource struct {
	Name           string // "eviction"
	Kind           string
	Group, Version string
	Verbs          []string

	// Prepare and Validate are set where the subresource writes a part of the object itself, as resize does: Prepare
	// takes the written object back to old but for that part.
	Prepare  func(ctx *Context, obj, old runtime.Object)
	Validate func(obj, old runtime.Object) field.ErrorList
}

// GVR is the resource's group, version and plural name.
func (r *Resource) GVR() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Name}
}

// GVK is the resource's group, version and kind.
func (r *Resource) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind}
}

// GroupResource is the resource without its version, as in error messages.
func (r *Resource) GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.Group, Resource: r.Name}
}
