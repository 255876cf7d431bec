package metrics

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestDemanded(t *testing.T) {
	for _, c := range []struct {
		args []string
		want usage
	}{
		{[]string{"sleep", "3600"}, usage{}},
		{[]string{"stress", "--cpu", "2"}, usage{cpu: 2_000_000_000}},
		{[]string{"-cpus", "2"}, usage{cpu: 2_000_000_000}},
		{[]string{"stress", "--vm", "1", "--vm-bytes", "150M", "--vm-hang", "1"}, usage{memory: 150 << 20}},
		{[]string{"sh", "-c", "while true; do :; done"}, usage{cpu: 1_000_000_000}},
		{[]string{"sh", "-c", "yes > /dev/null"}, usage{cpu: 1_000_000_000}},
		{[]string{"bash", "-c", "2"}, usage{}},
		{[]string{"-mem-total", "1Gi"}, usage{memory: 1 << 30}},
	} {
		if got := demanded(c.args); got != c.want {
			t.Errorf("%q: %v, want %v", c.args, got, c.want)
		}
	}
}

func TestUsageKeepsToLimits(t *testing.T) {
	c := &corev1.Container{Name: "c", Image: "polinux/stress", Args: []string{"--cpu", "4"}}
	c.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Mi")}
	at := time.Unix(0, 0)
	if got := idle(c, &corev1.Pod{}, at).limited(c); got != (usage{1_000_000_000, 1 << 20}) {
		t.Errorf("%v", got)
	}
	first := idle(c, &corev1.Pod{}, at)
	if again := idle(c, &corev1.Pod{}, at); again != first {
		t.Errorf("%v and %v at the same instant", first, again)
	}
}
