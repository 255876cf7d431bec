package controllers

import (
	"fmt"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/loop"
	"terrarium/sim/volumes"
)

// volumeResync is how often a claim that waits is looked at again.
const volumeResync = 15 * time.Second

// volumeBinder binds claims to volumes and says what becomes of volumes whose claim is gone.
type volumeBinder struct {
	base
	volumes *loop.Loop
}

func startVolumeBinder(cfg Config) error {
	c := &volumeBinder{}
	c.base = newBase(cfg, "persistent-volume-binder", "persistentvolume-controller", c.reconcileClaim)
	c.volumes = loop.New(cfg.Clock, cfg.Chance, "persistent-volume-binder/volumes", c.reconcileVolume)
	if err := watch1(&c.base, func(_ watch.EventType, claim, _ *v1.PersistentVolumeClaim) {
		c.loop.Add(keyOf(claim))
		if claim.Spec.VolumeName != "" {
			c.volumes.Add(claim.Spec.VolumeName)
		}
	}); err != nil {
		return err
	}
	return watch1(&c.base, func(kind watch.EventType, pv, old *v1.PersistentVolume) {
		c.volumes.Add(pv.Name)
		if ref := pv.Spec.ClaimRef; ref != nil {
			c.loop.Add(ref.Namespace + "/" + ref.Name)
		} else if kind == watch.Added || old != nil && old.Status.Phase != pv.Status.Phase {
			c.pendingClaims()
		}
	})
}

func (c *volumeBinder) pendingClaims() {
	claims, _ := api.List[v1.PersistentVolumeClaim](c.client, "", nil)
	for _, claim := range claims {
		if !volumes.Bound(claim) {
			c.loop.Add(keyOf(claim))
		}
	}
}

func (c *volumeBinder) reconcileClaim(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	claim, err := api.Get[v1.PersistentVolumeClaim](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	if volumes.Bound(claim) || claim.Annotations[volumes.BindCompleted] != "" {
		return 0, c.keepBound(claim)
	}
	if claim.Spec.VolumeName != "" {
		return volumeResync, c.bindTo(claim, claim.Spec.VolumeName)
	}
	return volumeResync, c.findVolume(claim)
}

func (c *volumeBinder) findVolume(claim *v1.PersistentVolumeClaim) error {
	class, classErr := c.class(claim)
	waits := volumes.Waits(class)
	all, err := api.List[v1.PersistentVolume](c.client, "", nil)
	if err != nil {
		return err
	}
	if pv := volumes.Match(claim, all, volumes.Options{Waits: waits}); pv != nil {
		return c.bind(pv, claim)
	}
	if updated, err := c.assignDefaultClass(claim); updated || err != nil {
		return err
	}
	switch {
	case waits && claim.Annotations[volumes.SelectedNode] == "":
		c.sayWhoWaits(claim)
	case volumes.ClassOf(claim) == "":
		c.eventf(claim, v1.EventTypeNormal, "FailedBinding", "no persistent volumes available for this claim and no storage class is set")
	case classErr != nil:
		c.eventf(claim, v1.EventTypeWarning, "ProvisioningFailed", "%v", classErr)
		return nil
	default:
		return c.provision(claim, class)
	}
	return c.claimStatus(claim, v1.ClaimPending, nil)
}

func (c *volumeBinder) class(claim *v1.PersistentVolumeClaim) (*storagev1.StorageClass, error) {
	name := volumes.ClassOf(claim)
	if name == "" {
		return nil, nil
	}
	class, err := api.Get[storagev1.StorageClass](c.client, "", name)
	if errors.IsNotFound(err) {
		err = errors.NewNotFound(storagev1.Resource("storageclass"), name)
	}
	return class, err
}

// assignDefaultClass gives a claim without a class the default one, which may have come after it.
func (c *volumeBinder) assignDefaultClass(claim *v1.PersistentVolumeClaim) (bool, error) {
	if _, named := claim.Annotations[v1.BetaStorageClassAnnotation]; named || claim.Spec.StorageClassName != nil {
		return false, nil
	}
	classes, err := api.List[storagev1.StorageClass](c.client, "", nil)
	if err != nil {
		return false, err
	}
	var newest *storagev1.StorageClass
	for _, class := range classes {
		if class.Annotations["storageclass.kubernetes.io/is-default-class"] != "true" {
			continue
		}
		if newest == nil || class.CreationTimestamp.After(newest.CreationTimestamp.Time) {
			newest = class
		}
	}
	if newest == nil {
		return false, nil
	}
	claim = claim.DeepCopy()
	claim.Spec.StorageClassName = &newest.Name
	_, err = api.Update(c.client, claim)
	return true, err
}

func (c *volumeBinder) sayWhoWaits(claim *v1.PersistentVolumeClaim) {
	pods, _ := api.List[v1.Pod](c.client, claim.Namespace, nil)
	var names []string
	for _, p := range pods {
		if p.Spec.NodeName == "" && usesClaim(p, claim) {
			names = append(names, p.Name)
		}
	}
	reason, message := "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
	switch {
	case len(names) == 1:
		reason, message = "WaitForPodScheduled", fmt.Sprintf("waiting for pod %s to be scheduled", names[0])
	case len(names) > 1:
		reason, message = "WaitForPodScheduled", fmt.Sprintf("waiting for pods %s to be scheduled", strings.Join(names, ","))
	}
	c.eventf(claim, v1.EventTypeNormal, reason, "%s", message)
}

func usesClaim(p *v1.Pod, claim *v1.PersistentVolumeClaim) bool {
	for _, v := range p.Spec.Volumes {
		if v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Name {
			return true
		}
		if v.Ephemeral != nil && p.Name+"-"+v.Name == claim.Name {
			return true
		}
	}
	return false
}

// provision asks an external provisioner for a volume.
func (c *volumeBinder) provision(claim *v1.PersistentVolumeClaim, class *storagev1.StorageClass) error {
	if strings.HasPrefix(class.Provisioner, "kubernetes.io/") {
		c.eventf(claim, v1.EventTypeWarning, "ProvisioningFailed", "no volume plugin matched name: %s", class.Provisioner)
		return nil
	}
	const beta = "volume.beta.kubernetes.io/storage-provisioner"
	if claim.Annotations[volumes.StorageProvisioner] != class.Provisioner || claim.Annotations[beta] != class.Provisioner {
		next := claim.DeepCopy()
		metav1.SetMetaDataAnnotation(&next.ObjectMeta, beta, class.Provisioner)
		metav1.SetMetaDataAnnotation(&next.ObjectMeta, volumes.StorageProvisioner, class.Provisioner)
		stored, err := api.Update(c.client, next)
		if err != nil {
			return err
		}
		claim = stored
	}
	c.eventf(claim, v1.EventTypeNormal, "ExternalProvisioning",
		"Waiting for a volume to be created either by the external provisioner '%s' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
		class.Provisioner)
	return nil
}

// bindTo binds a claim that names its volume.
func (c *volumeBinder) bindTo(claim *v1.PersistentVolumeClaim, name string) error {
	pv, err := api.Get[v1.PersistentVolume](c.client, "", name)
	switch {
	case errors.IsNotFound(err):
		return c.claimStatus(claim, v1.ClaimPending, nil)
	case err != nil:
		return err
	case pv.Spec.ClaimRef == nil:
		if reason := unsuitable(pv, claim); reason != "" {
			c.eventf(claim, v1.EventTypeWarning, "VolumeMismatch", "Cannot bind to requested volume %q: %s", name, reason)
			return c.claimStatus(claim, v1.ClaimPending, nil)
		}
		return c.bind(pv, claim)
	case volumes.BelongsTo(pv, claim):
		return c.bind(pv, claim)
	}
	c.eventf(claim, v1.EventTypeWarning, "FailedBinding", "volume %q already bound to a different claim.", name)
	return c.claimStatus(claim, v1.ClaimPending, nil)
}

func unsuitable(pv *v1.PersistentVolume, claim *v1.PersistentVolumeClaim) string {
	want, has := claim.Spec.Resources.Requests[v1.ResourceStorage], pv.Spec.Capacity[v1.ResourceStorage]
	switch {
	case pv.DeletionTimestamp != nil:
		return fmt.Sprintf("the volume is marked for deletion %q", pv.Name)
	case has.Cmp(want) < 0:
		return "requested PV is too small"
	case volumes.VolumeClassOf(pv) != volumes.ClassOf(claim):
		return "storageClassName does not match"
	case !volumes.SameMode(claim, pv):
		return "incompatible volumeMode"
	case !volumes.Modes(claim, pv):
		return "incompatible accessMode"
	}
	return ""
}

// bind makes the volume name the claim and the claim the volume, and says so in the status of both.
func (c *volumeBinder) bind(pv *v1.PersistentVolume, claim *v1.PersistentVolumeClaim) error {
	if !volumes.BelongsTo(pv, claim) || pv.Spec.ClaimRef.UID == "" {
		next := pv.DeepCopy()
		if pv.Spec.ClaimRef == nil {
			metav1.SetMetaDataAnnotation(&next.ObjectMeta, volumes.BoundByController, "yes")
		}
		next.Spec.ClaimRef = &v1.ObjectReference{
			APIVersion: "v1", Kind: "PersistentVolumeClaim",
			Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
		}
		stored, err := api.Update(c.client, next)
		if err != nil {
			return err
		}
		pv = stored
	}
	if err := c.volumePhase(pv, v1.VolumeBound, ""); err != nil {
		return err
	}
	if claim.Spec.VolumeName != pv.Name || claim.Annotations[volumes.BindCompleted] == "" {
		next := claim.DeepCopy()
		if next.Spec.VolumeName != pv.Name {
			next.Spec.VolumeName = pv.Name
			metav1.SetMetaDataAnnotation(&next.ObjectMeta, volumes.BoundByController, "yes")
		}
		metav1.SetMetaDataAnnotation(&next.ObjectMeta, volumes.BindCompleted, "yes")
		stored, err := api.Update(c.client, next)
		if err != nil {
			return err
		}
		claim = stored
	}
	return c.claimStatus(claim, v1.ClaimBound, pv)
}

func (c *volumeBinder) keepBound(claim *v1.PersistentVolumeClaim) error {
	pv, err := api.Get[v1.PersistentVolume](c.client, "", claim.Spec.VolumeName)
	lost := ""
	switch {
	case claim.Spec.VolumeName == "":
		lost = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
	case errors.IsNotFound(err):
		lost = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
	case err != nil:
		return err
	case pv.Spec.ClaimRef == nil || pv.Spec.ClaimRef.UID == claim.UID:
		return c.bind(pv, claim)
	}
	if claim.Status.Phase == v1.ClaimLost {
		return nil
	}
	if lost == "" {
		c.eventf(claim, v1.EventTypeWarning, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
	} else {
		c.eventf(claim, v1.EventTypeWarning, "ClaimLost", "%s", lost)
	}
	return c.claimStatus(claim, v1.ClaimLost, nil)
}

func (c *volumeBinder) claimStatus(claim *v1.PersistentVolumeClaim, phase v1.PersistentVolumeClaimPhase, pv *v1.PersistentVolume) error {
	next := claim.DeepCopy()
	next.Status.Phase = phase
	if pv == nil {
		next.Status.AccessModes, next.Status.Capacity = nil, nil
	} else {
		next.Status.AccessModes = pv.Spec.AccessModes
		next.Status.Capacity = v1.ResourceList{v1.ResourceStorage: pv.Spec.Capacity[v1.ResourceStorage]}
	}
	if same(claim.Status, next.Status) {
		return nil
	}
	_, err := api.UpdateStatus(c.client, next)
	return ignoreMissing(err)
}

func (c *volumeBinder) volumePhase(pv *v1.PersistentVolume, phase v1.PersistentVolumePhase, message string) error {
	if pv.Status.Phase == phase && pv.Status.Message == message {
		return nil
	}
	next := pv.DeepCopy()
	next.Status.Phase, next.Status.Message = phase, message
	_, err := api.UpdateStatus(c.client, next)
	return ignoreMissing(err)
}

func (c *volumeBinder) reconcileVolume(name string) (time.Duration, error) {
	pv, err := api.Get[v1.PersistentVolume](c.client, "", name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	ref := pv.Spec.ClaimRef
	if ref == nil || ref.UID == "" {
		return 0, c.volumePhase(pv, v1.VolumeAvailable, "")
	}
	claim, err := api.Get[v1.PersistentVolumeClaim](c.client, ref.Namespace, ref.Name)
	switch {
	case err != nil && !errors.IsNotFound(err):
		return 0, err
	case err != nil || claim.UID != ref.UID:
		return 0, c.released(pv)
	case claim.Spec.VolumeName == "":
		c.loop.Add(keyOf(claim))
		return 0, nil
	case claim.Spec.VolumeName == pv.Name:
		return 0, c.volumePhase(pv, v1.VolumeBound, "")
	}
	return 0, c.unbind(pv)
}

// unbind frees a volume whose claim is bound to another one.
func (c *volumeBinder) unbind(pv *v1.PersistentVolume) error {
	next := pv.DeepCopy()
	if _, ours := pv.Annotations[volumes.BoundByController]; ours {
		next.Spec.ClaimRef = nil
		delete(next.Annotations, volumes.BoundByController)
	} else {
		next.Spec.ClaimRef.UID = ""
	}
	stored, err := api.Update(c.client, next)
	if err != nil {
		return err
	}
	return c.volumePhase(stored, v1.VolumeAvailable, "")
}

// released does with a volume whose claim is gone what its reclaim policy says.
func (c *volumeBinder) released(pv *v1.PersistentVolume) error {
	if pv.Status.Phase == v1.VolumeFailed {
		return nil
	}
	if pv.Status.Phase != v1.VolumeReleased {
		return c.volumePhase(pv, v1.VolumeReleased, "")
	}
	if pv.Spec.PersistentVolumeReclaimPolicy != v1.PersistentVolumeReclaimDelete || pv.DeletionTimestamp != nil {
		return nil
	}
	if _, external := pv.Annotations[volumes.ProvisionedBy]; external {
		return nil
	}
	problem := ""
	switch {
	case pv.Spec.HostPath == nil:
		problem = "error getting deleter volume plugin for volume \"" + pv.Name + "\": no deletable volume plugin matched"
	case !strings.HasPrefix(pv.Spec.HostPath.Path, "/tmp/") || len(pv.Spec.HostPath.Path) == len("/tmp/"):
		problem = "host_path deleter only supports /tmp/.+ but received provided " + pv.Spec.HostPath.Path
	default:
		return ignoreMissing(api.Delete[v1.PersistentVolume](c.client, "", pv.Name, nil))
	}
	if err := c.volumePhase(pv, v1.VolumeFailed, problem); err != nil {
		return err
	}
	c.eventf(pv, v1.EventTypeWarning, "VolumeFailedDelete", "%s", problem)
	return nil
}
