package controllers

import (
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

func TestClusterRolesAggregate(t *testing.T) {
	w := newWorld(t)
	sel := []metav1.LabelSelector{{MatchLabels: map[string]string{"to": "whole"}}}
	create(w, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "whole"}, AggregationRule: &rbacv1.AggregationRule{ClusterRoleSelectors: sel}})
	for _, name := range []string{"a", "b"} {
		create(w, &rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"to": "whole"}},
			Rules:      []rbacv1.PolicyRule{{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{name}}},
		})
	}
	w.wait(time.Second)
	whole, err := api.Get[rbacv1.ClusterRole](w.admin, "", "whole")
	if err != nil || len(whole.Rules) != 2 || whole.Rules[1].Resources[0] != "b" {
		t.Errorf("%v %v", whole, err)
	}
}
