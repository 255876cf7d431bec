package resources

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

func componentStatuses() *Resource {
	return of(&Resource{
		Version: "v1", Name: "componentstatuses", Singular: "componentstatus", Kind: "ComponentStatus", ShortNames: []string{"cs"},
		Verbs: []string{"get", "list"}, Deprecated: "v1 ComponentStatus is deprecated in v1.19+",
		New: fresh[v1.ComponentStatus], NewList: fresh[v1.ComponentStatusList],
	}, typed[v1.ComponentStatus]{
		Row: func(s *v1.ComponentStatus, _ time.Time) []any {
			for _, c := range s.Conditions {
				if c.Type != v1.ComponentHealthy {
					continue
				}
				status := "Unhealthy"
				if c.Status == v1.ConditionTrue {
					status = "Healthy"
				}
				return []any{s.Name, status, c.Message, c.Error}
			}
			return []any{s.Name, "Unknown", "", ""}
		},
	})
}
