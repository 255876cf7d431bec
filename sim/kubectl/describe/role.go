package describe

import (
	"fmt"
	"sort"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// role describes roles and cluster roles: one line for each resource or URL and the verbs allowed on it.
func role(c *call, p *page) error {
	var o rbacv1.ClusterRole
	name := "clusterroles"
	if c.mapping.Kind.Kind == "Role" {
		name = "roles"
	}
	if err := c.get(resource("rbac.authorization.k8s.io", "v1", name), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.head(0, "PolicyRule")
	p.columns(1, ruleColumns[:]...)
	for _, row := range Rules(o.Rules) {
		p.put(1, "%s\t%s\t%s\t%s\n", row[0], row[1], row[2], row[3])
	}
	return nil
}

var ruleColumns = [4]string{"Resources", "Non-Resource URLs", "Resource Names", "Verbs"}

// RuleColumns are the titles of what Rules returns.
func RuleColumns() []string { return ruleColumns[:] }

// Rules sums rules up: one row for each resource or URL with the names it is restricted to and the verbs allowed on it.
func Rules(rules []rbacv1.PolicyRule) [][4]string {
	var rows [][4]string
	for _, r := range compact(rules) {
		rows = append(rows, [4]string{resourceAndGroup(&r), fmt.Sprint(r.NonResourceURLs), fmt.Sprint(r.ResourceNames), fmt.Sprint(r.Verbs)})
	}
	return rows
}

func resourceAndGroup(r *rbacv1.PolicyRule) string {
	if len(r.Resources) == 0 {
		return ""
	}
	name, sub, ok := strings.Cut(r.Resources[0], "/")
	if len(r.APIGroups) > 0 && r.APIGroups[0] != "" {
		name += "." + r.APIGroups[0]
	}
	if ok {
		name += "/" + sub
	}
	return name
}

// compact splits rules into one for each resource and name, with all verbs that any rule allows on it, and one for each
// verb on a URL, in the order of their texts.
func compact(rules []rbacv1.PolicyRule) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	type key struct {
		group, resource, name string
		named                 bool
	}
	at := map[key]int{}
	allow := func(k key, verbs []string) {
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			r := rbacv1.PolicyRule{APIGroups: []string{k.group}, Resources: []string{k.resource}}
			if k.named {
				r.ResourceNames = []string{k.name}
			}
			out = append(out, r)
		}
		for _, v := range verbs {
			if !contains(out[i].Verbs, v) {
				out[i].Verbs = append(out[i].Verbs, v)
			}
		}
	}
	for _, r := range rules {
		if len(r.Verbs) == 0 {
			continue
		}
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				for _, name := range r.ResourceNames {
					allow(key{group, resource, name, true}, r.Verbs)
				}
				if len(r.ResourceNames) == 0 {
					allow(key{group, resource, "", false}, r.Verbs)
				}
			}
		}
		for _, url := range r.NonResourceURLs {
			for _, v := range r.Verbs {
				out = append(out, rbacv1.PolicyRule{NonResourceURLs: []string{url}, Verbs: []string{v}})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
