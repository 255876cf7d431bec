package apiserver

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// metaOf is the metadata of an object that is known to have some.
func metaOf(obj runtime.Object) metav1.Object {
	m, err := meta.Accessor(obj)
	if err != nil {
		panic(fmt.Sprintf("apiserver: %T has no metadata", obj))
	}
	return m
}

// settleNamespace gives the object the request's namespace, or refuses another one.
func (c *call) settleNamespace(m metav1.Object) error {
	want := c.req.Namespace
	if !c.kind.Namespaced {
		want = ""
	}
	switch m.GetNamespace() {
	case want:
	case "":
		m.SetNamespace(want)
	default:
		if want != "" {
			return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
		}
		m.SetNamespace("")
	}
	return nil
}

// settle gives the object the request's namespace and checks that it is the one that the request names.
func (c *call) settle(m metav1.Object) error {
	if err := c.settleNamespace(m); err != nil {
		return err
	}
	switch m.GetName() {
	case c.req.Name:
		return nil
	case "":
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s based on URL) was undeterminable: name must be provided", c.req.Name))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", m.GetName(), c.req.Name))
}

// wipe clears what only the server writes.
func wipe(m metav1.Object) {
	m.SetCreationTimestamp(metav1.Time{})
	m.SetUID("")
	m.SetDeletionTimestamp(nil)
	m.SetDeletionGracePeriodSeconds(nil)
	m.SetSelfLink("")
}

// maxGeneratedBase is what is kept of a generateName: 63 characters less the suffix.
const maxGeneratedBase, suffixLength = 58, 5

// become fills in what the server writes on a new object.
func (c *call) become(m metav1.Object) {
	m.SetCreationTimestamp(c.now())
	m.SetUID(types.UID(c.draw.UUID()))
	if base := m.GetGenerateName(); base != "" && m.GetName() == "" {
		if len(base) > maxGeneratedBase {
			base = base[:maxGeneratedBase]
		}
		m.SetName(base + c.draw.Suffix(suffixLength))
	}
}

const (
	ownersTwice      = ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: %v"
	ownersTwiceAfter = ".metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: %v"
)

// uniteOwners drops repeated owner references and warns about them in the given format.
func (c *call) uniteOwners(m metav1.Object, format string) {
	refs := m.GetOwnerReferences()
	if len(refs) < 2 {
		return
	}
	var kept []metav1.OwnerReference
	var twice []string
next:
	for _, ref := range refs {
		for _, k := range kept {
			if equality.Semantic.DeepEqual(k, ref) {
				twice = append(twice, string(ref.UID))
				continue next
			}
		}
		kept = append(kept, ref)
	}
	if len(twice) > 0 {
		c.warn(fmt.Sprintf(format, strings.Join(twice, ", ")))
		m.SetOwnerReferences(kept)
	}
}

// nameError is the kind's rule for names.
func (c *call) nameError(name string, prefix bool) []string {
	if c.kind.NameError != nil {
		return c.kind.NameError(name, prefix)
	}
	return validation.NameIsDNSSubdomain(name, prefix)
}

// pathSegment is the rule for the names of objects that exist already.
func pathSegment(name string, prefix bool) []string {
	if prefix {
		return path.IsValidPathSegmentPrefix(name)
	}
	return path.IsValidPathSegmentName(name)
}

func validateMeta(m metav1.Object, namespaced bool, name validation.ValidateNameFunc) field.ErrorList {
	return validation.ValidateObjectMetaAccessor(m, namespaced, name, field.NewPath("metadata"))
}
