package controllers

import (
	"maps"
	"net"
	"time"

	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

const (
	mirrorManager = "endpointslicemirroring-controller.k8s.io"
	// fullMirror is how many addresses of a subset are mirrored at most.
	fullMirror = 1000
)

// endpointSliceMirror copies the Endpoints that people write for Services without a selector into slices.
type endpointSliceMirror struct{ base }

func startEndpointSliceMirroring(cfg Config) error {
	c := &endpointSliceMirror{}
	c.base = newBase(cfg, "endpointslicemirroring-controller", "endpoint-slice-mirroring-controller", c.reconcile)
	if err := watchAll[v1.Endpoints](&c.base); err != nil {
		return err
	}
	if err := watchAll[v1.Service](&c.base); err != nil {
		return err
	}
	return watch1(&c.base, func(_ watch.EventType, s, _ *discoveryv1.EndpointSlice) {
		if s.Labels[discoveryv1.LabelManagedBy] == mirrorManager && s.Labels[discoveryv1.LabelServiceName] != "" {
			c.loop.Add(s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName])
		}
	})
}

func (c *endpointSliceMirror) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	have, err := api.List[discoveryv1.EndpointSlice](c.client, namespace, labels.SelectorFromSet(labels.Set{
		discoveryv1.LabelServiceName: name, discoveryv1.LabelManagedBy: mirrorManager,
	}))
	if err != nil {
		return 0, err
	}
	var want []*discoveryv1.EndpointSlice
	ep, err := api.Get[v1.Endpoints](c.client, namespace, name)
	if err != nil && !errors.IsNotFound(err) {
		return 0, err
	}
	if err == nil && ep.Labels[discoveryv1.LabelSkipMirror] != "true" && ep.Annotations["control-plane.alpha.kubernetes.io/leader"] == "" {
		svc, err := api.Get[v1.Service](c.client, namespace, name)
		if err != nil && !errors.IsNotFound(err) {
			return 0, err
		}
		if err == nil && svc.Spec.Selector == nil {
			want = c.plan(ep)
		}
	}
	return 0, c.write(have, want)
}

// plan is the slices of the Endpoints: one for each set of ports and family of addresses.
func (c *endpointSliceMirror) plan(ep *v1.Endpoints) []*discoveryv1.EndpointSlice {
	var out []*discoveryv1.EndpointSlice
	byKey := map[string]*discoveryv1.EndpointSlice{}
	invalid, skipped := 0, 0
	for i := range ep.Subsets {
		ports, added := mirroredPorts(ep.Subsets[i].Ports), 0
		add := func(address *v1.EndpointAddress, ready bool) {
			ip := net.ParseIP(address.IP)
			switch {
			case added >= fullMirror:
				skipped++
				return
			case ip == nil:
				invalid++
				return
			}
			added++
			family := discoveryv1.AddressTypeIPv4
			if ip.To4() == nil {
				family = discoveryv1.AddressTypeIPv6
			}
			key := string(family) + spewHash(ports)
			s := byKey[key]
			if s == nil {
				s = newMirror(ep, family, ports)
				byKey[key] = s
				out = append(out, s)
			}
			e := discoveryv1.Endpoint{
				Addresses: []string{ip.String()}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}, TargetRef: address.TargetRef, NodeName: address.NodeName,
			}
			if address.Hostname != "" {
				e.Hostname = &address.Hostname
			}
			s.Endpoints = append(s.Endpoints, e)
		}
		for j := range ep.Subsets[i].Addresses {
			add(&ep.Subsets[i].Addresses[j], true)
		}
		for j := range ep.Subsets[i].NotReadyAddresses {
			add(&ep.Subsets[i].NotReadyAddresses[j], false)
		}
	}
	if invalid > 0 {
		c.eventf(ep, v1.EventTypeWarning, "InvalidIPAddress", "Skipped %d invalid IP addresses when mirroring to EndpointSlices", invalid)
	}
	if skipped > 0 {
		c.eventf(ep, v1.EventTypeWarning, "TooManyAddressesToMirror", "A max of %d addresses can be mirrored to EndpointSlices per Endpoints subset. %d addresses were skipped", fullMirror, skipped+invalid)
	}
	return out
}

func mirroredPorts(ports []v1.EndpointPort) []discoveryv1.EndpointPort {
	out := []discoveryv1.EndpointPort{}
	for i := range ports {
		p := &ports[i]
		out = append(out, discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Port, Protocol: &p.Protocol, AppProtocol: p.AppProtocol})
	}
	return out
}

func newMirror(ep *v1.Endpoints, family discoveryv1.AddressType, ports []discoveryv1.EndpointPort) *discoveryv1.EndpointSlice {
	prefix := ep.Name + "-"
	if len(validation.NameIsDNSSubdomain(prefix, true)) > 0 {
		prefix = ep.Name
	}
	s := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: ep.Namespace, GenerateName: prefix, Labels: map[string]string{}, Annotations: map[string]string{},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(ep, v1.SchemeGroupVersion.WithKind("Endpoints"))},
		},
		AddressType: family, Ports: ports, Endpoints: []discoveryv1.Endpoint{},
	}
	maps.Copy(s.Labels, ep.Labels)
	s.Labels[discoveryv1.LabelServiceName], s.Labels[discoveryv1.LabelManagedBy] = ep.Name, mirrorManager
	maps.Copy(s.Annotations, ep.Annotations)
	delete(s.Annotations, v1.EndpointsLastChangeTriggerTime)
	delete(s.Annotations, v1.LastAppliedConfigAnnotation)
	return s
}

// write makes the slices what they should be: one of the same family and ports is kept and changed.
func (c *endpointSliceMirror) write(have, want []*discoveryv1.EndpointSlice) error {
	kept := map[string]bool{}
	for _, s := range want {
		var old *discoveryv1.EndpointSlice
		for _, h := range have {
			if old == nil && !kept[h.Name] && h.AddressType == s.AddressType && same(h.Ports, s.Ports) {
				old = h
			}
		}
		if old == nil {
			if _, err := api.Create(c.client, s); err != nil {
				return ignoreExisting(err)
			}
			continue
		}
		kept[old.Name] = true
		if same(old.Endpoints, s.Endpoints) && maps.Equal(old.Labels, s.Labels) && maps.Equal(old.Annotations, s.Annotations) {
			continue
		}
		next := old.DeepCopy()
		next.Endpoints, next.Labels, next.Annotations = s.Endpoints, s.Labels, s.Annotations
		if _, err := api.Update(c.client, next); err != nil {
			return ignoreMissing(err)
		}
	}
	for _, h := range have {
		if !kept[h.Name] {
			if err := ignoreMissing(api.Delete[discoveryv1.EndpointSlice](c.client, h.Namespace, h.Name, nil)); err != nil {
				return err
			}
		}
	}
	return nil
}
