package clients

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/registry"
	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

var chartFiles = map[string]string{
	"Chart.yaml":  "apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: \"1\"\n",
	"values.yaml": "image: nginx:1.27\nreplicas: 2\ngreeting: hello\n",
	"templates/config.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}
data: {greeting: {{ .Values.greeting | quote }}, kube: {{ .Capabilities.KubeVersion.Version | quote }}}
`,
	"templates/deployment.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers:
      - name: web
        image: {{ .Values.image | quote }}
        ports: [{name: http, containerPort: 80}]
        envFrom: [{configMapRef: {name: {{ .Release.Name }}-config}}]
`,
	"templates/service.yaml": `
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80, targetPort: http}]}
`,
	"templates/ingress.yaml": `
{{- if .Capabilities.APIVersions.Has "networking.k8s.io/v1/Ingress" }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: {{ .Release.Name }}}
spec:
  rules:
  - host: shop.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: {{ .Release.Name }}, port: {number: 80}}}}]}
{{- end }}
`,
	"templates/hooks.yaml": `
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: "before-hook-creation"}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: busybox, command: [sh, -c, "echo done"]}]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-last
  annotations: {helm.sh/hook: "post-delete"}
data: {it: was}
`,
}

func shop(t *testing.T) *chart.Chart {
	var files []*loader.BufferedFile
	for name, data := range chartFiles {
		files = append(files, &loader.BufferedFile{Name: name, Data: []byte(data)})
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHelm(t *testing.T) {
	direct, _, kubeconfig, wire := serve(t, 20)
	c := kubernetes.NewForConfigOrDie(direct)
	settings := cli.New()
	settings.KubeConfig = kubeconfig
	settings.SetNamespace("default")
	helm := &action.Configuration{RegistryClient: must(registry.NewClient(registry.ClientOptWriter(io.Discard)))(t)}
	if err := helm.Init(settings.RESTClientGetter(), "default", "secret", t.Logf); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), trouble())
	defer cancel()
	r := rand.New(rand.NewPCG(5, 5))

	for round := 0; round == 0 || ctx.Err() == nil; round++ {
		if round > 0 {
			wire.cut() // idle connections break
		}
		install := action.NewInstall(helm)
		install.ReleaseName, install.Namespace, install.Wait, install.WaitForJobs, install.Timeout = "shop", "default", true, true, time.Minute
		rel, err := install.Run(shop(t), nil)
		if err != nil {
			t.Fatal("install: ", err)
		}
		stateOf(t, c, rel, "hello", "nginx:1.27", 2)

		upgrade := action.NewUpgrade(helm)
		upgrade.Namespace, upgrade.Wait, upgrade.Timeout = "default", true, time.Minute
		rel, err = upgrade.Run("shop", shop(t), map[string]any{"greeting": "good day", "image": "nginx:1.28", "replicas": 3})
		if err != nil {
			t.Fatal("upgrade: ", err)
		}
		stateOf(t, c, rel, "good day", "nginx:1.28", 3)

		// Somebody meddles: an upgrade puts it right.
		victim := []string{"shop", "shop-config"}[r.IntN(2)]
		if victim == "shop" {
			err = c.CoreV1().Services("default").Delete(t.Context(), victim, metav1.DeleteOptions{})
		} else {
			err = c.CoreV1().ConfigMaps("default").Delete(t.Context(), victim, metav1.DeleteOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		upgrade = action.NewUpgrade(helm)
		upgrade.Namespace, upgrade.Wait, upgrade.ReuseValues, upgrade.Timeout = "default", true, true, time.Minute
		if rel, err = upgrade.Run("shop", shop(t), nil); err != nil {
			t.Fatal("upgrade after meddling: ", err)
		}
		stateOf(t, c, rel, "good day", "nginx:1.28", 3)

		rollback := action.NewRollback(helm)
		rollback.Version, rollback.Wait, rollback.Timeout = 1, true, time.Minute
		if err := rollback.Run("shop"); err != nil {
			t.Fatal("rollback: ", err)
		}
		rel, err = action.NewStatus(helm).Run("shop")
		if err != nil || rel.Version != 4 {
			t.Fatal("status: ", rel, err)
		}
		stateOf(t, c, rel, "hello", "nginx:1.27", 2)
		if history, err := action.NewHistory(helm).Run("shop"); err != nil || len(history) != 4 {
			t.Fatal("history: ", len(history), err)
		}

		uninstall := action.NewUninstall(helm)
		uninstall.Wait, uninstall.Timeout = true, time.Minute
		if _, err := uninstall.Run("shop"); err != nil {
			t.Fatal("uninstall: ", err)
		}
		if _, err := c.AppsV1().Deployments("default").Get(t.Context(), "shop", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Fatal("after uninstall: ", err)
		}
		if _, err := c.CoreV1().ConfigMaps("default").Get(t.Context(), "shop-last", metav1.GetOptions{}); err != nil {
			t.Fatal("the hook after the deletion: ", err)
		}
		if err := c.CoreV1().ConfigMaps("default").Delete(t.Context(), "shop-last", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := c.BatchV1().Jobs("default").Delete(t.Context(), "shop-migrate", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the pods after uninstall", 20*time.Second, func() string {
			pods, err := c.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: "app=shop"})
			if err != nil || len(pods.Items) > 0 {
				return fmt.Sprint(len(pods.Items), " left, ", err)
			}
			return ""
		})
		t.Log("round ", round)
	}
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// stateOf checks that what the release says is what runs.
func stateOf(t *testing.T, c kubernetes.Interface, rel *release.Release, greeting, image string, replicas int32) {
	t.Helper()
	if rel.Info.Status != release.StatusDeployed {
		t.Fatalf("the release is %s", rel.Info.Status)
	}
	m, err := c.CoreV1().ConfigMaps("default").Get(t.Context(), "shop-config", metav1.GetOptions{})
	if err != nil || m.Data["greeting"] != greeting || m.Data["kube"] != "v1.36.3" || m.Labels["app.kubernetes.io/managed-by"] != "Helm" {
		t.Fatal("config map: ", m, err)
	}
	d, err := c.AppsV1().Deployments("default").Get(t.Context(), "shop", metav1.GetOptions{})
	if err != nil || d.Status.ReadyReplicas != replicas || d.Spec.Template.Spec.Containers[0].Image != image {
		t.Fatal("deployment: ", d, err)
	}
	if s, err := c.CoreV1().Services("default").Get(t.Context(), "shop", metav1.GetOptions{}); err != nil || s.Spec.ClusterIP == "" || s.Spec.Type != corev1.ServiceTypeClusterIP {
		t.Fatal("service: ", s, err)
	}
	if _, err := c.NetworkingV1().Ingresses("default").Get(t.Context(), "shop", metav1.GetOptions{}); err != nil {
		t.Fatal(err)
	}
	if j, err := c.BatchV1().Jobs("default").Get(t.Context(), "shop-migrate", metav1.GetOptions{}); err != nil || j.Status.Succeeded != 1 {
		t.Fatal("job: ", j, err)
	}
}
