package resources

import (
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func componentStatuses() *Resource {
	return of(&Resource{
		Version: "v1", Name: "componentstatuses", Singular: "componentstatus", Kind: "ComponentStatus", ShortNames: []string{"cs"},
		Verbs: []string{"get", "list"}, Deprecated: "v1 ComponentStatus is deprecated in v1.19+",
		// They are asked side by side and stand in the order in which they answer; etcd is the slowest.
		RowOrder: func(a, b runtime.Object) int {
			const order = "scheduler controller-manager etcd-0"
			return strings.Index(order, a.(*v1.ComponentStatus).Name) - strings.Index(order, b.(*v1.ComponentStatus).Name)
		},
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
