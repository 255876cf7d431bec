package describe

import corev1 "k8s.io/api/core/v1"

func configMap(c *call, p *page) error {
	var o corev1.ConfigMap
	if err := c.get(core("configmaps"), &o); err != nil {
		return err
	}
	p.metadata(&o.ObjectMeta)
	p.put(0, "\nData\n====\n")
	for _, k := range sorted(o.Data) {
		p.put(0, "%s:\n----\n", k)
		p.put(0, "%s\n\n", o.Data[k])
	}
	p.put(0, "\nBinaryData\n====\n")
	for _, k := range sorted(o.BinaryData) {
		p.put(0, "%s: %d bytes\n", k, len(o.BinaryData[k]))
	}
	p.put(0, "\n")
	c.events(p, "ConfigMap", &o.ObjectMeta)
	return nil
}
