package scheduler

import (
	"fmt"
	"sort"
	"time"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
	"terrarium/sim/volumes"
)

const (
	volumeBindingTimeout = 10 * time.Minute
	volumeBindingPoll    = 200 * time.Millisecond
)

// claims are the persistent volume claims that the pod uses.
type claims struct {
	bound   []*v1.PersistentVolumeClaim
	delayed []*v1.PersistentVolumeClaim // to be bound where the pod goes
	all     []*v1.PersistentVolume
	classes map[string]*storagev1.StorageClass
}

// claimName is the claim behind a volume of the pod, "" where there is none.
func claimName(pod *v1.Pod, v *v1.Volume) (name string, ephemeral bool) {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName, false
	case v.Ephemeral != nil:
		return pod.Name + "-" + v.Name, true
	}
	return "", false
}

func claimNames(pod *v1.Pod) []string {
	var names []string
	for i := range pod.Spec.Volumes {
		if name, _ := claimName(pod, &pod.Spec.Volumes[i]); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// lookUpClaims fills c.claims, or says why no node will do.
func (c *cycle) lookUpClaims() *refusal {
	c.claims = &claims{classes: map[string]*storagev1.StorageClass{}}
	var unbound bool
	for i := range c.pod.Spec.Volumes {
		name, ephemeral := claimName(c.pod, &c.pod.Spec.Volumes[i])
		if name == "" {
			continue
		}
		claim, problem := c.claim(name, ephemeral)
		if problem != "" {
			return refuse(true, problem)
		}
		switch {
		case volumes.Bound(claim):
			c.claims.bound = append(c.claims.bound, claim)
		case claim.Spec.VolumeName == "" && volumes.Waits(c.class(volumes.ClassOf(claim))):
			c.claims.delayed = append(c.claims.delayed, claim)
		default:
			unbound = true
		}
	}
	if unbound {
		return refuse(true, "pod has unbound immediate PersistentVolumeClaims")
	}
	if len(c.claims.bound)+len(c.claims.delayed) > 0 {
		c.claims.all, _ = api.List[v1.PersistentVolume](c.s.client, "", nil)
	}
	sort.SliceStable(c.claims.delayed, func(i, j int) bool {
		a := c.claims.delayed[i].Spec.Resources.Requests[v1.ResourceStorage]
		return a.Cmp(c.claims.delayed[j].Spec.Resources.Requests[v1.ResourceStorage]) < 0
	})
	return nil
}

func (c *cycle) claim(name string, ephemeral bool) (*v1.PersistentVolumeClaim, string) {
	claim, err := api.Get[v1.PersistentVolumeClaim](c.s.client, c.pod.Namespace, name)
	switch {
	case errors.IsNotFound(err) && ephemeral:
		return nil, fmt.Sprintf("waiting for ephemeral volume controller to create the persistentvolumeclaim %q", name)
	case errors.IsNotFound(err):
		return nil, fmt.Sprintf("persistentvolumeclaim %q not found", name)
	case err != nil:
		return nil, err.Error()
	case claim.Status.Phase == v1.ClaimLost:
		return nil, fmt.Sprintf("persistentvolumeclaim %q bound to non-existent persistentvolume %q", name, claim.Spec.VolumeName)
	case claim.DeletionTimestamp != nil:
		return nil, fmt.Sprintf("persistentvolumeclaim %q is being deleted", name)
	case ephemeral && !metav1.IsControlledBy(claim, c.pod):
		return nil, fmt.Sprintf("PVC %s/%s was not created for pod %s/%s (pod is not owner)", claim.Namespace, name, c.pod.Namespace, c.pod.Name)
	}
	return claim, ""
}

func (c *cycle) class(name string) *storagev1.StorageClass {
	if name == "" {
		return nil
	}
	if class, known := c.claims.classes[name]; known {
		return class
	}
	class, err := api.Get[storagev1.StorageClass](c.s.client, "", name)
	if err != nil {
		class = nil
	}
	c.claims.classes[name] = class
	return class
}

func (c *claims) volume(name string) *v1.PersistentVolume {
	for _, pv := range c.all {
		if pv.Name == name {
			return pv
		}
	}
	return nil
}

func reachable(node *v1.Node) func(pv *v1.PersistentVolume) bool {
	return func(pv *v1.PersistentVolume) bool {
		a := pv.Spec.NodeAffinity
		return a == nil || a.Required == nil || matchesSelector(a.Required, node)
	}
}

func filterVolumes(c *cycle, n *nodeInfo) *refusal {
	if c.claims == nil {
		return nil
	}
	r := &refusal{hopeless: true}
	for _, claim := range c.claims.bound {
		pv := c.claims.volume(claim.Spec.VolumeName)
		switch {
		case pv == nil:
			return refuse(true, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
		case !reachable(n.node)(pv):
			return refuse(true, "node(s) didn't match PersistentVolume's node affinity")
		}
	}
	if _, ok := c.placeClaims(n); !ok {
		r.reasons = append(r.reasons, "node(s) didn't find available persistent volumes to bind")
		return r
	}
	return nil
}

// placement is how a delayed claim is to be bound: to a volume that exists, or to one that is to be provisioned.
type placement struct {
	claim  *v1.PersistentVolumeClaim
	volume *v1.PersistentVolume
}

// placeClaims finds volumes for the delayed claims on a node.
func (c *cycle) placeClaims(n *nodeInfo) ([]placement, bool) {
	var out []placement
	taken := map[string]bool{}
	for _, claim := range c.claims.delayed {
		if selected, ok := claim.Annotations[volumes.SelectedNode]; ok {
			if selected != n.node.Name {
				return nil, false
			}
			out = append(out, placement{claim: claim})
			continue
		}
		pv := volumes.Match(claim, c.claims.all, volumes.Options{Reachable: reachable(n.node), Taken: taken, Waits: true})
		if pv != nil {
			taken[pv.Name] = true
		} else if !c.provisionable(claim, n.node) {
			return nil, false
		}
		out = append(out, placement{claim, pv})
	}
	return out, true
}

func (c *cycle) provisionable(claim *v1.PersistentVolumeClaim, node *v1.Node) bool {
	class := c.class(volumes.ClassOf(claim))
	if class == nil || class.Provisioner == "" || class.Provisioner == volumes.NoProvisioner {
		return false
	}
	if len(class.AllowedTopologies) == 0 {
		return true
	}
	for _, term := range class.AllowedTopologies {
		fits := len(term.MatchLabelExpressions) > 0
		for _, e := range term.MatchLabelExpressions {
			value, ok := node.Labels[e.Key]
			fits = fits && ok && contains(e.Values, value)
		}
		if fits {
			return true
		}
	}
	return false
}

// bindVolumes asks for the binding of the delayed claims; the volume binder and provisioners carry it out.
func (c *cycle) bindVolumes(n *nodeInfo) error {
	places, _ := c.placeClaims(n)
	for _, p := range places {
		if p.volume == nil {
			if p.claim.Annotations[volumes.SelectedNode] == n.node.Name {
				continue
			}
			claim := p.claim.DeepCopy()
			metav1.SetMetaDataAnnotation(&claim.ObjectMeta, volumes.SelectedNode, n.node.Name)
			if _, err := api.Update(c.s.client, claim); err != nil {
				return err
			}
			continue
		}
		pv := p.volume.DeepCopy()
		if volumes.BelongsTo(pv, p.claim) && pv.Spec.ClaimRef.UID == p.claim.UID {
			continue
		}
		pv.Spec.ClaimRef = &v1.ObjectReference{
			APIVersion: "v1", Kind: "PersistentVolumeClaim",
			Namespace: p.claim.Namespace, Name: p.claim.Name, UID: p.claim.UID, ResourceVersion: p.claim.ResourceVersion,
		}
		metav1.SetMetaDataAnnotation(&pv.ObjectMeta, volumes.BoundByController, "yes")
		if _, err := api.Update(c.s.client, pv); err != nil {
			return err
		}
	}
	return nil
}

// volumesBound says whether all the pod's claims are bound by now.
func (c *cycle) volumesBound() bool {
	for _, name := range claimNames(c.pod) {
		claim, err := api.Get[v1.PersistentVolumeClaim](c.s.client, c.pod.Namespace, name)
		if err != nil || !volumes.Bound(claim) {
			return false
		}
	}
	return true
}

// filterVolumeConflicts: a claim that only one pod may use, and disks that only one node can have.
func filterVolumeConflicts(c *cycle, n *nodeInfo) *refusal {
	if c.claims == nil {
		return nil
	}
	for _, claim := range append(append([]*v1.PersistentVolumeClaim(nil), c.claims.bound...), c.claims.delayed...) {
		if !single(claim) {
			continue
		}
		for _, node := range c.nodes {
			for _, p := range node.pods {
				if p.pod.Namespace == claim.Namespace && contains(claimNames(p.pod), claim.Name) {
					return refuse(false, "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod")
				}
			}
		}
	}
	return nil
}

func single(claim *v1.PersistentVolumeClaim) bool {
	for _, mode := range claim.Spec.AccessModes {
		if mode == v1.ReadWriteOncePod {
			return true
		}
	}
	return false
}

// filterVolumeZone holds the pod to the zone and region that its bound volumes are labelled with.
func filterVolumeZone(c *cycle, n *nodeInfo) *refusal {
	if c.claims == nil {
		return nil
	}
	for _, claim := range c.claims.bound {
		pv := c.claims.volume(claim.Spec.VolumeName)
		if pv == nil {
			continue
		}
		for _, key := range []string{v1.LabelFailureDomainBetaZone, v1.LabelFailureDomainBetaRegion, v1.LabelTopologyZone, v1.LabelTopologyRegion} {
			want, ok := pv.Labels[key]
			if !ok {
				continue
			}
			if have, labelled := n.node.Labels[key]; labelled && have != want {
				return refuse(true, "node(s) had no available volume zone")
			}
		}
	}
	return nil
}
