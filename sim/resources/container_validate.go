package resources

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *podChecks) validateContainers(at *field.Path) {
	if len(c.spec.Containers) == 0 {
		c.required(at, "")
		return
	}
	names := map[string]bool{}
	for i := range c.spec.Containers {
		at, container := at.Index(i), &c.spec.Containers[i]
		c.validateContainer(at, container)
		if names[container.Name] {
			c.duplicate(at.Child("name"), container.Name)
		}
		names[container.Name] = true
		c.validateLifecycle(at.Child("lifecycle"), container.Lifecycle)
		c.validateProbes(at, container)
		c.validateRestartRules(at, container.RestartPolicy, container.RestartPolicyRules)
	}
	c.hostPortConflicts(at, c.spec.Containers)
}

func (c *podChecks) validateInitContainers(at *field.Path) {
	names := map[string]bool{}
	for i := range c.spec.Containers {
		names[c.spec.Containers[i].Name] = true
	}
	for i := range c.spec.InitContainers {
		container := &c.spec.InitContainers[i]
		list, at := at, at.Index(i)
		c.validateContainer(at, container)
		switch {
		case container.RestartPolicy != nil:
			c.validateRestartRules(at, container.RestartPolicy, container.RestartPolicyRules)
		case len(container.RestartPolicyRules) > 0:
			c.required(at.Child("restartPolicy"), "must specify restartPolicy when restart rules are used")
		}
		if names[container.Name] {
			c.duplicate(at.Child("name"), container.Name)
		} else if container.Name != "" {
			names[container.Name] = true
		}
		c.hostPortConflicts(list, c.spec.InitContainers[i:i+1])
		if isSidecar(container) {
			c.validateLifecycle(at.Child("lifecycle"), container.Lifecycle)
			c.validateProbes(at, container)
			continue
		}
		const why = "may not be set for init containers without restartPolicy=Always"
		if container.Lifecycle != nil {
			c.forbidden(at.Child("lifecycle"), why)
		}
		if container.LivenessProbe != nil {
			c.forbidden(at.Child("livenessProbe"), why)
		}
		if container.ReadinessProbe != nil {
			c.forbidden(at.Child("readinessProbe"), why)
		}
		if container.StartupProbe != nil {
			c.forbidden(at.Child("startupProbe"), why)
		}
		for j, policy := range container.ResizePolicy {
			if policy.RestartPolicy == v1.RestartContainer && !c.rules.restartForInit {
				c.invalid(at.Child("resizePolicy").Index(j).Child("restartPolicy"), policy.RestartPolicy,
					"must not be set to 'RestartContainer' for non-sidecar initContainers")
			}
		}
	}
}

func (c *podChecks) validateEphemeralContainers(at *field.Path) {
	others, names := map[string]bool{}, map[string]bool{}
	for _, containers := range [][]v1.Container{c.spec.Containers, c.spec.InitContainers} {
		for i := range containers {
			others[containers[i].Name], names[containers[i].Name] = true, true
		}
	}
	for i := range c.spec.EphemeralContainers {
		at, e := at.Index(i), &c.spec.EphemeralContainers[i]
		container := (*v1.Container)(&e.EphemeralContainerCommon)
		c.validateContainer(at, container)
		trimmedImage(c.problems, at, container)
		if names[e.Name] {
			c.duplicate(at.Child("name"), e.Name)
		}
		names[e.Name] = true
		if e.TargetContainerName != "" && !others[e.TargetContainerName] {
			c.notFound(at.Child("targetContainerName"), e.TargetContainerName)
		}
		onlyFields(c.problems, at, e.EphemeralContainerCommon, "cannot be set for an Ephemeral Container", "Name", "Image", "Command",
			"Args", "WorkingDir", "EnvFrom", "Env", "VolumeMounts", "VolumeDevices", "TerminationMessagePath",
			"TerminationMessagePolicy", "ImagePullPolicy", "SecurityContext", "Stdin", "StdinOnce", "TTY")
		for j, mount := range e.VolumeMounts {
			if mount.SubPath != "" {
				c.forbidden(at.Child("volumeMounts").Index(j).Child("subPath"), "cannot be set for an Ephemeral Container")
			}
			if mount.SubPathExpr != "" {
				c.forbidden(at.Child("volumeMounts").Index(j).Child("subPathExpr"), "cannot be set for an Ephemeral Container")
			}
		}
	}
}

// onlyFields forbids all fields of a struct but those named.
func onlyFields(p *problems, at *field.Path, of any, why string, allowed ...string) {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if slices.Contains(allowed, name) || v.Field(i).IsZero() {
			continue
		}
		p.forbidden(at.Child(string(unicode.ToLower(rune(name[0])))+name[1:]), why)
	}
}

func trimmedImage(p *problems, at *field.Path, c *v1.Container) {
	if c.Image != strings.TrimSpace(c.Image) {
		p.invalid(at.Child("image"), c.Image, "must not have leading or trailing whitespace")
	}
}

// validateContainer is what all sorts of containers share.
func (c *podChecks) validateContainer(at *field.Path, container *v1.Container) {
	if c.present(at.Child("name"), container.Name) {
		c.label(at.Child("name"), container.Name)
	}
	c.present(at.Child("image"), container.Image)
	oneOfRequired(c.problems, at.Child("terminationMessagePolicy"), container.TerminationMessagePolicy,
		v1.TerminationMessageReadFile, v1.TerminationMessageFallbackToLogsOnError)
	c.validatePorts(at.Child("ports"), container.Ports)
	c.validateEnv(at.Child("env"), container.Env)
	c.validateEnvFrom(at.Child("envFrom"), container.EnvFrom)
	c.validateMounts(at.Child("volumeMounts"), container)
	c.validateDevices(at.Child("volumeDevices"), container)
	validatePullPolicy(c.problems, at.Child("imagePullPolicy"), container.ImagePullPolicy)
	c.validateResources(at.Child("resources"), &container.Resources, containerResourceName)
	c.validateResizePolicy(at.Child("resizePolicy"), container.ResizePolicy)
	c.validateSecurity(at.Child("securityContext"), container.SecurityContext)
}

func validatePullPolicy(p *problems, at *field.Path, policy v1.PullPolicy) {
	oneOfRequired(p, at, policy, v1.PullAlways, v1.PullIfNotPresent, v1.PullNever)
}

func (c *podChecks) validatePorts(at *field.Path, ports []v1.ContainerPort) {
	names := map[string]bool{}
	for i, port := range ports {
		at := at.Index(i)
		if port.Name != "" {
			if wrong := validation.IsValidPortName(port.Name); len(wrong) > 0 {
				c.each(at.Child("name"), port.Name, wrong)
			} else if names[port.Name] {
				c.duplicate(at.Child("name"), port.Name)
			} else {
				names[port.Name] = true
			}
		}
		if port.ContainerPort == 0 {
			c.required(at.Child("containerPort"), "")
		} else {
			c.port(at.Child("containerPort"), port.ContainerPort)
		}
		if port.HostPort != 0 {
			c.port(at.Child("hostPort"), port.HostPort)
		}
		oneOfRequired(c.problems, at.Child("protocol"), port.Protocol, v1.ProtocolSCTP, v1.ProtocolTCP, v1.ProtocolUDP)
	}
}

func (c *podChecks) hostPortConflicts(at *field.Path, containers []v1.Container) {
	taken := map[string]bool{}
	for i := range containers {
		for j, port := range containers[i].Ports {
			if port.HostPort == 0 {
				continue
			}
			place := fmt.Sprintf("%s/%s/%d", port.Protocol, port.HostIP, port.HostPort)
			if taken[place] {
				c.duplicate(at.Index(i).Child("ports").Index(j).Child("hostPort"), place)
			}
			taken[place] = true
		}
	}
}

func (c *podChecks) validateResizePolicy(at *field.Path, policies []v1.ContainerResizePolicy) {
	seen := map[v1.ResourceName]bool{}
	for i, policy := range policies {
		if seen[policy.ResourceName] {
			c.duplicate(at.Index(i), policy.ResourceName)
		}
		seen[policy.ResourceName] = true
		oneOfRequired(c.problems, at, policy.ResourceName, v1.ResourceCPU, v1.ResourceMemory)
		oneOfRequired(c.problems, at, policy.RestartPolicy, v1.NotRequired, v1.RestartContainer)
		if c.spec.RestartPolicy == v1.RestartPolicyNever && policy.RestartPolicy != v1.NotRequired {
			c.invalid(at, policy.RestartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'")
		}
	}
}

func (c *podChecks) validateRestartRules(at *field.Path, policy *v1.ContainerRestartPolicy, rules []v1.ContainerRestartRule) {
	const mostRules, mostCodes = 20, 255
	switch {
	case policy != nil:
		oneOf(c.problems, at.Child("restartPolicy"), *policy, v1.ContainerRestartPolicyAlways, v1.ContainerRestartPolicyNever,
			v1.ContainerRestartPolicyOnFailure)
	case len(rules) == 0:
		return
	default:
		c.required(at.Child("restartPolicy"), "must specify restartPolicy when restart rules are used")
	}
	at = at.Child("restartPolicyRules")
	if len(rules) > mostRules {
		c.add(field.TooMany(at, len(rules), mostRules))
	}
	for i, rule := range rules {
		at := at.Index(i)
		oneOf(c.problems, at.Child("action"), rule.Action, v1.ContainerRestartRuleActionRestart, v1.ContainerRestartRuleActionRestartAllContainers)
		if rule.ExitCodes == nil {
			c.required(at.Child("exitCodes"), "must be specified")
			continue
		}
		oneOf(c.problems, at.Child("exitCodes", "operator"), rule.ExitCodes.Operator,
			v1.ContainerRestartRuleOnExitCodesOpIn, v1.ContainerRestartRuleOnExitCodesOpNotIn)
		if n := len(rule.ExitCodes.Values); n > mostCodes {
			c.add(field.TooMany(at.Child("exitCodes", "values"), n, mostCodes))
		}
	}
}

func (c *podChecks) validateProbes(at *field.Path, container *v1.Container) {
	if probe := container.LivenessProbe; probe != nil {
		at := at.Child("livenessProbe")
		c.validateProbe(at, probe)
		if probe.SuccessThreshold != 1 {
			c.invalid(at.Child("successThreshold"), probe.SuccessThreshold, "must be 1")
		}
	}
	if probe := container.ReadinessProbe; probe != nil {
		at := at.Child("readinessProbe")
		c.validateProbe(at, probe)
		if probe.TerminationGracePeriodSeconds != nil {
			c.invalid(at.Child("terminationGracePeriodSeconds"), probe.TerminationGracePeriodSeconds, "must not be set for readinessProbes")
		}
	}
	if probe := container.StartupProbe; probe != nil {
		at := at.Child("startupProbe")
		c.validateProbe(at, probe)
		if probe.SuccessThreshold != 1 {
			c.invalid(at.Child("successThreshold"), probe.SuccessThreshold, "must be 1")
		}
	}
}

func (c *podChecks) validateProbe(at *field.Path, probe *v1.Probe) {
	c.validateHandler(at, handler{exec: probe.Exec, http: probe.HTTPGet, tcp: probe.TCPSocket, grpc: probe.GRPC})
	c.nonNegative(at.Child("initialDelaySeconds"), int64(probe.InitialDelaySeconds))
	c.nonNegative(at.Child("timeoutSeconds"), int64(probe.TimeoutSeconds))
	c.nonNegative(at.Child("periodSeconds"), int64(probe.PeriodSeconds))
	c.nonNegative(at.Child("successThreshold"), int64(probe.SuccessThreshold))
	c.nonNegative(at.Child("failureThreshold"), int64(probe.FailureThreshold))
	if grace := probe.TerminationGracePeriodSeconds; grace != nil && *grace <= 0 {
		c.invalid(at.Child("terminationGracePeriodSeconds"), *grace, "must be greater than 0")
	}
}

func (c *podChecks) validateLifecycle(at *field.Path, lifecycle *v1.Lifecycle) {
	if lifecycle == nil {
		return
	}
	hook := func(at *field.Path, h *v1.LifecycleHandler) {
		if h != nil {
			c.validateHandler(at, handler{exec: h.Exec, http: h.HTTPGet, tcp: h.TCPSocket, sleep: h.Sleep})
		}
	}
	hook(at.Child("postStart"), lifecycle.PostStart)
	hook(at.Child("preStop"), lifecycle.PreStop)
	if lifecycle.StopSignal == nil {
		return
	}
	at = at.Child("stopSignal")
	switch {
	case c.spec.OS == nil:
		c.forbidden(at, "may not be set for containers with empty `spec.os.name`")
	case c.spec.OS.Name == v1.Windows:
		oneOf(c.problems, at, *lifecycle.StopSignal, v1.SIGKILL, v1.SIGTERM)
	}
}

// handler is what a probe and a hook do.
type handler struct {
	exec  *v1.ExecAction
	http  *v1.HTTPGetAction
	tcp   *v1.TCPSocketAction
	grpc  *v1.GRPCAction
	sleep *v1.SleepAction
}

func (c *podChecks) validateHandler(at *field.Path, h handler) {
	found := 0
	only := func(name string, is bool, check func(at *field.Path)) {
		if !is {
			return
		}
		if found++; found > 1 {
			c.forbidden(at.Child(name), "may not specify more than 1 handler type")
			return
		}
		check(at.Child(name))
	}
	only("exec", h.exec != nil, func(at *field.Path) {
		if len(h.exec.Command) == 0 {
			c.required(at.Child("command"), "")
		}
	})
	only("httpGet", h.http != nil, func(at *field.Path) { c.validateHTTPGet(at, h.http) })
	only("tcpSocket", h.tcp != nil, func(at *field.Path) { validatePortOrName(c.problems, at.Child("port"), h.tcp.Port) })
	only("grpc", h.grpc != nil, func(at *field.Path) {
		validatePortOrName(c.problems, at.Child("port"), intstr.FromInt32(h.grpc.Port))
	})
	only("sleep", h.sleep != nil, func(at *field.Path) {
		if grace := c.spec.TerminationGracePeriodSeconds; grace != nil && (h.sleep.Seconds < 0 || h.sleep.Seconds > *grace) {
			c.invalid(at, h.sleep.Seconds, fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *grace))
		}
	})
	if found == 0 {
		c.required(at, "must specify a handler type")
	}
}

func (c *podChecks) validateHTTPGet(at *field.Path, get *v1.HTTPGetAction) {
	c.present(at.Child("path"), get.Path)
	validatePortOrName(c.problems, at.Child("port"), get.Port)
	oneOf(c.problems, at.Child("scheme"), get.Scheme, v1.URISchemeHTTP, v1.URISchemeHTTPS)
	for _, header := range get.HTTPHeaders {
		c.each(at.Child("httpHeaders"), header.Name, validation.IsHTTPHeaderName(header.Name))
	}
}

func validatePortOrName(p *problems, at *field.Path, port intstr.IntOrString) {
	if port.Type == intstr.String {
		p.each(at, port.StrVal, validation.IsValidPortName(port.StrVal))
		return
	}
	p.each(at, port.IntValue(), validation.IsValidPortNum(port.IntValue()))
}
