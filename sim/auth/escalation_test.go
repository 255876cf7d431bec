package auth

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"terrarium/sim/api"
)

func TestMayGrant(t *testing.T) {
	jane := api.User{Name: "jane", Groups: []string{"system:authenticated"}}
	rule := func(verbs, resources []string, names ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{Verbs: verbs, APIGroups: []string{""}, Resources: resources, ResourceNames: names}
	}
	url := func(verb, path string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{Verbs: []string{verb}, NonResourceURLs: []string{path}}
	}
	refusal := "user \"jane\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
	owned := []rbacv1.PolicyRule{
		rule([]string{"get", "list"}, []string{"pods", "*/log"}), rule([]string{"*"}, []string{"secrets"}, "mine"), url("get", "/logs/*"),
	}
	for _, test := range []struct {
		given rbacv1.PolicyRule
		want  string
	}{
		{rule([]string{"list", "get"}, []string{"pods"}), ""},
		{rule([]string{"get"}, []string{"pods"}, "one"), ""},
		{rule([]string{"get"}, []string{"jobs/log"}), ""},
		{rule([]string{"delete"}, []string{"secrets"}, "mine"), ""},
		{url("get", "/logs/today"), ""},
		{rbacv1.PolicyRule{Verbs: []string{"get"}}, ""},
		{rule([]string{"delete"}, []string{"secrets"}), refusal + `{APIGroups:[""], Resources:["secrets"], Verbs:["delete"]}`},
		{rule([]string{"get", "watch", "delete"}, []string{"pods", "nodes"}), refusal +
			`{APIGroups:[""], Resources:["nodes"], Verbs:["get" "watch" "delete"]}` + "\n" + `{APIGroups:[""], Resources:["pods"], Verbs:["watch" "delete"]}`},
		{rule([]string{"get"}, []string{"secrets"}, "mine", "other"), refusal + `{APIGroups:[""], Resources:["secrets"], ResourceNames:["other"], Verbs:["get"]}`},
		{url("post", "/logs/today"), refusal + `{NonResourceURLs:["/logs/today"], Verbs:["post"]}`},
		{rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{"*"}, Resources: []string{"*"}}, refusal + `{APIGroups:["*"], Resources:["*"], Verbs:["get"]}`},
	} {
		got := ""
		if err := MayGrant(jane, owned, []rbacv1.PolicyRule{test.given}); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%v\n got %s\nwant %s", test.given, got, test.want)
		}
	}
}
