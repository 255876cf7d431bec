package controllers

import (
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// newPod is the pod of an ordinal, of the old template where a partition or an unfinished update says so.
func (s *statefulStep) newPod(ordinal int) *v1.Pod {
	revision := s.update.Name
	if ordinal < s.oldBelow() {
		revision = s.current.Name
	}
	template := s.templates[revision]
	pod := podFromTemplate(&template, s.set, statefulSetKind)
	pod.Name = fmt.Sprintf("%s-%d", s.set.Name, ordinal)
	pod.Labels = withLabel(pod.Labels, appsv1.ControllerRevisionHashLabelKey, revision)
	pod.Labels[appsv1.StatefulSetPodNameLabel] = pod.Name
	pod.Labels[appsv1.PodIndexLabel] = strconv.Itoa(ordinal)
	pod.Spec.Hostname, pod.Spec.Subdomain = pod.Name, s.set.Spec.ServiceName
	s.setVolumes(pod)
	return pod
}

func (s *statefulStep) claimName(template *v1.PersistentVolumeClaim, ordinal int) string {
	return fmt.Sprintf("%s-%s-%d", template.Name, s.set.Name, ordinal)
}

// setVolumes gives the pod a volume for every claim template.
func (s *statefulStep) setVolumes(pod *v1.Pod) {
	var volumes []v1.Volume
	for i := range s.set.Spec.VolumeClaimTemplates {
		t := &s.set.Spec.VolumeClaimTemplates[i]
		volumes = append(volumes, v1.Volume{Name: t.Name, VolumeSource: v1.VolumeSource{
			PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: s.claimName(t, ordinalOf(pod))},
		}})
	}
	for _, v := range pod.Spec.Volumes {
		if !slices.ContainsFunc(volumes, func(o v1.Volume) bool { return o.Name == v.Name }) {
			volumes = append(volumes, v)
		}
	}
	pod.Spec.Volumes = volumes
}

func (s *statefulStep) record(verb string, pod *v1.Pod, err error) {
	title := map[string]string{"create": "Create", "update": "Update", "delete": "Delete"}[verb]
	if err == nil {
		s.eventf(s.set, v1.EventTypeNormal, "Successful"+title, "%s Pod %s in StatefulSet %s successful", title, pod.Name, s.set.Name)
		return
	}
	s.eventf(s.set, v1.EventTypeWarning, "Failed"+title, "%s Pod %s in StatefulSet %s failed error: %s", title, pod.Name, s.set.Name, err)
}

func (s *statefulStep) createPod(pod *v1.Pod) error {
	if err := s.createClaims(pod); err != nil {
		s.record("create", pod, err)
		return err
	}
	_, err := api.Create(s.client, pod)
	if errors.IsAlreadyExists(err) {
		return err
	}
	if errors.HasStatusCause(err, v1.NamespaceTerminatingCause) {
		return nil
	}
	s.record("create", pod, err)
	return err
}

func (s *statefulStep) delete(pod *v1.Pod) error {
	err := ignoreMissing(api.Delete[v1.Pod](s.client, pod.Namespace, pod.Name, nil))
	s.record("delete", pod, err)
	return err
}

// repair restores the labels that give a pod its identity.
func (s *statefulStep) repair(pod *v1.Pod) error {
	if pod.Labels[appsv1.StatefulSetPodNameLabel] == pod.Name {
		return nil
	}
	next := pod.DeepCopy()
	next.Labels = withLabel(next.Labels, appsv1.StatefulSetPodNameLabel, pod.Name)
	next.Labels[appsv1.PodIndexLabel] = strconv.Itoa(ordinalOf(pod))
	_, err := api.Update(s.client, next)
	s.record("update", pod, err)
	return err
}

// createClaims creates the claims of the pod's volumes that do not exist.
func (s *statefulStep) createClaims(pod *v1.Pod) error {
	for i := range s.set.Spec.VolumeClaimTemplates {
		claim := s.set.Spec.VolumeClaimTemplates[i].DeepCopy()
		claim.Name, claim.Namespace = s.claimName(claim, ordinalOf(pod)), s.set.Namespace
		have, err := api.Get[v1.PersistentVolumeClaim](s.client, claim.Namespace, claim.Name)
		if err == nil {
			if have.DeletionTimestamp != nil {
				return fmt.Errorf("pvc %s is being deleted", claim.Name)
			}
			continue
		}
		if !errors.IsNotFound(err) {
			return fmt.Errorf("failed to retrieve PVC %s: %s", claim.Name, err)
		}
		if claim.Labels == nil {
			claim.Labels = map[string]string{}
		}
		for k, v := range s.set.Spec.Selector.MatchLabels {
			claim.Labels[k] = v
		}
		claim.OwnerReferences = s.claimOwners(claim, pod)
		if _, err := api.Create(s.client, claim); err != nil {
			if !errors.IsAlreadyExists(err) {
				s.eventf(s.set, v1.EventTypeWarning, "FailedCreate", "Create Claim %s for Pod %s in StatefulSet %s failed error: %s", claim.Name, pod.Name, s.set.Name, err)
				return fmt.Errorf("failed to create PVC %s: %s", claim.Name, err)
			}
			continue
		}
		s.eventf(s.set, v1.EventTypeNormal, "SuccessfulCreate", "Create Claim %s Pod %s in StatefulSet %s success", claim.Name, pod.Name, s.set.Name)
	}
	return nil
}

// claimOwners is who takes the claim along when it goes: the set, or a pod that is too many, as the retention policy
// has it.
func (s *statefulStep) claimOwners(claim *v1.PersistentVolumeClaim, pod *v1.Pod) []metav1.OwnerReference {
	refs := slices.DeleteFunc(slices.Clone(claim.OwnerReferences), func(r metav1.OwnerReference) bool {
		return r.UID == s.set.UID || r.Kind == "Pod" && r.Name == pod.Name
	})
	policy := s.set.Spec.PersistentVolumeClaimRetentionPolicy
	if policy == nil {
		return refs
	}
	at := ordinalOf(pod) - s.firstOrdinal()
	excess := at < 0 || at >= int(*s.set.Spec.Replicas)
	const del = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	switch {
	case policy.WhenScaled == del && excess:
		if pod.UID != "" {
			refs = append(refs, *metav1.NewControllerRef(pod, v1.SchemeGroupVersion.WithKind("Pod")))
		}
	case policy.WhenDeleted == del:
		refs = append(refs, *metav1.NewControllerRef(s.set, statefulSetKind))
	}
	return refs
}

// adjustClaims keeps the owners of all claims as the retention policy has them.
func (s *statefulStep) adjustClaims() error {
	if s.set.Spec.PersistentVolumeClaimRetentionPolicy == nil || len(s.set.Spec.VolumeClaimTemplates) == 0 {
		return nil
	}
	for _, pod := range slices.Concat(s.replicas, s.condemned) {
		for i := range s.set.Spec.VolumeClaimTemplates {
			name := s.claimName(&s.set.Spec.VolumeClaimTemplates[i], ordinalOf(pod))
			claim, err := api.Get[v1.PersistentVolumeClaim](s.client, s.set.Namespace, name)
			if errors.IsNotFound(err) {
				continue
			}
			if err != nil {
				return err
			}
			owners := s.claimOwners(claim, pod)
			if same(claim.OwnerReferences, owners) {
				continue
			}
			claim = claim.DeepCopy()
			claim.OwnerReferences = owners
			if _, err := api.Update(s.client, claim); err != nil {
				return err
			}
		}
	}
	return nil
}
