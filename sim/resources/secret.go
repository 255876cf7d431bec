package resources

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
)

func secrets() *Resource {
	return of(&Resource{
		Version: "v1", Name: "secrets", Singular: "secret", Kind: "Secret", Namespaced: true,
		New: fresh[v1.Secret], NewList: fresh[v1.SecretList],
	}, typed[v1.Secret]{
		MetaAgain:      "um|",
		Default:        defaultSecret,
		Update:         func(_ *Context, s, old *v1.Secret) { fill(&s.Type, old.Type) },
		Validate:       validateSecret,
		ValidateUpdate: validateSecretUpdate,
		Warnings:       secretWarnings,
		Fields:         func(s *v1.Secret) fields.Set { return fields.Set{"type": string(s.Type)} },
		Row: func(s *v1.Secret, now time.Time) []any {
			return []any{s.Name, string(s.Type), int64(len(s.Data)), age(s.CreationTimestamp, now)}
		},
	})
}

// defaultSecret gives the secret a type, and takes the data that was written as text into the data.
func defaultSecret(s *v1.Secret) {
	fill(&s.Type, v1.SecretTypeOpaque)
	if len(s.StringData) > 0 && s.Data == nil {
		s.Data = map[string][]byte{}
	}
	for key, text := range s.StringData {
		s.Data[key] = []byte(text)
	}
	s.StringData = nil
}
