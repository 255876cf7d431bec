package describe

import corev1 "k8s.io/api/core/v1"

func limitRange(c *call, p *page) error {
	var o corev1.LimitRange
	if err := c.get(core("limitranges"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.limitColumns("")
	p.limits(&o.Spec, "")
	return nil
}

func (p *page) limitColumns(indent string) {
	p.put(0, "%sType\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n", indent)
	p.put(0, "%s----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n", indent)
}

// limits writes a line for each resource that has any limit; upstream leaves their order to chance, here they are sorted.
func (p *page) limits(s *corev1.LimitRangeSpec, indent string) {
	for i := range s.Limits {
		item := &s.Limits[i]
		all := []corev1.ResourceList{item.Min, item.Max, item.DefaultRequest, item.Default, item.MaxLimitRequestRatio}
		named := corev1.ResourceList{}
		for _, list := range all {
			for name, q := range list {
				named[name] = q
			}
		}
		for _, name := range resourceNames(named) {
			p.put(0, "%s%v\t%v", indent, item.Type, name)
			for _, list := range all {
				value := "-"
				if q, ok := list[name]; ok {
					value = q.String()
				}
				p.put(0, "\t%s", value)
			}
			p.put(0, "\n")
		}
	}
}

// limitRanges writes all limit ranges of a namespace as one table.
func (p *page) limitRanges(list []corev1.LimitRange) {
	if len(list) == 0 {
		p.put(0, "No LimitRange resource.\n")
		return
	}
	p.put(0, "Resource Limits\n")
	p.limitColumns(" ")
	for i := range list {
		p.limits(&list[i].Spec, " ")
	}
}
