package resources

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/policies"
)

const noneToDo = "validations or auditAnnotations must contain at least one item"

func validateValidatingPolicy(y, old *admissionv1.ValidatingAdmissionPolicy) field.ErrorList {
	var p problems
	at, spec := field.NewPath("spec"), &y.Spec
	validatePolicyStart(&p, at, spec.FailurePolicy, spec.ParamKind, spec.MatchConstraints)
	if old == nil || !equality.Semantic.DeepEqual(spec.ParamKind, old.Spec.ParamKind) ||
		!equality.Semantic.DeepEqual(spec.MatchConditions, old.Spec.MatchConditions) {
		validateMatchConditions(&p, at.Child("matchConditions"), spec.MatchConditions, spec.ParamKind != nil)
	}
	c := policies.New(spec.ParamKind != nil)
	validateVariables(&p, at.Child("variables"), spec.Variables, c)
	if len(spec.Validations) == 0 && len(spec.AuditAnnotations) == 0 {
		p.required(at.Child("validations"), noneToDo)
		p.required(at.Child("auditAnnotations"), noneToDo)
		return p.list()
	}
	for i := range spec.Validations {
		validatePolicyRule(&p, at.Child("validations").Index(i), &spec.Validations[i], c)
	}
	validateAudit(&p, at.Child("auditAnnotations"), y.Name, spec.AuditAnnotations, c)
	return p.list()
}

func validatePolicyStart(p *problems, at *field.Path, failure *admissionv1.FailurePolicyType, kind *admissionv1.ParamKind, match *admissionv1.MatchResources) {
	if failure == nil {
		p.required(at.Child("failurePolicy"), "")
	} else {
		oneOf(p, at.Child("failurePolicy"), *failure, admissionv1.Fail, admissionv1.Ignore)
	}
	if kind != nil {
		validateParamKind(p, at.Child("paramKind"), kind)
	}
	at = at.Child("matchConstraints")
	if match == nil {
		p.required(at, "")
		return
	}
	validateMatchResources(p, at, match)
	if len(match.ResourceRules) == 0 {
		p.required(at.Child("resourceRules"), "")
	}
}

func validateParamKind(p *problems, at *field.Path, k *admissionv1.ParamKind) {
	group, version, found := strings.Cut(k.APIVersion, "/")
	if !found {
		group, version = "", k.APIVersion
	}
	versionAt := at.Child("apiVersion")
	switch {
	case k.APIVersion == "":
		p.required(versionAt, "")
	case strings.Count(k.APIVersion, "/") > 1:
		p.invalid(versionAt, k.APIVersion, "unexpected GroupVersion string: "+k.APIVersion)
	default:
		if wrong := validation.IsDNS1123Subdomain(group); group != "" && len(wrong) > 0 {
			p.invalid(versionAt, group, strings.Join(wrong, ","))
		}
		if version == "" {
			p.invalid(versionAt, k.APIVersion, "version must be specified")
		} else if wrong := validation.IsDNS1035Label(version); len(wrong) > 0 {
			p.invalid(versionAt, version, strings.Join(wrong, ","))
		}
	}
	if p.present(at.Child("kind"), k.Kind) {
		if wrong := validation.IsDNS1035Label(strings.ToLower(k.Kind)); len(wrong) > 0 {
			p.invalid(at.Child("kind"), k.Kind, "may have mixed case, but should otherwise match: "+strings.Join(wrong, ","))
		}
	}
}

func validateMatchResources(p *problems, at *field.Path, m *admissionv1.MatchResources) {
	if m == nil {
		return
	}
	if m.MatchPolicy == nil {
		p.required(at.Child("matchPolicy"), "")
	} else {
		oneOf(p, at.Child("matchPolicy"), *m.MatchPolicy, admissionv1.Equivalent, admissionv1.Exact)
	}
	for _, s := range []struct {
		name     string
		selector *metav1.LabelSelector
	}{{"namespaceSelector", m.NamespaceSelector}, {"objectSelector", m.ObjectSelector}} {
		if s.selector == nil {
			p.required(at.Child(s.name), "")
		} else {
			validateSelector(p, at.Child(s.name), s.selector, false)
		}
	}
	rules := func(at *field.Path, rules []admissionv1.NamedRuleWithOperations) {
		for i := range rules {
			at, names := at.Index(i), rules[i].ResourceNames
			for k, name := range names {
				p.each(at.Child("resourceNames").Index(k), name, content.IsPathSegmentName(name))
				if slices.Contains(names[:k], name) {
					p.duplicate(at.Child("resourceNames").Index(k), name)
				}
			}
			validateOperations(p, at, &rules[i].RuleWithOperations)
		}
	}
	rules(at.Child("resourceRules"), m.ResourceRules)
	rules(at.Child("excludeResourceRules"), m.ExcludeResourceRules)
}

func isCELIdentifier(name string) bool {
	good, _ := regexp.MatchString("^[_a-zA-Z][_a-zA-Z0-9]*$", name)
	return good && !slices.Contains(strings.Fields("true false null in as break const continue else for function if import let loop package namespace return var void while"), name)
}

// validateExpression tells why an expression is none.
func validateExpression(p *problems, at *field.Path, expression string, problem *policies.Problem) {
	switch {
	case problem == nil:
	case problem.Internal:
		p.add(field.InternalError(at, problem))
	default:
		p.invalid(at, expression, problem.Detail)
	}
}

func validateVariables(p *problems, at *field.Path, variables []admissionv1.Variable, c *policies.Compiler) {
	for i, v := range variables {
		at := at.Index(i)
		if strings.TrimSpace(v.Name) == "" {
			p.required(at.Child("name"), "name is not specified")
		} else if !isCELIdentifier(v.Name) {
			p.invalid(at.Child("name"), v.Name, "must be a valid CEL identifier")
		}
		if strings.TrimSpace(v.Expression) == "" {
			p.required(at.Child("expression"), "expression is not specified")
		} else {
			_, problem := c.Variable(v.Name, v.Expression)
			validateExpression(p, at.Child("expression"), v.Expression, problem)
		}
	}
}

func validatePolicyRule(p *problems, at *field.Path, v *admissionv1.Validation, c *policies.Compiler) {
	if strings.TrimSpace(v.Expression) == "" {
		p.required(at.Child("expression"), "expression is not specified")
	} else {
		_, problem := c.Compile(v.Expression, policies.Validation)
		validateExpression(p, at.Child("expression"), v.Expression, problem)
	}
	if v.MessageExpression != "" && strings.TrimSpace(v.MessageExpression) == "" {
		p.invalid(at.Child("messageExpression"), v.MessageExpression, "must be non-empty if specified")
	} else if v.MessageExpression != "" {
		_, problem := c.Compile(v.MessageExpression, policies.Message)
		validateExpression(p, at.Child("messageExpression"), v.MessageExpression, problem)
	}
	if message := strings.TrimSpace(v.Message); v.Message != "" && message == "" {
		p.invalid(at.Child("message"), v.Message, "must be non-empty if specified")
	} else if strings.ContainsAny(message, "\n\r") {
		p.invalid(at.Child("message"), v.Message, "must not contain line breaks")
	}
	if v.Reason != nil {
		oneOf(p, at.Child("reason"), *v.Reason, metav1.StatusReasonForbidden, metav1.StatusReasonInvalid, metav1.StatusReasonRequestEntityTooLarge)
	}
}

func validateAudit(p *problems, at *field.Path, name string, annotations []admissionv1.AuditAnnotation, c *policies.Compiler) {
	const most, longest = 20, 5 << 10
	if len(annotations) > most {
		p.invalid(at, inward{annotations}, fmt.Sprintf("must not have more than %d auditAnnotations", most))
	}
	keys := map[string]bool{}
	for i, a := range annotations {
		at := at.Index(i)
		if name == "" {
			p.invalid(at.Child("key"), a.Key, "requires metadata.name be non-empty")
		} else {
			p.qualified(at.Child("key"), name+"/"+a.Key)
		}
		if expression := strings.TrimSpace(a.ValueExpression); expression == "" {
			p.required(at.Child("valueExpression"), "valueExpression is not specified")
		} else if len(expression) > longest {
			p.required(at.Child("valueExpression"), fmt.Sprintf("must not exceed %d bytes in length", longest))
		} else {
			_, problem := c.Compile(expression, policies.Annotation)
			validateExpression(p, at.Child("valueExpression"), a.ValueExpression, problem)
		}
		if keys[a.Key] {
			p.duplicate(at.Child("key"), a.Key)
		}
		keys[a.Key] = true
	}
}

func validatePolicyName(p *problems, at *field.Path, name string) {
	if p.present(at, name) {
		p.subdomain(at, name)
	}
}

func validateParamRef(p *problems, at *field.Path, ref *admissionv1.ParamRef) {
	const either = "name and selector are mutually exclusive"
	if ref == nil {
		return
	}
	if ref.Name != "" {
		p.each(at.Child("name"), ref.Name, content.IsPathSegmentName(ref.Name))
		if ref.Selector != nil {
			p.forbidden(at.Child("name"), either)
		}
	}
	if ref.Selector != nil {
		validateSelector(p, at.Child("selector"), ref.Selector, false)
		if ref.Name != "" {
			p.forbidden(at.Child("selector"), either)
		}
	}
	if ref.Name == "" && ref.Selector == nil {
		p.required(at, "one of name or selector must be specified")
	}
	oneOfRequired(p, at.Child("parameterNotFoundAction"), or(ref.ParameterNotFoundAction, ""), admissionv1.DenyAction, admissionv1.AllowAction)
}

func validateValidatingBinding(b *admissionv1.ValidatingAdmissionPolicyBinding) field.ErrorList {
	var p problems
	at := field.NewPath("spec")
	validatePolicyName(&p, at.Child("policyName"), b.Spec.PolicyName)
	validateParamRef(&p, at.Child("paramRef"), b.Spec.ParamRef)
	validateMatchResources(&p, at.Child("matchResources"), b.Spec.MatchResources)
	at = at.Child("validationActions")
	actions := b.Spec.ValidationActions
	for i, action := range actions {
		oneOf(&p, at.Index(i), action, admissionv1.Audit, admissionv1.Deny, admissionv1.Warn)
		if slices.Contains(actions[:i], action) {
			p.duplicate(at.Index(i), action)
		}
	}
	if slices.Contains(actions, admissionv1.Deny) && slices.Contains(actions, admissionv1.Warn) {
		p.invalid(at, actions, "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)")
	}
	if len(actions) == 0 {
		p.required(at, "at least one validation action is required")
	}
	return p.list()
}

// validateMutatingOperations refuses deletions, which change nothing.
func validateMutatingOperations(p *problems, at *field.Path, m *admissionv1.MatchResources) {
	if m == nil {
		return
	}
	for _, rule := range m.ResourceRules {
		for _, operation := range rule.Operations {
			oneOf(p, at.Child("resourceRules", "operations"), operation, admissionv1.OperationAll, admissionv1.Connect, admissionv1.Create, admissionv1.Update)
		}
	}
}

func validateMutatingPolicy(y, old *admissionv1.MutatingAdmissionPolicy) field.ErrorList {
	var p problems
	at, spec := field.NewPath("spec"), &y.Spec
	validatePolicyStart(&p, at, spec.FailurePolicy, spec.ParamKind, spec.MatchConstraints)
	validateMutatingOperations(&p, at.Child("matchConstraints"), spec.MatchConstraints)
	if old == nil || !equality.Semantic.DeepEqual(spec.ParamKind, old.Spec.ParamKind) ||
		!equality.Semantic.DeepEqual(spec.MatchConditions, old.Spec.MatchConditions) {
		validateMatchConditions(&p, at.Child("matchConditions"), spec.MatchConditions, spec.ParamKind != nil)
	}
	validateVariables(&p, at.Child("variables"), spec.Variables, policies.New(spec.ParamKind != nil))
	if len(spec.Mutations) == 0 {
		p.required(at.Child("mutations"), "mutations must contain at least one item")
	}
	for i := range spec.Mutations {
		validateMutation(&p, at.Child("mutations").Index(i), &spec.Mutations[i])
	}
	oneOfRequired(&p, at.Child("reinvocationPolicy"), spec.ReinvocationPolicy, admissionv1.IfNeededReinvocationPolicy, admissionv1.NeverReinvocationPolicy)
	return p.list()
}

func validateMutation(p *problems, at *field.Path, m *admissionv1.Mutation) {
	forms := []struct {
		kind       admissionv1.PatchType
		name       string
		is         bool
		expression func() string
	}{
		{admissionv1.PatchTypeJSONPatch, "jsonPatch", m.JSONPatch != nil, func() string { return m.JSONPatch.Expression }},
		{admissionv1.PatchTypeApplyConfiguration, "applyConfiguration", m.ApplyConfiguration != nil, func() string { return m.ApplyConfiguration.Expression }},
	}
	if m.PatchType == forms[1].kind {
		slices.Reverse(forms)
	}
	mine, other := forms[0], forms[1]
	if m.PatchType != mine.kind {
		oneOfRequired(p, at.Child("patchType"), m.PatchType, admissionv1.PatchTypeApplyConfiguration, admissionv1.PatchTypeJSONPatch)
		return
	}
	if !mine.is {
		p.required(at.Child(mine.name), "must be specified when patchType is "+string(mine.kind))
	} else {
		p.present(at.Child(mine.name, "expression"), strings.TrimSpace(mine.expression()))
	}
	if other.is {
		p.invalid(at.Child(other.name), "{"+other.name+"}", "must not be specified when patchType is "+string(mine.kind))
	}
}

func validateMutatingBinding(b *admissionv1.MutatingAdmissionPolicyBinding) field.ErrorList {
	var p problems
	at := field.NewPath("spec")
	validatePolicyName(&p, at.Child("policyName"), b.Spec.PolicyName)
	validateParamRef(&p, at.Child("paramRef"), b.Spec.ParamRef)
	validateMatchResources(&p, at.Child("matchResources"), b.Spec.MatchResources)
	validateMutatingOperations(&p, at.Child("matchResources"), b.Spec.MatchResources)
	return p.list()
}
