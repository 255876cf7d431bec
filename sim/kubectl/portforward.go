package kubectl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/kubectl/object"
)

// runPortForward checks a command line as port-forward does; nobody in the simulation could connect to what it opens.
func runPortForward(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) < 2 {
		return usageErrorf(cmd, "TYPE/NAME and list of ports are required for port-forward")
	}
	b := f.TypedBuilder()
	var err error
	if b.Namespace, _, err = f.Namespace(); err != nil {
		return err
	}
	timeout, err := runningTimeout(cmd)
	if err != nil {
		return usageErrorf(cmd, "%s", err.Error())
	}
	b.ContinueOnError, b.DefaultNamespace, b.DefaultType, b.Names = true, true, "pods", args[:1]
	o, err := oneObject(b.Do())
	if err != nil {
		return err
	}
	pod, err := f.attachablePod(o, timeout)
	if err != nil {
		return err
	}
	ports := podPorts(pod)
	if object.Kind(o) == "Service" {
		var s corev1.Service
		if err := object.To(o, &s); err != nil {
			return err
		}
		ports = servicePorts(&s)
	}
	for _, word := range args[1:] {
		if err := ports.check(word); err != nil {
			return err
		}
	}
	if phase := pod.Status.Phase; phase != corev1.PodRunning {
		return fmt.Errorf("unable to forward port because pod is not running. Current status=%v", phase)
	}
	return notSimulated(cmd.CommandPath())
}

// forwardable are the ports of a pod or service: protocols by number, numbers by name.
type forwardable struct {
	kind, name string
	protocols  map[int32][]corev1.Protocol
	named      map[string]int32
	declared   bool // only what is declared can be forwarded to
}

func (p forwardable) add(name string, port int32, protocol corev1.Protocol) {
	p.protocols[port] = append(p.protocols[port], protocol)
	if name != "" {
		p.named[name] = port
	}
}

func podPorts(pod *corev1.Pod) forwardable {
	p := forwardable{kind: "Pod", name: pod.Name, protocols: map[int32][]corev1.Protocol{}, named: map[string]int32{}}
	for _, c := range pod.Spec.Containers {
		for _, port := range c.Ports {
			p.add(port.Name, port.ContainerPort, port.Protocol)
		}
	}
	return p
}

func servicePorts(s *corev1.Service) forwardable {
	p := forwardable{kind: "Service", name: s.Name, protocols: map[int32][]corev1.Protocol{}, named: map[string]int32{}, declared: true}
	for _, port := range s.Spec.Ports {
		p.add(port.Name, port.Port, port.Protocol)
	}
	return p
}

// check says what is wrong with [LOCAL:]REMOTE.
func (p forwardable) check(word string) error {
	remote := word
	if parts := strings.Split(word, ":"); len(parts) == 2 {
		remote = parts[1]
	} else {
		remote = parts[0]
	}
	number, err := strconv.Atoi(remote)
	if err != nil {
		port, ok := p.named[remote]
		if !ok {
			if remote == "" && !p.declared {
				return errors.New("remote port cannot be empty")
			}
			return fmt.Errorf("%s '%s' does not have a named port '%s'", p.kind, p.name, remote)
		}
		number = int(port)
	}
	protocols := p.protocols[int32(number)]
	udp, tcp := false, false
	for _, protocol := range protocols {
		udp, tcp = udp || protocol == corev1.ProtocolUDP, tcp || protocol == corev1.ProtocolTCP
	}
	switch {
	case udp && !tcp:
		return fmt.Errorf("UDP protocol is not supported for %s", remote)
	case p.declared && len(protocols) == 0:
		return fmt.Errorf("Service %s does not have a service port %d", p.name, number)
	}
	return nil
}
