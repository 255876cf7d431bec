package describe

import (
	"sort"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func pod(c *call, p *page) error {
	var o corev1.Pod
	if err := c.get(core("pods"), &o); err != nil {
		return err
	}
	p.podHead(&o)
	if len(o.Spec.InitContainers) > 0 {
		p.containers("Init Containers", o.Spec.InitContainers, o.Status.InitContainerStatuses, &o)
	}
	p.containers("Containers", o.Spec.Containers, o.Status.ContainerStatuses, &o)
	if len(o.Spec.EphemeralContainers) > 0 {
		var ephemeral []corev1.Container
		for _, e := range o.Spec.EphemeralContainers {
			ephemeral = append(ephemeral, corev1.Container(e.EphemeralContainerCommon))
		}
		p.containers("Ephemeral Containers", ephemeral, o.Status.EphemeralContainerStatuses, &o)
	}
	p.podConditions(&o)
	p.volumes(o.Spec.Volumes, false)
	p.field(0, "QoS Class", "%s", qosClass(&o))
	p.labels("Node-Selectors", o.Spec.NodeSelector)
	p.tolerations("Tolerations", o.Spec.Tolerations)
	p.topologySpread(o.Spec.TopologySpreadConstraints, "")
	p.schedulingGroup(o.Spec.SchedulingGroup, "")
	if c.settings.ShowEvents {
		uid := string(o.UID)
		if mirror, ok := o.Annotations[corev1.MirrorPodAnnotationKey]; ok {
			uid = mirror
		}
		p.events(c.find("", o.Name, o.Namespace, uid))
	}
	return nil
}

func (p *page) podHead(o *corev1.Pod) {
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	if o.Spec.Priority != nil {
		p.field(0, "Priority", "%d", *o.Spec.Priority)
	}
	if o.Spec.PriorityClassName != "" {
		p.field(0, "Priority Class Name", "%s", o.Spec.PriorityClassName)
	}
	if class := o.Spec.RuntimeClassName; class != nil && *class != "" {
		p.field(0, "Runtime Class Name", "%s", *class)
	}
	if o.Spec.ServiceAccountName != "" {
		p.field(0, "Service Account", "%s", o.Spec.ServiceAccountName)
	}
	if o.Spec.NodeName == "" {
		p.field(0, "Node", "<none>")
	} else {
		p.field(0, "Node", "%s/%s", o.Spec.NodeName, o.Status.HostIP)
	}
	if o.Status.StartTime != nil {
		p.field(0, "Start Time", "%s", stamp(o.Status.StartTime.Time))
	}
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.podStatus(o)
	p.field(0, "IP", "%s", o.Status.PodIP)
	if len(o.Status.PodIPs) == 0 {
		p.field(0, "IPs", "<none>")
	} else {
		p.head(0, "IPs")
		for _, ip := range o.Status.PodIPs {
			p.field(1, "IP", "%s", ip.IP)
		}
	}
	p.controlledBy(&o.ObjectMeta)
	if o.Status.NominatedNodeName != "" {
		p.field(0, "NominatedNodeName", "%s", o.Status.NominatedNodeName)
	}
	if o.Spec.Resources != nil {
		p.head(0, "Resources")
		p.resources(o.Spec.Resources, 1)
	}
}

func (p *page) podStatus(o *corev1.Pod) {
	if o.DeletionTimestamp != nil && o.Status.Phase != corev1.PodFailed && o.Status.Phase != corev1.PodSucceeded {
		p.field(0, "Status", "Terminating (lasts %s)", p.since(*o.DeletionTimestamp))
		p.field(0, "Termination Grace Period", "%ss", or(o.DeletionGracePeriodSeconds, "%d", "0"))
	} else {
		p.field(0, "Status", "%s", o.Status.Phase)
	}
	if o.Status.Reason != "" {
		p.field(0, "Reason", "%s", o.Status.Reason)
	}
	if o.Status.Message != "" {
		p.field(0, "Message", "%s", o.Status.Message)
	}
	if o.Spec.SecurityContext != nil {
		p.seccomp(o.Spec.SecurityContext.SeccompProfile, 0, 0)
	}
}

func (p *page) podConditions(o *corev1.Pod) {
	if len(o.Spec.ReadinessGates) > 0 {
		p.put(0, "Readiness Gates:\n  Type\tStatus\n")
		for _, gate := range o.Spec.ReadinessGates {
			status := corev1.ConditionStatus("<none>")
			for _, c := range o.Status.Conditions {
				if c.Type == gate.ConditionType {
					status = c.Status
					break
				}
			}
			p.put(1, "%v \t%v \n", gate.ConditionType, status)
		}
	}
	if len(o.Status.Conditions) > 0 {
		p.put(0, "Conditions:\n  Type\tStatus\n")
		for _, c := range o.Status.Conditions {
			p.put(1, "%v \t%v \n", c.Type, c.Status)
		}
	}
}

func (p *page) topologySpread(constraints []corev1.TopologySpreadConstraint, indent string) {
	if len(constraints) == 0 {
		return
	}
	constraints = append([]corev1.TopologySpreadConstraint(nil), constraints...)
	sort.Slice(constraints, func(i, j int) bool { return constraints[i].TopologyKey < constraints[j].TopologyKey })
	p.put(0, "%sTopology Spread Constraints:\t", indent)
	for i, c := range constraints {
		if i > 0 {
			p.put(0, "%s\t", indent)
		}
		p.put(0, "%s:%v when max skew %d is exceeded", c.TopologyKey, c.WhenUnsatisfiable, c.MaxSkew)
		if c.LabelSelector != nil {
			p.put(0, " for selector %s", metav1.FormatLabelSelector(c.LabelSelector))
		}
		p.put(0, "\n")
	}
}

func (p *page) schedulingGroup(g *corev1.PodSchedulingGroup, indent string) {
	if g != nil {
		p.put(0, "%sSchedulingGroup:\n", indent)
		p.field(1, "PodGroupName", "%s", or(g.PodGroupName, "%s", ""))
	}
}

// Template tells about a pod template, tabs unaligned, as `kubectl rollout history` prints it.
func Template(t *corev1.PodTemplateSpec) string {
	p := &page{}
	p.tabs = &p.out
	p.template(t)
	return p.String()
}

// template writes the pod template of a controller.
func (p *page) template(t *corev1.PodTemplateSpec) {
	p.head(0, "Pod Template")
	if t == nil {
		p.put(1, "<unset>")
		return
	}
	p.labels("  Labels", t.Labels)
	if len(t.Annotations) > 0 {
		p.annotations("  Annotations", t.Annotations)
	}
	if t.Spec.ServiceAccountName != "" {
		p.field(1, "Service Account", "%s", t.Spec.ServiceAccountName)
	}
	if len(t.Spec.InitContainers) > 0 {
		p.containers("Init Containers", t.Spec.InitContainers, nil, nil)
	}
	p.containers("Containers", t.Spec.Containers, nil, nil)
	p.volumes(t.Spec.Volumes, true)
	p.topologySpread(t.Spec.TopologySpreadConstraints, "  ")
	if t.Spec.PriorityClassName != "" {
		p.field(1, "Priority Class Name", "%s", t.Spec.PriorityClassName)
	}
	p.labels("  Node-Selectors", t.Spec.NodeSelector)
	p.tolerations("  Tolerations", t.Spec.Tolerations)
	p.schedulingGroup(t.Spec.SchedulingGroup, "  ")
}
