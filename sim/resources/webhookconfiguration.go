package resources

import (
	"reflect"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const admissionGroup = "admissionregistration.k8s.io"

func validatingWebhookConfigurations() *Resource {
	return of(&Resource{
		Group: admissionGroup, Version: "v1", Name: "validatingwebhookconfigurations", Singular: "validatingwebhookconfiguration",
		Kind: "ValidatingWebhookConfiguration", Categories: []string{"api-extensions"}, NeedsVersion: true,
		New: fresh[admissionv1.ValidatingWebhookConfiguration], NewList: fresh[admissionv1.ValidatingWebhookConfigurationList],
	}, typed[admissionv1.ValidatingWebhookConfiguration]{
		MetaAgain:     "m|",
		AnyFinalizers: true,
		Default: func(c *admissionv1.ValidatingWebhookConfiguration) {
			for i := range c.Webhooks {
				defaultWebhook(&c.Webhooks[i])
			}
		},
		Validate: func(c *admissionv1.ValidatingWebhookConfiguration) field.ErrorList {
			return validateWebhooks(hooksOf(c.Webhooks), nil, true)
		},
		ValidateUpdate: func(c, old *admissionv1.ValidatingWebhookConfiguration) field.ErrorList {
			return validateWebhooks(hooksOf(c.Webhooks), hooksOf(old.Webhooks), false)
		},
		Warnings: func(c, _ *admissionv1.ValidatingWebhookConfiguration) []string { return staticNameWarning(c.Name) },
		Changed: func(c, old *admissionv1.ValidatingWebhookConfiguration) bool {
			return !reflect.DeepEqual(c.Webhooks, old.Webhooks)
		},
		Row: func(c *admissionv1.ValidatingWebhookConfiguration, now time.Time) []any {
			return []any{c.Name, int64(len(c.Webhooks)), age(c.CreationTimestamp, now)}
		},
	})
}

func mutatingWebhookConfigurations() *Resource {
	return of(&Resource{
		Group: admissionGroup, Version: "v1", Name: "mutatingwebhookconfigurations", Singular: "mutatingwebhookconfiguration",
		Kind: "MutatingWebhookConfiguration", Categories: []string{"api-extensions"}, NeedsVersion: true,
		New: fresh[admissionv1.MutatingWebhookConfiguration], NewList: fresh[admissionv1.MutatingWebhookConfigurationList],
	}, typed[admissionv1.MutatingWebhookConfiguration]{
		MetaAgain:     "m|",
		AnyFinalizers: true,
		Default: func(c *admissionv1.MutatingWebhookConfiguration) {
			for i := range c.Webhooks {
				w := &c.Webhooks[i]
				common := plain(w)
				defaultWebhook(&common)
				w.FailurePolicy, w.MatchPolicy, w.TimeoutSeconds = common.FailurePolicy, common.MatchPolicy, common.TimeoutSeconds
				w.NamespaceSelector, w.ObjectSelector, w.ClientConfig = common.NamespaceSelector, common.ObjectSelector, common.ClientConfig
				fillPointer(&w.ReinvocationPolicy, admissionv1.NeverReinvocationPolicy)
			}
		},
		Validate: func(c *admissionv1.MutatingWebhookConfiguration) field.ErrorList {
			return validateWebhooks(mutatingHooksOf(c.Webhooks), nil, true)
		},
		ValidateUpdate: func(c, old *admissionv1.MutatingWebhookConfiguration) field.ErrorList {
			return validateWebhooks(mutatingHooksOf(c.Webhooks), mutatingHooksOf(old.Webhooks), false)
		},
		Warnings: func(c, _ *admissionv1.MutatingWebhookConfiguration) []string { return staticNameWarning(c.Name) },
		Changed: func(c, old *admissionv1.MutatingWebhookConfiguration) bool {
			return !reflect.DeepEqual(c.Webhooks, old.Webhooks)
		},
		Row: func(c *admissionv1.MutatingWebhookConfiguration, now time.Time) []any {
			return []any{c.Name, int64(len(c.Webhooks)), age(c.CreationTimestamp, now)}
		},
	})
}

func defaultWebhook(w *admissionv1.ValidatingWebhook) {
	fillPointer(&w.FailurePolicy, admissionv1.Fail)
	fillPointer(&w.MatchPolicy, admissionv1.Equivalent)
	fillPointer(&w.NamespaceSelector, metav1.LabelSelector{})
	fillPointer(&w.ObjectSelector, metav1.LabelSelector{})
	fillPointer(&w.TimeoutSeconds, 10)
	if w.ClientConfig.Service != nil {
		fillPointer(&w.ClientConfig.Service.Port, 443)
	}
	for i := range w.Rules {
		fillPointer(&w.Rules[i].Scope, admissionv1.AllScopes)
	}
}

// plain is what a mutating webhook has in common with a validating one.
func plain(w *admissionv1.MutatingWebhook) admissionv1.ValidatingWebhook {
	return admissionv1.ValidatingWebhook{Name: w.Name, ClientConfig: w.ClientConfig, Rules: w.Rules, FailurePolicy: w.FailurePolicy,
		MatchPolicy: w.MatchPolicy, NamespaceSelector: w.NamespaceSelector, ObjectSelector: w.ObjectSelector, SideEffects: w.SideEffects,
		TimeoutSeconds: w.TimeoutSeconds, AdmissionReviewVersions: w.AdmissionReviewVersions, MatchConditions: w.MatchConditions}
}

// hook is a webhook of either sort.
type hook struct {
	admissionv1.ValidatingWebhook
	again *admissionv1.ReinvocationPolicyType
}

func hooksOf(list []admissionv1.ValidatingWebhook) []hook {
	hooks := make([]hook, len(list))
	for i := range list {
		hooks[i].ValidatingWebhook = list[i]
	}
	return hooks
}

func mutatingHooksOf(list []admissionv1.MutatingWebhook) []hook {
	hooks := make([]hook, len(list))
	for i := range list {
		hooks[i] = hook{plain(&list[i]), list[i].ReinvocationPolicy}
	}
	return hooks
}
