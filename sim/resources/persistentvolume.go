package resources

import (
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func persistentVolumes() *Resource {
	return of(&Resource{
		Version: "v1", Name: "persistentvolumes", Singular: "persistentvolume", Kind: "PersistentVolume",
		ShortNames: []string{"pv"}, ReturnsDeleted: true,
		New: fresh[v1.PersistentVolume], NewList: fresh[v1.PersistentVolumeList],
	}, typed[v1.PersistentVolume]{
		MetaAgain: "m|m",
		Default:   defaultVolumeObject,
		Create: func(ctx *Context, v *v1.PersistentVolume) {
			now := metav1.NewTime(ctx.Now)
			v.Status = v1.PersistentVolumeStatus{Phase: v1.VolumePending, LastPhaseTransitionTime: &now}
		},
		Validate: func(v *v1.PersistentVolume) field.ErrorList {
			var p problems
			validateVolumeObject(&p, v, false)
			validateMountOptions(&p, v)
			return p.list()
		},
		ValidateUpdate: validateVolumeObjectUpdate,
		Warnings:       func(v, _ *v1.PersistentVolume) []string { return volumeObjectWarnings(v) },
		Spec:           func(v, from *v1.PersistentVolume) { v.Spec = from.Spec },
		Status:         func(v, from *v1.PersistentVolume) { v.Status = from.Status },
		StatusUpdate:   stampPhase,
		ValidateStatusUpdate: func(v, _ *v1.PersistentVolume) field.ErrorList {
			var p problems
			p.present(field.NewPath("resourceVersion"), v.ResourceVersion)
			return p.list()
		},
		Fields: func(v *v1.PersistentVolume) fields.Set { return fields.Set{"name": v.Name} },
		Row:    volumeObjectRow,
	})
}

func defaultVolumeObject(v *v1.PersistentVolume) {
	fill(&v.Status.Phase, v1.VolumePending)
	fill(&v.Spec.PersistentVolumeReclaimPolicy, v1.PersistentVolumeReclaimRetain)
	fillPointer(&v.Spec.VolumeMode, v1.PersistentVolumeFilesystem)
	roundResources(v.Spec.Capacity)
	defaultVolumeSource(&v.Spec.PersistentVolumeSource)
}

func defaultVolumeSource(s *v1.PersistentVolumeSource) {
	if s.HostPath != nil {
		fillPointer(&s.HostPath.Type, v1.HostPathUnset)
	}
	if s.RBD != nil {
		fill(&s.RBD.RBDPool, "rbd")
		fill(&s.RBD.RadosUser, "admin")
		fill(&s.RBD.Keyring, "/etc/ceph/keyring")
	}
	if s.ISCSI != nil {
		fill(&s.ISCSI.ISCSIInterface, "default")
	}
	if s.AzureDisk != nil {
		defaultAzureDisk(s.AzureDisk)
	}
	if s.ScaleIO != nil {
		fill(&s.ScaleIO.StorageMode, "ThinProvisioned")
		fill(&s.ScaleIO.FSType, "xfs")
	}
}

// stampPhase notes when the phase changed.
func stampPhase(ctx *Context, v, old *v1.PersistentVolume) {
	stamp, before := &v.Status.LastPhaseTransitionTime, old.Status.LastPhaseTransitionTime
	switch same := v.Status.Phase == old.Status.Phase; {
	case same && *stamp == nil:
		*stamp = before
	case !same && (*stamp == nil || (*stamp).Equal(before)):
		now := metav1.NewTime(ctx.Now)
		*stamp = &now
	}
}

func volumeObjectRow(v *v1.PersistentVolume, now time.Time) []any {
	claim, phase := "", string(v.Status.Phase)
	if ref := v.Spec.ClaimRef; ref != nil {
		claim = ref.Namespace + "/" + ref.Name
	}
	if v.DeletionTimestamp != nil {
		phase = "Terminating"
	}
	class, annotated := v.Annotations[v1.BetaStorageClassAnnotation]
	if !annotated {
		class = v.Spec.StorageClassName
	}
	size := v.Spec.Capacity[v1.ResourceStorage]
	return []any{v.Name, size.String(), accessModesCell(v.Spec.AccessModes), string(v.Spec.PersistentVolumeReclaimPolicy), phase, claim, class,
		or(v.Spec.VolumeAttributesClassName, "<unset>"), v.Status.Reason, age(v.CreationTimestamp, now), string(or(v.Spec.VolumeMode, "<unset>"))}
}

const mountOptionsKey = "volume.beta.kubernetes.io/mount-options"

func volumeObjectWarnings(v *v1.PersistentVolume) []string {
	var w warnings
	at := field.NewPath("spec")
	for _, old := range []struct{ key, text string }{
		{v1.BetaStorageClassAnnotation, `deprecated since v1.8; use "storageClassName" attribute instead`},
		{mountOptionsKey, `deprecated since v1.31; use "mountOptions" attribute instead`},
	} {
		if _, found := v.Annotations[old.key]; found {
			w.say(field.NewPath("metadata", "annotations").Key(old.key), "%s", old.text)
		}
	}
	if v.Spec.PersistentVolumeReclaimPolicy == v1.PersistentVolumeReclaimRecycle {
		w.say(at.Child("persistentVolumeReclaimPolicy"), "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.")
	}
	if a := v.Spec.NodeAffinity; a != nil && a.Required != nil {
		for i, term := range a.Required.NodeSelectorTerms {
			w.nodeTerm(at.Child("nodeAffinity", "required", "nodeSelectorTerms").Index(i), term, false)
		}
	}
	s := &v.Spec.PersistentVolumeSource
	for _, old := range []struct {
		is         bool
		name, text string
	}{
		{s.CephFS != nil, "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
		{s.PhotonPersistentDisk != nil, "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
		{s.ScaleIO != nil, "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
		{s.StorageOS != nil, "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
		{s.Glusterfs != nil, "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
		{s.RBD != nil, "rbd", "deprecated in v1.28, non-functional in v1.31+"},
	} {
		if old.is {
			w.say(at.Child(old.name), "%s", old.text)
		}
	}
	return w
}
