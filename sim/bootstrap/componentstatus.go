package bootstrap

import (
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// componentStatuses are those of a cluster that is well. The real server asks the components each time.
func componentStatuses(c Config) error {
	if !served[v1.ComponentStatus](c.Client) {
		return nil
	}
	for _, name := range []string{"controller-manager", "scheduler", "etcd-0"} {
		status := &v1.ComponentStatus{ObjectMeta: metav1.ObjectMeta{Name: name}, Conditions: []v1.ComponentCondition{
			{Type: v1.ComponentHealthy, Status: v1.ConditionTrue, Message: "ok"}}}
		if err := put(c, status); err != nil {
			return err
		}
	}
	return nil
}
