package custom

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group and Stored are where definitions are served.
const (
	Group  = "apiextensions.k8s.io"
	Stored = "v1"
	// Cleanup is the finalizer that keeps a definition until its objects are gone.
	Cleanup = "customresourcecleanup.apiextensions.k8s.io"
)

// Definition is a CustomResourceDefinition as it goes over the wire. The schemas inside are never changed in place:
// copies share them.
type Definition struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   Spec   `json:"spec"`
	Status Status `json:"status,omitempty"`
}

// DefinitionList is a list of them.
type DefinitionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Definition `json:"items"`
}

// Spec is what the author says.
type Spec struct {
	Group                 string      `json:"group"`
	Names                 Names       `json:"names"`
	Scope                 string      `json:"scope"`
	Versions              []Version   `json:"versions"`
	Conversion            *Conversion `json:"conversion,omitempty"`
	PreserveUnknownFields bool        `json:"preserveUnknownFields,omitempty"`
}

// Names are the names of a kind.
type Names struct {
	Plural     string   `json:"plural"`
	Singular   string   `json:"singular,omitempty"`
	ShortNames []string `json:"shortNames,omitempty"`
	Kind       string   `json:"kind"`
	ListKind   string   `json:"listKind,omitempty"`
	Categories []string `json:"categories,omitempty"`
}

// Version is one version of a kind.
type Version struct {
	Name                     string            `json:"name"`
	Served                   bool              `json:"served"`
	Storage                  bool              `json:"storage"`
	Deprecated               bool              `json:"deprecated,omitempty"`
	DeprecationWarning       *string           `json:"deprecationWarning,omitempty"`
	Schema                   *Validation       `json:"schema,omitempty"`
	Subresources             *Subresources     `json:"subresources,omitempty"`
	AdditionalPrinterColumns []Column          `json:"additionalPrinterColumns,omitempty"`
	SelectableFields         []SelectableField `json:"selectableFields,omitempty"`
}

// Validation holds the schema of a version.
type Validation struct {
	OpenAPIV3Schema *Props `json:"openAPIV3Schema,omitempty"`
}

// Subresources says which subresources a version has.
type Subresources struct {
	Status *struct{} `json:"status,omitempty"`
	Scale  *Scale    `json:"scale,omitempty"`
}

// Scale says where the numbers of the scale subresource are, as paths like ".spec.replicas".
type Scale struct {
	SpecReplicasPath   string  `json:"specReplicasPath"`
	StatusReplicasPath string  `json:"statusReplicasPath"`
	LabelSelectorPath  *string `json:"labelSelectorPath,omitempty"`
}

// Column is one column of the server's table.
type Column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Format      string `json:"format,omitempty"`
	Description string `json:"description,omitempty"`
	Priority    int32  `json:"priority,omitempty"`
	JSONPath    string `json:"jsonPath"`
}

// SelectableField is a field that field selectors may name.
type SelectableField struct {
	JSONPath string `json:"jsonPath"`
}

// Conversion says how versions are converted.
type Conversion struct {
	Strategy string   `json:"strategy"`
	Webhook  *Webhook `json:"webhook,omitempty"`
}

// Webhook is kept, but never called.
type Webhook struct {
	ClientConfig             *ClientConfig `json:"clientConfig,omitempty"`
	ConversionReviewVersions []string      `json:"conversionReviewVersions"`
}

// ClientConfig says where a webhook is.
type ClientConfig struct {
	URL      *string  `json:"url,omitempty"`
	Service  *Service `json:"service,omitempty"`
	CABundle []byte   `json:"caBundle,omitempty"`
}

// Service is the service of a webhook.
type Service struct {
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Path      *string `json:"path,omitempty"`
	Port      *int32  `json:"port,omitempty"`
}

// Status is what has become of the definition.
type Status struct {
	Conditions         []Condition `json:"conditions"`
	AcceptedNames      Names       `json:"acceptedNames"`
	StoredVersions     []string    `json:"storedVersions"`
	ObservedGeneration int64       `json:"observedGeneration,omitempty"`
}

// Condition is one condition of the status.
type Condition struct {
	Type               string      `json:"type"`
	Status             string      `json:"status"`
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitempty"`
	Reason             string      `json:"reason,omitempty"`
	Message            string      `json:"message,omitempty"`
	ObservedGeneration int64       `json:"observedGeneration,omitempty"`
}

// The types of conditions.
const (
	NamesAccepted = "NamesAccepted"
	Established   = "Established"
	Terminating   = "Terminating"
)

// Is says whether a condition is true.
func (s *Status) Is(condition string) bool {
	c := s.Condition(condition)
	return c != nil && c.Status == "True"
}

// Condition finds a condition; nil where there is none.
func (s *Status) Condition(name string) *Condition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == name {
			return &s.Conditions[i]
		}
	}
	return nil
}

// Set adds or replaces a condition. Its transition time stays where its status does.
func (s *Status) Set(c Condition, now metav1.Time) {
	c.LastTransitionTime = now
	if old := s.Condition(c.Type); old != nil {
		if old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
		*old = c
		return
	}
	s.Conditions = append(s.Conditions, c)
}

// GVK is the kind of definitions themselves.
func GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: Group, Version: Stored, Kind: "CustomResourceDefinition"}
}

// Copy is a copy that may be changed, but for the schemas.
func (d *Definition) Copy() *Definition {
	out := *d
	d.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Versions = slices.Clone(d.Spec.Versions)
	out.Status.Conditions = slices.Clone(d.Status.Conditions)
	out.Status.StoredVersions = slices.Clone(d.Status.StoredVersions)
	return &out
}

// DeepCopyObject implements runtime.Object.
func (d *Definition) DeepCopyObject() runtime.Object { return d.Copy() }

// DeepCopyObject implements runtime.Object.
func (l *DefinitionList) DeepCopyObject() runtime.Object {
	out := *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]Definition, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].Copy()
	}
	return &out
}

// hoisted are the parts that all versions have in common, which the real server tells problems of at the top.
type hoisted struct {
	schema       *Validation
	subresources *Subresources
	columns      []Column
	fields       []SelectableField
}

func (s *Spec) hoist() (h hoisted) {
	if len(s.Versions) == 0 {
		return h
	}
	first := &s.Versions[0]
	same := func(pick func(*Version) any) bool {
		return !slices.ContainsFunc(s.Versions[1:], func(v Version) bool { return !sameJSON(pick(&v), pick(first)) })
	}
	if same(func(v *Version) any { return v.Schema }) {
		h.schema = first.Schema
	}
	if same(func(v *Version) any { return v.Subresources }) {
		h.subresources = first.Subresources
	}
	if same(func(v *Version) any { return v.AdditionalPrinterColumns }) {
		h.columns = first.AdditionalPrinterColumns
	}
	if same(func(v *Version) any { return v.SelectableFields }) {
		h.fields = first.SelectableFields
	}
	return h
}
