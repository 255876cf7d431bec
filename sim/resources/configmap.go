package resources

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

func configMaps() *Resource {
	return of(&Resource{
		Version: "v1", Name: "configmaps", Singular: "configmap", Kind: "ConfigMap", ShortNames: []string{"cm"}, Namespaced: true,
		New: fresh[v1.ConfigMap], NewList: fresh[v1.ConfigMapList],
	}, typed[v1.ConfigMap]{
		MetaAgain: "um|",
		Default: func(c *v1.ConfigMap) {
			if c.Data == nil {
				c.Data = map[string]string{}
			}
		},
		Validate:       validateConfigMap,
		ValidateUpdate: validateConfigMapUpdate,
		Row: func(c *v1.ConfigMap, now time.Time) []any {
			return []any{c.Name, int64(len(c.Data) + len(c.BinaryData)), age(c.CreationTimestamp, now)}
		},
	})
}
