package bootstrap

import (
	_ "embed"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

//go:embed rbac.txt
var defaultPolicy string

//go:embed kubeadm.txt
var kubeadmPolicy string

// A policy is lines: an object, and below it, indented, its labels, rules, what it aggregates, and its subjects. A rule
// is verbs, API groups, resources, resource names and URLs; "-" is none of them, and trailing ones are left out.

// policyReader creates the objects of a policy as it reads them.
type policyReader struct {
	client   api.Client
	defaults bool // the API server's own, which it marks and keeps up to date
	err      error

	clusterRole        *rbacv1.ClusterRole
	role               *rbacv1.Role
	clusterRoleBinding *rbacv1.ClusterRoleBinding
	roleBinding        *rbacv1.RoleBinding
}

func createPolicy(client api.Client, text string, defaults bool) error {
	r := &policyReader{client: client, defaults: defaults}
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "):
			r.detail(strings.Fields(line))
		default:
			r.flush()
			r.object(strings.Fields(line))
		}
	}
	r.flush()
	return r.err
}

func (r *policyReader) meta(namespace, name string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: namespace, Name: name}
	if r.defaults {
		m.Labels = map[string]string{"kubernetes.io/bootstrapping": "rbac-defaults"}
		m.Annotations = map[string]string{rbacv1.AutoUpdateAnnotationKey: "true"}
	}
	return m
}

func (r *policyReader) object(f []string) {
	switch f[0] {
	case "clusterrole":
		r.clusterRole = &rbacv1.ClusterRole{ObjectMeta: r.meta("", f[1])}
	case "role":
		namespace, name, _ := strings.Cut(f[1], "/")
		r.role = &rbacv1.Role{ObjectMeta: r.meta(namespace, name)}
	case "clusterrolebinding":
		r.clusterRoleBinding = &rbacv1.ClusterRoleBinding{ObjectMeta: r.meta("", f[1]), RoleRef: roleRef(f[2])}
	case "rolebinding":
		namespace, name, _ := strings.Cut(f[1], "/")
		r.roleBinding = &rbacv1.RoleBinding{ObjectMeta: r.meta(namespace, name), RoleRef: roleRef(f[2])}
	}
}

func roleRef(s string) rbacv1.RoleRef {
	kind, name, _ := strings.Cut(s, "/")
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
}

func (r *policyReader) detail(f []string) {
	switch f[0] {
	case "label":
		key, value, _ := strings.Cut(f[1], "=")
		if r.clusterRole != nil {
			r.clusterRole.Labels[key] = value
		}
	case "aggregate":
		key, value, _ := strings.Cut(f[1], "=")
		r.clusterRole.AggregationRule = &rbacv1.AggregationRule{
			ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{key: value}}},
		}
	case "rule":
		if r.clusterRole != nil {
			r.clusterRole.Rules = append(r.clusterRole.Rules, rule(f[1:]))
		} else {
			r.role.Rules = append(r.role.Rules, rule(f[1:]))
		}
	case "subject":
		if r.clusterRoleBinding != nil {
			r.clusterRoleBinding.Subjects = append(r.clusterRoleBinding.Subjects, subject(f[1]))
		} else {
			r.roleBinding.Subjects = append(r.roleBinding.Subjects, subject(f[1]))
		}
	}
}

func rule(f []string) rbacv1.PolicyRule {
	field := func(i int) []string {
		if i >= len(f) || f[i] == "-" {
			return nil
		}
		return strings.Split(f[i], ",")
	}
	groups := field(1)
	for i, g := range groups {
		if g == "core" {
			groups[i] = ""
		}
	}
	return rbacv1.PolicyRule{Verbs: field(0), APIGroups: groups, Resources: field(2), ResourceNames: field(3), NonResourceURLs: field(4)}
}

func subject(s string) rbacv1.Subject {
	kind, name, _ := strings.Cut(s, "/")
	if kind != rbacv1.ServiceAccountKind {
		return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
	}
	namespace, name, _ := strings.Cut(name, "/")
	return rbacv1.Subject{Kind: kind, Namespace: namespace, Name: name}
}

func (r *policyReader) flush() {
	if r.clusterRole != nil {
		create(r, r.clusterRole)
	}
	if r.role != nil {
		create(r, r.role)
	}
	if r.clusterRoleBinding != nil {
		create(r, r.clusterRoleBinding)
	}
	if r.roleBinding != nil {
		create(r, r.roleBinding)
	}
	r.clusterRole, r.role, r.clusterRoleBinding, r.roleBinding = nil, nil, nil, nil
}

func create[T any, P api.Object[T]](r *policyReader, obj P) {
	if _, err := api.Create(r.client, obj); err != nil && r.err == nil {
		r.err = err
	}
}
