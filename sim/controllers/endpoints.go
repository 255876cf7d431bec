package controllers

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// endpoints lists the addresses behind each Service that selects pods in an Endpoints object of its name.
type endpoints struct {
	base
	triggers triggerTimes
}

func startEndpoints(cfg Config) error {
	c := &endpoints{triggers: triggerTimes{}}
	c.base = newBase(cfg, "endpoint-controller", "endpoint-controller", c.reconcile)
	if err := watchServices(&c.base); err != nil {
		return err
	}
	return watchAll[v1.Endpoints](&c.base)
}

// watchServices queues services that change, and those whose pods change.
func watchServices(b *base) error {
	if err := watchAll[v1.Service](b); err != nil {
		return err
	}
	return watch1(b, func(_ watch.EventType, pod, old *v1.Pod) {
		if old != nil && sameEndpoint(pod, old) && pod.DeletionTimestamp == nil {
			return
		}
		services, _ := api.List[v1.Service](b.client, pod.Namespace, nil)
		for _, svc := range services {
			if len(svc.Spec.Selector) == 0 {
				continue
			}
			s := labels.SelectorFromSet(svc.Spec.Selector)
			if s.Matches(labels.Set(pod.Labels)) || old != nil && s.Matches(labels.Set(old.Labels)) {
				b.loop.Add(keyOf(svc))
			}
		}
	})
}

func sameEndpoint(a, b *v1.Pod) bool {
	return podReady(a) == podReady(b) && a.Status.PodIP == b.Status.PodIP && a.Spec.NodeName == b.Spec.NodeName &&
		a.Status.Phase == b.Status.Phase && (a.DeletionTimestamp == nil) == (b.DeletionTimestamp == nil) && maps.Equal(a.Labels, b.Labels)
}

// podAddressed says that the pod can be an endpoint.
func podAddressed(pod *v1.Pod, terminating bool) bool {
	return !podEnded(pod) && pod.Status.PodIP != "" && (terminating || pod.DeletionTimestamp == nil)
}

// findPort is the port of the pod that the service's port leads to.
func findPort(pod *v1.Pod, port *v1.ServicePort) (int32, bool) {
	if port.TargetPort.Type == intstr.Int {
		return port.TargetPort.IntVal, true
	}
	for _, containers := range [][]v1.Container{pod.Spec.Containers, sidecars(pod)} {
		for _, c := range containers {
			for _, p := range c.Ports {
				if p.Name == port.TargetPort.StrVal && p.Protocol == port.Protocol {
					return p.ContainerPort, true
				}
			}
		}
	}
	return 0, false
}

func sidecars(pod *v1.Pod) []v1.Container {
	return slices.DeleteFunc(slices.Clone(pod.Spec.InitContainers), func(c v1.Container) bool {
		return c.RestartPolicy == nil || *c.RestartPolicy != v1.ContainerRestartPolicyAlways
	})
}

func hostnameIn(pod *v1.Pod, svc *v1.Service) string {
	if pod.Spec.Subdomain == svc.Name && svc.Namespace == pod.Namespace {
		return pod.Spec.Hostname
	}
	return ""
}

func headless(svc *v1.Service) bool {
	return svc.Spec.ClusterIP == "" || svc.Spec.ClusterIP == v1.ClusterIPNone
}

func (c *endpoints) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	svc, err := api.Get[v1.Service](c.client, namespace, name)
	if errors.IsNotFound(err) {
		delete(c.triggers, key)
		ep, err := api.Get[v1.Endpoints](c.client, namespace, name)
		if err != nil || ep.Labels["endpoints.kubernetes.io/managed-by"] != "endpoint-controller" {
			return 0, ignoreMissing(err)
		}
		return 0, ignoreMissing(api.Delete[v1.Endpoints](c.client, namespace, name, nil))
	}
	if err != nil || svc.Spec.Type == v1.ServiceTypeExternalName || svc.Spec.Selector == nil {
		return 0, err
	}
	pods, err := api.List[v1.Pod](c.client, namespace, labels.SelectorFromSet(svc.Spec.Selector))
	if err != nil {
		return 0, err
	}
	trigger := c.triggers.next(svc, pods)
	want := &v1.Endpoints{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: maps.Clone(svc.Labels)},
		Subsets:    packSubsets(subsetsOf(svc, pods)),
	}
	if want.Labels == nil {
		want.Labels = map[string]string{}
	}
	if headless(svc) {
		want.Labels[v1.IsHeadlessService] = ""
	} else {
		delete(want.Labels, v1.IsHeadlessService)
	}
	want.Labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
	return 0, c.write(svc, want, trigger)
}

func (c *endpoints) write(svc *v1.Service, want *v1.Endpoints, trigger time.Time) error {
	have, err := api.Get[v1.Endpoints](c.client, want.Namespace, want.Name)
	if errors.IsNotFound(err) {
		want.Annotations = annotateTrigger(nil, trigger)
		_, err = api.Create(c.client, want)
		if errors.HasStatusCause(err, v1.NamespaceTerminatingCause) {
			return nil
		}
		if err != nil {
			c.eventf(svc, v1.EventTypeWarning, "FailedToCreateEndpoint", "Failed to create endpoint for service %s/%s: %v", svc.Namespace, svc.Name, err)
		}
		return err
	}
	if err != nil || equality.Semantic.DeepEqual(have.Subsets, want.Subsets) && maps.Equal(have.Labels, want.Labels) {
		return err
	}
	next := have.DeepCopy()
	next.Subsets, next.Labels = want.Subsets, want.Labels
	next.Annotations = annotateTrigger(have.Annotations, trigger)
	_, err = api.Update(c.client, next)
	return err
}

// subsetsOf is one subset for every pod and port.
func subsetsOf(svc *v1.Service, pods []*v1.Pod) []v1.EndpointSubset {
	var out []v1.EndpointSubset
	for _, pod := range pods {
		if !podAddressed(pod, svc.Spec.PublishNotReadyAddresses) {
			continue
		}
		address := v1.EndpointAddress{
			IP: pod.Status.PodIP, NodeName: &pod.Spec.NodeName, Hostname: hostnameIn(pod, svc),
			TargetRef: &v1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		}
		add := func(ports []v1.EndpointPort) {
			s := v1.EndpointSubset{Ports: ports}
			if svc.Spec.PublishNotReadyAddresses || podReady(pod) {
				s.Addresses = []v1.EndpointAddress{address}
			} else {
				s.NotReadyAddresses = []v1.EndpointAddress{address}
			}
			out = append(out, s)
		}
		if len(svc.Spec.Ports) == 0 && headless(svc) {
			add(nil)
		}
		for i := range svc.Spec.Ports {
			p := &svc.Spec.Ports[i]
			if number, ok := findPort(pod, p); ok {
				add([]v1.EndpointPort{{Name: p.Name, Port: number, Protocol: p.Protocol, AppProtocol: p.AppProtocol}})
			}
		}
	}
	return out
}

// packSubsets joins the subsets of the same addresses, and those of the same ports.
func packSubsets(in []v1.EndpointSubset) []v1.EndpointSubset {
	byPort := map[string]*v1.EndpointSubset{}
	var ports []string
	for _, s := range in {
		key := spewHash(s.Ports)
		if byPort[key] == nil {
			byPort[key] = &v1.EndpointSubset{Ports: s.Ports}
			ports = append(ports, key)
		}
		byPort[key].Addresses = append(byPort[key].Addresses, s.Addresses...)
		byPort[key].NotReadyAddresses = append(byPort[key].NotReadyAddresses, s.NotReadyAddresses...)
	}
	byAddresses := map[string]*v1.EndpointSubset{}
	var out []*v1.EndpointSubset
	for _, key := range ports {
		s := byPort[key]
		slices.SortFunc(s.Addresses, byAddress)
		slices.SortFunc(s.NotReadyAddresses, byAddress)
		same := spewHash(s.Addresses) + spewHash(s.NotReadyAddresses)
		if first := byAddresses[same]; first != nil {
			first.Ports = append(first.Ports, s.Ports...)
			continue
		}
		byAddresses[same] = s
		out = append(out, s)
	}
	var packed []v1.EndpointSubset
	for _, s := range out {
		slices.SortFunc(s.Ports, func(a, b v1.EndpointPort) int { return cmp.Compare(spewHash(a), spewHash(b)) })
		packed = append(packed, *s)
	}
	slices.SortFunc(packed, func(a, b v1.EndpointSubset) int { return cmp.Compare(spewHash(a), spewHash(b)) })
	return packed
}

func byAddress(a, b v1.EndpointAddress) int {
	if c := strings.Compare(a.IP, b.IP); c != 0 {
		return c
	}
	return cmp.Compare(a.TargetRef.UID, b.TargetRef.UID)
}
