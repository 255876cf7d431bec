package resources

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// APIService says who serves the version of a group: this server, or the service that it names.
type APIService struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   APIServiceSpec   `json:"spec,omitempty"`
	Status APIServiceStatus `json:"status,omitempty"`
}

// APIServiceSpec is what the author says.
type APIServiceSpec struct {
	Service               *APIServiceReference `json:"service,omitempty"`
	Group                 string               `json:"group,omitempty"`
	Version               string               `json:"version,omitempty"`
	InsecureSkipTLSVerify bool                 `json:"insecureSkipTLSVerify,omitempty"`
	CABundle              []byte               `json:"caBundle,omitempty"`
	GroupPriorityMinimum  int32                `json:"groupPriorityMinimum"`
	VersionPriority       int32                `json:"versionPriority"`
}

// APIServiceReference is the service of another API server.
type APIServiceReference struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Port      *int32 `json:"port,omitempty"`
}

// APIServiceStatus says whether it can be reached.
type APIServiceStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`
}

// APIServiceList is a list of them.
type APIServiceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []APIService `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (a *APIService) DeepCopyObject() runtime.Object {
	out := *a
	a.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.CABundle, out.Status.Conditions = slices.Clone(a.Spec.CABundle), slices.Clone(a.Status.Conditions)
	if a.Spec.Service != nil {
		s := *a.Spec.Service
		out.Spec.Service = &s
	}
	return &out
}

// DeepCopyObject implements runtime.Object.
func (l *APIServiceList) DeepCopyObject() runtime.Object {
	out := *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]APIService, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopyObject().(*APIService)
	}
	return &out
}

func apiServices() *Resource {
	return of(&Resource{
		Group: "apiregistration.k8s.io", Version: "v1", Name: "apiservices", Singular: "apiservice", Kind: "APIService",
		Categories: []string{"api-extensions"}, NeedsVersion: true,
		NameError: func(string, bool) []string { return nil }, // Validate compares it with the spec
		Columns: []metav1.TableColumnDefinition{
			{Name: "Name", Type: "string", Format: "name", Description: nameDescription},
			{Name: "Service", Type: "string", Description: "The reference to the service that hosts this API endpoint."},
			{Name: "Available", Type: "string", Description: "Whether this service is available."},
			{Name: "Age", Type: "string", Description: ageDescription},
		},
		New: fresh[APIService], NewList: fresh[APIServiceList],
	}, typed[APIService]{
		Default: func(a *APIService) {
			if s := a.Spec.Service; s != nil && s.Port == nil {
				port := int32(443)
				s.Port = &port
			}
		},
		Create: func(ctx *Context, a *APIService) {
			if a.Spec.Service == nil {
				a.Status.Conditions = []metav1.Condition{{
					Type: "Available", Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(ctx.Now), Reason: "Local", Message: "Local APIServices are always available",
				}}
			}
		},
		Validate:       validateAPIService,
		ValidateUpdate: func(a, _ *APIService) field.ErrorList { return validateAPIService(a) },
		Spec: func(a, from *APIService) {
			a.Spec = from.Spec
			a.Labels, a.Annotations, a.Finalizers, a.OwnerReferences = from.Labels, from.Annotations, from.Finalizers, from.OwnerReferences
		},
		Status: func(a, from *APIService) { a.Status = from.Status },
		Row: func(a *APIService, now time.Time) []any {
			service, available := "Local", "Unknown"
			if s := a.Spec.Service; s != nil {
				service = s.Namespace + "/" + s.Name
			}
			for _, c := range a.Status.Conditions {
				if c.Type != "Available" {
					continue
				}
				if available = string(c.Status); c.Status != metav1.ConditionTrue && c.Reason != "" {
					available += " (" + c.Reason + ")"
				}
			}
			return []any{a.Name, service, available, age(a.CreationTimestamp, now)}
		},
	})
}

func validateAPIService(a *APIService) (errs field.ErrorList) {
	spec, path := a.Spec, field.NewPath("spec")
	if want := spec.Version + "." + spec.Group; a.Name != want {
		errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), a.Name, fmt.Sprintf("must be `spec.version+\".\"+spec.group`: %q", want)))
	}
	if spec.Group == "" && spec.Version != "v1" {
		errs = append(errs, field.Required(path.Child("group"), "only v1 may have an empty group and it better be legacy kube"))
	}
	if spec.Group != "" {
		for _, text := range validation.IsDNS1123Subdomain(spec.Group) {
			errs = append(errs, field.Invalid(path.Child("group"), spec.Group, text))
		}
	}
	for _, text := range validation.IsDNS1035Label(spec.Version) {
		errs = append(errs, field.Invalid(path.Child("version"), spec.Version, text))
	}
	if p := spec.GroupPriorityMinimum; p <= 0 || p > 20000 {
		errs = append(errs, field.Invalid(path.Child("groupPriorityMinimum"), p, "must be positive and less than 20000"))
	}
	if p := spec.VersionPriority; p <= 0 || p > 1000 {
		errs = append(errs, field.Invalid(path.Child("versionPriority"), p, "must be positive and less than 1000"))
	}
	if spec.Service == nil {
		return append(errs, validateLocal(spec, path)...)
	}
	service := path.Child("service")
	if spec.Service.Namespace == "" {
		errs = append(errs, field.Required(service.Child("namespace"), ""))
	}
	if spec.Service.Name == "" {
		errs = append(errs, field.Required(service.Child("name"), ""))
	}
	if port := spec.Service.Port; port != nil {
		for _, text := range validation.IsValidPortNum(int(*port)) {
			errs = append(errs, field.Invalid(service.Child("port"), *port, "port is not valid: "+text))
		}
	}
	if spec.InsecureSkipTLSVerify && len(spec.CABundle) > 0 {
		errs = append(errs, field.Invalid(path.Child("insecureSkipTLSVerify"), true, "may not be true if caBundle is present"))
	}
	return errs
}

func validateLocal(spec APIServiceSpec, path *field.Path) (errs field.ErrorList) {
	if n := len(spec.CABundle); n != 0 {
		errs = append(errs, field.Invalid(path.Child("caBundle"), fmt.Sprintf("%d bytes", n), "local APIServices may not have a caBundle"))
	}
	if spec.InsecureSkipTLSVerify {
		errs = append(errs, field.Invalid(path.Child("insecureSkipTLSVerify"), true, "local APIServices may not have insecureSkipTLSVerify"))
	}
	return errs
}
