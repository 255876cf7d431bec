package kubectl

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// subjects are --user, --group and --serviceaccount.
func subjects(cmd *cobra.Command) ([]rbacv1.Subject, error) {
	var out []rbacv1.Subject
	for _, u := range flagArray(cmd, "user") {
		out = append(out, rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: u})
	}
	for _, g := range flagArray(cmd, "group") {
		out = append(out, rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: g})
	}
	for _, sa := range flagArray(cmd, "serviceaccount") {
		parts := strings.Split(sa, ":")
		if len(parts) != 2 || parts[0] == "" || parts[1] == "" {
			return nil, errors.New("serviceaccount must be <namespace>:<name>")
		}
		out = append(out, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: parts[0], Name: parts[1]})
	}
	return out, nil
}

func runCreateRoleBinding(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	if g.name == "" {
		return errNameless
	}
	role, clusterRole := flagString(cmd, "role"), flagString(cmd, "clusterrole")
	if (role == "") == (clusterRole == "") {
		return errors.New("exactly one of clusterrole or role must be specified")
	}
	b := &rbacv1.RoleBinding{
		TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"}, ObjectMeta: g.meta(),
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
	}
	if role == "" {
		b.RoleRef.Kind, b.RoleRef.Name = "ClusterRole", clusterRole
	}
	if b.Subjects, err = subjects(cmd); err != nil {
		return err
	}
	return g.create(rbacResource("rolebindings", true), b, failedTo("rolebinding"))
}

func runCreateClusterRoleBinding(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	b := &rbacv1.ClusterRoleBinding{
		TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRoleBinding"}, ObjectMeta: metav1.ObjectMeta{Name: g.name},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: flagString(cmd, "clusterrole")},
	}
	if b.Subjects, err = subjects(cmd); err != nil {
		return err
	}
	return g.create(rbacResource("clusterrolebindings", false), b, failedTo("clusterrolebinding"))
}
