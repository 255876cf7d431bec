package describe

import (
	"sort"

	corev1 "k8s.io/api/core/v1"
)

func persistentVolumeClaim(c *call, p *page) error {
	var o corev1.PersistentVolumeClaim
	if err := c.get(core("persistentvolumeclaims"), &o); err != nil {
		return err
	}
	users, err := c.users(&o)
	if err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.field(0, "StorageClass", "%s", claimClass(&o))
	if o.DeletionTimestamp != nil {
		p.field(0, "Status", "Terminating (lasts %s)", p.since(*o.DeletionTimestamp))
	} else {
		p.field(0, "Status", "%v", o.Status.Phase)
	}
	p.claimHead(&o)
	p.field(0, "Finalizers", "%v", o.Finalizers)
	p.claimSpec(&o)
	p.multiline("Used By", users)
	if len(o.Status.Conditions) > 0 {
		p.head(0, "Conditions")
		p.put(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage\n")
		p.put(1, "----\t------\t-----------------\t------------------\t------\t-------\n")
		for _, x := range o.Status.Conditions {
			p.put(1, "%v \t%v \t%s \t%s \t%v \t%v\n", x.Type, x.Status, stamp(x.LastProbeTime.Time), stamp(x.LastTransitionTime.Time), x.Reason, x.Message)
		}
	}
	c.events(p, "PersistentVolumeClaim", &o.ObjectMeta)
	return nil
}

func (p *page) claimHead(o *corev1.PersistentVolumeClaim) {
	p.field(0, "Volume", "%s", o.Spec.VolumeName)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
}

func (p *page) claimSpec(o *corev1.PersistentVolumeClaim) {
	capacity, modes := "", ""
	if o.Spec.VolumeName != "" {
		q := o.Status.Capacity[corev1.ResourceStorage]
		capacity, modes = q.String(), accessModes(o.Status.AccessModes)
	}
	p.field(0, "Capacity", "%s", capacity)
	p.field(0, "Access Modes", "%s", modes)
	if o.Spec.VolumeMode != nil {
		p.field(0, "VolumeMode", "%v", *o.Spec.VolumeMode)
	}
	if from := o.Spec.DataSource; from != nil {
		p.head(0, "DataSource")
		if from.APIGroup != nil {
			p.field(1, "APIGroup", "%v", *from.APIGroup)
		}
		p.field(1, "Kind", "%v", from.Kind)
		p.field(1, "Name", "%v", from.Name)
	}
}

// claimTemplate writes the claim that a pod's volume makes for itself.
func (p *page) claimTemplate(o *corev1.PersistentVolumeClaim) {
	p.base += 2
	defer func() { p.base -= 2 }()
	p.field(0, "StorageClass", "%s", claimClass(o))
	p.claimHead(o)
	p.claimSpec(o)
}

func claimClass(o *corev1.PersistentVolumeClaim) string {
	if class, ok := o.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return class
	}
	return or(o.Spec.StorageClassName, "%s", "")
}

// users names the pods that mount the claim or own it, in order; one that mounts it twice is named twice.
func (c *call) users(o *corev1.PersistentVolumeClaim) ([]string, error) {
	var pods corev1.PodList
	if err := c.getter.List(c.ctx, core("pods"), o.Namespace, Selectors{}, &pods); err != nil {
		return nil, err
	}
	var names []string
	for i := range pods.Items {
		x, mounts := &pods.Items[i], false
		for _, v := range x.Spec.Volumes {
			if v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == o.Name {
				names = append(names, x.Name)
				mounts = true
			}
		}
		for _, owner := range o.OwnerReferences {
			if !mounts && owner.Kind == "Pod" && owner.UID == x.UID {
				names = append(names, x.Name)
				break
			}
		}
	}
	sort.Strings(names)
	return names, nil
}
