package kubelet

import (
	"testing"
	"time"
)

// An hour of a node with ten pods on which nothing happens.
func BenchmarkQuietHour(b *testing.B) {
	c := newCluster(&testing.T{})
	for range 10 {
		c.pod("p"+c.node.chance.Suffix(5), `containers: [{name: web, image: "nginx:1.28", readinessProbe: {httpGet: {port: 80}}}]`)
	}
	c.clock.Advance(time.Minute)
	for b.Loop() {
		c.clock.Advance(time.Hour)
	}
}
