package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
)

var (
	resourceVerbs    = []string{"*", "get", "delete", "list", "create", "update", "patch", "watch", "proxy", "deletecollection", "use", "bind", "escalate", "impersonate"}
	nonResourceVerbs = []string{"*", "get", "post", "put", "delete", "patch", "head", "options"}
)

// specialVerbs are verbs that make sense for a few resources only.
func specialVerbs(verb string) []schema.GroupResource {
	const rbac = "rbac.authorization.k8s.io"
	switch verb {
	case "use":
		return []schema.GroupResource{{Group: "policy", Resource: "podsecuritypolicies"}, {Group: "extensions", Resource: "podsecuritypolicies"}}
	case "bind", "escalate":
		return []schema.GroupResource{{Group: rbac, Resource: "roles"}, {Group: rbac, Resource: "clusterroles"}}
	case "impersonate":
		return []schema.GroupResource{{Resource: "users"}, {Resource: "serviceaccounts"}, {Resource: "groups"}, {Group: "authentication.k8s.io", Resource: "userextras"}}
	}
	return nil
}

// roleRules are the flags that make the rules of a role.
type roleRules struct {
	verbs, names, urls []string
	resources          []roleResource
}

type roleResource struct{ group, name, sub string }

func readRoleRules(cmd *cobra.Command) roleRules {
	r := roleRules{names: unique(flagArray(cmd, "resource-name")), urls: unique(flagStrings(cmd, "non-resource-url"))}
	if r.verbs = unique(flagStrings(cmd, "verb")); slices.Contains(r.verbs, "*") {
		r.verbs = []string{"*"}
	}
	for _, s := range flagStrings(cmd, "resource") {
		name, sub, hasSub := strings.Cut(s, "/")
		name, group, hasGroup := strings.Cut(name, ".")
		if name == "*" && !hasGroup && !hasSub {
			r.resources = []roleResource{{name: name}}
			break
		}
		r.resources = append(r.resources, roleResource{group, name, sub})
	}
	return r
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// checkResources warns of verbs that are not standard and refuses resources that the server does not have.
func (g *generator) checkResources(r roleRules) error {
	for _, v := range r.verbs {
		if !slices.Contains(resourceVerbs, v) {
			fmt.Fprintf(g.ErrOut, "Warning: '%s' is not a standard resource verb\n", v)
		}
	}
	if len(r.resources) == 0 {
		return errors.New("at least one resource must be specified")
	}
	for _, res := range r.resources {
		if res.name == "" {
			return errors.New("resource must be specified if apiGroup/subresource specified")
		}
		if res.name == "*" {
			return nil
		}
		gr, err := g.roleResource(res)
		for _, v := range r.verbs {
			special := specialVerbs(v)
			if special == nil {
				continue
			}
			if !slices.Contains(special, gr) {
				return fmt.Errorf("can not perform '%s' on '%s' in group '%s'", v, gr.Resource, gr.Group)
			}
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// roleResource is the resource as the server names it, or as it was typed beside the error.
func (g *generator) roleResource(r roleResource) (schema.GroupResource, error) {
	typed := schema.GroupResource{Group: r.group, Resource: r.name}
	m, err := g.Mapper()
	if err != nil {
		return typed, err
	}
	found, err := m.Lookup(typed.WithVersion(""))
	if err != nil {
		return typed, err
	}
	return found.GroupResource(), nil
}

// rules has one rule for each API group.
func (g *generator) rules(r roleRules) []rbacv1.PolicyRule {
	byGroup := map[string][]string{}
	for _, res := range r.resources {
		gr, _ := g.roleResource(res)
		name := gr.Resource
		if res.sub != "" {
			name += "/" + res.sub
		}
		if !slices.Contains(byGroup[gr.Group], name) {
			byGroup[gr.Group] = append(byGroup[gr.Group], name)
		}
	}
	rules := []rbacv1.PolicyRule{}
	for _, group := range object.SortedKeys(byGroup) {
		rules = append(rules, rbacv1.PolicyRule{Verbs: r.verbs, Resources: byGroup[group], APIGroups: []string{group}, ResourceNames: r.names})
	}
	if len(r.urls) > 0 {
		rules = append(rules, rbacv1.PolicyRule{Verbs: r.verbs, NonResourceURLs: r.urls})
	}
	return rules
}

func rbacResource(name string, namespaced bool) discovery.Resource {
	return discovery.Resource{Group: "rbac.authorization.k8s.io", Version: "v1", Name: name, Namespaced: namespaced}
}

func runCreateRole(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	rules := readRoleRules(cmd)
	if g.name == "" {
		return errNameless
	}
	if len(rules.verbs) == 0 {
		return errors.New("at least one verb must be specified")
	}
	if err := g.checkResources(rules); err != nil {
		return err
	}
	role := &rbacv1.Role{TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"}, ObjectMeta: g.meta(), Rules: g.rules(rules)}
	return g.create(rbacResource("roles", true), role, nil)
}

func runCreateClusterRole(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	rules := readRoleRules(cmd)
	if g.name == "" {
		return errNameless
	}
	role := &rbacv1.ClusterRole{
		TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"}, ObjectMeta: metav1.ObjectMeta{Name: g.name},
	}
	aggregation := flagMap(cmd, "aggregation-rule")
	if len(aggregation) > 0 {
		if len(rules.urls) > 0 || len(rules.verbs) > 0 || len(rules.resources) > 0 || len(rules.names) > 0 {
			return errors.New("aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames")
		}
		role.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: aggregation}}}
	} else {
		if err := g.checkClusterRules(rules); err != nil {
			return err
		}
		role.Rules = g.rules(rules)
	}
	return g.create(rbacResource("clusterroles", false), role, nil)
}

func (g *generator) checkClusterRules(r roleRules) error {
	if len(r.verbs) == 0 {
		return errors.New("at least one verb must be specified")
	}
	if len(r.resources) == 0 && len(r.urls) == 0 {
		return errors.New("one of resource or nonResourceURL must be specified")
	}
	if len(r.resources) > 0 {
		if err := g.checkResources(r); err != nil {
			return err
		}
	}
	if len(r.urls) == 0 {
		return nil
	}
	for _, v := range r.verbs {
		if !slices.Contains(nonResourceVerbs, v) {
			return fmt.Errorf("invalid verb: '%s' for nonResourceURL", v)
		}
	}
	for _, u := range r.urls {
		switch {
		case u == "*":
		case !strings.HasPrefix(u, "/"):
			return errors.New("nonResourceURL should start with /")
		case strings.Contains(u[:len(u)-1], "*"):
			return errors.New("nonResourceURL only supports wildcard matches when '*' is at the end")
		}
	}
	return nil
}
