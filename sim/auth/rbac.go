package auth

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/api"
)

// RBAC allows what roles and bindings say. It reads them when they are asked for and have changed.
type RBAC struct {
	client api.Client
	stale  bool
	roles  map[string][]rbacv1.PolicyRule // by namespace/name; cluster roles by /name
	grants []grant
	bySubj map[string][]int // indices of grants
}

// grant is one binding.
type grant struct {
	namespace string // "" for the whole cluster
	kind      string // of the binding
	name      string
	role      rbacv1.RoleRef
	subjects  []rbacv1.Subject
}

// NewRBAC returns an authorizer that reads roles and bindings through client, which must be allowed to.
func NewRBAC(client api.Client) *RBAC {
	r := &RBAC{client: client, stale: true}
	watch[rbacv1.ClusterRole](r)
	watch[rbacv1.ClusterRoleBinding](r)
	watch[rbacv1.Role](r)
	watch[rbacv1.RoleBinding](r)
	return r
}

func watch[T any, P api.Object[T]](r *RBAC) {
	gvr, err := r.client.Door.ResourceFor(reflect.TypeFor[T]())
	if err != nil {
		return
	}
	r.client.Door.Watch(gvr, func(api.Event) { r.stale = true })
}

// read indexes roles and bindings.
func (r *RBAC) read() {
	if !r.stale {
		return
	}
	r.stale = false
	r.roles, r.grants, r.bySubj = map[string][]rbacv1.PolicyRule{}, nil, map[string][]int{}
	for _, role := range list[rbacv1.ClusterRole](r.client) {
		r.roles["/"+role.Name] = role.Rules
	}
	for _, role := range list[rbacv1.Role](r.client) {
		r.roles[role.Namespace+"/"+role.Name] = role.Rules
	}
	for _, b := range list[rbacv1.ClusterRoleBinding](r.client) {
		r.add(grant{kind: "ClusterRoleBinding", name: b.Name, role: b.RoleRef, subjects: b.Subjects})
	}
	for _, b := range list[rbacv1.RoleBinding](r.client) {
		r.add(grant{namespace: b.Namespace, kind: "RoleBinding", name: b.Name, role: b.RoleRef, subjects: b.Subjects})
	}
}

func list[T any, P api.Object[T]](c api.Client) []P {
	all, err := api.List[T, P](c, "", nil)
	if err != nil {
		return nil
	}
	return all
}

func (r *RBAC) add(g grant) {
	r.grants = append(r.grants, g)
	for _, s := range g.subjects {
		key := subjectKey(s, g.namespace)
		if at := r.bySubj[key]; !slices.Contains(at, len(r.grants)-1) {
			r.bySubj[key] = append(at, len(r.grants)-1)
		}
	}
}

func subjectKey(s rbacv1.Subject, namespace string) string {
	switch s.Kind {
	case rbacv1.GroupKind:
		return "group " + s.Name
	case rbacv1.ServiceAccountKind:
		if s.Namespace != "" {
			namespace = s.Namespace
		}
		return "user system:serviceaccount:" + namespace + ":" + s.Name
	}
	return "user " + s.Name
}

// visit shows each rule that the user has in a namespace (and cluster-wide), with what gives it, until fn returns
// false. Errors are of roles that are bound but do not exist.
func (r *RBAC) visit(u api.User, namespace string, fn func(rule *rbacv1.PolicyRule, g *grant, s rbacv1.Subject) bool) (errs []error) {
	r.read()
	keys := []string{"user " + u.Name}
	for _, group := range u.Groups {
		keys = append(keys, "group "+group)
	}
	var at []int
	for _, key := range keys {
		at = append(at, r.bySubj[key]...)
	}
	slices.Sort(at)
	for _, i := range slices.Compact(at) {
		g := &r.grants[i]
		if g.namespace != "" && g.namespace != namespace {
			continue
		}
		rules, err := r.rulesOf(g)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		subject := g.subjects[slices.IndexFunc(g.subjects, func(s rbacv1.Subject) bool { return slices.Contains(keys, subjectKey(s, g.namespace)) })]
		for i := range rules {
			if !fn(&rules[i], g, subject) {
				return errs
			}
		}
	}
	return errs
}

func (r *RBAC) rulesOf(g *grant) ([]rbacv1.PolicyRule, error) {
	if g.role.Kind == "ClusterRole" {
		if rules, ok := r.roles["/"+g.role.Name]; ok {
			return rules, nil
		}
		return nil, fmt.Errorf("clusterrole.rbac.authorization.k8s.io %q not found", g.role.Name)
	}
	if rules, ok := r.roles[g.namespace+"/"+g.role.Name]; ok {
		return rules, nil
	}
	return nil, fmt.Errorf("role.rbac.authorization.k8s.io %q not found", g.role.Name)
}

// Authorize implements Authorizer.
func (r *RBAC) Authorize(a Attributes) (allowed bool, reason string) {
	errs := r.visit(a.User, a.Namespace, func(rule *rbacv1.PolicyRule, g *grant, s rbacv1.Subject) bool {
		if !covers(rule, a) {
			return true
		}
		allowed, reason = true, "RBAC: allowed by "+describeGrant(g, s)
		return false
	})
	if !allowed && len(errs) > 0 {
		reason = fmt.Sprintf("RBAC: %v", utilerrors.NewAggregate(errs))
	}
	return allowed, reason
}

func describeGrant(g *grant, s rbacv1.Subject) string {
	name := g.name
	if g.namespace != "" {
		name += "/" + g.namespace
	}
	subject := fmt.Sprintf("%s %q", s.Kind, s.Name)
	if s.Kind == rbacv1.ServiceAccountKind {
		namespace := s.Namespace
		if namespace == "" {
			namespace = g.namespace
		}
		subject = fmt.Sprintf("%s %q", s.Kind, s.Name+"/"+namespace)
	}
	return fmt.Sprintf("%s %q of %s %q to %s", g.kind, name, g.role.Kind, g.role.Name, subject)
}

// Rules are all that the user has in a namespace. Errors are of roles that do not exist.
func (r *RBAC) Rules(u api.User, namespace string) (rules []rbacv1.PolicyRule, err error) {
	errs := r.visit(u, namespace, func(rule *rbacv1.PolicyRule, _ *grant, _ rbacv1.Subject) bool {
		rules = append(rules, *rule)
		return true
	})
	return rules, utilerrors.NewAggregate(errs)
}

// covers says whether a rule allows what is asked.
func covers(rule *rbacv1.PolicyRule, a Attributes) bool {
	if !has(rule.Verbs, a.Verb) {
		return false
	}
	if a.Path != "" {
		return slices.ContainsFunc(rule.NonResourceURLs, func(url string) bool {
			prefix, wild := strings.CutSuffix(url, "*")
			return url == a.Path || wild && strings.HasPrefix(a.Path, prefix)
		})
	}
	if !has(rule.APIGroups, a.Group) || len(rule.ResourceNames) > 0 && !slices.Contains(rule.ResourceNames, a.Name) {
		return false
	}
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	return has(rule.Resources, resource) || a.Subresource != "" && slices.Contains(rule.Resources, "*/"+a.Subresource)
}

func has(list []string, want string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, want)
}

// NodeRole is the cluster role whose rules the node authorizer grants.
const NodeRole = "system:node"

// Nodes allows kubelets what the role system:node says. Whether a Pod of theirs refers to the object is not asked.
type Nodes struct{ RBAC *RBAC }

// Authorize implements Authorizer.
func (n Nodes) Authorize(a Attributes) (bool, string) {
	if !strings.HasPrefix(a.User.Name, "system:node:") || !slices.Contains(a.User.Groups, "system:nodes") {
		return false, ""
	}
	n.RBAC.read()
	rules := n.RBAC.roles["/"+NodeRole]
	return slices.ContainsFunc(rules, func(r rbacv1.PolicyRule) bool { return covers(&r, a) }), ""
}
