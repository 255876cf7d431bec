package auth

import (
	"reflect"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
)

// shelf is a Door with roles and bindings to list.
type shelf map[string][]runtime.Object

func (s shelf) Do(r *api.Request) (runtime.Object, error) {
	return &api.Listed{Items: s[r.Resource.Resource]}, nil
}

func (s shelf) Watch(schema.GroupVersionResource, func(api.Event)) (stop func()) { return func() {} }

func (s shelf) ResourceFor(t reflect.Type) (schema.GroupVersionResource, error) {
	return schema.GroupVersionResource{Resource: t.Name()}, nil
}

func TestRBAC(t *testing.T) {
	meta := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name}
	}
	s := shelf{
		"ClusterRole": {
			&rbacv1.ClusterRole{ObjectMeta: meta("", "info"), Rules: []rbacv1.PolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"/version", "/api/*"}}}},
			&rbacv1.ClusterRole{ObjectMeta: meta("", "view"), Rules: []rbacv1.PolicyRule{{Verbs: []string{"get", "list"}, APIGroups: []string{""}, Resources: []string{"pods", "pods/log"}}}},
		},
		"Role": {
			&rbacv1.Role{ObjectMeta: meta("dev", "one"), Rules: []rbacv1.PolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"apps"}, Resources: []string{"*"}, ResourceNames: []string{"web"}}}},
			&rbacv1.Role{ObjectMeta: meta("dev", "scaler"), Rules: []rbacv1.PolicyRule{{Verbs: []string{"update"}, APIGroups: []string{"*"}, Resources: []string{"*/scale"}}}},
		},
		"ClusterRoleBinding": {
			&rbacv1.ClusterRoleBinding{ObjectMeta: meta("", "info"), RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "info"}, Subjects: []rbacv1.Subject{{Kind: "Group", Name: "system:authenticated"}}},
			&rbacv1.ClusterRoleBinding{ObjectMeta: meta("", "lost"), RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "nosuch"}, Subjects: []rbacv1.Subject{{Kind: "User", Name: "lost"}}},
		},
		"RoleBinding": {
			&rbacv1.RoleBinding{ObjectMeta: meta("dev", "view"), RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "view"}, Subjects: []rbacv1.Subject{{Kind: "User", Name: "jane"}, {Kind: "ServiceAccount", Name: "robot", Namespace: "ci"}}},
			&rbacv1.RoleBinding{ObjectMeta: meta("dev", "one"), RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "one"}, Subjects: []rbacv1.Subject{{Kind: "User", Name: "jane"}}},
			&rbacv1.RoleBinding{ObjectMeta: meta("dev", "scaler"), RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "scaler"}, Subjects: []rbacv1.Subject{{Kind: "Group", Name: "devs"}}},
		},
	}
	r := NewRBAC(api.Client{Door: s})
	jane := api.User{Name: "jane", Groups: []string{"devs", "system:authenticated"}}
	robot := api.User{Name: "system:serviceaccount:ci:robot"}
	for _, c := range []struct {
		a      Attributes
		want   bool
		reason string
	}{
		{Attributes{User: jane, Verb: "list", Resource: "pods", Namespace: "dev"}, true, `RBAC: allowed by RoleBinding "view/dev" of ClusterRole "view" to User "jane"`},
		{Attributes{User: robot, Verb: "get", Resource: "pods", Subresource: "log", Namespace: "dev"}, true, `RBAC: allowed by RoleBinding "view/dev" of ClusterRole "view" to ServiceAccount "robot/ci"`},
		{Attributes{User: jane, Verb: "list", Resource: "pods", Namespace: "prod"}, false, ""},
		{Attributes{User: jane, Verb: "list", Resource: "pods"}, false, ""},
		{Attributes{User: jane, Verb: "delete", Resource: "pods", Namespace: "dev"}, false, ""},
		{Attributes{User: jane, Verb: "get", Resource: "pods", Subresource: "exec", Namespace: "dev"}, false, ""},
		{Attributes{User: jane, Verb: "fly", Group: "apps", Resource: "deployments", Namespace: "dev", Name: "web"}, true, `RBAC: allowed by RoleBinding "one/dev" of Role "one" to User "jane"`},
		{Attributes{User: jane, Verb: "get", Group: "apps", Resource: "deployments", Namespace: "dev"}, false, ""},
		{Attributes{User: jane, Verb: "update", Group: "apps", Resource: "deployments", Subresource: "scale", Namespace: "dev", Name: "x"}, true, `RBAC: allowed by RoleBinding "scaler/dev" of Role "scaler" to Group "devs"`},
		{Attributes{User: jane, Verb: "get", Path: "/api/v1"}, true, `RBAC: allowed by ClusterRoleBinding "info" of ClusterRole "info" to Group "system:authenticated"`},
		{Attributes{User: jane, Verb: "get", Path: "/versions"}, false, ""},
		{Attributes{User: api.User{Name: "lost"}, Verb: "get", Resource: "pods"}, false, `RBAC: clusterrole.rbac.authorization.k8s.io "nosuch" not found`},
	} {
		if got, reason := r.Authorize(c.a); got != c.want || reason != c.reason {
			t.Errorf("%+v: %v %q, want %v %q", c.a, got, reason, c.want, c.reason)
		}
	}
}
