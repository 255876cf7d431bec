package kubectl

import (
	"errors"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// subjectsOf are the subjects that the flags of set subject name; accounts are NAMESPACE:NAME.
func subjectsOf(users, groups, accounts []string, namespace string) []rbacv1.Subject {
	var out []rbacv1.Subject
	for _, u := range sortedUnique(users) {
		out = append(out, rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: u})
	}
	for _, g := range sortedUnique(groups) {
		out = append(out, rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: g})
	}
	for _, a := range sortedUnique(accounts) {
		in, name, _ := strings.Cut(a, ":")
		if in == "" {
			in = namespace
		}
		out = append(out, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: in, Name: name})
	}
	return out
}

// addSubjects adds those that a binding lacks.
func addSubjects(typed any, subjects []rbacv1.Subject) (changed bool, err error) {
	var list *[]rbacv1.Subject
	switch t := typed.(type) {
	case *rbacv1.RoleBinding:
		list = &t.Subjects
	case *rbacv1.ClusterRoleBinding:
		list = &t.Subjects
	default:
		return false, errors.New("setting subjects is only supported for RoleBinding/ClusterRoleBinding")
	}
	for _, s := range subjects {
		if !slices.Contains(*list, s) {
			*list, changed = append(*list, s), true
		}
	}
	return changed, nil
}

// parseLabelSelector reads a selector into the labels that it demands and its other expressions.
func parseLabelSelector(s string) (labels map[string]string, others []metav1.LabelSelectorRequirement, err error) {
	selector, err := metav1.ParseToLabelSelector(s)
	if err != nil {
		return nil, nil, err
	}
	labels = map[string]string{}
	for k, v := range selector.MatchLabels {
		labels[k] = v
	}
	return labels, selector.MatchExpressions, nil
}

// sortedUnique sorts a list and drops what is in it twice.
func sortedUnique(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
