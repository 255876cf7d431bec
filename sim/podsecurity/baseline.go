package podsecurity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// appArmor is who asks for which profiles that are not allowed: the setters, the profiles, and annotations that ask.
func appArmor(s subject) (who string, what, annotations []string) {
	bad := values{}
	forbidden := func(p *v1.AppArmorProfile) bool {
		if p == nil || p.Type == v1.AppArmorProfileTypeRuntimeDefault || p.Type == v1.AppArmorProfileTypeLocalhost {
			return false
		}
		bad[string(p.Type)] = true
		return true
	}
	pod := forbidden(s.security().AppArmorProfile)
	who = setters(pod, s.secured(func(c *v1.SecurityContext) bool { return forbidden(c.AppArmorProfile) }))
	for key, profile := range s.meta.Annotations {
		fine := profile == "" || profile == v1.DeprecatedAppArmorBetaProfileRuntimeDefault ||
			strings.HasPrefix(profile, v1.DeprecatedAppArmorBetaProfileNamePrefix)
		if strings.HasPrefix(key, v1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix) && !fine {
			annotations = append(annotations, fmt.Sprintf("%s=%q", key, profile))
		}
	}
	slices.Sort(annotations)
	return who, bad.list(), annotations
}

func appArmorReason(s subject) string {
	_, what, annotations := appArmor(s)
	return plural("forbidden AppArmor profile", "forbidden AppArmor profiles", len(what)+len(annotations))
}

func appArmorProfile(s subject) string {
	who, what, annotations := appArmor(s)
	if len(annotations) > 0 {
		if who != "" {
			who += " and "
		}
		who += plural("annotation", "annotations", len(annotations))
	}
	if who == "" {
		return ""
	}
	return who + " must not set AppArmor profile type to " + quoted(append(what, annotations...))
}

func addedCapabilities(s subject) string {
	bad := values{}
	names := s.secured(func(c *v1.SecurityContext) bool {
		return added(c, bad, func(c v1.Capability) bool {
			switch c {
			case "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
				"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT":
				return true
			}
			return false
		})
	})
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s must not include %s in securityContext.capabilities.add", containers(names), quoted(bad.list()))
}

// added collects the capabilities that are added without being allowed, and says whether there are any.
func added(c *v1.SecurityContext, bad values, allowed func(v1.Capability) bool) bool {
	if c.Capabilities == nil {
		return false
	}
	any := false
	for _, name := range c.Capabilities.Add {
		if !allowed(name) {
			bad[string(name)], any = true, true
		}
	}
	return any
}

func hostNamespaces(s subject) string {
	var shared []string
	if s.spec.HostNetwork {
		shared = append(shared, "hostNetwork=true")
	}
	if s.spec.HostPID {
		shared = append(shared, "hostPID=true")
	}
	if s.spec.HostIPC {
		shared = append(shared, "hostIPC=true")
	}
	return strings.Join(shared, ", ")
}

func hostPathVolumes(s subject) string {
	var names []string
	for _, v := range s.spec.Volumes {
		if v.HostPath != nil {
			names = append(names, v.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return plural("volume", "volumes", len(names)) + " " + quoted(names)
}

func hostPorts(s subject) string {
	ports := values{}
	names := s.which(func(c *v1.Container) bool {
		any := false
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				ports[strconv.Itoa(int(p.HostPort))], any = true, true
			}
		}
		return any
	})
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s %s %s %s", containers(names), plural("uses", "use", len(names)),
		plural("hostPort", "hostPorts", len(ports)), strings.Join(ports.list(), ", "))
}

func hostProbes(s subject) string {
	hosts, names := values{}, values{}
	for _, c := range s.containers() {
		note := func(http *v1.HTTPGetAction, tcp *v1.TCPSocketAction) {
			if http != nil && http.Host != "" {
				hosts[http.Host], names[c.Name] = true, true
			}
			if tcp != nil && tcp.Host != "" {
				hosts[tcp.Host], names[c.Name] = true, true
			}
		}
		for _, p := range []*v1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
			if p != nil {
				note(p.HTTPGet, p.TCPSocket)
			}
		}
		if c.Lifecycle == nil {
			continue
		}
		for _, h := range []*v1.LifecycleHandler{c.Lifecycle.PostStart, c.Lifecycle.PreStop} {
			if h != nil {
				note(h.HTTPGet, h.TCPSocket)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s %s %s %s", containers(names.list()), plural("uses", "use", len(names)),
		plural("probe or lifecycle host", "probe or lifecycle hosts", len(hosts)), quoted(hosts.list()))
}

func privileged(s subject) string {
	names := s.secured(func(c *v1.SecurityContext) bool { return c.Privileged != nil && *c.Privileged })
	if len(names) == 0 {
		return ""
	}
	return containers(names) + " must not set securityContext.privileged=true"
}

func procMount(s subject) string {
	mounts := values{}
	names := s.secured(func(c *v1.SecurityContext) bool {
		if c.ProcMount == nil || *c.ProcMount == v1.DefaultProcMount {
			return false
		}
		mounts[string(*c.ProcMount)] = true
		return true
	})
	if len(names) == 0 {
		return ""
	}
	return containers(names) + " must not set securityContext.procMount to " + quoted(mounts.list())
}

func seLinuxOptions(s subject) string {
	return seLinux(s, "", "container_t", "container_init_t", "container_kvm_t")
}

func seLinuxOptions31(s subject) string {
	return seLinux(s, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
}

func seLinux(s subject, allowed ...string) string {
	types, user, role := values{}, false, false
	forbidden := func(o *v1.SELinuxOptions) bool {
		if o == nil {
			return false
		}
		bad := !slices.Contains(allowed, o.Type)
		if bad {
			types[o.Type] = true
		}
		user, role = user || o.User != "", role || o.Role != ""
		return bad || o.User != "" || o.Role != ""
	}
	pod := forbidden(s.security().SELinuxOptions)
	who := setters(pod, s.secured(func(c *v1.SecurityContext) bool { return forbidden(c.SELinuxOptions) }))
	if who == "" {
		return ""
	}
	var what []string
	if len(types) > 0 {
		what = append(what, plural("type", "types", len(types))+" "+quoted(types.list()))
	}
	if user {
		what = append(what, "user may not be set")
	}
	if role {
		what = append(what, "role may not be set")
	}
	return who + " set forbidden securityContext.seLinuxOptions: " + strings.Join(what, "; ")
}

// seccompAnnotations is how profiles were asked for before there were fields.
func seccompAnnotations(s subject) string {
	bad := values{}
	note := func(key string) {
		profile, ok := s.meta.Annotations[key]
		if ok && profile != v1.SeccompProfileRuntimeDefault && profile != v1.DeprecatedSeccompProfileDockerDefault &&
			!strings.HasPrefix(profile, v1.SeccompLocalhostProfileNamePrefix) {
			bad[fmt.Sprintf("%s=%q", key, profile)] = true
		}
	}
	note("seccomp.security.alpha.kubernetes.io/pod")
	for _, c := range s.containers() {
		note("container.seccomp.security.alpha.kubernetes.io/" + c.Name)
	}
	if len(bad) == 0 {
		return ""
	}
	return fmt.Sprintf("forbidden %s %s", plural("annotation", "annotations", len(bad)), strings.Join(bad.list(), ", "))
}

func seccompAllowed(p *v1.SeccompProfile) bool {
	return p.Type == v1.SeccompProfileTypeLocalhost || p.Type == v1.SeccompProfileTypeRuntimeDefault
}

func seccompProfile(s subject) string {
	types := values{}
	forbidden := func(p *v1.SeccompProfile) bool {
		if p == nil || seccompAllowed(p) {
			return false
		}
		types[string(p.Type)] = true
		return true
	}
	pod := forbidden(s.security().SeccompProfile)
	who := setters(pod, s.secured(func(c *v1.SecurityContext) bool { return forbidden(c.SeccompProfile) }))
	if who == "" {
		return ""
	}
	return who + " must not set securityContext.seccompProfile.type to " + quoted(types.list())
}

// sysctls allows those that were safe as of the minor version.
func sysctls(minor int) func(s subject) string {
	return func(s subject) string {
		var names []string
		for _, c := range s.security().Sysctls {
			if since, safe := sysctlSafeSince(c.Name); !safe || since > minor {
				names = append(names, c.Name)
			}
		}
		return strings.Join(names, ", ")
	}
}

func sysctlSafeSince(name string) (minor int, safe bool) {
	switch name {
	case "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
		"net.ipv4.ip_unprivileged_port_start":
		return 0, true
	case "net.ipv4.ip_local_reserved_ports":
		return 27, true
	case "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes":
		return 29, true
	case "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem":
		return 32, true
	}
	return 0, false
}

func windowsHostProcess(s subject) string {
	set := func(o *v1.WindowsSecurityContextOptions) bool {
		return o != nil && o.HostProcess != nil && *o.HostProcess
	}
	who := setters(set(s.security().WindowsOptions), s.secured(func(c *v1.SecurityContext) bool { return set(c.WindowsOptions) }))
	if who == "" {
		return ""
	}
	return who + " must not set securityContext.windowsOptions.hostProcess=true"
}
