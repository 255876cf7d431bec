package controllers

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// nodeIPAM gives each node its part of the pod network, 10.244.N.0/24, and the hint how long its kubelet may cache
// secrets.
type nodeIPAM struct {
	base
	noCIDRs bool
}

func startNodeIPAM(cfg Config) error {
	c := &nodeIPAM{noCIDRs: cfg.NoNodeCIDRs}
	c.base = newBase(cfg, "node-controller", "cidrAllocator", c.reconcile)
	return watchAll[v1.Node](&c.base)
}

func (c *nodeIPAM) reconcile(name string) (time.Duration, error) {
	const ttl = "node.alpha.kubernetes.io/ttl"
	node, err := api.Get[v1.Node](c.client, "", name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	if (node.Spec.PodCIDR != "" || c.noCIDRs) && node.Annotations[ttl] != "" {
		return 0, nil
	}
	next := node.DeepCopy()
	metav1.SetMetaDataAnnotation(&next.ObjectMeta, ttl, "0")
	if next.Spec.PodCIDR == "" && !c.noCIDRs {
		if next.Spec.PodCIDR, err = c.free(); err != nil {
			return 0, err
		}
		if next.Spec.PodCIDR == "" {
			c.eventf(node, v1.EventTypeNormal, "CIDRNotAvailable", "Node %s status is now: CIDRNotAvailable", name)
			return 0, fmt.Errorf("allocate CIDR for node %s: no free range", name)
		}
		next.Spec.PodCIDRs = []string{next.Spec.PodCIDR}
	}
	_, err = api.Update(c.client, next)
	return 0, err
}

// free is the first range that no node has; "" where there is none.
func (c *nodeIPAM) free() (string, error) {
	nodes, err := api.List[v1.Node](c.client, "", nil)
	if err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, n := range nodes {
		taken[n.Spec.PodCIDR] = true
	}
	for i := range 256 {
		if cidr := fmt.Sprintf("10.244.%d.0/24", i); !taken[cidr] {
			return cidr, nil
		}
	}
	return "", nil
}
