package describe

import corev1 "k8s.io/api/core/v1"

// secret tells how long each value is, never what it is; the token of a service account is the exception.
func secret(c *call, p *page) error {
	var o corev1.Secret
	if err := c.get(core("secrets"), &o); err != nil {
		return err
	}
	p.metadata(&o.ObjectMeta)
	p.put(0, "\nType:\t%s\n", o.Type)
	p.put(0, "\nData\n====\n")
	for _, k := range sorted(o.Data) {
		if k == corev1.ServiceAccountTokenKey && o.Type == corev1.SecretTypeServiceAccountToken {
			p.field(0, k, "%s", o.Data[k])
		} else {
			p.field(0, k, "%d bytes", len(o.Data[k]))
		}
	}
	return nil
}
