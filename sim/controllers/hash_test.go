package controllers

import (
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Hashes as in the names of the replica sets of oracle/transcripts.
func TestTemplateHash(t *testing.T) {
	plain := func(app, name, image string) string {
		return `
metadata: {labels: {app: ` + app + `}}
spec:
  containers:
  - image: ` + image + `
    imagePullPolicy: IfNotPresent
    name: ` + name + `
    resources: {}
    terminationMessagePath: /dev/termination-log
    terminationMessagePolicy: File
  dnsPolicy: ClusterFirst
  restartPolicy: Always
  schedulerName: default-scheduler
  securityContext: {}
  terminationGracePeriodSeconds: 30
`
	}
	one := int32(1)
	for _, test := range []struct {
		template   string
		collisions *int32
		want       string
	}{
		{plain("web", "nginx", "nginx:1.27"), nil, "7d876db474"},
		{plain("web", "nginx", "nginx:1.28"), nil, "697578869"},
		{plain("web", "nginx", "nginx:1.29"), nil, "795767664d"},
		{plain("web", "nginx", "nginx:1.27"), &one, "775fd98d75"},
	} {
		var template v1.PodTemplateSpec
		if err := yaml.UnmarshalStrict([]byte(test.template), &template); err != nil {
			t.Fatal(err)
		}
		if got := templateHash(&template, test.collisions); got != test.want {
			t.Errorf("%s, want %s, for %s", got, test.want, test.template)
		}
	}
}

// The Deployment as basics-34-cluster-views recorded it, and the name of its replica set there.
func TestTemplateHashOfCoreDNS(t *testing.T) {
	data, err := os.ReadFile("testdata/coredns-deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	if err := yaml.UnmarshalStrict(data, &d); err != nil {
		t.Fatal(err)
	}
	if got := templateHash(&d.Spec.Template, nil); got != "589f44dc88" {
		t.Errorf("%s, want 589f44dc88", got)
	}
}

// The names of the revisions in workloads-03-statefulset.
func TestRevisionHash(t *testing.T) {
	const template = `
metadata: {labels: {app: db}}
spec:
  containers:
  - image: redis:TAG
    imagePullPolicy: IfNotPresent
    name: redis
    ports: [{containerPort: 6379, protocol: TCP}]
    readinessProbe: {failureThreshold: 3, initialDelaySeconds: 2, periodSeconds: 2, successThreshold: 1, tcpSocket: {port: 6379}, timeoutSeconds: 1}
    resources: {}
    terminationMessagePath: /dev/termination-log
    terminationMessagePolicy: File
  dnsPolicy: ClusterFirst
  restartPolicy: Always
  schedulerName: default-scheduler
  securityContext: {}
  terminationGracePeriodSeconds: 1
`
	for tag, want := range map[string]string{"7.2": "5dc4499866", "7.4": "8556d5697b"} {
		var pod v1.PodTemplateSpec
		if err := yaml.UnmarshalStrict([]byte(strings.Replace(template, "TAG", tag, 1)), &pod); err != nil {
			t.Fatal(err)
		}
		patch, err := templatePatch(&pod)
		if err != nil {
			t.Fatal(err)
		}
		if got := revisionHash(patch, 0); got != want {
			t.Errorf("%s: %s, want %s for %s", tag, got, want, patch)
		}
	}
}
