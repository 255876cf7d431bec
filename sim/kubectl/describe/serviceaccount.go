package describe

import corev1 "k8s.io/api/core/v1"

func serviceAccount(c *call, p *page) error {
	var o corev1.ServiceAccount
	if err := c.get(core("serviceaccounts"), &o); err != nil {
		return err
	}
	p.metadata(&o.ObjectMeta)
	title := "Image pull secrets:"
	if len(o.ImagePullSecrets) == 0 {
		p.put(0, "%s\t<none>\n", title)
	}
	for _, s := range o.ImagePullSecrets {
		p.put(0, "%-19s\t%s\n", title, s.Name)
		title = ""
	}
	c.events(p, "ServiceAccount", &o.ObjectMeta)
	return nil
}
