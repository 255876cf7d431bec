package resources

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const flowGroup = "flowcontrol.apiserver.k8s.io"

func flowSchemas() *Resource {
	return of(&Resource{
		Group: flowGroup, Version: "v1", Name: "flowschemas", Singular: "flowschema", Kind: "FlowSchema",
		StatusResets: []string{"metadata"},
		RowOrder: func(a, b runtime.Object) int {
			x, y := a.(*flowcontrolv1.FlowSchema), b.(*flowcontrolv1.FlowSchema)
			return cmp.Or(cmp.Compare(x.Spec.MatchingPrecedence, y.Spec.MatchingPrecedence), cmp.Compare(x.Name, y.Name))
		},
		New: fresh[flowcontrolv1.FlowSchema], NewList: fresh[flowcontrolv1.FlowSchemaList],
	}, typed[flowcontrolv1.FlowSchema]{
		MetaAgain:      "m|",
		Default:        func(s *flowcontrolv1.FlowSchema) { fill(&s.Spec.MatchingPrecedence, 1000) },
		Validate:       validateFlowSchema,
		ValidateUpdate: func(s, _ *flowcontrolv1.FlowSchema) field.ErrorList { return validateFlowSchema(s) },
		Spec: func(s, from *flowcontrolv1.FlowSchema) {
			s.Spec = from.Spec
			keepMeta(&s.ObjectMeta, from.ObjectMeta)
		},
		Status: func(s, from *flowcontrolv1.FlowSchema) { s.Status = from.Status },
		ValidateStatusUpdate: func(s, _ *flowcontrolv1.FlowSchema) field.ErrorList {
			var kinds []string
			for _, c := range s.Status.Conditions {
				kinds = append(kinds, string(c.Type))
			}
			return conditionTypes(kinds)
		},
		Changed: func(s, old *flowcontrolv1.FlowSchema) bool { return !equality.Semantic.DeepEqual(s.Spec, old.Spec) },
		Row: func(s *flowcontrolv1.FlowSchema, now time.Time) []any {
			method, dangling := "<none>", "?"
			if s.Spec.DistinguisherMethod != nil {
				method = string(s.Spec.DistinguisherMethod.Type)
			}
			for _, c := range s.Status.Conditions {
				if c.Type == flowcontrolv1.FlowSchemaConditionDangling {
					dangling = string(c.Status)
					break
				}
			}
			return []any{s.Name, s.Spec.PriorityLevelConfiguration.Name, int64(s.Spec.MatchingPrecedence), method, age(s.CreationTimestamp, now), dangling}
		},
	})
}

// keepMeta takes the metadata back to what they were, but for the managed fields.
func keepMeta(meta *metav1.ObjectMeta, old metav1.ObjectMeta) {
	managed := meta.ManagedFields
	*meta = old
	meta.ManagedFields = managed
}

func conditionTypes(kinds []string) field.ErrorList {
	var p problems
	for i, kind := range kinds {
		at := field.NewPath("status", "conditions").Index(i).Child("type")
		if slices.Contains(kinds[:i], kind) {
			p.duplicate(at, kind)
		}
		p.present(at, kind)
	}
	return p.list()
}

func validateFlowSchema(s *flowcontrolv1.FlowSchema) field.ErrorList {
	const last = 10000
	var p problems
	at, spec := field.NewPath("spec"), &s.Spec
	precedence, precedenceAt := spec.MatchingPrecedence, at.Child("matchingPrecedence")
	if precedence <= 0 {
		p.invalid(precedenceAt, precedence, "must be a positive value")
	}
	if precedence > last {
		p.invalid(precedenceAt, precedence, fmt.Sprintf("must not be greater than %d", last))
	}
	if precedence == 1 && s.Name != "exempt" {
		p.invalid(precedenceAt, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")
	}
	if method := spec.DistinguisherMethod; method != nil && method.Type != flowcontrolv1.FlowDistinguisherMethodByUserType &&
		method.Type != flowcontrolv1.FlowDistinguisherMethodByNamespaceType {
		p.add(field.NotSupported(at.Child("distinguisherMethod", "type"), inward{method}, []flowcontrolv1.FlowDistinguisherMethodType{
			flowcontrolv1.FlowDistinguisherMethodByNamespaceType, flowcontrolv1.FlowDistinguisherMethodByUserType}))
	}
	if level := at.Child("priorityLevelConfiguration", "name"); spec.PriorityLevelConfiguration.Name == "" {
		p.required(level, "must reference a priority level")
	} else {
		p.subdomain(level, spec.PriorityLevelConfiguration.Name)
	}
	for i := range spec.Rules {
		validateFlowRule(&p, at.Child("rules").Index(i), &spec.Rules[i])
	}
	return p.list()
}

func validateFlowRule(p *problems, at *field.Path, rule *flowcontrolv1.PolicyRulesWithSubjects) {
	if len(rule.Subjects) == 0 {
		p.required(at.Child("subjects"), "subjects must contain at least one value")
	}
	for i := range rule.Subjects {
		validateFlowSubject(p, at.Child("subjects").Index(i), &rule.Subjects[i])
	}
	if len(rule.ResourceRules) == 0 && len(rule.NonResourceRules) == 0 {
		p.required(at, "at least one of resourceRules and nonResourceRules has to be non-empty")
	}
	for i, r := range rule.ResourceRules {
		at := at.Child("resourceRules").Index(i)
		validateFlowVerbs(p, at.Child("verbs"), r.Verbs)
		someOrStar(p, at.Child("apiGroups"), r.APIGroups, "resource rules must supply at least one api group", "api groups")
		someOrStar(p, at.Child("resources"), r.Resources, "resource rules must supply at least one resource", "resources")
		validateFlowNamespaces(p, at.Child("namespaces"), r.Namespaces, r.ClusterScope)
	}
	for i, r := range rule.NonResourceRules {
		at := at.Child("nonResourceRules").Index(i)
		validateFlowVerbs(p, at.Child("verbs"), r.Verbs)
		at = at.Child("nonResourceURLs")
		someOrStar(p, at, r.NonResourceURLs, "nonResourceURLs must contain at least one value", "non-resource URLs")
		for k, path := range r.NonResourceURLs {
			if why := urlPathProblem(path); why != "" && !slices.Contains(r.NonResourceURLs, "*") {
				p.invalid(at.Index(k), path, why)
			}
		}
	}
}

// someOrStar wants a list that is not empty and has a star only where it has nothing else.
func someOrStar(p *problems, at *field.Path, list []string, none, what string) {
	switch {
	case len(list) == 0:
		p.required(at, none)
	case len(list) > 1 && slices.Contains(list, "*"):
		p.invalid(at, list, "if '*' is present, must not specify other "+what)
	}
}

func validateFlowVerbs(p *problems, at *field.Path, verbs []string) {
	known := []string{"create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"}
	someOrStar(p, at, verbs, "verbs must contain at least one value", "verbs")
	if !slices.Contains(verbs, "*") && slices.ContainsFunc(verbs, func(verb string) bool { return !slices.Contains(known, verb) }) {
		p.add(field.NotSupported(at, verbs, known))
	}
}

func validateFlowNamespaces(p *problems, at *field.Path, namespaces []string, cluster bool) {
	if len(namespaces) == 0 && cluster {
		return
	}
	someOrStar(p, at, namespaces, "resource rules that are not cluster scoped must supply at least one namespace", "namespaces")
	if slices.Contains(namespaces, "*") {
		return
	}
	for i, name := range namespaces {
		for _, wrong := range apivalidation.ValidateNamespaceName(name, false) {
			p.invalid(at.Index(i), name, "each member of this list must be '*' or a DNS-1123 label; "+wrong)
		}
	}
}

func urlPathProblem(path string) string {
	stars := strings.Count(path, "*")
	switch {
	case path == "":
		return "must not be empty"
	case path == "/":
		return ""
	case path[0] != '/':
		return "must start with slash"
	case strings.Contains(path, " "):
		return "must not contain white-space"
	case strings.Contains(path, "//"):
		return "must not contain double slash"
	case stars > 1 || stars == 1 && !strings.HasSuffix(path, "/*"):
		return "wildcard can only do suffix matching"
	}
	return ""
}

func validateFlowSubject(p *problems, at *field.Path, s *flowcontrolv1.Subject) {
	parts := []struct {
		kind flowcontrolv1.SubjectKind
		name string
		is   bool
	}{
		{flowcontrolv1.SubjectKindServiceAccount, "serviceAccount", s.ServiceAccount != nil},
		{flowcontrolv1.SubjectKindUser, "user", s.User != nil}, {flowcontrolv1.SubjectKindGroup, "group", s.Group != nil},
	}
	known := false
	for _, part := range parts {
		if part.kind != s.Kind {
			continue
		}
		known = true
		at := at.Child(part.name)
		switch {
		case !part.is:
			p.required(at, fmt.Sprintf("%s is required when subject kind is '%s'", part.name, part.kind))
		case s.Kind == flowcontrolv1.SubjectKindUser:
			p.present(at.Child("name"), s.User.Name)
		case s.Kind == flowcontrolv1.SubjectKindGroup:
			p.present(at.Child("name"), s.Group.Name)
		default:
			validateFlowAccount(p, at, s.ServiceAccount)
		}
	}
	if !known {
		oneOf(p, at.Child("kind"), s.Kind, flowcontrolv1.SubjectKindGroup, flowcontrolv1.SubjectKindServiceAccount, flowcontrolv1.SubjectKindUser)
		return
	}
	for _, part := range parts {
		if part.is && part.kind != s.Kind {
			p.forbidden(at.Child(part.name), fmt.Sprintf("%s is forbidden when subject kind is not '%s'", part.name, part.kind))
		}
	}
}

func validateFlowAccount(p *problems, at *field.Path, a *flowcontrolv1.ServiceAccountSubject) {
	if p.present(at.Child("name"), a.Name) && a.Name != "*" {
		p.subdomain(at.Child("name"), a.Name)
	}
	if a.Namespace == "" {
		p.required(at.Child("namespace"), "must specify namespace for service account")
	} else {
		p.each(at.Child("namespace"), a.Namespace, apivalidation.ValidateNamespaceName(a.Namespace, false))
	}
}
