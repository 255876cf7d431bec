package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"terrarium/sim/api"
)

// MayGrant refuses the rules that a user would give away without having them. owned are all the rules that the user
// has where they would hold.
func MayGrant(u api.User, owned, given []rbacv1.PolicyRule) error {
	var missing []rbacv1.PolicyRule
	for _, rule := range given {
		for _, one := range split(rule) {
			if !slices.ContainsFunc(owned, func(o rbacv1.PolicyRule) bool { return includes(o, one) }) {
				missing = append(missing, one)
			}
		}
	}
	if missing == nil {
		return nil
	}
	var texts []string
	for _, rule := range compact(missing) {
		texts = append(texts, ruleText(rule))
	}
	slices.Sort(texts)
	return errors.New(fmt.Sprintf("user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n", u.Name, u.Groups) +
		strings.Join(slices.Compact(texts), "\n"))
}

// split makes rules of one verb and one thing each.
func split(rule rbacv1.PolicyRule) (out []rbacv1.PolicyRule) {
	names := [][]string{nil}
	if len(rule.ResourceNames) > 0 {
		names = nil
		for _, name := range rule.ResourceNames {
			names = append(names, []string{name})
		}
	}
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				for _, name := range names {
					out = append(out, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: []string{verb}, ResourceNames: name})
				}
			}
		}
	}
	for _, url := range rule.NonResourceURLs {
		for _, verb := range rule.Verbs {
			out = append(out, rbacv1.PolicyRule{NonResourceURLs: []string{url}, Verbs: []string{verb}})
		}
	}
	return out
}

// includes reports whether a rule allows all that one of split's does.
func includes(rule, one rbacv1.PolicyRule) bool {
	if !has(rule.Verbs, one.Verbs[0]) {
		return false
	}
	if len(one.NonResourceURLs) > 0 {
		return slices.ContainsFunc(rule.NonResourceURLs, func(url string) bool {
			return url == one.NonResourceURLs[0] || strings.HasSuffix(url, "*") && strings.HasPrefix(one.NonResourceURLs[0], strings.TrimRight(url, "*"))
		})
	}
	if !has(rule.APIGroups, one.APIGroups[0]) {
		return false
	}
	if len(rule.ResourceNames) > 0 && (len(one.ResourceNames) == 0 || !slices.Contains(rule.ResourceNames, one.ResourceNames[0])) {
		return false
	}
	resource := one.Resources[0]
	_, part, ok := strings.Cut(resource, "/")
	return has(rule.Resources, resource) || ok && slices.Contains(rule.Resources, "*/"+part)
}

// compact joins the verbs of rules about the same thing.
func compact(rules []rbacv1.PolicyRule) (out []rbacv1.PolicyRule) {
	for _, rule := range rules {
		at := slices.IndexFunc(out, func(o rbacv1.PolicyRule) bool {
			return len(rule.Resources) > 0 && slices.Equal(o.APIGroups, rule.APIGroups) && slices.Equal(o.Resources, rule.Resources) &&
				slices.Equal(o.ResourceNames, rule.ResourceNames)
		})
		if at < 0 {
			rule.Verbs = slices.Clone(rule.Verbs)
			out = append(out, rule)
			continue
		}
		out[at].Verbs = append(out[at].Verbs, rule.Verbs...)
	}
	return out
}

func ruleText(r rbacv1.PolicyRule) string {
	var parts []string
	for _, part := range []struct {
		name   string
		values []string
	}{{"APIGroups", r.APIGroups}, {"Resources", r.Resources}, {"NonResourceURLs", r.NonResourceURLs}, {"ResourceNames", r.ResourceNames}, {"Verbs", r.Verbs}} {
		if len(part.values) > 0 {
			parts = append(parts, fmt.Sprintf("%s:%q", part.name, part.values))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
