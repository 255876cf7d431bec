package apiserver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/auth"
	"terrarium/sim/store"
)

// fullAuthority is what a role that aggregates others may come to contain.
var fullAuthority = []rbacv1.PolicyRule{
	{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}, {Verbs: []string{"*"}, NonResourceURLs: []string{"*"}},
}

// escalates refuses a role or binding that gives away more than its author has. old is nil for a create.
func (c *call) escalates(obj, old runtime.Object) error {
	if c.kind.Group != rbacv1.GroupName || slices.Contains(c.req.User.Groups, "system:masters") || old != nil && onlyForGC(obj, old) {
		return nil
	}
	switch o := obj.(type) {
	case *rbacv1.Role:
		return c.confirm(o.Name, o.Rules)
	case *rbacv1.ClusterRole:
		if err := c.confirm(o.Name, o.Rules); err != nil {
			return err
		}
		before, _ := old.(*rbacv1.ClusterRole)
		if (aggregates(o) || aggregates(before)) && c.confirm(o.Name, fullAuthority) != nil {
			return apierrors.NewForbidden(c.gr(), o.Name, errors.New("must have cluster-admin privileges to use the aggregationRule"))
		}
	case *rbacv1.RoleBinding:
		return c.confirmBinding(o.Name, o.RoleRef)
	case *rbacv1.ClusterRoleBinding:
		return c.confirmBinding(o.Name, o.RoleRef)
	}
	return nil
}

func aggregates(r *rbacv1.ClusterRole) bool {
	return r != nil && r.AggregationRule != nil && len(r.AggregationRule.ClusterRoleSelectors) > 0
}

// onlyForGC reports whether an update changes nothing but what the garbage collector needs.
func onlyForGC(obj, old runtime.Object) bool {
	same := obj.DeepCopyObject()
	m, before := metaOf(same), metaOf(old)
	m.SetOwnerReferences(before.GetOwnerReferences())
	m.SetFinalizers(before.GetFinalizers())
	m.SetManagedFields(before.GetManagedFields())
	return equality.Semantic.DeepEqual(same, old)
}

// may asks for a verb that is no request's.
func (c *call) may(verb, resource, name string) bool {
	allowed, _ := c.authorizer.Authorize(auth.Attributes{
		User: c.req.User, Verb: verb, Group: rbacv1.GroupName, Version: "*", Resource: resource, Namespace: c.req.Namespace, Name: name,
	})
	return allowed
}

// confirm refuses rules that the user does not have and may not escalate to.
func (c *call) confirm(name string, rules []rbacv1.PolicyRule) error {
	if c.may("escalate", c.kind.Name, c.req.Name) {
		return nil
	}
	return c.covered(name, rules)
}

func (c *call) covered(name string, rules []rbacv1.PolicyRule) error {
	known, ok := c.authorizer.(resolver)
	if !ok {
		return nil
	}
	owned, missing := known.Rules(c.req.User, c.req.Namespace)
	err := auth.MayGrant(c.req.User, owned, rules)
	if err == nil {
		return nil
	}
	if missing != nil {
		err = fmt.Errorf("%w; resolution errors: [%s]", err, c.asRequested(missing))
	}
	return apierrors.NewForbidden(c.gr(), name, err)
}

// asRequested names the roles that were not found as the real server does: by the resource that the request is about.
func (c *call) asRequested(missing error) string {
	errs := []error{missing}
	if all, ok := missing.(utilerrors.Aggregate); ok {
		errs = slices.Clone(all.Errors())
	}
	for i, err := range errs {
		if _, rest, ok := strings.Cut(err.Error(), " "); ok {
			errs[i] = errors.New(c.gr().String() + " " + rest)
		}
	}
	return utilerrors.NewAggregate(errs).Error()
}

// confirmBinding refuses to bind a role that the user may not bind and does not have.
func (c *call) confirmBinding(name string, ref rbacv1.RoleRef) error {
	var rules []rbacv1.PolicyRule
	switch ref.Kind {
	case "ClusterRole":
		if c.may("bind", "clusterroles", ref.Name) {
			return nil
		}
		role, ok := c.store.Get(schema.GroupResource{Group: rbacv1.GroupName, Resource: "clusterroles"}, ref.Name).(*rbacv1.ClusterRole)
		if !ok {
			return apierrors.NewNotFound(c.gr(), ref.Name) // the real server, too, names what the request is about
		}
		rules = role.Rules
	case "Role":
		if c.may("bind", "roles", ref.Name) {
			return nil
		}
		role, ok := c.store.Get(schema.GroupResource{Group: rbacv1.GroupName, Resource: "roles"}, store.Key(c.req.Namespace, ref.Name)).(*rbacv1.Role)
		if !ok {
			return apierrors.NewNotFound(c.gr(), ref.Name)
		}
		rules = role.Rules
	default:
		return fmt.Errorf("unsupported role reference kind: %q", ref.Kind)
	}
	return c.covered(name, rules)
}
