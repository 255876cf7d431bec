package admission

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
	"terrarium/sim/policies"
	"terrarium/sim/resources"
)

// ValidatingAdmissionPolicy has the expressions of policies decide about writes.
type ValidatingAdmissionPolicy struct{ validates }

// Name implements Plugin.
func (ValidatingAdmissionPolicy) Name() string { return "ValidatingAdmissionPolicy" }

// verdict is what a policy says of a request.
type verdict struct {
	policy, binding string
	message         string
	reason          metav1.StatusReason
}

func (v verdict) text() string {
	if v.binding == "" {
		return fmt.Sprintf("ValidatingAdmissionPolicy '%s' denied request: %s", v.policy, v.message)
	}
	return fmt.Sprintf("ValidatingAdmissionPolicy '%s' with binding '%s' denied request: %s", v.policy, v.binding, v.message)
}

// Validate implements Plugin.
func (ValidatingAdmissionPolicy) Validate(a *Attributes) error {
	if exempt(a) {
		return nil
	}
	all, err := list[admissionv1.ValidatingAdmissionPolicy](a, "")
	if err != nil || len(all) == 0 {
		return err
	}
	bindings, err := list[admissionv1.ValidatingAdmissionPolicyBinding](a, "")
	if err != nil {
		return err
	}
	var denied []verdict
	for _, policy := range all {
		var own []*admissionv1.ValidatingAdmissionPolicyBinding
		for _, b := range bindings {
			if b.Spec.PolicyName == policy.Name {
				own = append(own, b)
			}
		}
		if len(own) > 0 {
			denied = append(denied, judge(a, policy, own)...)
		}
	}
	if len(denied) == 0 {
		return nil
	}
	return refusal(a, denied[0])
}

func refusal(a *Attributes, v verdict) error {
	if v.reason == "" {
		v.reason = metav1.StatusReasonInvalid
	}
	status := forbidden(a, errors.New(v.text()))
	status.ErrStatus.Reason = v.reason
	switch v.reason {
	case metav1.StatusReasonForbidden:
		status.ErrStatus.Code = http.StatusForbidden
	case metav1.StatusReasonUnauthorized:
		status.ErrStatus.Code = http.StatusUnauthorized
	case metav1.StatusReasonRequestEntityTooLarge:
		status.ErrStatus.Code = http.StatusRequestEntityTooLarge
	default:
		status.ErrStatus.Code = http.StatusUnprocessableEntity
	}
	status.ErrStatus.Details.Causes = append(status.ErrStatus.Details.Causes, metav1.StatusCause{Message: v.text()})
	return status
}

// judge has one policy and its bindings decide.
func judge(a *Attributes, policy *admissionv1.ValidatingAdmissionPolicy, bindings []*admissionv1.ValidatingAdmissionPolicyBinding) (denied []verdict) {
	ignore := policy.Spec.FailurePolicy != nil && *policy.Spec.FailurePolicy == admissionv1.Ignore
	broken := func(binding, what string, err error) {
		if !ignore {
			denied = append(denied, verdict{policy: policy.Name, binding: binding, message: "failed to configure " + what + ": " + err.Error()})
		}
	}
	if ok, err := targetOf(policy.Spec.MatchConstraints).hits(a); err != nil {
		broken("", "policy", err)
		return denied
	} else if !ok {
		return nil
	}
	kind, err := paramResource(a, policy.Spec.ParamKind)
	if err != nil {
		broken("", "policy", err)
		return denied
	}
	for _, b := range bindings {
		if ok, err := targetOf(b.Spec.MatchResources).hits(a); err != nil {
			broken(b.Name, "binding", err)
			continue
		} else if !ok {
			continue
		}
		params, err := collectParams(a, kind, b.Spec.ParamRef)
		if err != nil {
			broken(b.Name, "binding", err)
			continue
		}
		for _, p := range params {
			for _, message := range check(a, policy, p, ignore) {
				message.binding = b.Name
				denied = append(denied, act(a, b, message)...)
			}
		}
	}
	return denied
}

// act does what a binding wants done about a failed validation.
func act(a *Attributes, b *admissionv1.ValidatingAdmissionPolicyBinding, v verdict) (denied []verdict) {
	for _, action := range b.Spec.ValidationActions {
		switch action {
		case admissionv1.Deny:
			denied = append(denied, v)
		case admissionv1.Warn:
			a.Warn(fmt.Sprintf("Validation failed for ValidatingAdmissionPolicy '%s' with binding '%s': %s", v.policy, v.binding, v.message))
		}
	}
	return denied
}

// check evaluates a policy; each verdict is a validation that failed.
func check(a *Attributes, policy *admissionv1.ValidatingAdmissionPolicy, params runtime.Object, ignore bool) (out []verdict) {
	e := newEvaluation(a, policy.Spec.ParamKind != nil, params, policy.Spec.Variables)
	fail := func(message string) {
		if !ignore {
			out = append(out, verdict{policy: policy.Name, message: message})
		}
	}
	if ok, err := e.matches(policy.Spec.MatchConditions); err != nil {
		fail(err.Error())
		return out
	} else if !ok {
		return nil
	}
	for i := range policy.Spec.Validations {
		v := &policy.Spec.Validations[i]
		value, err := e.run(v.Expression, policies.Validation)
		switch {
		case err == errBudget:
			out = nil
			fail(err.Error())
			return out
		case err != nil:
			fail(err.Error())
		case value != true:
			one := verdict{policy: policy.Name, message: message(e, v), reason: metav1.StatusReasonInvalid}
			if v.Reason != nil {
				one.reason = *v.Reason
			}
			out = append(out, one)
		}
	}
	for _, annotation := range policy.Spec.AuditAnnotations {
		if _, err := e.run(annotation.ValueExpression, policies.Annotation); err != nil {
			fail(err.Error())
		}
	}
	return out
}

// message is what a failed validation says.
func message(e *evaluation, v *admissionv1.Validation) string {
	if v.MessageExpression != "" {
		if value, err := e.run(v.MessageExpression, policies.Message); err == nil {
			text, _ := value.(string)
			text = strings.TrimSpace(text)
			if text != "" && len(text) <= 5*1024 && !strings.Contains(text, "\n") {
				return text
			}
		}
	}
	if v.Message != "" {
		return strings.TrimSpace(v.Message)
	}
	return "failed expression: " + strings.TrimSpace(v.Expression)
}

// paramResource is the resource of a policy's parameters; nil where it has none.
func paramResource(a *Attributes, kind *admissionv1.ParamKind) (*resources.Resource, error) {
	if kind == nil {
		return nil, nil
	}
	gvk := schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind)
	if server, ok := a.Client.Door.(interface{ Resources() []*resources.Resource }); ok {
		for _, r := range server.Resources() {
			if r.GVK() == gvk {
				return r, nil
			}
		}
	}
	return nil, fmt.Errorf("failed to find resource referenced by paramKind: '%v'", gvk)
}

// collectParams are the objects with which a policy is evaluated, once with each.
func collectParams(a *Attributes, kind *resources.Resource, ref *admissionv1.ParamRef) ([]runtime.Object, error) {
	if kind == nil || ref == nil {
		return []runtime.Object{nil}, nil
	}
	namespace := ""
	if kind.Namespaced {
		if namespace = ref.Namespace; namespace == "" {
			namespace = a.Namespace
		}
		if namespace == "" {
			return nil, errors.New("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
		}
	} else if ref.Namespace != "" {
		return nil, errors.New("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
	}
	req := &api.Request{User: a.Client.User, Verb: "get", Resource: kind.GVR(), Namespace: namespace, Name: ref.Name}
	var found []runtime.Object
	if ref.Name != "" {
		obj, err := a.Client.Door.Do(req)
		if err != nil && !apierrors.IsNotFound(err) {
			return nil, err
		}
		if err == nil {
			found = append(found, withKind(obj, kind))
		}
	} else {
		selector, err := metav1.LabelSelectorAsSelector(ref.Selector)
		if err != nil {
			return nil, err
		}
		req.Verb, req.LabelSelector = "list", selector
		list, err := a.Client.Door.Do(req)
		if err != nil {
			return nil, err
		}
		if err := meta.EachListItem(list, func(obj runtime.Object) error {
			found = append(found, withKind(obj, kind))
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if len(found) == 0 && ref.ParameterNotFoundAction != nil && *ref.ParameterNotFoundAction == admissionv1.DenyAction {
		return nil, errors.New("no params found for policy binding with `Deny` parameterNotFoundAction")
	}
	return found, nil
}

// withKind is an object that says what it is.
func withKind(obj runtime.Object, kind *resources.Resource) runtime.Object {
	if !obj.GetObjectKind().GroupVersionKind().Empty() {
		return obj
	}
	out := obj.DeepCopyObject()
	out.GetObjectKind().SetGroupVersionKind(kind.GVK())
	return out
}
