package clients

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const widgetDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.shop.example.com
spec:
  group: shop.example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [text]
            properties:
              text: {type: string, maxLength: 20}
              copies: {type: integer, default: 1, minimum: 0, maximum: 5}
          status:
            type: object
            properties:
              ready: {type: integer}
              observedGeneration: {type: integer, format: int64}
`

var widgetKind = schema.GroupVersionKind{Group: "shop.example.com", Version: "v1", Kind: "Widget"}

func widget(name string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(widgetKind)
	u.SetNamespace("default")
	u.SetName(name)
	return u
}

const finalizer = "shop.example.com/tidy"

// reconciler gives each widget as many config maps as it has copies.
type reconciler struct {
	client.Client
	scheme *runtime.Scheme
}

func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	w := widget("")
	if err := r.Get(ctx, req.NamespacedName, w); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !w.GetDeletionTimestamp().IsZero() {
		if controllerutil.RemoveFinalizer(w, finalizer) {
			return ctrl.Result{}, client.IgnoreNotFound(r.Update(ctx, w))
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(w, finalizer) {
		return ctrl.Result{}, r.Update(ctx, w)
	}
	text, _, _ := unstructured.NestedString(w.Object, "spec", "text")
	copies, _, _ := unstructured.NestedInt64(w.Object, "spec", "copies")
	var ready int64
	for i := range int64(5) {
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: req.Namespace, Name: fmt.Sprintf("%s-%d", req.Name, i)}}
		if i >= copies {
			if err := client.IgnoreNotFound(r.Delete(ctx, m)); err != nil {
				return ctrl.Result{}, err
			}
			continue
		}
		if _, err := controllerutil.CreateOrUpdate(ctx, r.Client, m, func() error {
			m.Data = map[string]string{"text": text}
			return controllerutil.SetControllerReference(w, m, r.scheme)
		}); err != nil {
			return ctrl.Result{}, err
		}
		ready++
	}
	before := client.MergeFrom(w.DeepCopy())
	unstructured.SetNestedField(w.Object, ready, "status", "ready")
	unstructured.SetNestedField(w.Object, w.GetGeneration(), "status", "observedGeneration")
	return ctrl.Result{}, r.Status().Patch(ctx, w, before)
}

// manager starts one of several managers that elect a leader.
func manager(t *testing.T, ctx context.Context, c *rest.Config) (stopped <-chan error) {
	lease, renew, retry := 4*time.Second, 3*time.Second, time.Second
	skip := true
	m, err := ctrl.NewManager(c, ctrl.Options{
		LeaderElection: true, LeaderElectionID: "widgets", LeaderElectionNamespace: "default", LeaderElectionReleaseOnCancel: true,
		LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry,
		Metrics:    server.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: &skip},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = ctrl.NewControllerManagedBy(m).For(widget("")).Owns(&corev1.ConfigMap{}).Complete(&reconciler{m.GetClient(), m.GetScheme()})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- m.Start(ctx) }()
	return done
}

func TestManager(t *testing.T) {
	direct, troubled, _, wire := serve(t, 1)
	ctrl.SetLogger(logr.Discard())
	if err := apiextensionsv1.AddToScheme(scheme.Scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(direct, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), trouble())
	defer cancel()
	definition := &apiextensionsv1.CustomResourceDefinition{}
	if _, _, err := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{Yaml: true}).Decode([]byte(widgetDefinition), nil, definition); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(ctx, definition); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the definition", 10*time.Second, func() string {
		if err := c.List(ctx, list()); err != nil {
			return err.Error()
		}
		return ""
	})

	// Leaders come and go; a manager that loses its lease ends and is started again, as a Deployment would.
	managed, stop := context.WithCancel(t.Context())
	defer stop()
	lost := make(chan int, 100)
	for i := range 2 {
		go func() {
			for managed.Err() == nil {
				if err := <-manager(t, managed, troubled); err != nil && managed.Err() == nil {
					lost <- i
				}
			}
		}()
	}
	go wire.cutNowAndThen(ctx, rand.New(rand.NewPCG(3, 3)))
	disturb(t, c, ctx)

	eventually(t, "the widgets", 40*time.Second, func() string { return unfinished(t.Context(), c) })
	t.Logf("%d connections cut, %d leases lost", wire.cuts, len(lost))
	all := list()
	if err := c.List(t.Context(), all); err != nil || len(all.Items) == 0 {
		t.Fatalf("%d widgets, %v", len(all.Items), err)
	}
	for i := range all.Items {
		if err := c.Delete(t.Context(), &all.Items[i]); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "after the deletion", 40*time.Second, func() string {
		left, maps := list(), &corev1.ConfigMapList{}
		if err := c.List(t.Context(), left); err != nil {
			return err.Error()
		}
		if err := c.List(t.Context(), maps, client.InNamespace("default")); err != nil {
			return err.Error()
		}
		if len(left.Items) > 0 || len(maps.Items) > 1 { // kube-root-ca.crt
			return fmt.Sprintf("%d widgets and %d config maps left", len(left.Items), len(maps.Items))
		}
		return ""
	})
}

func list() *unstructured.UnstructuredList {
	l := &unstructured.UnstructuredList{}
	l.SetGroupVersionKind(widgetKind.GroupVersion().WithKind("WidgetList"))
	return l
}

// unfinished names a widget whose copies or status are not yet what they should be.
func unfinished(ctx context.Context, c client.Client) string {
	all := list()
	if err := c.List(ctx, all); err != nil {
		return err.Error()
	}
	for _, w := range all.Items {
		text, _, _ := unstructured.NestedString(w.Object, "spec", "text")
		copies, _, _ := unstructured.NestedInt64(w.Object, "spec", "copies")
		ready, _, _ := unstructured.NestedInt64(w.Object, "status", "ready")
		seen, _, _ := unstructured.NestedInt64(w.Object, "status", "observedGeneration")
		if ready != copies || seen != w.GetGeneration() {
			return fmt.Sprintf("%s: %d of %d ready, generation %d of %d seen", w.GetName(), ready, copies, seen, w.GetGeneration())
		}
		for i := range int64(5) {
			m := &corev1.ConfigMap{}
			err := c.Get(ctx, client.ObjectKey{Namespace: "default", Name: fmt.Sprintf("%s-%d", w.GetName(), i)}, m)
			if i >= copies && !apierrors.IsNotFound(err) {
				return fmt.Sprintf("%s is there: %v", m.Name, err)
			}
			if i < copies && (err != nil || m.Data["text"] != text) {
				return fmt.Sprintf("copy %d of %s says %q, not %q: %v", i, w.GetName(), m.Data["text"], text, err)
			}
		}
	}
	return ""
}

// disturb makes, changes and deletes widgets and their copies, until the context ends.
func disturb(t *testing.T, c client.Client, ctx context.Context) {
	r := rand.New(rand.NewPCG(4, 4))
	for i := 0; ctx.Err() == nil; i++ {
		time.Sleep(20 * time.Millisecond)
		name := fmt.Sprintf("w%d", r.IntN(12))
		w := widget(name)
		var err error
		switch r.IntN(5) {
		case 0:
			w.Object["spec"] = map[string]any{"text": fmt.Sprint("text ", i)}
			err = c.Create(ctx, w)
		case 1:
			if r.IntN(4) == 0 {
				err = c.Delete(ctx, w)
			}
		case 2:
			err = c.Patch(ctx, w, client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"copies":%d,"text":"now %d"}}`, r.IntN(6), i)))
		case 3:
			err = c.Delete(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("%s-%d", name, r.IntN(5))}})
		case 4: // a write in between makes the reconciler's next one conflict
			m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("%s-%d", name, r.IntN(5))}}
			err = c.Patch(ctx, m, client.RawPatch("application/merge-patch+json", []byte(`{"data":{"text":"wrong"}}`)))
		}
		if err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) && !apierrors.IsAlreadyExists(err) {
			t.Error(err)
		}
	}
	if err := c.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "shop.example.com/v1", "kind": "Widget", "metadata": map[string]any{"namespace": "default", "name": "bad"},
		"spec": map[string]any{"text": "far too long a text for this", "copies": int64(7)},
	}}); !apierrors.IsInvalid(err) {
		t.Errorf("a widget against its schema: %v", err)
	}
}
