package describe

import (
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
)

func resourceQuota(c *call, p *page) error {
	var o corev1.ResourceQuota
	if err := c.get(core("resourcequotas"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.scopes(0, " * ", o.Spec.Scopes)
	p.columns(0, "Resource", "Used", "Hard")
	for _, name := range resourceNames(o.Status.Hard) {
		hard, used := o.Status.Hard[name], o.Status.Used[name]
		if hard.Format != used.Format {
			used = *apiresource.NewQuantity(used.Value(), hard.Format)
		}
		p.put(0, "%v\t%v\t%v\n", name, used.String(), hard.String())
	}
	return nil
}

func (p *page) scopes(level int, bullet string, list []corev1.ResourceQuotaScope) {
	if len(list) == 0 {
		return
	}
	var names []string
	for _, s := range list {
		names = append(names, string(s))
	}
	sort.Strings(names)
	p.field(level, "Scopes", "%s", strings.Join(names, ", "))
	for _, name := range names {
		if about := aboutScope(corev1.ResourceQuotaScope(name)); about != "" {
			p.put(level, "%s%s\n", bullet, about)
		}
	}
}

func aboutScope(s corev1.ResourceQuotaScope) string {
	switch s {
	case corev1.ResourceQuotaScopeTerminating:
		return "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system."
	case corev1.ResourceQuotaScopeNotTerminating:
		return "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate."
	case corev1.ResourceQuotaScopeBestEffort:
		return "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."
	case corev1.ResourceQuotaScopeNotBestEffort:
		return "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service."
	}
	return ""
}

// quotas writes all quotas of a namespace.
func (p *page) quotas(list []corev1.ResourceQuota) {
	if len(list) == 0 {
		p.put(0, "No resource quota.\n")
		return
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	p.put(0, "Resource Quotas\n")
	for i := range list {
		q := &list[i]
		p.field(1, "Name", "%s", q.Name)
		p.scopes(1, "* ", q.Spec.Scopes)
		p.put(1, "Resource\tUsed\tHard\n")
		p.put(1, "--------\t---\t---\n")
		for _, name := range resourceNames(q.Status.Hard) {
			hard, used := q.Status.Hard[name], q.Status.Used[name]
			p.put(1, "%s\t%s\t%s\n", name, used.String(), hard.String())
		}
	}
}
