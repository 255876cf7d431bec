package describe

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

func ingress(c *call, p *page) error {
	var o networkingv1.Ingress
	if err := c.get(resource("networking.k8s.io", "v1", "ingresses"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%v", o.Name)
	p.labels("Labels", o.Labels)
	p.field(0, "Namespace", "%v", o.Namespace)
	p.field(0, "Address", "%v", balancerAddresses(&o))
	p.field(0, "Ingress Class", "%v", or(o.Spec.IngressClassName, "%s", "<none>"))
	fallback := "<default>"
	if o.Spec.DefaultBackend != nil {
		fallback = c.backend(o.Namespace, o.Spec.DefaultBackend)
	}
	p.field(0, "Default backend", "%s", fallback)
	if len(o.Spec.TLS) > 0 {
		p.head(0, "TLS")
	}
	for _, t := range o.Spec.TLS {
		if t.SecretName == "" {
			p.put(1, "SNI routes %v\n", strings.Join(t.Hosts, ","))
		} else {
			p.put(1, "%v terminates %v\n", t.SecretName, strings.Join(t.Hosts, ","))
		}
	}
	p.head(0, "Rules")
	p.columns(1, "Host", "Path", "Backends")
	rules := 0
	for _, r := range o.Spec.Rules {
		if r.HTTP == nil {
			continue
		}
		rules++
		host := r.Host
		if host == "" {
			host = "*"
		}
		p.put(1, "%s\t\n", host)
		for i := range r.HTTP.Paths {
			p.put(2, "\t%s \t%s\n", r.HTTP.Paths[i].Path, c.backend(o.Namespace, &r.HTTP.Paths[i].Backend))
		}
	}
	if rules == 0 {
		p.put(1, "*\t*\t%s\n", fallback)
	}
	p.annotations("Annotations", o.Annotations)
	c.events(p, "Ingress", &o.ObjectMeta)
	return nil
}

func balancerAddresses(o *networkingv1.Ingress) string {
	var list []string
	seen := map[string]bool{"": true}
	for _, b := range o.Status.LoadBalancer.Ingress {
		address := b.IP
		if address == "" {
			address = b.Hostname
		}
		if !seen[address] {
			seen[address] = true
			list = append(list, address)
		}
	}
	sort.Strings(list)
	return strings.Join(list, ",")
}

// backend names where requests go, with the addresses behind it or the reason why there are none.
func (c *call) backend(namespace string, b *networkingv1.IngressBackend) string {
	if r := b.Resource; r != nil && b.Service == nil {
		return fmt.Sprintf("APIGroup: %v, Kind: %v, Name: %v", or(r.APIGroup, "%s", "<none>"), r.Kind, r.Name)
	}
	if b.Service == nil {
		return ""
	}
	port := b.Service.Port
	target := port.Name
	if port.Number != 0 {
		target = strconv.Itoa(int(port.Number))
	}
	text := b.Service.Name + ":" + target
	slices, err := c.endpointSlices(namespace, b.Service.Name)
	if err != nil {
		return fmt.Sprintf("%v (<error: %v>)", text, err)
	}
	var s corev1.Service
	if err := c.getter.Get(c.ctx, core("services"), namespace, b.Service.Name, &s); err != nil {
		return fmt.Sprintf("%v (<error: %v>)", text, err)
	}
	name := ""
	for _, sp := range s.Spec.Ports {
		if port.Number != 0 && port.Number == sp.Port || port.Name != "" && port.Name == sp.Name {
			name = sp.Name
		}
	}
	return text + " (" + endpointsText(slices, name) + ")"
}
