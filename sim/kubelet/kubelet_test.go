package kubelet

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	corev1 "k8s.io/api/core/v1"
	"terrarium/sim/api"
)

func TestDebug(t *testing.T) {
	c := newCluster(t)
	c.pod("public", `containers: [{name: web, image: "nginx:1.28"}]
imagePullSecrets: [{name: regcerd}]`)
	c.pod("crash", `containers: [{name: crash, image: "busybox:1.36", args: [sh, -c, "echo starting; echo boom >&2; exit 1"]}]`)
	c.pod("done", `restartPolicy: Never
containers: [{name: done, image: "busybox:1.36", args: [echo, finished]}]`)
	c.pod("never", `containers: [{name: done, image: "redis:7.4", imagePullPolicy: Never}]`)
	c.pod("missing", `containers: [{name: done, image: "busybox:1.36", envFrom: [{configMapRef: {name: nosuch}}]}]`)
	c.pod("missvol", `containers: [{name: done, image: "busybox:1.36", command: [sleep, "9"], volumeMounts: [{name: v, mountPath: /v}]}]
volumes: [{name: v, configMap: {name: nosuch}}]`)
	c.pod("nocmd", `containers: [{name: done, image: "busybox:1.36", command: [nosuch]}]`)
	c.pod("mc", `
terminationGracePeriodSeconds: 1
initContainers:
  - {name: one, image: "busybox:1.36", command: [sh, -c, "echo one; sleep 1"]}
  - {name: sidecar, image: "busybox:1.36", restartPolicy: Always, command: [sh, -c, "sleep 3600"]}
  - {name: two, image: "busybox:1.36", command: [sh, -c, "echo two"]}
containers:
  - {name: app, image: "nginx:1.28"}
  - {name: log, image: "busybox:1.36", command: [sh, -c, "sleep 5"]}
`)
	c.pod("probe", `containers: [{name: web, image: "nginx:1.28", readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}, livenessProbe: {httpGet: {path: /nosuch, port: 80}, periodSeconds: 5, failureThreshold: 3}}]`)
	all := []string{"public", "crash", "done", "never", "missing", "missvol", "nocmd", "mc", "probe"}
	for _, d := range []time.Duration{300 * time.Millisecond, 2 * time.Second, 4 * time.Second, 8 * time.Second, 45 * time.Second} {
		c.clock.Advance(d)
		t.Log(c.clock.Now())
		for _, n := range all {
			c.show(n)
		}
	}
	y, _ := yaml.Marshal(c.get("crash").Status)
	t.Log(string(y))
	y, _ = yaml.Marshal(c.get("mc").Status)
	t.Log(string(y))
	for _, n := range all {
		api.Delete[corev1.Pod](c.client, "default", n, nil)
	}
	_ = metav1.DeleteOptions{}
	for i := range 40 {
		c.clock.Advance(time.Second)
		if i < 6 || i > 28 && i < 36 {
			s := ""
			for _, n := range all {
				s += n + "=" + c.line(n) + "; "
			}
			t.Log(c.clock.Now(), s)
		}
	}
	t.Log(len(c.node.workers), len(c.node.pods), len(c.node.runtime.pods), len(c.node.statuses.entries), len(c.node.probes.probers), len(c.node.reasons), c.clock.Len())
}
