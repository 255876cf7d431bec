package admission

import (
	"errors"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/api"
)

// MutatingAdmissionWebhook asks the webhooks that may change an object. There is nobody who answers: a call fails as it
// would where nothing runs behind a Service, and what a webhook would have done is not simulated.
type MutatingAdmissionWebhook struct{ admits }

// Name implements Plugin.
func (MutatingAdmissionWebhook) Name() string { return "MutatingAdmissionWebhook" }

// Admit implements Plugin.
func (MutatingAdmissionWebhook) Admit(a *Attributes) error {
	all, err := list[admissionv1.MutatingWebhookConfiguration](a, "")
	if err != nil || exempt(a) {
		return err
	}
	for _, c := range all {
		for _, h := range c.Webhooks {
			if err := askHook(a, &admissionv1.ValidatingWebhook{
				Name: h.Name, ClientConfig: h.ClientConfig, Rules: h.Rules, FailurePolicy: h.FailurePolicy, MatchPolicy: h.MatchPolicy,
				NamespaceSelector: h.NamespaceSelector, ObjectSelector: h.ObjectSelector, SideEffects: h.SideEffects,
				TimeoutSeconds: h.TimeoutSeconds, MatchConditions: h.MatchConditions,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ValidatingAdmissionWebhook asks the webhooks that may refuse an object; see MutatingAdmissionWebhook.
type ValidatingAdmissionWebhook struct{ validates }

// Name implements Plugin.
func (ValidatingAdmissionWebhook) Name() string { return "ValidatingAdmissionWebhook" }

// Validate implements Plugin.
func (ValidatingAdmissionWebhook) Validate(a *Attributes) error {
	all, err := list[admissionv1.ValidatingWebhookConfiguration](a, "")
	if err != nil || exempt(a) {
		return err
	}
	for _, c := range all {
		for i := range c.Webhooks {
			if err := askHook(a, &c.Webhooks[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// askHook calls a webhook if the request is one that it is for.
func askHook(a *Attributes, h *admissionv1.ValidatingWebhook) error {
	t := &target{equivalent: h.MatchPolicy == nil || *h.MatchPolicy == admissionv1.Equivalent, namespace: h.NamespaceSelector, match: h.ObjectSelector}
	for _, r := range h.Rules {
		t.rules = append(t.rules, admissionv1.NamedRuleWithOperations{RuleWithOperations: r})
	}
	if ok, err := t.hits(a); len(t.rules) == 0 || !ok || err != nil {
		return err
	}
	ignore := h.FailurePolicy != nil && *h.FailurePolicy == admissionv1.Ignore
	ok, err := newEvaluation(a, false, nil, nil).matches(h.MatchConditions)
	if err != nil && !ignore {
		return forbidden(a, err)
	}
	if err != nil || !ok {
		return nil
	}
	if effects := h.SideEffects; a.Request.DryRun && effects != nil && *effects != admissionv1.SideEffectClassNone && *effects != admissionv1.SideEffectClassNoneOnDryRun {
		return apierrors.NewBadRequest(fmt.Sprintf("admission webhook %q does not support dry run", h.Name))
	}
	if ignore {
		return nil
	}
	return apierrors.NewInternalError(fmt.Errorf("failed calling webhook %q: failed to call webhook: %w", h.Name, reach(a, h)))
}

var errComputes = errors.New(`terrarium recognises "admission webhooks" but does not simulate it`)

// reach is why a webhook cannot be asked.
func reach(a *Attributes, h *admissionv1.ValidatingWebhook) error {
	to := h.ClientConfig.Service
	if to == nil {
		return errComputes
	}
	port, path, seconds := int32(443), "/", int32(10)
	if to.Port != nil {
		port = *to.Port
	}
	if to.Path != nil && *to.Path != "" {
		path = *to.Path
	}
	if h.TimeoutSeconds != nil {
		seconds = *h.TimeoutSeconds
	}
	post := func(err error) error {
		return fmt.Errorf("Post \"https://%s.%s.svc:%d%s?timeout=%ds\": %w", to.Name, to.Namespace, port, path, seconds, err)
	}
	service, err := api.Get[corev1.Service](a.Client, to.Namespace, to.Name)
	if err != nil {
		return post(fmt.Errorf("service %q not found", to.Name))
	}
	if !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port }) {
		return post(fmt.Errorf("no service port %d found for service %q", port, to.Name))
	}
	if !answered(a, service) {
		return post(fmt.Errorf("dial tcp %s:%d: connect: connection refused", service.Spec.ClusterIP, port))
	}
	return errComputes
}

// answered says whether a Service has an endpoint that is ready.
func answered(a *Attributes, s *corev1.Service) bool {
	found, err := api.List[discoveryv1.EndpointSlice](a.Client, s.Namespace, labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: s.Name}))
	if err != nil {
		return false
	}
	for _, one := range found {
		for _, e := range one.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				return true
			}
		}
	}
	return false
}
