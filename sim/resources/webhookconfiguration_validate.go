package resources

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/policies"
)

// hookRules say what may stay as it was before.
type hookRules struct {
	sideEffects, reviewVersions, names, selectorValues, conditions bool
}

func (r *hookRules) relax(hooks, old []hook) {
	names := map[string]bool{}
	r.conditions = len(hooks) == len(old)
	for i, h := range old {
		switch effects := or(h.SideEffects, ""); effects {
		case admissionv1.SideEffectClassNone, admissionv1.SideEffectClassNoneOnDryRun:
		default:
			r.sideEffects = true
		}
		r.reviewVersions = r.reviewVersions || len(h.AdmissionReviewVersions) > 0 && !slices.ContainsFunc(h.AdmissionReviewVersions, isReviewVersion)
		r.names = r.names || names[h.Name]
		names[h.Name] = true
		r.selectorValues = r.selectorValues || badSelector(h.NamespaceSelector) || badSelector(h.ObjectSelector)
		r.conditions = r.conditions && reflect.DeepEqual(hooks[i].MatchConditions, h.MatchConditions)
	}
}

func isReviewVersion(version string) bool { return version == "v1" || version == "v1beta1" }

func validateWebhooks(hooks, old []hook, isNew bool) field.ErrorList {
	var p problems
	var rules hookRules
	if !isNew {
		rules.relax(hooks, old)
	}
	names := map[string]bool{}
	for i := range hooks {
		at, h := field.NewPath("webhooks").Index(i), &hooks[i]
		validateWebhook(&p, at, h, rules)
		validateReviewVersions(&p, at.Child("admissionReviewVersions"), h.AdmissionReviewVersions, rules)
		if !rules.names && names[h.Name] && h.Name != "" {
			p.duplicate(at.Child("name"), h.Name)
		}
		names[h.Name] = true
	}
	return p.list()
}

func validateReviewVersions(p *problems, at *field.Path, versions []string, rules hookRules) {
	if len(versions) == 0 {
		p.required(at, "must specify one of v1, v1beta1")
		return
	}
	for i, version := range versions {
		if slices.Contains(versions[:i], version) {
			p.invalid(at.Index(i), version, "duplicate version")
			continue
		}
		p.each(at.Index(i), version, validation.IsDNS1035Label(version))
	}
	if !rules.reviewVersions && !slices.ContainsFunc(versions, isReviewVersion) {
		p.invalid(at, versions, "must include at least one of v1, v1beta1")
	}
}

func validateWebhook(p *problems, at *field.Path, h *hook, rules hookRules) {
	p.add(validation.IsFullyQualifiedName(at.Child("name"), h.Name)...)
	for i := range h.Rules {
		validateOperations(p, at.Child("rules").Index(i), &h.Rules[i])
	}
	if h.FailurePolicy != nil {
		oneOf(p, at.Child("failurePolicy"), *h.FailurePolicy, admissionv1.Fail, admissionv1.Ignore)
	}
	if h.MatchPolicy != nil {
		oneOf(p, at.Child("matchPolicy"), *h.MatchPolicy, admissionv1.Equivalent, admissionv1.Exact)
	}
	effects := []admissionv1.SideEffectClass{admissionv1.SideEffectClassNone, admissionv1.SideEffectClassNoneOnDryRun}
	if rules.sideEffects {
		effects = append(effects, admissionv1.SideEffectClassSome, admissionv1.SideEffectClassUnknown)
	}
	if h.SideEffects == nil {
		var names []string
		for _, e := range effects {
			names = append(names, string(e))
		}
		p.required(at.Child("sideEffects"), "must specify one of "+strings.Join(names, ", "))
	} else {
		oneOf(p, at.Child("sideEffects"), *h.SideEffects, effects...)
	}
	if seconds := or(h.TimeoutSeconds, 1); seconds > 30 || seconds < 1 {
		p.invalid(at.Child("timeoutSeconds"), seconds, "the timeout value must be between 1 and 30 seconds")
	}
	validateSelector(p, at.Child("namespaceSelector"), h.NamespaceSelector, rules.selectorValues)
	validateSelector(p, at.Child("objectSelector"), h.ObjectSelector, rules.selectorValues)
	if h.again != nil {
		oneOf(p, at.Child("reinvocationPolicy"), *h.again, admissionv1.IfNeededReinvocationPolicy, admissionv1.NeverReinvocationPolicy)
	}
	validateClientConfig(p, at.Child("clientConfig"), &h.ClientConfig)
	if !rules.conditions {
		validateMatchConditions(p, at.Child("matchConditions"), h.MatchConditions, false)
	}
}

func validateClientConfig(p *problems, at *field.Path, c *admissionv1.WebhookClientConfig) {
	switch {
	case (c.URL == nil) == (c.Service == nil):
		p.required(at, "exactly one of url or service is required")
	case c.URL != nil:
		validateWebhookURL(p, at.Child("url"), *c.URL)
	default:
		validateWebhookService(p, at.Child("service"), c.Service)
	}
}

func validateWebhookURL(p *problems, at *field.Path, text string) {
	const form = "; desired format: https://host[/path]"
	u, err := url.Parse(text)
	if err != nil {
		p.required(at, "url must be a valid URL: "+err.Error()+form)
		return
	}
	if u.Scheme != "https" {
		p.invalid(at, u.Scheme, "'https' is the only allowed URL scheme"+form)
	}
	if u.Host == "" {
		p.invalid(at, u.Host, "host must be specified"+form)
	}
	if u.User != nil {
		p.invalid(at, u.User.String(), "user information is not permitted in the URL")
	}
	if u.Fragment != "" {
		p.invalid(at, u.Fragment, "fragments are not permitted in the URL")
	}
	if u.RawQuery != "" {
		p.invalid(at, u.RawQuery, "query parameters are not permitted in the URL")
	}
}

func validateWebhookService(p *problems, at *field.Path, s *admissionv1.ServiceReference) {
	p.present(at.Child("name"), s.Namespace) // the real server takes the one for the other
	p.present(at.Child("namespace"), s.Name)
	if wrong := validation.IsValidPortNum(int(or(s.Port, 0))); len(wrong) > 0 {
		p.invalid(at.Child("port"), or(s.Port, 0), "port is not valid: "+strings.Join(wrong, ", "))
	}
	path := or(s.Path, "")
	at = at.Child("path")
	switch {
	case path == "" || path == "/":
		return
	case path == "//":
		p.invalid(at, path, "segment[0] may not be empty")
		return
	case path[0] != '/':
		p.invalid(at, path, "must start with a '/'")
	}
	for i, segment := range strings.Split(strings.TrimSuffix(path[1:], "/"), "/") {
		if segment == "" {
			p.invalid(at, path, fmt.Sprintf("segment[%d] may not be empty", i))
			continue
		}
		for _, wrong := range validation.IsDNS1123Subdomain(segment) {
			p.invalid(at, path, fmt.Sprintf("segment[%d]: %v", i, wrong))
		}
	}
}

func validateOperations(p *problems, at *field.Path, r *admissionv1.RuleWithOperations) {
	operations := at.Child("operations")
	if len(r.Operations) == 0 {
		p.required(operations, "")
	}
	if len(r.Operations) > 1 && slices.Contains(r.Operations, admissionv1.OperationAll) {
		p.invalid(operations, r.Operations, "if '*' is present, must not specify other operations")
	}
	for i, operation := range r.Operations {
		oneOf(p, operations.Index(i), operation, admissionv1.OperationAll, admissionv1.Connect, admissionv1.Create, admissionv1.Delete, admissionv1.Update)
	}
	starAlone(p, at.Child("apiGroups"), r.APIGroups, "API groups")
	starAlone(p, at.Child("apiVersions"), r.APIVersions, "API versions")
	for i, version := range r.APIVersions {
		p.present(at.Child("apiVersions").Index(i), version)
	}
	validateRuleResources(p, at.Child("resources"), r.Resources)
	if r.Scope != nil {
		oneOf(p, at.Child("scope"), *r.Scope, admissionv1.AllScopes, admissionv1.ClusterScope, admissionv1.NamespacedScope)
	}
}

// starAlone wants a list that has a star only where it has nothing else.
func starAlone(p *problems, at *field.Path, list []string, what string) {
	if len(list) == 0 {
		p.required(at, "")
	}
	if len(list) > 1 && slices.Contains(list, "*") {
		p.invalid(at, list, "if '*' is present, must not specify other "+what)
	}
}

func validateRuleResources(p *problems, at *field.Path, resources []string) {
	if len(resources) == 0 {
		p.required(at, "")
	}
	wholes, subs := map[string]bool{}, map[string]bool{}
	bare := false
	for i, text := range resources {
		if !p.present(at.Index(i), text) {
			continue
		}
		resource, sub, found := strings.Cut(text, "/")
		if !found {
			bare = text != "*"
			continue
		}
		if wholes[resource] {
			p.invalid(at.Index(i), text, fmt.Sprintf("if '%s/*' is present, must not specify %s", resource, text))
		}
		if subs[sub] {
			p.invalid(at.Index(i), text, fmt.Sprintf("if '*/%s' is present, must not specify %s", sub, text))
		}
		wholes[resource] = wholes[resource] || sub == "*"
		subs[sub] = subs[sub] || resource == "*"
	}
	if len(resources) > 1 && slices.Contains(resources, "*/*") {
		p.invalid(at, resources, "if '*/*' is present, must not specify other resources")
	}
	if bare && slices.Contains(resources, "*") {
		p.invalid(at, resources, "if '*' is present, must not specify other resources without subresources")
	}
}

// validateMatchConditions checks everything but the expressions themselves, which nothing here can read.
func validateMatchConditions(p *problems, at *field.Path, conditions []admissionv1.MatchCondition, params bool) {
	const most = 64
	if len(conditions) > most {
		p.add(field.TooMany(at, len(conditions), most))
	}
	names := map[string]bool{}
	for i, c := range conditions {
		at := at.Index(i)
		if p.present(at.Child("expression"), strings.TrimSpace(c.Expression)) {
			_, problem := policies.New(params).Compile(c.Expression, policies.Condition)
			validateExpression(p, at.Child("expression"), c.Expression, problem)
		}
		if p.present(at.Child("name"), c.Name) {
			p.qualified(at.Child("name"), c.Name)
			if names[c.Name] {
				p.duplicate(at.Child("name"), c.Name)
			}
		}
		names[c.Name] = true
	}
}
