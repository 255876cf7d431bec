package admission

import (
	"errors"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/api"
	"terrarium/sim/cel"
	"terrarium/sim/policies"
)

const (
	expressionBudget = 10000000
	conditionBudget  = expressionBudget / 4
)

var errBudget = errors.New("validation failed due to running out of cost budget, no further validation rules will be run")

// evaluation is one policy's look at one request.
type evaluation struct {
	a         *Attributes
	compiler  *policies.Compiler
	params    runtime.Object
	namespace *corev1.Namespace
	values    map[string]any
	variables map[string]any // values of variables, or errors
	programs  map[string]*cel.Program
	problems  map[string]*policies.Problem
	budget    uint64
}

func newEvaluation(a *Attributes, hasParams bool, params runtime.Object, variables []admissionv1.Variable) *evaluation {
	e := &evaluation{
		a: a, compiler: policies.New(hasParams), params: params, budget: expressionBudget, values: map[string]any{},
		variables: map[string]any{}, programs: map[string]*cel.Program{}, problems: map[string]*policies.Problem{},
	}
	if a.Namespace != "" && a.Resource.Name != "namespaces" {
		e.namespace, _ = api.Get[corev1.Namespace](a.Client, "", a.Namespace)
	}
	for _, v := range variables {
		e.programs[v.Name], e.problems[v.Name] = e.compiler.Variable(v.Name, v.Expression)
	}
	return e
}

// lookup gives expressions their variables.
func (e *evaluation) lookup(name string) (any, bool) {
	if v, ok := e.values[name]; ok {
		return v, true
	}
	var v any
	switch name {
	case "object":
		v = e.a.plain(e.a.Object)
	case "oldObject":
		v = e.a.plain(e.a.Old)
	case "params":
		v = plain(e.params)
	case "namespaceObject":
		v = namespaceValue(e.namespace)
	case "request":
		v = e.a.requestValue()
	case "variables":
		v = cel.Fields(e.variable)
	case "authorizer":
		v = cel.Authorizer()
	case "authorizer.requestResource":
		v = cel.RequestResource(cel.Check{
			Group: e.a.Resource.Group, Resource: e.a.Resource.Name, Subresource: e.a.subresource(), Namespace: e.a.Namespace, Name: e.a.name(),
		})
	default:
		return nil, false
	}
	e.values[name] = v
	return v, true
}

// variable evaluates a variable once.
func (e *evaluation) variable(name string) (any, bool) {
	if v, ok := e.variables[name]; ok {
		return v, true
	}
	var v any
	if problem := e.problems[name]; problem != nil {
		v = fmt.Errorf("composited variable %q fails to compile: %v", name, problem)
	} else if p := e.programs[name]; p == nil {
		return nil, false
	} else if value, err := e.eval(p); err != nil {
		v = fmt.Errorf("composited variable %q fails to evaluate: %v", name, err)
	} else {
		v = value
	}
	e.variables[name] = v
	return v, true
}

func (e *evaluation) eval(p *cel.Program) (any, error) {
	value, cost, err := p.Eval(e.lookup, cel.CallLimit, cel.Libraries{Authorize: e.a.authorize})
	e.budget -= min(cost, e.budget)
	return value, err
}

// run compiles and evaluates an expression. errBudget ends the whole evaluation.
func (e *evaluation) run(source string, use policies.Use) (any, error) {
	p, problem := e.compiler.Compile(source, use)
	if problem != nil {
		return nil, fmt.Errorf("compilation error: %v", problem)
	}
	value, err := e.eval(p)
	if e.budget == 0 {
		return nil, errBudget
	}
	if err != nil {
		return nil, fmt.Errorf("expression '%v' resulted in error: %v", source, err)
	}
	return value, nil
}

// matches says whether all conditions hold. One that is false outweighs errors.
func (e *evaluation) matches(conditions []admissionv1.MatchCondition) (bool, error) {
	e.budget = conditionBudget
	defer func() { e.budget = expressionBudget }()
	var errs []error
	for _, c := range conditions {
		value, err := e.run(c.Expression, policies.Condition)
		switch {
		case err == errBudget:
			return false, err
		case err != nil:
			errs = append(errs, err)
		case value == false:
			return false, nil
		}
	}
	return true, utilerrors.NewAggregate(errs)
}

// plain is an object as expressions see it.
func plain(obj runtime.Object) any {
	if obj == nil {
		return nil
	}
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil || m == nil {
		return nil
	}
	return m
}

// plain is the object of a request, with its kind.
func (a *Attributes) plain(obj runtime.Object) any {
	m, ok := plain(obj).(map[string]any)
	if !ok {
		return nil
	}
	if kind, _ := m["kind"].(string); kind == "" && a.subresource() == "" {
		m["apiVersion"], m["kind"] = a.Resource.GVK().ToAPIVersionAndKind()
	}
	return m
}

func namespaceValue(ns *corev1.Namespace) any {
	if ns == nil {
		return nil
	}
	m, _ := plain(&corev1.Namespace{ObjectMeta: ns.ObjectMeta, Spec: ns.Spec, Status: ns.Status}).(map[string]any)
	if meta, ok := m["metadata"].(map[string]any); ok {
		delete(meta, "managedFields")
	}
	return m
}

func (a *Attributes) requestValue() any {
	kind := map[string]any{"group": a.Resource.Group, "version": a.Resource.Version, "kind": a.Resource.Kind}
	resource := map[string]any{"group": a.Resource.Group, "version": a.Resource.Version, "resource": a.Resource.Name}
	user := map[string]any{"username": a.Request.User.Name}
	if a.Request.User.UID != "" {
		user["uid"] = a.Request.User.UID
	}
	if groups := a.Request.User.Groups; len(groups) > 0 {
		list := make([]any, len(groups))
		for i, g := range groups {
			list[i] = g
		}
		user["groups"] = list
	}
	out := map[string]any{
		"kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource, "name": a.name(),
		"operation": string(a.Operation), "userInfo": user, "dryRun": a.Request.DryRun, "uid": "",
	}
	if sub := a.subresource(); sub != "" {
		out["subResource"], out["requestSubResource"] = sub, sub
	}
	if a.Namespace != "" {
		out["namespace"] = a.Namespace
	}
	name := map[Operation]string{Create: "CreateOptions", Update: "UpdateOptions", Delete: "DeleteOptions"}[a.Operation]
	options := map[string]any{"kind": name, "apiVersion": "meta.k8s.io/v1"}
	if a.Request.FieldManager != "" && a.Operation != Delete {
		options["fieldManager"] = a.Request.FieldManager
	}
	out["options"] = options
	return out
}

// authorize asks whether the request's user, or a service account, may do something.
func (a *Attributes) authorize(c cel.Check) (bool, string, error) {
	spec := authorizationv1.SubjectAccessReviewSpec{User: a.Request.User.Name, Groups: a.Request.User.Groups, UID: a.Request.User.UID}
	if namespace, name, ok := strings.Cut(c.ServiceAccount, "/"); ok {
		spec.User, spec.UID = "system:serviceaccount:"+namespace+":"+name, ""
		spec.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"}
	}
	if c.Path != "" {
		spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Path: c.Path, Verb: c.Verb}
	} else {
		spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Group: c.Group, Version: "*", Resource: c.Resource, Subresource: c.Subresource, Namespace: c.Namespace, Name: c.Name, Verb: c.Verb,
		}
	}
	answer, err := api.Create(a.Client, &authorizationv1.SubjectAccessReview{Spec: spec})
	if err != nil {
		return false, "", err
	}
	return answer.Status.Allowed, answer.Status.Reason, nil
}
