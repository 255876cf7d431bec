package apiserver

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/store"
)

// keepAddresses makes the IPAddress objects of a service follow its cluster IPs. obj is nil where the service is
// gone, old where it is new; for other kinds there is nothing to do.
func (c *call) keepAddresses(obj, old runtime.Object) {
	now, before := clusterIPs(obj), clusterIPs(old)
	if slices.Equal(now, before) {
		return
	}
	gr := schema.GroupResource{Group: networkingv1.GroupName, Resource: "ipaddresses"}
	kind := c.stored(gr)
	if kind == nil {
		return
	}
	for _, ip := range before {
		if stored := c.store.Get(gr, store.Key("", ip)); stored != nil && !slices.Contains(now, ip) {
			_, _ = c.store.Delete(gr, store.Key("", ip), stored) // it is what was just read
		}
	}
	for _, ip := range now {
		if slices.Contains(before, ip) {
			continue
		}
		service := obj.(*corev1.Service)
		address := &networkingv1.IPAddress{
			ObjectMeta: metav1.ObjectMeta{Name: ip, Labels: map[string]string{
				networkingv1.LabelIPAddressFamily: "IPv4", networkingv1.LabelManagedBy: "ipallocator.k8s.io"}},
			Spec: networkingv1.IPAddressSpec{ParentRef: &networkingv1.ParentReference{
				Resource: "services", Namespace: service.Namespace, Name: service.Name}},
		}
		address.SetGroupVersionKind(kind.GVK())
		c.become(address)
		_ = c.store.Create(gr, store.Key("", ip), address) // somebody else may have made it by hand
	}
}

// clusterIPs are the addresses that a service has of its own; none for any other object.
func clusterIPs(obj runtime.Object) []string {
	service, ok := obj.(*corev1.Service)
	if !ok || service.Spec.ClusterIP == corev1.ClusterIPNone {
		return nil
	}
	return service.Spec.ClusterIPs
}
