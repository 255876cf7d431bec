package controllers

import (
	"cmp"
	"maps"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

const (
	sliceManager = "endpointslice-controller.k8s.io"
	// fullSlice is how many endpoints a slice holds at most.
	fullSlice = 100
)

// endpointSlices lists the endpoints of each Service that selects pods, in slices.
type endpointSlices struct {
	base
	triggers triggerTimes
}

func startEndpointSlice(cfg Config) error {
	c := &endpointSlices{triggers: triggerTimes{}}
	c.base = newBase(cfg, "endpointslice-controller", "endpoint-slice-controller", c.reconcile)
	if err := watchServices(&c.base); err != nil {
		return err
	}
	return watch1(&c.base, func(_ watch.EventType, s, _ *discoveryv1.EndpointSlice) {
		if s.Labels[discoveryv1.LabelManagedBy] == sliceManager && s.Labels[discoveryv1.LabelServiceName] != "" {
			c.loop.Add(s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName])
		}
	})
}

func (c *endpointSlices) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	svc, err := api.Get[v1.Service](c.client, namespace, name)
	if errors.IsNotFound(err) {
		delete(c.triggers, key)
		return 0, nil // its slices are its dependents
	}
	if err != nil || svc.DeletionTimestamp != nil || svc.Spec.Type == v1.ServiceTypeExternalName || svc.Spec.Selector == nil {
		return 0, err
	}
	pods, err := api.List[v1.Pod](c.client, namespace, labels.SelectorFromSet(svc.Spec.Selector))
	if err != nil {
		return 0, err
	}
	have, err := api.List[discoveryv1.EndpointSlice](c.client, namespace, labels.SelectorFromSet(labels.Set{
		discoveryv1.LabelServiceName: name, discoveryv1.LabelManagedBy: sliceManager,
	}))
	if err != nil {
		return 0, err
	}
	return 0, c.write(svc, have, c.plan(svc, have, pods), c.triggers.next(svc, pods))
}

// sliceGroup is the endpoints that share ports.
type sliceGroup struct {
	ports     []discoveryv1.EndpointPort
	endpoints []discoveryv1.Endpoint
}

// plan is the slices that there should be. One with a name replaces the existing slice of that name.
func (c *endpointSlices) plan(svc *v1.Service, have []*discoveryv1.EndpointSlice, pods []*v1.Pod) []*discoveryv1.EndpointSlice {
	var out []*discoveryv1.EndpointSlice
	for _, g := range c.groups(svc, pods) {
		out = append(out, c.fill(svc, have, g)...)
	}
	if len(out) == 0 {
		out = append(out, newSlice(svc, nil))
	}
	taken := map[string]bool{}
	for _, s := range out {
		taken[s.Name] = true
	}
	for _, s := range out { // what would be deleted is used again
		if s.Name != "" {
			continue
		}
		for _, old := range have {
			if !taken[old.Name] {
				s.Name, taken[old.Name] = old.Name, true
				break
			}
		}
	}
	return out
}

func (c *endpointSlices) groups(svc *v1.Service, pods []*v1.Pod) []*sliceGroup {
	byPorts := map[string]*sliceGroup{}
	var out []*sliceGroup
	for _, pod := range pods {
		if !podAddressed(pod, true) {
			continue
		}
		ports := portsOf(svc, pod)
		key := spewHash(ports)
		g := byPorts[key]
		if g == nil {
			g = &sliceGroup{ports: ports}
			byPorts[key] = g
			out = append(out, g)
		}
		g.endpoints = append(g.endpoints, c.endpoint(svc, pod))
	}
	return out
}

func portsOf(svc *v1.Service, pod *v1.Pod) []discoveryv1.EndpointPort {
	ports := []discoveryv1.EndpointPort{}
	for i := range svc.Spec.Ports {
		p := &svc.Spec.Ports[i]
		if number, ok := findPort(pod, p); ok {
			ports = append(ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &number, Protocol: &p.Protocol, AppProtocol: p.AppProtocol})
		}
	}
	slices.SortFunc(ports, func(a, b discoveryv1.EndpointPort) int { return cmp.Compare(spewHash(a), spewHash(b)) })
	return ports
}

func (c *endpointSlices) endpoint(svc *v1.Service, pod *v1.Pod) discoveryv1.Endpoint {
	serving, terminating := podReady(pod), pod.DeletionTimestamp != nil
	ready := svc.Spec.PublishNotReadyAddresses || serving && !terminating
	e := discoveryv1.Endpoint{
		Addresses:  []string{pod.Status.PodIP},
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &terminating},
		TargetRef:  &v1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
	}
	if pod.Spec.NodeName != "" {
		e.NodeName = &pod.Spec.NodeName
		if node, err := api.Get[v1.Node](c.client, "", pod.Spec.NodeName); err == nil && node.Labels[v1.LabelTopologyZone] != "" {
			zone := node.Labels[v1.LabelTopologyZone]
			e.Zone = &zone
		}
	}
	if h := hostnameIn(pod, svc); h != "" {
		e.Hostname = &h
	}
	return e
}

// fill puts a group's endpoints into slices: those that are in one stay there, the others go where there is room.
func (c *endpointSlices) fill(svc *v1.Service, have []*discoveryv1.EndpointSlice, g *sliceGroup) []*discoveryv1.EndpointSlice {
	rest := slices.Clone(g.endpoints)
	var out []*discoveryv1.EndpointSlice
	for _, old := range have {
		if !equality.Semantic.DeepEqual(old.Ports, g.ports) {
			continue
		}
		s := newSlice(svc, g.ports)
		s.Name = old.Name
		for _, e := range old.Endpoints {
			at := slices.IndexFunc(rest, func(r discoveryv1.Endpoint) bool { return sameTarget(r, e) })
			if at >= 0 {
				s.Endpoints = append(s.Endpoints, rest[at])
				rest = slices.Delete(rest, at, at+1)
			}
		}
		if len(s.Endpoints) > 0 {
			out = append(out, s)
		}
	}
	for _, s := range out {
		n := min(len(rest), fullSlice-len(s.Endpoints))
		s.Endpoints = append(s.Endpoints, rest[:n]...)
		rest = rest[n:]
	}
	for len(rest) > 0 {
		s := newSlice(svc, g.ports)
		n := min(len(rest), fullSlice)
		s.Endpoints = append(s.Endpoints, rest[:n]...)
		rest = rest[n:]
		out = append(out, s)
	}
	return out
}

func sameTarget(a, b discoveryv1.Endpoint) bool {
	return a.TargetRef != nil && b.TargetRef != nil && a.TargetRef.UID == b.TargetRef.UID && slices.Equal(a.Addresses, b.Addresses)
}

func newSlice(svc *v1.Service, ports []discoveryv1.EndpointPort) *discoveryv1.EndpointSlice {
	prefix := svc.Name + "-"
	if len(validation.NameIsDNSSubdomain(prefix, true)) > 0 {
		prefix = svc.Name
	}
	s := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: svc.Namespace, GenerateName: prefix, Labels: maps.Clone(svc.Labels),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(svc, v1.SchemeGroupVersion.WithKind("Service"))},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       ports,
		Endpoints:   []discoveryv1.Endpoint{},
	}
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	if headless(svc) {
		s.Labels[v1.IsHeadlessService] = ""
	}
	s.Labels[discoveryv1.LabelServiceName] = svc.Name
	s.Labels[discoveryv1.LabelManagedBy] = sliceManager
	return s
}

func (c *endpointSlices) write(svc *v1.Service, have, want []*discoveryv1.EndpointSlice, trigger time.Time) error {
	kept := map[string]bool{}
	for _, s := range want {
		kept[s.Name] = true
		if err := c.writeOne(have, s, trigger); err != nil {
			if errors.HasStatusCause(err, v1.NamespaceTerminatingCause) {
				return nil
			}
			c.eventf(svc, v1.EventTypeWarning, "FailedToUpdateEndpointSlices", "Error updating Endpoint Slices for Service %s/%s: %v", svc.Namespace, svc.Name, err)
			return err
		}
	}
	for _, old := range have {
		if kept[old.Name] {
			continue
		}
		if err := ignoreMissing(api.Delete[discoveryv1.EndpointSlice](c.client, old.Namespace, old.Name, nil)); err != nil {
			return err
		}
	}
	return nil
}

func (c *endpointSlices) writeOne(have []*discoveryv1.EndpointSlice, s *discoveryv1.EndpointSlice, trigger time.Time) error {
	if s.Name == "" {
		s.Annotations = annotateTrigger(nil, trigger)
		_, err := api.Create(c.client, s)
		return err
	}
	at := slices.IndexFunc(have, func(old *discoveryv1.EndpointSlice) bool { return old.Name == s.Name })
	old := have[at]
	if maps.Equal(old.Labels, s.Labels) && equality.Semantic.DeepEqual(old.Ports, s.Ports) && equality.Semantic.DeepEqual(old.Endpoints, s.Endpoints) {
		return nil
	}
	next := old.DeepCopy()
	next.Labels, next.Ports, next.Endpoints = s.Labels, s.Ports, s.Endpoints
	next.Annotations = annotateTrigger(old.Annotations, trigger)
	_, err := api.Update(c.client, next)
	return err
}
