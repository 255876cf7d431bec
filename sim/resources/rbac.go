package resources

import (
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const rbacGroup = "rbac.authorization.k8s.io"

func roles() *Resource {
	return of(&Resource{
		Group: rbacGroup, Version: "v1", Name: "roles", Singular: "role", Kind: "Role", Namespaced: true,
		New: fresh[rbacv1.Role], NewList: fresh[rbacv1.RoleList],
		NameError: path.ValidatePathSegmentName, CreateOnUpdate: true,
	}, typed[rbacv1.Role]{
		MetaAgain:      "m|u",
		Validate:       validateRole,
		ValidateUpdate: validateRoleUpdate,
	})
}

func clusterRoles() *Resource {
	return of(&Resource{
		Group: rbacGroup, Version: "v1", Name: "clusterroles", Singular: "clusterrole", Kind: "ClusterRole",
		New: fresh[rbacv1.ClusterRole], NewList: fresh[rbacv1.ClusterRoleList],
		NameError: path.ValidatePathSegmentName, CreateOnUpdate: true,
	}, typed[rbacv1.ClusterRole]{
		MetaAgain:      "m|u",
		Validate:       validateClusterRole,
		ValidateUpdate: validateClusterRoleUpdate,
	})
}

func roleBindings() *Resource {
	return of(&Resource{
		Group: rbacGroup, Version: "v1", Name: "rolebindings", Singular: "rolebinding", Kind: "RoleBinding", Namespaced: true,
		New: fresh[rbacv1.RoleBinding], NewList: fresh[rbacv1.RoleBindingList],
		NameError: path.ValidatePathSegmentName, CreateOnUpdate: true,
	}, typed[rbacv1.RoleBinding]{
		MetaAgain:      "m|u",
		Default:        func(b *rbacv1.RoleBinding) { defaultBinding(&b.RoleRef, b.Subjects) },
		Validate:       validateRoleBinding,
		ValidateUpdate: validateRoleBindingUpdate,
		Row: func(b *rbacv1.RoleBinding, now time.Time) []any {
			return bindingRow(b.ObjectMeta, b.RoleRef, b.Subjects, now)
		},
	})
}

func clusterRoleBindings() *Resource {
	return of(&Resource{
		Group: rbacGroup, Version: "v1", Name: "clusterrolebindings", Singular: "clusterrolebinding", Kind: "ClusterRoleBinding",
		New: fresh[rbacv1.ClusterRoleBinding], NewList: fresh[rbacv1.ClusterRoleBindingList],
		NameError: path.ValidatePathSegmentName, CreateOnUpdate: true,
	}, typed[rbacv1.ClusterRoleBinding]{
		MetaAgain:      "m|u",
		Default:        func(b *rbacv1.ClusterRoleBinding) { defaultBinding(&b.RoleRef, b.Subjects) },
		Validate:       validateClusterRoleBinding,
		ValidateUpdate: validateClusterRoleBindingUpdate,
		Row: func(b *rbacv1.ClusterRoleBinding, now time.Time) []any {
			return bindingRow(b.ObjectMeta, b.RoleRef, b.Subjects, now)
		},
	})
}

func defaultBinding(ref *rbacv1.RoleRef, subjects []rbacv1.Subject) {
	fill(&ref.APIGroup, rbacv1.GroupName)
	for i := range subjects {
		if kind := subjects[i].Kind; kind == rbacv1.UserKind || kind == rbacv1.GroupKind {
			fill(&subjects[i].APIGroup, rbacv1.GroupName)
		}
	}
}

func bindingRow(meta metav1.ObjectMeta, ref rbacv1.RoleRef, subjects []rbacv1.Subject, now time.Time) []any {
	var users, groups, accounts []string
	for _, s := range subjects {
		switch s.Kind {
		case rbacv1.ServiceAccountKind:
			accounts = append(accounts, s.Namespace+"/"+s.Name)
		case rbacv1.UserKind:
			users = append(users, s.Name)
		case rbacv1.GroupKind:
			groups = append(groups, s.Name)
		}
	}
	return []any{meta.Name, ref.Kind + "/" + ref.Name, age(meta.CreationTimestamp, now),
		strings.Join(users, ", "), strings.Join(groups, ", "), strings.Join(accounts, ", ")}
}
