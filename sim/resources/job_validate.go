package resources

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateJob(j *batchv1.Job) field.ErrorList {
	var p problems
	validateWholeJob(&p, j, nil)
	return p.list()
}

func validateWholeJob(p *problems, j, old *batchv1.Job) {
	validateOwnLabels(p, j, old)
	validateJobSpec(p, &j.Spec, old)
	if most := or(j.Spec.Completions, 0); isIndexed(&j.Spec) && most > 0 {
		host := fmt.Sprintf("%s-%d", j.Name, most-1)
		if len(validation.IsDNS1123Label(host)) > 0 {
			p.invalid(field.NewPath("metadata", "name"), j.Name, "will not able to create pod with invalid DNS label: "+host)
		}
	}
}

// validateOwnLabels wants the labels and the selector that a job without a selector of its own is given.
func validateOwnLabels(p *problems, j, old *batchv1.Job) {
	if or(j.Spec.ManualSelector, false) || j.Spec.Selector == nil {
		return
	}
	p.present(field.NewPath("metadata", "uid"), string(j.UID))
	wanted := []struct{ key, value string }{{oldControllerUID, string(j.UID)}, {oldJobName, j.Name}}
	prefixed := true
	if old != nil {
		_, hadUID := old.Spec.Template.Labels[batchv1.ControllerUidLabel]
		_, hadName := old.Spec.Template.Labels[batchv1.JobNameLabel]
		prefixed = hadUID && hadName
	}
	if prefixed {
		wanted = append(wanted, struct{ key, value string }{batchv1.ControllerUidLabel, string(j.UID)},
			struct{ key, value string }{batchv1.JobNameLabel, j.Name})
	}
	at, expected := field.NewPath("spec", "template", "metadata", "labels"), labels.Set{}
	for _, w := range wanted {
		expected[w.key] = w.value
		switch value, found := j.Spec.Template.Labels[w.key]; {
		case !found:
			p.required(at.Key(w.key), fmt.Sprintf("must be '%s'", w.value))
		case value != w.value:
			p.invalid(at.Key(w.key), j.Spec.Template.Labels, fmt.Sprintf("must be '%s'", w.value))
		}
	}
	if selector, err := metav1.LabelSelectorAsSelector(j.Spec.Selector); err == nil && !selector.Matches(expected) {
		p.invalid(field.NewPath("spec", "selector"), j.Spec.Selector, "`selector` not auto-generated")
	}
}

// validateJobSpec checks the spec of a job, with its selector.
func validateJobSpec(p *problems, spec *batchv1.JobSpec, old *batchv1.Job) {
	at := field.NewPath("spec")
	var before *batchv1.JobSpec
	anyValues := false
	if old != nil {
		before = &old.Spec
		anyValues = templateRules(&before.Template).selectorValues || badSelector(before.Selector)
	}
	validateJobSpecAlone(p, at, spec, before)
	if spec.Selector == nil {
		p.required(at.Child("selector"), "")
	} else {
		validateSelector(p, at.Child("selector"), spec.Selector, anyValues)
	}
	if selector, err := metav1.LabelSelectorAsSelector(spec.Selector); err == nil && !selector.Matches(labels.Set(spec.Template.Labels)) {
		p.invalid(at.Child("template", "metadata", "labels"), spec.Template.Labels, templateMismatch)
	}
}

// validateJobSpecAlone checks what the templates of jobs have too.
func validateJobSpecAlone(p *problems, at *field.Path, spec, old *batchv1.JobSpec) {
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"parallelism", int64(or(spec.Parallelism, 0))}, {"completions", int64(or(spec.Completions, 0))},
		{"activeDeadlineSeconds", or(spec.ActiveDeadlineSeconds, 0)}, {"backoffLimit", int64(or(spec.BackoffLimit, 0))},
		{"ttlSecondsAfterFinished", int64(or(spec.TTLSecondsAfterFinished, 0))}, {"backoffLimitPerIndex", int64(or(spec.BackoffLimitPerIndex, 0))},
		{"maxFailedIndexes", int64(or(spec.MaxFailedIndexes, 0))},
	} {
		p.nonNegative(at.Child(n.name), n.value)
	}
	if spec.MaxFailedIndexes != nil && spec.BackoffLimitPerIndex == nil {
		p.required(at.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified")
	}
	if by := spec.ManagedBy; by != nil {
		p.add(validation.IsDomainPrefixedPath(at.Child("managedBy"), *by)...)
		if len(*by) > 63 {
			p.tooLong(at.Child("managedBy"), 63)
		}
	}
	validateCompletionMode(p, at, spec)
	if spec.PodFailurePolicy != nil {
		validateFailurePolicy(p, at.Child("podFailurePolicy", "rules"), spec)
	}
	if spec.SuccessPolicy != nil {
		validateSuccessPolicy(p, at.Child("successPolicy"), spec)
	}
	if policy := spec.PodReplacementPolicy; policy != nil && spec.PodFailurePolicy != nil {
		oneOf(p, at.Child("podReplacementPolicy"), *policy, batchv1.Failed)
	} else if policy != nil {
		oneOf(p, at.Child("podReplacementPolicy"), *policy, batchv1.Failed, batchv1.TerminatingOrFailed)
	}
	var template *v1.PodTemplateSpec
	if old != nil {
		template = &old.Template
	}
	validatePodTemplate(p, at.Child("template"), &spec.Template, template)
	restart := at.Child("template", "spec", "restartPolicy")
	switch policy := spec.Template.Spec.RestartPolicy; {
	case policy == v1.RestartPolicyAlways || policy == "":
		p.required(restart, `valid values: "OnFailure", "Never"`)
	case policy != v1.RestartPolicyOnFailure && policy != v1.RestartPolicyNever:
		oneOf(p, restart, policy, v1.RestartPolicyOnFailure, v1.RestartPolicyNever)
	case spec.PodFailurePolicy != nil && policy != v1.RestartPolicyNever:
		p.invalid(restart, policy, `only "Never" is supported when podFailurePolicy is specified`)
	}
}

// The numbers up to which a job with indexes can be kept account of.
const (
	mostParallel    = 100_000
	mostFailed      = 100_000
	manyCompletions = 100_000
	mostWhereMany   = 10_000
)

func validateCompletionMode(p *problems, at *field.Path, spec *batchv1.JobSpec) {
	const whereMany = "must be less than or equal to %d when completions are above %d and used with backoff limit per index"
	mode := or(spec.CompletionMode, batchv1.NonIndexedCompletion)
	oneOf(p, at.Child("completionMode"), mode, batchv1.NonIndexedCompletion, batchv1.IndexedCompletion)
	failed, completions, parallel := or(spec.MaxFailedIndexes, 0), or(spec.Completions, 0), or(spec.Parallelism, 0)
	switch mode {
	case batchv1.IndexedCompletion:
		if spec.Completions == nil {
			p.required(at.Child("completions"), "when completion mode is Indexed")
		}
		if parallel > mostParallel {
			p.invalid(at.Child("parallelism"), parallel, fmt.Sprintf("must be less than or equal to %d when completion mode is Indexed", mostParallel))
		}
		if spec.Completions != nil && failed > completions {
			p.invalid(at.Child("maxFailedIndexes"), failed, "must be less than or equal to completions")
		}
		if failed > mostFailed {
			p.invalid(at.Child("maxFailedIndexes"), failed, fmt.Sprintf("must be less than or equal to %d", mostFailed))
		}
		if completions <= manyCompletions || spec.BackoffLimitPerIndex == nil {
			return
		}
		if spec.MaxFailedIndexes == nil {
			p.required(at.Child("maxFailedIndexes"), fmt.Sprintf("must be specified when completions is above %d", manyCompletions))
		}
		if parallel > mostWhereMany {
			p.invalid(at.Child("parallelism"), parallel, fmt.Sprintf(whereMany, mostWhereMany, manyCompletions))
		}
		if failed > mostWhereMany {
			p.invalid(at.Child("maxFailedIndexes"), failed, fmt.Sprintf(whereMany, mostWhereMany, manyCompletions))
		}
	case batchv1.NonIndexedCompletion:
		if spec.BackoffLimitPerIndex != nil {
			p.invalid(at.Child("backoffLimitPerIndex"), *spec.BackoffLimitPerIndex, "requires indexed completion mode")
		}
		if spec.MaxFailedIndexes != nil {
			p.invalid(at.Child("maxFailedIndexes"), failed, "requires indexed completion mode")
		}
	}
}

// oneOfNamed wants one of the supported values and names them where there is none.
func oneOfNamed[T ~string](p *problems, at *field.Path, value T, supported ...T) {
	if value == "" {
		p.required(at, fmt.Sprintf("valid values: %q", supported))
		return
	}
	oneOf(p, at, value, supported...)
}

func validateFailurePolicy(p *problems, at *field.Path, spec *batchv1.JobSpec) {
	rules := spec.PodFailurePolicy.Rules
	if len(rules) > 20 {
		p.add(field.TooMany(at, len(rules), 20))
	}
	for i := range rules {
		rule, at := &rules[i], at.Index(i)
		switch {
		case rule.Action != batchv1.PodFailurePolicyActionFailIndex:
			oneOfNamed(p, at.Child("action"), rule.Action, batchv1.PodFailurePolicyActionCount, batchv1.PodFailurePolicyActionFailIndex,
				batchv1.PodFailurePolicyActionFailJob, batchv1.PodFailurePolicyActionIgnore)
		case spec.BackoffLimitPerIndex == nil:
			p.invalid(at.Child("action"), rule.Action, "requires the backoffLimitPerIndex to be set")
		}
		if rule.OnExitCodes != nil {
			validateExitCodes(p, at.Child("onExitCodes"), rule.OnExitCodes, &spec.Template.Spec)
		}
		conditions := at.Child("onPodConditions")
		if len(rule.OnPodConditions) > 20 {
			p.add(field.TooMany(conditions, len(rule.OnPodConditions), 20))
		}
		for k, pattern := range rule.OnPodConditions {
			p.qualified(conditions.Index(k).Child("type"), string(pattern.Type))
			oneOfNamed(p, conditions.Index(k).Child("status"), pattern.Status, v1.ConditionFalse, v1.ConditionTrue, v1.ConditionUnknown)
		}
		switch hasConditions := len(rule.OnPodConditions) > 0; {
		case rule.OnExitCodes != nil && hasConditions:
			p.invalid(at, field.OmitValueType{}, "specifying both OnExitCodes and OnPodConditions is not supported")
		case rule.OnExitCodes == nil && !hasConditions:
			p.invalid(at, field.OmitValueType{}, "specifying one of OnExitCodes and OnPodConditions is required")
		}
	}
}

func validateExitCodes(p *problems, at *field.Path, codes *batchv1.PodFailurePolicyOnExitCodesRequirement, pod *v1.PodSpec) {
	oneOfNamed(p, at.Child("operator"), codes.Operator, batchv1.PodFailurePolicyOnExitCodesOpIn, batchv1.PodFailurePolicyOnExitCodesOpNotIn)
	isNamed := func(c v1.Container) bool { return c.Name == *codes.ContainerName }
	if codes.ContainerName != nil && !slices.ContainsFunc(pod.Containers, isNamed) && !slices.ContainsFunc(pod.InitContainers, isNamed) {
		p.invalid(at.Child("containerName"), *codes.ContainerName, "must be one of the container or initContainer names in the pod template")
	}
	at = at.Child("values")
	if len(codes.Values) == 0 {
		p.invalid(at, codes.Values, "at least one value is required")
	} else if len(codes.Values) > 255 {
		p.add(field.TooMany(at, len(codes.Values), 255))
	}
	seen := map[int32]bool{}
	for i, code := range codes.Values {
		if codes.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn && code == 0 {
			p.invalid(at.Index(i), code, "must not be 0 for the In operator")
		}
		if seen[code] {
			p.duplicate(at.Index(i), code)
		}
		seen[code] = true
	}
	if !slices.IsSorted(codes.Values) {
		p.invalid(at, codes.Values, "must be ordered")
	}
}

func validateSuccessPolicy(p *problems, at *field.Path, spec *batchv1.JobSpec) {
	if !isIndexed(spec) {
		p.invalid(at, inward{spec.SuccessPolicy}, "requires indexed completion mode")
		return
	}
	at = at.Child("rules")
	rules := spec.SuccessPolicy.Rules
	if len(rules) == 0 {
		p.required(at, "at least one rules must be specified when the successPolicy is specified")
	}
	if len(rules) > 20 {
		p.add(field.TooMany(at, len(rules), 20))
	}
	completions := or(spec.Completions, 0)
	for i, rule := range rules {
		at := at.Index(i)
		if rule.SucceededCount == nil && rule.SucceededIndexes == nil {
			p.required(at, "at least one of succeededCount or succeededIndexes must be specified")
		}
		var total int32
		if indexes := rule.SucceededIndexes; indexes != nil {
			if len(*indexes) > 64*1024 {
				p.tooLong(at.Child("succeededIndexes"), 64*1024)
			}
			var err error
			if total, err = countIndexes(*indexes, completions); err != nil {
				p.invalid(at.Child("succeededIndexes"), *indexes, "error parsing succeededIndexes: "+err.Error())
			}
		}
		if rule.SucceededCount == nil {
			continue
		}
		at, wanted := at.Child("succeededCount"), *rule.SucceededCount
		p.nonNegative(at, int64(wanted))
		if wanted > completions {
			p.invalid(at, wanted, fmt.Sprintf("must be less than or equal to %d (the number of specified completions)", completions))
		}
		if rule.SucceededIndexes != nil && wanted > total {
			p.invalid(at, wanted, fmt.Sprintf("must be less than or equal to %d (the number of indexes in the specified succeededIndexes field)", total))
		}
	}
}

// countIndexes counts the indexes in a list such as "0,3-5".
func countIndexes(text string, completions int32) (int32, error) {
	if text == "" {
		return 0, nil
	}
	var total int32
	last := int32(-1)
	for i, interval := range strings.Split(text, ",") {
		first, end, err := indexInterval(interval, completions)
		if err != nil {
			return 0, err
		}
		if i > 0 && last >= first {
			return 0, fmt.Errorf("non-increasing order, previous: %d, current: %d", last, first)
		}
		total += end - first + 1
		last = end
	}
	return total, nil
}

// indexInterval reads "3" or "3-5".
func indexInterval(text string, completions int32) (first, last int32, err error) {
	limits := strings.Split(text, "-")
	if len(limits) > 2 {
		return 0, 0, fmt.Errorf("the fragment %q violates the requirement that an index interval can have at most two parts separated by '-'", text)
	}
	var bounds [2]int
	for i, limit := range limits {
		bounds[i], err = strconv.Atoi(limit)
		if err != nil {
			return 0, 0, fmt.Errorf("cannot convert string to integer for index: %q", limit)
		}
		if bounds[i] >= int(completions) {
			return 0, 0, fmt.Errorf("too large index: %q", limit)
		}
	}
	if len(limits) == 1 {
		return int32(bounds[0]), int32(bounds[0]), nil
	}
	if bounds[0] >= bounds[1] {
		return 0, 0, fmt.Errorf("non-increasing order, previous: %d, current: %d", bounds[0], bounds[1])
	}
	return int32(bounds[0]), int32(bounds[1]), nil
}

func validateJobUpdate(j, old *batchv1.Job) field.ErrorList {
	var p problems
	validateWholeJob(&p, j, old)
	validateJobSpec(&p, &j.Spec, old)
	at, spec, before := field.NewPath("spec"), &j.Spec, &old.Spec
	if !isIndexed(spec) {
		validateSame(&p, at.Child("completions"), spec.Completions, before.Completions)
	} else if c := spec.Completions; c != nil && !equality.Semantic.DeepEqual(c, before.Completions) && *c != or(spec.Parallelism, 0) {
		p.invalid(at.Child("completions"), c, "can only be modified in tandem with spec.parallelism")
	}
	validateSame(&p, at.Child("selector"), spec.Selector, before.Selector)
	validateJobTemplateUpdate(&p, at.Child("template"), spec.Template, old)
	validateSame(&p, at.Child("completionMode"), spec.CompletionMode, before.CompletionMode)
	validateSameInward(&p, at.Child("podFailurePolicy"), spec.PodFailurePolicy, before.PodFailurePolicy)
	validateSame(&p, at.Child("backoffLimitPerIndex"), spec.BackoffLimitPerIndex, before.BackoffLimitPerIndex)
	validateSame(&p, at.Child("managedBy"), spec.ManagedBy, before.ManagedBy)
	validateSameInward(&p, at.Child("successPolicy"), spec.SuccessPolicy, before.SuccessPolicy)
	return p.list()
}

// validateJobTemplateUpdate lets the template of a job that is suspended and has no pods change in where the pods
// may run and in what they ask for.
func validateJobTemplateUpdate(p *problems, at *field.Path, now v1.PodTemplateSpec, old *batchv1.Job) {
	before := *old.Spec.Template.DeepCopy()
	suspended := or(old.Spec.Suspend, false)
	open := suspended && old.Status.Active == 0 && (old.Status.StartTime == nil || jobIs(old, batchv1.JobSuspended))
	if open {
		keepAffinity(&before.Spec, &now.Spec)
		before.Labels, before.Annotations = now.Labels, now.Annotations
		before.Spec.NodeSelector, before.Spec.Tolerations = now.Spec.NodeSelector, now.Spec.Tolerations
		before.Spec.SchedulingGates = now.Spec.SchedulingGates
	}
	if !open {
		validateSameInward(p, at, now, before)
		return
	}
	keepResources(before.Spec.Containers, now.Spec.Containers)
	keepResources(before.Spec.InitContainers, now.Spec.InitContainers)
	validateSameInward(p, field.NewPath("spec", "template.spec"), now.Spec, before.Spec)
}

func keepAffinity(old, now *v1.PodSpec) {
	switch {
	case now.Affinity == nil && old.Affinity != nil:
		old.Affinity.NodeAffinity = nil
		if *old.Affinity == (v1.Affinity{}) {
			old.Affinity = nil
		}
	case now.Affinity != nil && old.Affinity == nil:
		old.Affinity = &v1.Affinity{NodeAffinity: now.Affinity.NodeAffinity}
	case now.Affinity != nil:
		old.Affinity.NodeAffinity = now.Affinity.NodeAffinity
	}
}

func keepResources(old, now []v1.Container) {
	if len(old) != len(now) {
		return
	}
	for i := range old {
		if old[i].Name == now[i].Name {
			old[i].Resources = now[i].Resources
		}
	}
}

func jobIs(j *batchv1.Job, kind batchv1.JobConditionType) bool {
	return jobHas(j, kind, v1.ConditionTrue)
}

func jobHas(j *batchv1.Job, kind batchv1.JobConditionType, status v1.ConditionStatus) bool {
	return slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool { return c.Type == kind && c.Status == status })
}
