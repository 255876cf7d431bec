package scheduler

import (
	"sort"

	v1 "k8s.io/api/core/v1"
)

func filterResources(c *cycle, n *nodeInfo) *refusal {
	r := &refusal{}
	if int64(len(n.pods))+1 > n.mostPods {
		r.reasons = append(r.reasons, "Too many pods")
	}
	want := c.info.requests
	lack := func(name string, wants, used, has int64) {
		if wants > 0 && wants > has-used {
			r.reasons = append(r.reasons, "Insufficient "+name)
			r.hopeless = r.hopeless || wants > has
		}
	}
	lack("cpu", want.cpu, n.requested.cpu, n.allocatable.cpu)
	lack("memory", want.memory, n.requested.memory, n.allocatable.memory)
	lack("ephemeral-storage", want.disk, n.requested.disk, n.allocatable.disk)
	names := make([]string, 0, len(want.others))
	for name := range want.others {
		names = append(names, string(name))
	}
	sort.Strings(names)
	for _, s := range names {
		name := v1.ResourceName(s)
		lack(s, want.others[name], n.requested.others[name], n.allocatable.others[name])
	}
	if len(r.reasons) == 0 {
		return nil
	}
	return r
}

func filterPorts(c *cycle, n *nodeInfo) *refusal {
	for _, want := range c.info.ports {
		for _, p := range n.pods {
			for _, used := range p.ports {
				if conflict(want, used) {
					return refuse(false, "node(s) didn't have free ports for the requested pod ports")
				}
			}
		}
	}
	return nil
}

func conflict(a, b v1.ContainerPort) bool {
	if a.HostPort != b.HostPort || protocol(a) != protocol(b) {
		return false
	}
	return anyIP(a.HostIP) || anyIP(b.HostIP) || a.HostIP == b.HostIP
}

func protocol(p v1.ContainerPort) v1.Protocol {
	if p.Protocol == "" {
		return v1.ProtocolTCP
	}
	return p.Protocol
}

func anyIP(ip string) bool { return ip == "" || ip == "0.0.0.0" }

// hostPorts are the ports of the node that the pod's containers and sidecars take.
func hostPorts(pod *v1.Pod) []v1.ContainerPort {
	var ports []v1.ContainerPort
	collect := func(c *v1.Container) {
		for _, p := range c.Ports {
			if p.HostPort > 0 {
				ports = append(ports, p)
			}
		}
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == v1.ContainerRestartPolicyAlways {
			collect(c)
		}
	}
	for i := range pod.Spec.Containers {
		collect(&pod.Spec.Containers[i])
	}
	return ports
}
