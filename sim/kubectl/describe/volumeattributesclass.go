package describe

import (
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func volumeAttributesClass(c *call, p *page) error {
	var o storagev1.VolumeAttributesClass
	if err := c.get(resource("storage.k8s.io", "v1", "volumeattributesclasses"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Annotations", "%s", labels.FormatLabels(o.Annotations))
	p.field(0, "DriverName", "%s", o.DriverName)
	p.field(0, "Parameters", "%s", labels.FormatLabels(o.Parameters))
	c.events(p, "VolumeAttributesClass", &o.ObjectMeta)
	return nil
}
