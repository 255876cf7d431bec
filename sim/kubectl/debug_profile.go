package kubectl

import (
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
)

// debugStyle is what a debugging container is put into.
type debugStyle int

const (
	debugEphemeral debugStyle = iota
	debugCopy
	debugNode
)

// debugProfile is what --profile gives to a debugging container and its pod.
type debugProfile struct {
	name string
	keep map[string]bool // --keep-*
}

func profileNamed(cmd *cobra.Command) (debugProfile, error) {
	p := debugProfile{name: flagString(cmd, "profile"), keep: map[string]bool{}}
	for _, what := range []string{"labels", "annotations", "liveness", "readiness", "startup", "init-containers"} {
		p.keep[what] = flagBool(cmd, "keep-"+what)
	}
	switch p.name {
	case "legacy", "general", "baseline", "restricted", "netadmin", "sysadmin":
		return p, nil
	}
	return p, fmt.Errorf("unknown profile: %s", p.name)
}

// apply changes the container and, but for an ephemeral one, its pod.
func (p debugProfile) apply(pod *corev1.Pod, c *corev1.Container, style debugStyle) {
	host := style == debugNode && p.name != "baseline" && p.name != "restricted"
	if host {
		pod.Spec.HostNetwork, pod.Spec.HostPID, pod.Spec.HostIPC = true, true, true
		if p.name != "netadmin" {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "host-root", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}})
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{MountPath: "/host", Name: "host-root"})
		}
	}
	if style == debugCopy {
		p.strip(pod)
	}
	p.secure(c, style)
}

// strip takes from a copy what is not to be kept.
func (p debugProfile) strip(pod *corev1.Pod) {
	if !p.keep["labels"] || p.name == "legacy" {
		pod.Labels = nil
	}
	if p.name == "legacy" {
		return
	}
	if !p.keep["annotations"] {
		pod.Annotations = nil
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if !p.keep["liveness"] {
			c.LivenessProbe = nil
		}
		if !p.keep["readiness"] {
			c.ReadinessProbe = nil
		}
		if !p.keep["startup"] {
			c.StartupProbe = nil
		}
	}
	if !p.keep["init-containers"] {
		pod.Spec.InitContainers = nil
	}
	if pod.Spec.ShareProcessNamespace == nil {
		yes := true
		pod.Spec.ShareProcessNamespace = &yes
	}
}

// secure sets what the container may do.
func (p debugProfile) secure(c *corev1.Container, style debugStyle) {
	yes, no := true, false
	if p.name == "baseline" || p.name == "restricted" || p.name == "general" && style == debugNode {
		c.SecurityContext = nil
	}
	if c.SecurityContext == nil && (p.name == "restricted" || p.name == "netadmin" || p.name == "sysadmin" || p.name == "general" && style != debugNode) {
		c.SecurityContext = &corev1.SecurityContext{}
	}
	s := c.SecurityContext
	add := func(names ...corev1.Capability) {
		if s.Capabilities == nil {
			s.Capabilities = &corev1.Capabilities{}
		}
		s.Capabilities.Add = append(s.Capabilities.Add, names...)
	}
	switch p.name {
	case "general":
		if style != debugNode {
			add("SYS_PTRACE")
		}
	case "netadmin":
		add("NET_ADMIN", "NET_RAW")
	case "sysadmin":
		s.Privileged = &yes
	case "restricted":
		s.RunAsNonRoot, s.AllowPrivilegeEscalation = &yes, &no
		s.Capabilities = &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}
		s.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
}
