package apiserver

import (
	"fmt"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/admission"
	"terrarium/sim/api"
)

// evict deletes a pod, if the disruption budgets allow it.
func (c *call) evict() (runtime.Object, error) {
	sent, ok := c.req.Object.(*policyv1.Eviction)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Eviction object: %T", c.req.Object))
	}
	e := sent.DeepCopy()
	if err := c.settleNamespace(e); err != nil {
		return nil, err
	}
	if c.req.Name != e.Name {
		return nil, apierrors.NewBadRequest("name in URL does not match name in Eviction object")
	}
	options := e.DeleteOptions
	if options == nil {
		options = &metav1.DeleteOptions{}
	}
	c.req.DryRun = c.req.DryRun || len(options.DryRun) > 0
	a := c.attributes(admission.Create, e, nil)
	if err := c.admission.Admit(a); err != nil {
		return nil, err
	}
	if err := c.admission.Validate(a); err != nil {
		return nil, err
	}
	obj, err := c.existing()
	if err != nil {
		return nil, err
	}
	pod := obj.(*corev1.Pod)
	if err := c.precondition(pod, options.Preconditions); err != nil {
		return nil, err
	}
	if !undisruptable(pod) {
		if err := c.budget(pod); err != nil {
			return nil, err
		}
	}
	if !c.req.DryRun {
		if _, err := c.change(func(obj runtime.Object) error {
			setPodCondition(obj.(*corev1.Pod), corev1.PodCondition{
				Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue,
				Reason: "EvictionByEvictionAPI", Message: "Eviction API: evicting",
			}, c.now())
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if options.Preconditions != nil {
		options.Preconditions.ResourceVersion = nil
	}
	one := *c
	one.req.Subresource, one.req.Delete = "", options
	if _, err := one.deleteOne(one.deleteOptions()); err != nil {
		return nil, err
	}
	return success(), nil
}

// undisruptable says that a pod's eviction disrupts nothing.
func undisruptable(pod *corev1.Pod) bool {
	switch pod.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed, corev1.PodPending:
		return true
	}
	return pod.DeletionTimestamp != nil
}

// budget asks the pod's disruption budget and counts the disruption.
func (c *call) budget(pod *corev1.Pod) error {
	client := api.Client{Door: c.Server, User: Loopback()}
	if _, err := c.ResourceFor(reflect.TypeFor[policyv1.PodDisruptionBudget]()); err != nil {
		return nil // the kind is not served
	}
	all, err := api.List[policyv1.PodDisruptionBudget](client, pod.Namespace, nil)
	if err != nil {
		return err
	}
	var mine []*policyv1.PodDisruptionBudget
	for _, pdb := range all {
		selector, err := metav1.LabelSelectorAsSelector(pdb.Spec.Selector)
		if err == nil && selector.Matches(labels.Set(pod.Labels)) {
			mine = append(mine, pdb)
		}
	}
	switch len(mine) {
	case 0:
		return nil
	case 1:
	default:
		return &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: 500,
			Message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
		}}
	}
	pdb := mine[0].DeepCopy()
	if !ready(pod) && unhealthyMayGo(pdb) {
		return nil
	}
	if err := allowed(pdb); err != nil {
		return err
	}
	pdb.Status.DisruptionsAllowed--
	if pdb.Status.DisruptionsAllowed == 0 {
		meta.SetStatusCondition(&pdb.Status.Conditions, metav1.Condition{
			Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.InsufficientPodsReason,
			ObservedGeneration: pdb.Generation, LastTransitionTime: c.now(),
		})
	}
	if c.req.DryRun {
		return nil
	}
	if pdb.Status.DisruptedPods == nil {
		pdb.Status.DisruptedPods = map[string]metav1.Time{}
	}
	pdb.Status.DisruptedPods[pod.Name] = c.now()
	_, err = api.UpdateStatus(client, pdb)
	return err
}

func ready(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(cond corev1.PodCondition) bool {
		return cond.Type == corev1.PodReady && cond.Status == corev1.ConditionTrue
	})
}

// unhealthyMayGo says whether a pod that is not ready may be evicted without counting.
func unhealthyMayGo(pdb *policyv1.PodDisruptionBudget) bool {
	if p := pdb.Spec.UnhealthyPodEvictionPolicy; p != nil && *p == policyv1.AlwaysAllow {
		return true
	}
	return pdb.Status.CurrentHealthy >= pdb.Status.DesiredHealthy && pdb.Status.DesiredHealthy > 0
}

const budgetRefusal = "Cannot evict pod as it would violate the pod's disruption budget."

// maxDisruptedPods is how many unconfirmed evictions a budget remembers.
const maxDisruptedPods = 2000

func allowed(pdb *policyv1.PodDisruptionBudget) error {
	refuse := func(seconds int, cause string) error {
		err := apierrors.NewTooManyRequests(budgetRefusal, seconds)
		err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Type: policyv1.DisruptionBudgetCause, Message: cause})
		return err
	}
	gr := schema.GroupResource{Group: "policy", Resource: "poddisruptionbudget"}
	s := pdb.Status
	switch {
	case s.ObservedGeneration < pdb.Generation:
		return refuse(10, fmt.Sprintf("The disruption budget %s is still being processed by the server.", pdb.Name))
	case s.DisruptionsAllowed < 0:
		return apierrors.NewForbidden(gr, pdb.Name, fmt.Errorf("pdb disruptions allowed is negative"))
	case len(s.DisruptedPods) > maxDisruptedPods:
		return apierrors.NewForbidden(gr, pdb.Name, fmt.Errorf("DisruptedPods map too big - too many evictions not confirmed by PDB controller"))
	case s.DisruptionsAllowed > 0:
		return nil
	}
	cond := meta.FindStatusCondition(s.Conditions, policyv1.DisruptionAllowedCondition)
	spoken := cond != nil && cond.Status == metav1.ConditionFalse && cond.Message != ""
	switch {
	case spoken && cond.Reason == policyv1.SyncFailedReason:
		return refuse(0, fmt.Sprintf("The disruption budget %s does not allow evicting pods currently because it failed sync: %s", pdb.Name, cond.Message))
	case s.CurrentHealthy <= s.DesiredHealthy:
		return refuse(0, fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", pdb.Name, s.DesiredHealthy, s.CurrentHealthy))
	case spoken:
		return refuse(0, fmt.Sprintf("The disruption budget %s does not allow evicting pods currently (%s): %s", pdb.Name, cond.Reason, cond.Message))
	}
	return refuse(0, fmt.Sprintf("The disruption budget %s does not allow evicting pods currently", pdb.Name))
}
