package describe

import (
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const widestAnnotation = 140

// metadata writes what most descriptions open with.
func (p *page) metadata(m *metav1.ObjectMeta) {
	p.field(0, "Name", "%s", m.Name)
	p.field(0, "Namespace", "%s", m.Namespace)
	p.labels("Labels", m.Labels)
	p.annotations("Annotations", m.Annotations)
}

// multiline writes "title:", then the entries, each on a line of its own under the first; <none> where there are none.
func (p *page) multiline(title string, entries []string) {
	p.put(0, "%s:\t", title)
	if len(entries) == 0 {
		p.put(0, "<none>\n")
	}
	for i, e := range entries {
		if i > 0 {
			p.put(0, "") // on an indented page this piece is not empty
			p.put(0, "\t")
		}
		p.put(0, "%s\n", e)
	}
}

func (p *page) labels(title string, m map[string]string) {
	var entries []string
	for _, k := range sorted(m) {
		entries = append(entries, k+"="+m[k])
	}
	p.multiline(title, entries)
}

// annotations writes all but what kubectl apply last applied; wide ones go below their key, shortened.
func (p *page) annotations(title string, m map[string]string) {
	p.put(0, "%s:\t", title)
	first := true
	for _, k := range sorted(m) {
		if k == corev1.LastAppliedConfigAnnotation {
			continue
		}
		if !first {
			p.put(0, "\t")
		}
		first = false
		value := strings.TrimSuffix(m[k], "\n")
		if len(value)+len(k)+2 <= widestAnnotation && !strings.Contains(value, "\n") {
			p.put(0, "%s: %s\n", k, value)
			continue
		}
		p.put(0, "%s:\n", k)
		for _, line := range strings.Split(value, "\n") {
			p.put(0, "\t  %s\n", shorten(line, widestAnnotation-2))
		}
	}
	if first {
		p.put(0, "<none>\n")
	}
}

func shorten(s string, width int) string {
	if len(s) > width {
		return s[:width] + "..."
	}
	return s
}

func (p *page) taints(title string, taints []corev1.Taint) {
	taints = append([]corev1.Taint(nil), taints...)
	sort.Slice(taints, func(i, j int) bool {
		return string(taints[i].Effect)+","+taints[i].Key < string(taints[j].Effect)+","+taints[j].Key
	})
	var entries []string
	for i := range taints {
		entries = append(entries, taints[i].ToString())
	}
	p.multiline(title, entries)
}

func (p *page) tolerations(title string, tolerations []corev1.Toleration) {
	tolerations = append([]corev1.Toleration(nil), tolerations...)
	sort.Slice(tolerations, func(i, j int) bool { return tolerations[i].Key < tolerations[j].Key })
	var entries []string
	for _, t := range tolerations {
		e := t.Key
		if t.Value != "" {
			e += "=" + t.Value
		}
		if t.Effect != "" {
			e += ":" + string(t.Effect)
		}
		if t.Operator == corev1.TolerationOpExists && t.Value == "" {
			if t.Key != "" || t.Effect != "" {
				e += " "
			}
			e += "op=Exists"
		}
		entries = append(entries, e+or(t.TolerationSeconds, " for %ds", ""))
	}
	p.multiline(title, entries)
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// controlledBy writes the owner that controls the object, where there is one.
func (p *page) controlledBy(m *metav1.ObjectMeta) {
	if c := metav1.GetControllerOf(m); c != nil {
		p.field(0, "Controlled By", "%s/%s", c.Kind, c.Name)
	}
}
