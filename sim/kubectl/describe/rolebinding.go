package describe

import rbacv1 "k8s.io/api/rbac/v1"

// roleBinding describes bindings of a namespace and of the cluster.
func roleBinding(c *call, p *page) error {
	var o rbacv1.RoleBinding
	name := "rolebindings"
	if c.mapping.Kind.Kind == "ClusterRoleBinding" {
		name = "clusterrolebindings"
	}
	if err := c.get(resource("rbac.authorization.k8s.io", "v1", name), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.head(0, "Role")
	p.field(1, "Kind", "%s", o.RoleRef.Kind)
	p.field(1, "Name", "%s", o.RoleRef.Name)
	p.head(0, "Subjects")
	p.columns(1, "Kind", "Name", "Namespace")
	for _, s := range o.Subjects {
		p.put(1, "%s\t%s\t%s\n", s.Kind, s.Name, s.Namespace)
	}
	return nil
}
