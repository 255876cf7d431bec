package resources

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
)

func serviceAccounts() *Resource {
	return of(&Resource{
		Version: "v1", Name: "serviceaccounts", Singular: "serviceaccount", Kind: "ServiceAccount", ShortNames: []string{"sa"}, Namespaced: true,
		New: fresh[v1.ServiceAccount], NewList: fresh[v1.ServiceAccountList],
		ReturnsDeleted: true,
		NameError:      validation.ValidateServiceAccountName,
		Subresources:   []Subresource{{Name: "token", Kind: "TokenRequest", Group: "authentication.k8s.io", Version: "v1", Verbs: []string{"create"}}},
	}, typed[v1.ServiceAccount]{
		MetaAgain: "um|",
		Create:    func(_ *Context, s *v1.ServiceAccount) { keepSecretNames(s) },
		Update:    func(_ *Context, s, _ *v1.ServiceAccount) { keepSecretNames(s) },
		Warnings:  serviceAccountWarnings,
		Row: func(s *v1.ServiceAccount, now time.Time) []any {
			return []any{s.Name, age(s.CreationTimestamp, now)}
		},
	})
}

// keepSecretNames drops everything but the names from the references to secrets.
func keepSecretNames(s *v1.ServiceAccount) {
	for i := range s.Secrets {
		s.Secrets[i] = v1.ObjectReference{Name: s.Secrets[i].Name}
	}
}

const enforceMountableSecrets = "kubernetes.io/enforce-mountable-secrets"

func serviceAccountWarnings(s, old *v1.ServiceAccount) []string {
	_, now := s.Annotations[enforceMountableSecrets]
	before := false
	if old != nil {
		_, before = old.Annotations[enforceMountableSecrets]
	}
	if !now || before {
		return nil
	}
	return []string{`metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`}
}
