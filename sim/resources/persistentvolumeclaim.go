package resources

import (
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const storageClassDeprecated = `metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead`

func persistentVolumeClaims() *Resource {
	return of(&Resource{
		Version: "v1", Name: "persistentvolumeclaims", Singular: "persistentvolumeclaim", Kind: "PersistentVolumeClaim",
		ShortNames: []string{"pvc"}, Namespaced: true, ReturnsDeleted: true,
		New: fresh[v1.PersistentVolumeClaim], NewList: fresh[v1.PersistentVolumeClaimList],
	}, typed[v1.PersistentVolumeClaim]{
		MetaAgain: "um|",
		Default:   defaultClaim,
		Create: func(_ *Context, c *v1.PersistentVolumeClaim) {
			c.Status = v1.PersistentVolumeClaimStatus{Phase: v1.ClaimPending}
			agreeDataSources(&c.Spec, nil)
		},
		Update: func(_ *Context, c, old *v1.PersistentVolumeClaim) { agreeDataSources(&c.Spec, &old.Spec) },
		Validate: func(c *v1.PersistentVolumeClaim) field.ErrorList {
			var p problems
			validateClaimSpec(&p, field.NewPath("spec"), &c.Spec, claimRules{})
			return p.list()
		},
		ValidateUpdate: validateClaimUpdate,
		Warnings: func(c, _ *v1.PersistentVolumeClaim) []string {
			var texts []string
			if _, found := c.Annotations[v1.BetaStorageClassAnnotation]; found {
				texts = append(texts, storageClassDeprecated)
			}
			return append(texts, claimSpecWarnings(field.NewPath("spec"), &c.Spec)...)
		},
		Spec:                 func(c, from *v1.PersistentVolumeClaim) { c.Spec = from.Spec },
		Status:               func(c, from *v1.PersistentVolumeClaim) { c.Status = from.Status },
		ValidateStatusUpdate: validateClaimStatusUpdate,
		Fields:               func(c *v1.PersistentVolumeClaim) fields.Set { return fields.Set{"name": c.Name} },
		Row:                  claimRow,
	})
}

func defaultClaim(c *v1.PersistentVolumeClaim) {
	fill(&c.Status.Phase, v1.ClaimPending)
	defaultClaimSpec(&c.Spec)
	roundResources(c.Status.Capacity)
	roundResources(c.Status.AllocatedResources)
}

func claimSpecWarnings(at *field.Path, spec *v1.PersistentVolumeClaimSpec) []string {
	var w warnings
	w.claim(at, spec)
	return w
}

// agreeDataSources makes the two ways to name a data source say the same; what a claim may not be filled from is
// dropped, unless it was so before.
func agreeDataSources(spec, old *v1.PersistentVolumeClaimSpec) {
	if ref := spec.DataSourceRef; ref != nil && or(ref.Namespace, "") != "" && (old == nil || old.DataSourceRef == nil) {
		spec.DataSourceRef = nil
	}
	had := old != nil && (old.DataSource != nil || old.DataSourceRef != nil)
	if s := spec.DataSource; s != nil && !had && spec.DataSourceRef == nil {
		switch s.Kind + "." + or(s.APIGroup, "") {
		case "PersistentVolumeClaim.", "VolumeSnapshot.snapshot.storage.k8s.io":
		default:
			spec.DataSource = nil
		}
	}
	switch source, ref := spec.DataSource, spec.DataSourceRef; {
	case source != nil && ref == nil:
		spec.DataSourceRef = &v1.TypedObjectReference{APIGroup: source.APIGroup, Kind: source.Kind, Name: source.Name}
	case ref != nil && source == nil && or(ref.Namespace, "") == "":
		spec.DataSource = &v1.TypedLocalObjectReference{APIGroup: ref.APIGroup, Kind: ref.Kind, Name: ref.Name}
	}
}

// accessModesCell are the access modes as tables show them.
func accessModesCell(modes []v1.PersistentVolumeAccessMode) string {
	var short []string
	for _, m := range []struct {
		mode v1.PersistentVolumeAccessMode
		name string
	}{{v1.ReadWriteOnce, "RWO"}, {v1.ReadOnlyMany, "ROX"}, {v1.ReadWriteMany, "RWX"}, {v1.ReadWriteOncePod, "RWOP"}} {
		if slices.Contains(modes, m.mode) {
			short = append(short, m.name)
		}
	}
	return strings.Join(short, ",")
}

func claimRow(c *v1.PersistentVolumeClaim, now time.Time) []any {
	phase, capacity, modes := string(c.Status.Phase), "", ""
	if c.DeletionTimestamp != nil {
		phase = "Terminating"
	}
	if c.Spec.VolumeName != "" {
		size := c.Status.Capacity[v1.ResourceStorage]
		capacity, modes = size.String(), accessModesCell(c.Status.AccessModes)
	}
	class, annotated := c.Annotations[v1.BetaStorageClassAnnotation]
	if !annotated {
		class = or(c.Spec.StorageClassName, "")
	}
	return []any{c.Name, phase, c.Spec.VolumeName, capacity, modes, class, or(c.Spec.VolumeAttributesClassName, "<unset>"),
		age(c.CreationTimestamp, now), string(or(c.Spec.VolumeMode, "<unset>"))}
}
