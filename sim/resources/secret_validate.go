package resources

import (
	"encoding/json"
	"reflect"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateSecret(s *v1.Secret) field.ErrorList {
	var p problems
	at, size := field.NewPath("data"), 0
	for _, key := range sorted(s.Data) {
		p.each(at.Key(key), key, validation.IsConfigMapKey(key))
		size += len(s.Data[key])
	}
	if size > v1.MaxSecretSize {
		p.tooLong(at, v1.MaxSecretSize)
	}
	has := func(key string) bool {
		_, found := s.Data[key]
		return found
	}
	want := func(key string) {
		if !has(key) {
			p.required(at.Key(key), "")
		}
	}
	wantJSON := func(key string) {
		if want(key); !has(key) {
			return
		}
		if err := json.Unmarshal(s.Data[key], &map[string]any{}); err != nil {
			p.invalid(at.Key(key), "<secret contents redacted>", err.Error())
		}
	}
	switch s.Type {
	case v1.SecretTypeServiceAccountToken:
		if s.Annotations[v1.ServiceAccountNameKey] == "" {
			p.required(field.NewPath("metadata", "annotations").Key(v1.ServiceAccountNameKey), "")
		}
	case v1.SecretTypeDockercfg:
		wantJSON(v1.DockerConfigKey)
	case v1.SecretTypeDockerConfigJson:
		wantJSON(v1.DockerConfigJsonKey)
	case v1.SecretTypeBasicAuth:
		if !has(v1.BasicAuthUsernameKey) && !has(v1.BasicAuthPasswordKey) {
			want(v1.BasicAuthUsernameKey)
			want(v1.BasicAuthPasswordKey)
		}
	case v1.SecretTypeSSHAuth:
		if len(s.Data[v1.SSHAuthPrivateKey]) == 0 {
			p.required(at.Key(v1.SSHAuthPrivateKey), "")
		}
	case v1.SecretTypeTLS:
		want(v1.TLSCertKey)
		want(v1.TLSPrivateKeyKey)
	}
	return p.list()
}

const sealed = "field is immutable when `immutable` is set"

func validateSecretUpdate(s, old *v1.Secret) field.ErrorList {
	var p problems
	validateSame(&p, field.NewPath("type"), s.Type, old.Type)
	if or(old.Immutable, false) {
		if !or(s.Immutable, false) {
			p.forbidden(field.NewPath("immutable"), sealed)
		}
		if !reflect.DeepEqual(s.Data, old.Data) {
			p.forbidden(field.NewPath("data"), sealed)
		}
	}
	p.add(validateSecret(s)...)
	return p.list()
}

func validateConfigMap(c *v1.ConfigMap) field.ErrorList {
	var p problems
	size := 0
	for _, key := range sorted(c.Data) {
		at := field.NewPath("data").Key(key)
		p.each(at, key, validation.IsConfigMapKey(key))
		if _, twice := c.BinaryData[key]; twice {
			p.invalid(at, key, "duplicate of key present in binaryData")
		}
		size += len(c.Data[key])
	}
	for _, key := range sorted(c.BinaryData) {
		p.each(field.NewPath("binaryData").Key(key), key, validation.IsConfigMapKey(key))
		size += len(c.BinaryData[key])
	}
	if size > v1.MaxSecretSize {
		p.tooLong(field.NewPath(""), v1.MaxSecretSize)
	}
	return p.list()
}

func validateConfigMapUpdate(c, old *v1.ConfigMap) field.ErrorList {
	var p problems
	if or(old.Immutable, false) {
		if !or(c.Immutable, false) {
			p.forbidden(field.NewPath("immutable"), sealed)
		}
		if !reflect.DeepEqual(c.Data, old.Data) {
			p.forbidden(field.NewPath("data"), sealed)
		}
		if !reflect.DeepEqual(c.BinaryData, old.BinaryData) {
			p.forbidden(field.NewPath("binaryData"), sealed)
		}
	}
	p.add(validateConfigMap(c)...)
	return p.list()
}
