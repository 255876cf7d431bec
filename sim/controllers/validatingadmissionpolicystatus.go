package controllers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/policies"
	"terrarium/sim/resources"
)

// policyStatus checks the expressions of validating admission policies against the kinds that they are for, and says
// so in the policies' status.
type policyStatus struct {
	base
	resources func() []*resources.Resource
}

func startValidatingAdmissionPolicyStatus(cfg Config) error {
	c := &policyStatus{resources: cfg.Resources}
	c.base = newBase(cfg, "validatingadmissionpolicy-status-controller", "validatingadmissionpolicy-status", c.reconcile)
	return watch1(&c.base, func(event watch.EventType, p, _ *admissionv1.ValidatingAdmissionPolicy) {
		if event != watch.Deleted && p.Generation > p.Status.ObservedGeneration {
			c.loop.Add(p.Name)
		}
	})
}

func (c *policyStatus) reconcile(name string) (time.Duration, error) {
	p, err := api.Get[admissionv1.ValidatingAdmissionPolicy](c.client, "", name)
	if err != nil || p.Generation <= p.Status.ObservedGeneration {
		return 0, ignoreMissing(err)
	}
	p = p.DeepCopy()
	p.Status.ObservedGeneration = p.Generation
	p.Status.TypeChecking = &admissionv1.TypeChecking{ExpressionWarnings: c.check(p)}
	_, err = api.UpdateStatus(c.client, p)
	return 0, err
}

func (c *policyStatus) check(p *admissionv1.ValidatingAdmissionPolicy) (out []admissionv1.ExpressionWarning) {
	kinds := c.kinds(p)
	check := func(at *field.Path, source string) {
		var found []string
		for _, gvk := range kinds {
			if text := checkFor(p, gvk, source); text != "" {
				found = append(found, fmt.Sprintf("%v: %s\n", gvk, text))
			}
		}
		if len(found) > 0 {
			out = append(out, admissionv1.ExpressionWarning{FieldRef: at.String(), Warning: strings.Join(found, "\n")})
		}
	}
	for i, v := range p.Spec.Validations {
		at := field.NewPath("spec", "validations").Index(i)
		check(at.Child("expression"), v.Expression)
		if v.MessageExpression != "" {
			check(at.Child("messageExpression"), v.MessageExpression)
		}
	}
	return out
}

// checkFor compiles an expression for one kind of objects; empty is right.
func checkFor(p *admissionv1.ValidatingAdmissionPolicy, gvk schema.GroupVersionKind, source string) string {
	compiler := policies.New(p.Spec.ParamKind != nil)
	compiler.Object = policies.OfKind(gvk)
	if k := p.Spec.ParamKind; k != nil {
		if t := policies.OfKind(schema.FromAPIVersionAndKind(k.APIVersion, k.Kind)); t != nil {
			compiler.Params = t
		}
	}
	for _, v := range p.Spec.Variables {
		compiler.Variable(v.Name, v.Expression)
	}
	if _, problem := compiler.Compile(source, policies.Variable); problem != nil {
		if problem.Internal {
			return "type checking error: " + problem.Detail
		}
		return problem.Detail
	}
	return ""
}

// kinds are the kinds that a policy names, the first ten.
func (c *policyStatus) kinds(p *admissionv1.ValidatingAdmissionPolicy) (out []schema.GroupVersionKind) {
	if p.Spec.MatchConstraints == nil || c.resources == nil {
		return nil
	}
	for _, rule := range p.Spec.MatchConstraints.ResourceRules {
		for _, r := range c.resources() {
			named := slices.Contains(rule.APIGroups, r.Group) && slices.Contains(rule.APIVersions, r.Version) && slices.Contains(rule.Resources, r.Name)
			if gvk := r.GVK(); named && !slices.Contains(out, gvk) && policies.OfKind(gvk) != nil && len(out) < 10 {
				out = append(out, gvk)
			}
		}
	}
	slices.SortFunc(out, func(a, b schema.GroupVersionKind) int { return strings.Compare(a.String(), b.String()) })
	return out
}
