package resources

import (
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// warnings collects what a client should know though it is no error.
type warnings []string

func (w *warnings) say(at *field.Path, format string, a ...any) {
	*w = append(*w, at.String()+": "+fmt.Sprintf(format, a...))
}

func (w *warnings) ip(at *field.Path, ip string) {
	*w = append(*w, validation.GetWarningsForIP(at, ip)...)
}

func podWarnings(pod, old *v1.Pod) []string {
	if old != nil {
		return nil
	}
	var out []string
	if wrong := validation.IsDNS1123Label(pod.Name); len(wrong) > 0 {
		out = append(out, fmt.Sprintf("metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: %v", wrong))
	}
	return append(out, specWarnings(nil, &pod.Spec, pod.Annotations)...)
}

// hostNameWarning warns of a name that the pods cannot be called after.
func hostNameWarning(name string) []string {
	if wrong := validation.IsDNS1123Label(name); len(wrong) > 0 {
		return []string{fmt.Sprintf("metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: %v", wrong)}
	}
	return nil
}

// templateWarnings are those of a workload's template.
func templateWarnings(at *field.Path, t *v1.PodTemplateSpec) []string {
	return specWarnings(at, &t.Spec, t.Annotations)
}

// specWarnings are those of a pod, whose path is nil, or of a template.
func specWarnings(at *field.Path, spec *v1.PodSpec, annotations map[string]string) []string {
	var w warnings
	w.placement(at.Child("spec"), spec)
	for _, old := range []struct{ key, text string }{
		{"scheduler.alpha.kubernetes.io/critical-pod", `non-functional in v1.16+; use the "priorityClassName" field instead`},
		{"security.alpha.kubernetes.io/sysctls", `non-functional in v1.11+; use the "sysctls" field instead`},
		{"security.alpha.kubernetes.io/unsafe-sysctls", `non-functional in v1.11+; use the "sysctls" field instead`},
	} {
		if _, found := annotations[old.key]; found {
			w.say(at.Child("metadata", "annotations").Key(old.key), "%s", old.text)
		}
	}
	w.volumes(at.Child("spec", "volumes"), spec.Volumes)
	w.overlaps(spec.Volumes)
	w.names(at.Child("spec"), spec)
	for _, name := range []v1.ResourceName{v1.ResourceMemory, v1.ResourceEphemeralStorage} {
		w.fraction(at.Child("spec", "overhead"), spec.Overhead, name)
	}
	if _, found := annotations[seccompPodKey]; found && (spec.SecurityContext == nil || spec.SecurityContext.SeccompProfile == nil) {
		w.say(at.Child("metadata", "annotations").Key(seccompPodKey), `non-functional in v1.27+; use the "seccompProfile" field instead`)
	}
	eachContainer(spec, at.Child("spec"), func(c *v1.Container, in *field.Path) { w.container(at, in, spec, c, annotations) })
	w.ports(at.Child("spec"), spec)
	if or(spec.TerminationGracePeriodSeconds, 0) < 0 {
		w.say(at.Child("spec", "terminationGracePeriodSeconds"), "must be >= 0; negative values are invalid and will be treated as 1")
	}
	w.affinity(at.Child("spec", "affinity"), spec.Affinity)
	if spec.DNSConfig != nil {
		for i, server := range spec.DNSConfig.Nameservers {
			w.ip(at.Child("spec", "dnsConfig", "nameservers").Index(i), server)
		}
	}
	for i, alias := range spec.HostAliases {
		w.ip(at.Child("spec", "hostAliases").Index(i).Child("ip"), alias.IP)
	}
	return w
}

// deprecatedNodeLabel is what to say of a label that nodes no longer should have; "" of all others.
func deprecatedNodeLabel(label string) string {
	switch label {
	case "beta.kubernetes.io/arch":
		return `deprecated since v1.14; use "kubernetes.io/arch" instead`
	case "beta.kubernetes.io/os":
		return `deprecated since v1.14; use "kubernetes.io/os" instead`
	case "failure-domain.beta.kubernetes.io/region":
		return `deprecated since v1.17; use "topology.kubernetes.io/region" instead`
	case "failure-domain.beta.kubernetes.io/zone":
		return `deprecated since v1.17; use "topology.kubernetes.io/zone" instead`
	case "beta.kubernetes.io/instance-type":
		return `deprecated since v1.17; use "node.kubernetes.io/instance-type" instead`
	case "app.kubernetes.io/created-by":
		return `deprecated since v1.9`
	case "scheduler.alpha.kubernetes.io/preferAvoidPods":
		return `deprecated since v1.22; use Taints and Tolerations instead`
	case "node-role.kubernetes.io/master":
		return `use "node-role.kubernetes.io/control-plane" instead`
	}
	return ""
}

func (w *warnings) placement(at *field.Path, spec *v1.PodSpec) {
	for _, label := range sorted(spec.NodeSelector) {
		if text := deprecatedNodeLabel(label); text != "" {
			w.say(at.Child("nodeSelector").Key(label), "%s", text)
		}
	}
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil {
		at := at.Child("affinity", "nodeAffinity")
		if required := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; required != nil {
			for i, term := range required.NodeSelectorTerms {
				w.nodeTerm(at.Child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms").Index(i), term, false)
			}
		}
		for i, term := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			w.nodeTerm(at.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("preference"), term.Preference, true)
		}
	}
	for i, c := range spec.TopologySpreadConstraints {
		at := at.Child("topologySpreadConstraints").Index(i)
		if text := deprecatedNodeLabel(c.TopologyKey); text != "" {
			w.say(at.Child("topologyKey"), "%s is %s", c.TopologyKey, text)
		}
		if c.LabelSelector == nil {
			w.say(at.Child("labelSelector"), "a null labelSelector results in matching no pod")
		}
	}
}

func (w *warnings) nodeTerm(at *field.Path, term v1.NodeSelectorTerm, values bool) {
	for i, e := range term.MatchExpressions {
		at := at.Child("matchExpressions").Index(i)
		if text := deprecatedNodeLabel(e.Key); text != "" {
			w.say(at.Child("key"), "%s is %s", e.Key, text)
		}
		for j, value := range e.Values {
			if !values {
				break
			}
			for _, wrong := range validation.IsValidLabelValue(value) {
				w.say(at.Child("values").Index(j), "%s is invalid, %s", value, wrong)
			}
		}
	}
}

func (w *warnings) volumes(at *field.Path, volumes []v1.Volume) {
	for i := range volumes {
		v, at := &volumes[i].VolumeSource, at.Index(i)
		for _, old := range []struct {
			is         bool
			name, text string
		}{
			{v.PhotonPersistentDisk != nil, "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
			{v.GitRepo != nil, "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
			{v.ScaleIO != nil, "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
			{v.Flocker != nil, "flocker", "deprecated in v1.22, non-functional in v1.25+"},
			{v.StorageOS != nil, "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
			{v.Quobyte != nil, "quobyte", "deprecated in v1.22, non-functional in v1.25+"},
			{v.Glusterfs != nil, "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
		} {
			if old.is {
				w.say(at.Child(old.name), "%s", old.text)
			}
		}
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			w.claim(at.Child("ephemeral", "volumeClaimTemplate", "spec"), &v.Ephemeral.VolumeClaimTemplate.Spec)
		}
		if v.CephFS != nil {
			w.say(at.Child("cephfs"), "deprecated in v1.28, non-functional in v1.31+")
		}
		if v.RBD != nil {
			w.say(at.Child("rbd"), "deprecated in v1.28, non-functional in v1.31+")
		}
	}
}

// claim warns of parts of bytes.
func (w *warnings) claim(at *field.Path, spec *v1.PersistentVolumeClaimSpec) {
	w.fraction(at.Child("resources", "requests"), spec.Resources.Requests, v1.ResourceStorage)
	w.fraction(at.Child("resources", "limits"), spec.Resources.Limits, v1.ResourceStorage)
}

func (w *warnings) fraction(at *field.Path, list v1.ResourceList, name v1.ResourceName) {
	if q, found := list[name]; found && isFraction(q) {
		w.say(at.Key(string(name)), "fractional byte value %q is invalid, must be an integer", q.String())
	}
}

func isFraction(q resource.Quantity) bool { return q.MilliValue()%1000 != 0 }

func (w *warnings) names(at *field.Path, spec *v1.PodSpec) {
	seen := map[string]bool{}
	for i, alias := range spec.HostAliases {
		if seen[alias.IP] {
			w.say(at.Child("hostAliases").Index(i).Child("ip"), "duplicate ip %q", alias.IP)
		}
		seen[alias.IP] = true
	}
	seen = map[string]bool{}
	for i, secret := range spec.ImagePullSecrets {
		if seen[secret.Name] {
			w.say(at.Child("imagePullSecrets").Index(i).Child("name"), "duplicate name %q", secret.Name)
		}
		seen[secret.Name] = true
	}
	for i, secret := range spec.ImagePullSecrets {
		if secret.Name == "" {
			w.say(at.Child("imagePullSecrets").Index(i).Child("name"), "invalid empty name %q", secret.Name)
		}
	}
}

func (w *warnings) container(template, at *field.Path, spec *v1.PodSpec, c *v1.Container, annotations map[string]string) {
	key := seccompPrefix + c.Name
	if _, found := annotations[key]; found && (c.SecurityContext == nil || c.SecurityContext.SeccompProfile == nil) {
		w.say(template.Child("metadata", "annotations").Key(key), `non-functional in v1.27+; use the "seccompProfile" field instead`)
	}
	if template != nil && (c.SecurityContext == nil || c.SecurityContext.AppArmorProfile == nil) {
		key := appArmorKeyPrefix + c.Name
		ofPod := appArmorOf(spec, c)
		if annotation, found := annotations[key]; found && (ofPod == nil || !equality.Semantic.DeepEqual(ofPod, appArmorField(annotation))) {
			*w = append(*w, fmt.Sprintf(appArmorDeprecated, template.Child("metadata", "annotations").Key(key)))
		}
	}
	for _, name := range []v1.ResourceName{v1.ResourceMemory, v1.ResourceEphemeralStorage} {
		w.fraction(at.Child("resources", "limits"), c.Resources.Limits, name)
		w.fraction(at.Child("resources", "requests"), c.Resources.Requests, name)
	}
	seen := map[string]bool{}
	for i, env := range c.Env {
		builds := env.ValueFrom == nil && strings.Contains(env.Value, "$("+env.Name+")") && env.Value != "$("+env.Name+")"
		if seen[env.Name] && !builds {
			w.say(at.Child("env").Index(i), "hides previous definition of %q, which may be dropped when using apply", env.Name)
		}
		seen[env.Name] = true
	}
}

func (w *warnings) ports(at *field.Path, spec *v1.PodSpec) {
	type block struct {
		at   *field.Path
		port v1.ContainerPort
	}
	taken := map[string][]block{}
	eachContainer(spec, at, func(c *v1.Container, at *field.Path) {
		for i, port := range c.Ports {
			at := at.Child("ports").Index(i)
			if port.HostIP != "" && port.HostPort == 0 {
				w.say(at, "hostIP set without hostPort: %+v", port)
			}
			key := fmt.Sprintf("%d/%s", port.ContainerPort, port.Protocol)
			for _, other := range taken[key] {
				a, b := port, other.port
				switch {
				case a.HostIP == b.HostIP && a.HostPort == b.HostPort:
					w.say(at, "duplicate port definition with %s", other.at)
				case a.HostPort == 0 || b.HostPort == 0:
					w.say(at, "overlapping port definition with %s", other.at)
				case a.HostPort == b.HostPort && (a.HostIP == "") != (b.HostIP == ""):
					w.say(at, "dangerously ambiguous port definition with %s", other.at)
				}
			}
			taken[key] = append(taken[key], block{at, port})
		}
	})
	named := map[string]*field.Path{}
	eachContainer(spec, at, func(c *v1.Container, at *field.Path) {
		for i, port := range c.Ports {
			if port.Name == "" {
				continue
			}
			at := at.Child("ports").Index(i)
			if other := named[port.Name]; other != nil {
				w.say(at, "duplicate port name %q with %s, services and probes that select ports by name will use %s", port.Name, other, other)
			} else {
				named[port.Name] = at
			}
		}
	})
}

func (w *warnings) affinity(at *field.Path, a *v1.Affinity) {
	if a == nil {
		return
	}
	terms := func(at *field.Path, required []v1.PodAffinityTerm, preferred []v1.WeightedPodAffinityTerm) {
		const none = "a null labelSelector results in matching no pod"
		for i, term := range required {
			if term.LabelSelector == nil {
				w.say(at.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i).Child("labelSelector"), none)
			}
		}
		for i, term := range preferred {
			if term.PodAffinityTerm.LabelSelector == nil {
				w.say(at.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("podAffinityTerm", "labelSelector"), none)
			}
		}
	}
	if p := a.PodAffinity; p != nil {
		terms(at.Child("podAffinity"), p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if p := a.PodAntiAffinity; p != nil {
		terms(at.Child("podAntiAffinity"), p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
}

// place is a path in a volume and what puts a file there.
type place struct{ path, source string }

func (p place) String() string {
	if p.source == "" {
		return fmt.Sprintf("%q", p.path)
	}
	return fmt.Sprintf("%q (%s)", p.path, p.source)
}

// overlaps warns of files in a volume that hide one another.
func (w *warnings) overlaps(volumes []v1.Volume) {
	for i := range volumes {
		v := &volumes[i]
		check := func(source string, places []place) {
			var before []place
			for _, p := range places {
				p.path = strings.TrimRight(p.path, "/")
				for _, other := range before {
					if overlap(other, p) {
						*w = append(*w, fmt.Sprintf("volume %q (%s): overlapping paths: %s with %s", v.Name, source, p, other))
					}
				}
				before = append(before, p)
			}
		}
		if v.ConfigMap != nil {
			check(fmt.Sprintf("ConfigMap %q", v.ConfigMap.Name), itemPlaces(v.ConfigMap.Items, ""))
		}
		if v.Secret != nil {
			check(fmt.Sprintf("Secret %q", v.Secret.SecretName), itemPlaces(v.Secret.Items, ""))
		}
		if v.DownwardAPI != nil {
			check("DownwardAPI", filePlaces(v.DownwardAPI.Items, ""))
		}
		if v.Projected != nil {
			var places []place
			for _, source := range v.Projected.Sources {
				if source == (v1.VolumeProjection{}) {
					*w = append(*w, fmt.Sprintf("volume %q (Projected) has no sources provided", v.Name))
				}
				places = append(places, projectedPlaces(source)...)
			}
			check("Projected", places)
		}
	}
}

func overlap(a, b place) bool {
	if a.path == "" || b.path == "" {
		return false
	}
	return strings.HasPrefix(a.path+"/", b.path+"/") || strings.HasPrefix(b.path+"/", a.path+"/")
}

func projectedPlaces(s v1.VolumeProjection) []place {
	switch {
	case s.ConfigMap != nil && s.ConfigMap.Items != nil:
		return itemPlaces(s.ConfigMap.Items, fmt.Sprintf("ConfigMap %q", s.ConfigMap.Name))
	case s.Secret != nil && s.Secret.Items != nil:
		return itemPlaces(s.Secret.Items, fmt.Sprintf("Secret %q", s.Secret.Name))
	case s.DownwardAPI != nil && s.DownwardAPI.Items != nil:
		return filePlaces(s.DownwardAPI.Items, "DownwardAPI")
	case s.ServiceAccountToken != nil:
		return []place{{s.ServiceAccountToken.Path, "ServiceAccountToken"}}
	}
	return nil
}

func itemPlaces(items []v1.KeyToPath, source string) []place {
	var out []place
	for _, item := range items {
		out = append(out, place{item.Path, source})
	}
	return out
}

func filePlaces(files []v1.DownwardAPIVolumeFile, source string) []place {
	var out []place
	for _, f := range files {
		out = append(out, place{f.Path, source})
	}
	return out
}
