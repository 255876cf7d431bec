package describe

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
)

// containers writes a pod's containers under a title. of is the pod whose fields environment variables show; nil for a
// template, which has no statuses either and is indented by one blank more.
func (p *page) containers(title string, containers []corev1.Container, statuses []corev1.ContainerStatus, of *corev1.Pod) {
	indent, nameIndent := "", ""
	if of == nil {
		indent, nameIndent = "  ", " "
	}
	none := ""
	if len(containers) == 0 {
		none = " <none>"
	}
	p.put(0, "%s%s:%s\n", indent, title, none)
	for i := range containers {
		c := &containers[i]
		var status *corev1.ContainerStatus
		for j := range statuses {
			if statuses[j].Name == c.Name {
				status = &statuses[j]
			}
		}
		p.put(1, "%s%v:\n", nameIndent, c.Name)
		p.containerBasics(c, status)
		p.lines("Command", c.Command)
		p.lines("Args", c.Args)
		if status != nil {
			p.containerState(status)
		}
		p.resources(&c.Resources, 2)
		p.probe("Liveness", c.LivenessProbe)
		p.probe("Readiness", c.ReadinessProbe)
		p.probe("Startup", c.StartupProbe)
		p.environmentFrom(c)
		p.environment(c, of)
		p.mounts(c)
	}
}

func (p *page) containerBasics(c *corev1.Container, status *corev1.ContainerStatus) {
	if status != nil {
		p.field(2, "Container ID", "%s", status.ContainerID)
	}
	p.field(2, "Image", "%s", c.Image)
	if status != nil {
		p.field(2, "Image ID", "%s", status.ImageID)
	}
	p.ports("Port", c.Ports, func(port *corev1.ContainerPort) int32 { return port.ContainerPort })
	p.ports("Host Port", c.Ports, func(port *corev1.ContainerPort) int32 { return port.HostPort })
	if c.SecurityContext != nil {
		p.seccomp(c.SecurityContext.SeccompProfile, 2, 3)
	}
}

func (p *page) seccomp(s *corev1.SeccompProfile, level, profileLevel int) {
	if s == nil {
		return
	}
	p.field(level, "SeccompProfile", "%s", s.Type)
	if s.Type == corev1.SeccompProfileTypeLocalhost {
		p.field(profileLevel, "LocalhostProfile", "%s", or(s.LocalhostProfile, "%s", ""))
	}
}

func (p *page) ports(title string, ports []corev1.ContainerPort, number func(*corev1.ContainerPort) int32) {
	var list []string
	for i := range ports {
		s := fmt.Sprintf("%d/%s", number(&ports[i]), ports[i].Protocol)
		if ports[i].Name != "" {
			s += " (" + ports[i].Name + ")"
		}
		list = append(list, s)
	}
	if len(list) > 1 {
		title += "s"
	}
	p.field(2, title, "%s", orNone(strings.Join(list, ", ")))
}

// lines writes words under a title, one or more lines each.
func (p *page) lines(title string, words []string) {
	if len(words) == 0 {
		return
	}
	p.head(2, title)
	for _, word := range words {
		for _, line := range strings.Split(word, "\n") {
			p.put(3, "%s\n", line)
		}
	}
}

func (p *page) containerState(s *corev1.ContainerStatus) {
	p.state("State", s.State)
	if s.LastTerminationState.Terminated != nil {
		p.state("Last State", s.LastTerminationState)
	}
	p.field(2, "Ready", "%v", truth(&s.Ready))
	p.field(2, "Restart Count", "%d", s.RestartCount)
}

func (p *page) state(title string, s corev1.ContainerState) {
	switch {
	case s.Running != nil:
		p.field(2, title, "Running")
		p.field(3, "Started", "%v", stamp(s.Running.StartedAt.Time))
	case s.Waiting != nil:
		p.field(2, title, "Waiting")
		if s.Waiting.Reason != "" {
			p.field(3, "Reason", "%s", s.Waiting.Reason)
		}
	case s.Terminated != nil:
		t := s.Terminated
		p.field(2, title, "Terminated")
		if t.Reason != "" {
			p.field(3, "Reason", "%s", t.Reason)
		}
		if t.Message != "" {
			p.field(3, "Message", "%s", t.Message)
		}
		p.field(3, "Exit Code", "%d", t.ExitCode)
		if t.Signal > 0 {
			p.field(3, "Signal", "%d", t.Signal)
		}
		p.field(3, "Started", "%s", stamp(t.StartedAt.Time))
		p.field(3, "Finished", "%s", stamp(t.FinishedAt.Time))
	default:
		p.field(2, title, "Waiting")
	}
}

func (p *page) resources(r *corev1.ResourceRequirements, level int) {
	for _, list := range []struct {
		title string
		of    corev1.ResourceList
	}{{"Limits", r.Limits}, {"Requests", r.Requests}} {
		if len(list.of) > 0 {
			p.head(level, list.title)
			p.quantities(level+1, list.of)
		}
	}
}

// quantities writes "name: amount" lines in the order of names.
func (p *page) quantities(level int, list corev1.ResourceList) {
	for _, name := range resourceNames(list) {
		q := list[name]
		p.field(level, string(name), "%s", q.String())
	}
}

func resourceNames(list corev1.ResourceList) []corev1.ResourceName {
	names := make([]corev1.ResourceName, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return names[i] < names[j] })
	return names
}

func (p *page) probe(title string, probe *corev1.Probe) {
	if probe == nil {
		return
	}
	what := "unknown"
	switch {
	case probe.Exec != nil:
		what = fmt.Sprintf("exec %v", probe.Exec.Command)
	case probe.HTTPGet != nil:
		get := probe.HTTPGet
		u := url.URL{Scheme: strings.ToLower(string(get.Scheme)), Host: get.Host, Path: get.Path}
		if port := get.Port.String(); port != "" {
			u.Host = net.JoinHostPort(get.Host, port)
		}
		what = "http-get " + u.String()
	case probe.TCPSocket != nil:
		what = fmt.Sprintf("tcp-socket %s:%s", probe.TCPSocket.Host, probe.TCPSocket.Port.String())
	case probe.GRPC != nil:
		what = fmt.Sprintf("grpc <pod>:%d %s", probe.GRPC.Port, or(probe.GRPC.Service, "%s", ""))
	}
	p.field(2, title, "%s delay=%ds timeout=%ds period=%ds #success=%d #failure=%d", what,
		probe.InitialDelaySeconds, probe.TimeoutSeconds, probe.PeriodSeconds, probe.SuccessThreshold, probe.FailureThreshold)
}

func (p *page) environmentFrom(c *corev1.Container) {
	if len(c.EnvFrom) == 0 {
		return
	}
	p.head(2, "Environment Variables from")
	for _, e := range c.EnvFrom {
		name, from, optional := "", "", false
		switch {
		case e.ConfigMapRef != nil:
			name, from, optional = e.ConfigMapRef.Name, "ConfigMap", isTrue(e.ConfigMapRef.Optional)
		case e.SecretRef != nil:
			name, from, optional = e.SecretRef.Name, "Secret", isTrue(e.SecretRef.Optional)
		}
		if e.Prefix != "" {
			from += " with prefix '" + e.Prefix + "'"
		}
		p.put(3, "%s\t%s\tOptional: %t\n", name, from, optional)
	}
}

func (p *page) environment(c *corev1.Container, of *corev1.Pod) {
	if len(c.Env) == 0 {
		p.field(2, "Environment", "<none>")
		return
	}
	p.head(2, "Environment")
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			first, rest, more := strings.Cut(e.Value, "\n")
			p.field(3, e.Name, "%s", first)
			for more {
				first, rest, more = strings.Cut(rest, "\n")
				p.put(3, "\t%s\n", first)
			}
			continue
		}
		switch from := e.ValueFrom; {
		case from.FieldRef != nil:
			p.field(3, e.Name, "%s (%s:%s)", podField(of, from.FieldRef), from.FieldRef.APIVersion, from.FieldRef.FieldPath)
		case from.ResourceFieldRef != nil:
			what := from.ResourceFieldRef.Resource
			value := ContainerResource(from.ResourceFieldRef, c)
			if value == "0" && (what == "limits.cpu" || what == "limits.memory") {
				value = "node allocatable"
			}
			p.field(3, e.Name, "%s (%s)", value, what)
		case from.SecretKeyRef != nil:
			ref := from.SecretKeyRef
			p.field(3, e.Name, "<set to the key '%s' in secret '%s'>\tOptional: %t", ref.Key, ref.Name, isTrue(ref.Optional))
		case from.ConfigMapKeyRef != nil:
			ref := from.ConfigMapKeyRef
			p.field(3, e.Name, "<set to the key '%s' of config map '%s'>\tOptional: %t", ref.Key, ref.Name, isTrue(ref.Optional))
		}
	}
}

// podField is the value of a pod's field, of the two that kubectl resolves.
func podField(of *corev1.Pod, ref *corev1.ObjectFieldSelector) string {
	if of != nil {
		switch ref.FieldPath {
		case "metadata.name":
			return of.Name
		case "metadata.namespace":
			return of.Namespace
		}
	}
	return ""
}

// ContainerResource is a container's request or limit in units of the divisor, rounded up; "" for what is unknown.
func ContainerResource(ref *corev1.ResourceFieldSelector, c *corev1.Container) string {
	kind, name, _ := strings.Cut(ref.Resource, ".")
	list := c.Resources.Limits
	if kind == "requests" {
		list = c.Resources.Requests
	} else if kind != "limits" {
		return ""
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = apiresource.MustParse("1")
	}
	q := list[corev1.ResourceName(name)]
	var value float64
	switch {
	case name == "cpu":
		value = float64(q.MilliValue()) / float64(divisor.MilliValue())
	case name == "memory", name == "ephemeral-storage", strings.HasPrefix(name, corev1.ResourceHugePagesPrefix):
		value = float64(q.Value()) / float64(divisor.Value())
	default:
		return ""
	}
	return strconv.FormatInt(int64(math.Ceil(value)), 10)
}

func (p *page) mounts(c *corev1.Container) {
	none := ""
	if len(c.VolumeMounts) == 0 {
		none = "\t<none>"
	}
	p.put(2, "Mounts:%s\n", none)
	mounts := append([]corev1.VolumeMount(nil), c.VolumeMounts...)
	sort.Slice(mounts, func(i, j int) bool { return mounts[i].MountPath < mounts[j].MountPath })
	for _, m := range mounts {
		how := "rw"
		if m.ReadOnly {
			how = "ro"
		}
		if m.SubPath != "" {
			how += fmt.Sprintf(",path=%q", m.SubPath)
		}
		p.put(3, "%s from %s (%s)\n", m.MountPath, m.Name, how)
	}
	if len(c.VolumeDevices) == 0 {
		return
	}
	p.put(2, "Devices:%s\n", none)
	devices := append([]corev1.VolumeDevice(nil), c.VolumeDevices...)
	sort.Slice(devices, func(i, j int) bool { return devices[i].DevicePath < devices[j].DevicePath })
	for _, d := range devices {
		p.put(3, "%s from %s\n", d.DevicePath, d.Name)
	}
}
