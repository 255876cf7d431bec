package describe

import (
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func storageClass(c *call, p *page) error {
	var o storagev1.StorageClass
	if err := c.get(resource("storage.k8s.io", "v1", "storageclasses"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	isDefault := "No"
	if o.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" || o.Annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true" {
		isDefault = "Yes"
	}
	p.field(0, "IsDefaultClass", "%s", isDefault)
	p.field(0, "Annotations", "%s", labels.FormatLabels(o.Annotations))
	p.field(0, "Provisioner", "%s", o.Provisioner)
	p.field(0, "Parameters", "%s", labels.FormatLabels(o.Parameters))
	p.field(0, "AllowVolumeExpansion", "%s", truth(o.AllowVolumeExpansion))
	if len(o.MountOptions) == 0 {
		p.field(0, "MountOptions", "<none>")
	} else {
		p.head(0, "MountOptions")
	}
	for _, option := range o.MountOptions {
		p.put(1, "%s\n", option)
	}
	if o.ReclaimPolicy != nil {
		p.field(0, "ReclaimPolicy", "%s", *o.ReclaimPolicy)
	}
	if o.VolumeBindingMode != nil {
		p.field(0, "VolumeBindingMode", "%s", *o.VolumeBindingMode)
	}
	if o.AllowedTopologies != nil {
		p.topologies(&o)
	}
	c.events(p, "StorageClass", &o.ObjectMeta)
	return nil
}

func (p *page) topologies(o *storagev1.StorageClass) {
	if len(o.AllowedTopologies) == 0 {
		p.field(0, "AllowedTopologies", "<none>")
		return
	}
	p.field(0, "AllowedTopologies", "")
	for i, term := range o.AllowedTopologies {
		var requirements []string
		for _, r := range term.MatchLabelExpressions {
			requirements = append(requirements, requirement(r.Key, "in", r.Values))
		}
		p.terms(1, i, requirements)
	}
}
