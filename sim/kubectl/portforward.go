package kubectl

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"terrarium/sim/kubectl/object"
)

// runPortForward opens local ports until it is interrupted.
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
	var wanted []forward
	for _, word := range args[1:] {
		if err := ports.check(word); err != nil {
			return err
		}
		w, err := ports.parse(word, pod)
		if err != nil {
			return err
		}
		wanted = append(wanted, w)
	}
	if phase := pod.Status.Phase; phase != corev1.PodRunning {
		return fmt.Errorf("unable to forward port because pod is not running. Current status=%v", phase)
	}
	if f.Listen == nil {
		return notSimulated(cmd.CommandPath())
	}
	return f.forward(flagStrings(cmd, "address"), wanted)
}

// forward is a local port and the one that it leads to.
type forward struct{ local, remote int }

// forward listens on the ports and waits for the interrupt.
func (f *Factory) forward(addresses []string, wanted []forward) error {
	var hosts []string
	for _, a := range addresses {
		switch {
		case a == "localhost":
			hosts = append(hosts, "127.0.0.1", "::1")
		case net.ParseIP(a) == nil:
			return fmt.Errorf("%s is not a valid IP", a)
		default:
			hosts = append(hosts, a)
		}
	}
	open := false
	for _, w := range wanted {
		port, stop, err := f.Listen(w.local)
		if err != nil {
			var errs []string
			for _, h := range hosts {
				kind := "tcp4"
				if strings.Contains(h, ":") {
					kind = "tcp6"
				}
				errs = append(errs, fmt.Sprintf("unable to create listener: Error listen %s %s: %v", kind, net.JoinHostPort(h, strconv.Itoa(w.local)), err))
			}
			fmt.Fprintf(f.ErrOut, "Unable to listen on port %d: Listeners failed to create with the following errors: [%s]\n", w.local, strings.Join(errs, " "))
			continue
		}
		defer stop()
		open = true
		for _, h := range hosts {
			fmt.Fprintf(f.Out, "Forwarding from %s -> %d\n", net.JoinHostPort(h, strconv.Itoa(port)), w.remote)
		}
	}
	if !open {
		var list []string
		for _, w := range wanted {
			list = append(list, fmt.Sprintf("{%d %d}", w.local, w.remote))
		}
		return fmt.Errorf("unable to listen on any of the requested ports: [%s]", strings.Join(list, " "))
	}
	for f.ctx.Err() == nil {
		if err := f.Sleep(f.ctx, time.Hour); err != nil {
			break
		}
	}
	return nil
}

// parse reads [LOCAL:]REMOTE, where REMOTE may be a port's name, into numbers of the pod.
func (p forwardable) parse(word string, pod *corev1.Pod) (forward, error) {
	parts := strings.Split(word, ":")
	local, remote := parts[0], parts[0]
	switch len(parts) {
	case 1:
	case 2:
		remote = parts[1]
		if local == "" {
			local = "0"
		}
	default:
		return forward{}, fmt.Errorf("invalid port format '%s'", word)
	}
	if n, ok := p.named[remote]; ok {
		if local == remote {
			local = strconv.Itoa(int(n))
		}
		remote = strconv.Itoa(int(n))
	}
	l, err := strconv.ParseUint(local, 10, 16)
	if err != nil {
		return forward{}, fmt.Errorf("error parsing local port '%s': %s", local, err)
	}
	r, err := strconv.ParseUint(remote, 10, 16)
	if err != nil {
		return forward{}, fmt.Errorf("error parsing remote port '%s': %s", remote, err)
	}
	if r == 0 {
		return forward{}, errors.New("remote port must be > 0")
	}
	return forward{int(l), p.target(int32(r), pod)}, nil
}

// target is the pod's port behind a port of the service.
func (p forwardable) target(port int32, pod *corev1.Pod) int {
	t, ok := p.targets[port]
	switch {
	case !ok || t.Type == intstr.Int && t.IntVal == 0:
		return int(port)
	case t.Type == intstr.Int:
		return int(t.IntVal)
	}
	if n, ok := podPorts(pod).named[t.StrVal]; ok {
		return int(n)
	}
	return int(port)
}

// forwardable are the ports of a pod or service: protocols by number, numbers by name.
type forwardable struct {
	kind, name string
	protocols  map[int32][]corev1.Protocol
	named      map[string]int32
	targets    map[int32]intstr.IntOrString
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
	p := forwardable{kind: "Service", name: s.Name, protocols: map[int32][]corev1.Protocol{}, named: map[string]int32{}, targets: map[int32]intstr.IntOrString{}, declared: true}
	for _, port := range s.Spec.Ports {
		if s.Spec.ClusterIP != corev1.ClusterIPNone {
			p.targets[port.Port] = port.TargetPort
		}
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
