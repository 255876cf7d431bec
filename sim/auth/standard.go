package auth

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"terrarium/sim/api"
)

// Standard authorizes as a cluster made by kubeadm does: system:masters may do everything, kubelets what their role
// says, everybody else what is bound to them.
type Standard struct{ RBAC *RBAC }

// NewStandard returns the standard authorizer, which reads its rules through client.
func NewStandard(client api.Client) Standard { return Standard{RBAC: NewRBAC(client)} }

// Authorize implements Authorizer.
func (s Standard) Authorize(a Attributes) (bool, string) {
	return Any{Superusers{"system:masters"}, Nodes{s.RBAC}, s.RBAC}.Authorize(a)
}

// Rules are all that a user may do in a namespace.
func (s Standard) Rules(u api.User, namespace string) ([]rbacv1.PolicyRule, error) {
	rules, err := s.RBAC.Rules(u, namespace)
	if allowed, _ := (Superusers{"system:masters"}).Authorize(Attributes{User: u}); allowed {
		rules = append([]rbacv1.PolicyRule{
			{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}},
			{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}},
		}, rules...)
	}
	return rules, err
}
