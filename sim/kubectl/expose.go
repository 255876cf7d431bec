package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
)

// exposure is one `kubectl expose`. What the first object told stays for those after it, as it does upstream.
type exposure struct {
	*Factory
	cmd       *cobra.Command
	namespace string
	explicit  bool
	dry       dryRun
	printer   printers.Printer

	selector, labels string
	ports            []string
	protocols        map[string][]string // by port
}

func runExpose(f *Factory, cmd *cobra.Command, args []string) error {
	e := &exposure{Factory: f, cmd: cmd, selector: flagString(cmd, "selector"), labels: flagString(cmd, "labels")}
	var err error
	if e.dry, err = f.dryRunFlag(cmd); err != nil {
		return err
	}
	if e.printer, err = f.printer(cmd, "exposed"+e.dry.suffix()); err != nil {
		return err
	}
	if e.namespace, e.explicit, err = f.Namespace(); err != nil {
		return err
	}
	if port := flagString(cmd, "port"); port != "" {
		e.ports = strings.Split(port, ",")
	}
	b := f.TypedBuilder()
	b.ContinueOnError, b.DefaultNamespace, b.Flatten = true, true, true
	b.Namespace, b.EnforceNamespace, b.Filenames, b.Args = e.namespace, e.explicit, filenames(cmd), args
	return b.Do().Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		return e.expose(i)
	})
}

var exposable = []string{"ReplicationController", "Service", "Pod", "Deployment.apps", "ReplicaSet.apps"}

func (e *exposure) expose(i *resource.Info) error {
	if kind := i.Resource.GVK().GroupKind().String(); !slices.Contains(exposable, kind) {
		return fmt.Errorf("cannot expose a %s", kind)
	}
	if err := e.learn(i.Object); err != nil {
		return err
	}
	name := flagString(e.cmd, "name")
	if name == "" {
		name = i.Name[:min(len(i.Name), validation.DNS1035LabelMaxLength)]
	}
	service, err := e.service(name)
	if err != nil {
		return err
	}
	if service, err = override(service, flagString(e.cmd, "overrides"), flagString(e.cmd, "override-type")); err != nil {
		return err
	}
	if flagBool(e.cmd, "record") {
		metav1.SetMetaDataAnnotation(&service.ObjectMeta, changeCause, e.commandLine(e.cmd))
	}
	if e.dry == dryRunClient {
		if e.explicit {
			service.Namespace = e.namespace
		}
		return e.printer.Print(service, e.Out)
	}
	if err := annotateTyped(flagBool(e.cmd, "save-config"), service); err != nil {
		return err
	}
	g := &generator{Factory: e.Factory, cmd: e.cmd, namespace: e.namespace, dry: e.dry}
	stored, err := g.post(discovery.Resource{Version: "v1", Name: "services", Namespaced: true}, service)
	if err != nil {
		return err
	}
	return e.printer.Print(stored, e.Out)
}

// learn takes from an object what the flags do not say.
func (e *exposure) learn(o object.Object) error {
	if e.selector == "" {
		selector, err := exposedSelector(o)
		if err != nil {
			return fmt.Errorf("couldn't retrieve selectors via --selector flag or introspection: %v", err)
		}
		e.selector = joinLabels(selector)
	}
	ports, protocols, err := exposedPorts(o)
	if err != nil {
		return err
	}
	if len(e.ports) == 0 {
		if len(ports) == 0 && flagString(e.cmd, "cluster-ip") != corev1.ClusterIPNone {
			return errors.New("couldn't find port via --port flag or introspection")
		}
		e.ports = ports
	}
	if len(protocols) > 0 {
		e.protocols = protocols
	}
	if e.labels == "" {
		e.labels = joinLabels(object.StringMap(o, "metadata", "labels"))
	}
	return nil
}

func joinLabels(m map[string]string) string {
	var out []string
	for k, v := range m {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

func exposedSelector(o object.Object) (map[string]string, error) {
	switch kind := object.Kind(o); kind {
	case "Pod":
		labels := object.StringMap(o, "metadata", "labels")
		if len(labels) == 0 {
			return nil, errors.New("the pod has no labels and cannot be exposed")
		}
		return labels, nil
	case "Service":
		if object.Map(o, "spec", "selector") == nil {
			return nil, errors.New("the service has no pod selector set")
		}
		return object.StringMap(o, "spec", "selector"), nil
	case "ReplicationController":
		return object.StringMap(o, "spec", "selector"), nil
	default:
		var s metav1.LabelSelector
		if err := object.To(object.Map(o, "spec", "selector"), &s); err != nil {
			return nil, err
		}
		switch {
		case len(s.MatchLabels) == 0:
			return nil, fmt.Errorf("invalid %s: no selectors, therefore cannot be exposed", strings.ToLower(kind))
		case len(s.MatchExpressions) > 0:
			return nil, fmt.Errorf("couldn't convert expressions - \"%+v\" to map-based selector format", s.MatchExpressions)
		}
		return s.MatchLabels, nil
	}
}

// exposedPorts are the ports of an object in order, each once, with their protocols.
func exposedPorts(o object.Object) (ports []string, protocols map[string][]string, err error) {
	protocols = map[string][]string{}
	add := func(port int32, protocol corev1.Protocol) {
		if protocol == "" {
			protocol = corev1.ProtocolTCP
		}
		p := strconv.Itoa(int(port))
		if !slices.Contains(ports, p) {
			ports = append(ports, p)
		}
		protocols[p] = append(protocols[p], string(protocol))
	}
	if object.Kind(o) == "Service" {
		var s corev1.Service
		if err := object.To(o, &s); err != nil {
			return nil, nil, err
		}
		for _, p := range s.Spec.Ports {
			add(p.Port, p.Protocol)
		}
		return ports, protocols, nil
	}
	at := []string{"spec"}
	if object.Kind(o) != "Pod" {
		at = []string{"spec", "template", "spec"}
	}
	var spec corev1.PodSpec
	if err := object.To(object.Map(o, at...), &spec); err != nil {
		return nil, nil, err
	}
	for _, c := range spec.Containers {
		for _, p := range c.Ports {
			add(p.ContainerPort, p.Protocol)
		}
	}
	return ports, protocols, nil
}

func (e *exposure) service(name string) (*corev1.Service, error) {
	if e.selector == "" {
		return nil, errors.New("selector must be specified")
	}
	s := &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: metav1.ObjectMeta{Name: name}}
	var err error
	if s.Spec.Selector, err = labelSpec(e.selector); err != nil {
		return nil, err
	}
	if e.labels != "" {
		if s.Labels, err = labelSpec(e.labels); err != nil {
			return nil, err
		}
	}
	if name == "" {
		return nil, errNameless
	}
	if s.Spec.Ports, err = e.servicePorts(); err != nil {
		return nil, err
	}
	if ip := flagString(e.cmd, "external-ip"); ip != "" {
		s.Spec.ExternalIPs = []string{ip}
	}
	s.Spec.Type = corev1.ServiceType(flagString(e.cmd, "type"))
	if s.Spec.Type == corev1.ServiceTypeLoadBalancer {
		s.Spec.LoadBalancerIP = flagString(e.cmd, "load-balancer-ip")
	}
	switch affinity := corev1.ServiceAffinity(flagString(e.cmd, "session-affinity")); affinity {
	case "", corev1.ServiceAffinityNone, corev1.ServiceAffinityClientIP:
		s.Spec.SessionAffinity = affinity
	default:
		return nil, fmt.Errorf("unknown session affinity: %s", affinity)
	}
	s.Spec.ClusterIP = flagString(e.cmd, "cluster-ip")
	return s, nil
}

// servicePorts gives a port with several protocols an entry for each.
func (e *exposure) servicePorts() ([]corev1.ServicePort, error) {
	ports := []corev1.ServicePort{}
	for n, text := range e.ports {
		number, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		p := corev1.ServicePort{Port: int32(number), Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(int32(number))}
		if target := flagString(e.cmd, "target-port"); target != "" {
			p.TargetPort = intstr.Parse(target)
		}
		if len(e.ports) > 1 {
			p.Name = fmt.Sprintf("port-%d", n+1)
		}
		protocols := e.protocols[text]
		if given := flagString(e.cmd, "protocol"); given != "" {
			protocols = []string{given}
		}
		switch len(protocols) {
		case 0:
		case 1:
			p.Protocol = corev1.Protocol(protocols[0])
		default:
			for _, protocol := range protocols {
				p.Name, p.Protocol = fmt.Sprintf("port-%d-%s", n+1, strings.ToLower(protocol)), corev1.Protocol(protocol)
				ports = append(ports, p)
			}
			continue
		}
		ports = append(ports, p)
	}
	return ports, nil
}
