package clients

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
)

func TestInformerJSON(t *testing.T)     { informer(t, "application/json") }
func TestInformerProtobuf(t *testing.T) { informer(t, "application/vnd.kubernetes.protobuf") }

// informer watches config maps and pods while others write, the wire is cut and the server forgets old changes. In the
// end the cache holds what the server holds.
func informer(t *testing.T, contentType string) {
	direct, troubled, _, wire := serve(t, 20)
	direct, troubled = rest.CopyConfig(direct), rest.CopyConfig(troubled)
	direct.ContentType, troubled.ContentType = contentType, contentType
	writer, reader := kubernetes.NewForConfigOrDie(direct), kubernetes.NewForConfigOrDie(troubled)
	ctx, cancel := context.WithTimeout(t.Context(), trouble())
	defer cancel()

	factory := informers.NewSharedInformerFactory(reader, 2*time.Second)
	var added, updated, resynced, deleted atomic.Int64
	count := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { added.Add(1) },
		UpdateFunc: func(old, obj any) {
			if old.(metav1.Object).GetResourceVersion() == obj.(metav1.Object).GetResourceVersion() {
				resynced.Add(1)
			} else {
				updated.Add(1)
			}
		},
		DeleteFunc: func(any) { deleted.Add(1) },
	}
	maps, pods := factory.Core().V1().ConfigMaps(), factory.Core().V1().Pods()
	maps.Informer().AddEventHandler(count)
	pods.Informer().AddEventHandler(count)
	factory.Start(t.Context().Done())
	if !cache.WaitForCacheSync(ctx.Done(), maps.Informer().HasSynced, pods.Informer().HasSynced) {
		t.Fatal("the caches did not fill")
	}

	deployments(t, writer, ctx)
	go wire.cutNowAndThen(ctx, rand.New(rand.NewPCG(1, 1)))
	write(t, writer, ctx)

	all := func() string {
		have, err := maps.Lister().List(labels.Everything())
		if err != nil {
			return err.Error()
		}
		want, err := writer.CoreV1().ConfigMaps("").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		versions := map[string]string{}
		for _, m := range want.Items {
			versions[m.Namespace+"/"+m.Name] = m.ResourceVersion
		}
		if len(have) != len(versions) {
			return fmt.Sprintf("%d config maps in the cache, %d in the server", len(have), len(versions))
		}
		for _, m := range have {
			if versions[m.Namespace+"/"+m.Name] != m.ResourceVersion {
				return fmt.Sprintf("%s is cached at %s and is at %s", m.Name, m.ResourceVersion, versions[m.Namespace+"/"+m.Name])
			}
		}
		running := 0
		cached, _ := pods.Lister().Pods("default").List(labels.Everything())
		for _, p := range cached {
			if p.Status.Phase == corev1.PodRunning {
				running++
			}
		}
		if running != 6 || len(cached) != 6 {
			return fmt.Sprintf("%d of %d pods run in the cache, not 6 of 6", running, len(cached))
		}
		return ""
	}
	eventually(t, "the cache", 30*time.Second, all)
	t.Logf("%d added, %d updated, %d resynced, %d deleted; %d connections cut", added.Load(), updated.Load(), resynced.Load(), deleted.Load(), wire.cuts)
	if resynced.Load() == 0 || updated.Load() == 0 || deleted.Load() == 0 || wire.cuts == 0 {
		t.Error("nothing of that happened")
	}

	// What is long forgotten is gone.
	w, err := writer.CoreV1().ConfigMaps("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: "2"})
	if err == nil {
		event := <-w.ResultChan()
		err = apierrors.FromObject(event.Object)
		w.Stop()
	}
	if !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
		t.Errorf("a watch of old changes: %v", err)
	}
}

func deployments(t *testing.T, c kubernetes.Interface, ctx context.Context) {
	replicas := int32(3)
	for _, name := range []string{"one", "two"} {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}}
		d.Spec.Replicas, d.Spec.Selector = &replicas, &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
		d.Spec.Template.Labels = map[string]string{"app": name}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c", Image: "nginx"}}
		if _, err := c.AppsV1().Deployments("default").Create(ctx, d, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// write makes, changes and deletes config maps, and deletes pods, until the context ends.
func write(t *testing.T, c kubernetes.Interface, ctx context.Context) {
	r := rand.New(rand.NewPCG(2, 2))
	maps := c.CoreV1().ConfigMaps("default")
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("m%d", r.IntN(200))
		var err error
		switch r.IntN(6) {
		case 0:
			_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		case 1:
			err = maps.Delete(ctx, name, metav1.DeleteOptions{})
		case 2:
			_, err = maps.Patch(ctx, name, types.MergePatchType, fmt.Appendf(nil, `{"data":{"n":"%d"}}`, i), metav1.PatchOptions{})
		case 3:
			_, err = maps.Patch(ctx, name, types.ApplyPatchType, fmt.Appendf(nil, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q},"data":{"a":"%d"}}`, name, i), metav1.PatchOptions{FieldManager: "test"})
		case 4:
			err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
				m, err := maps.Get(ctx, name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				m.Data = map[string]string{"u": fmt.Sprint(i)}
				_, err = maps.Update(ctx, m, metav1.UpdateOptions{})
				return err
			})
		case 5:
			if r.IntN(20) > 0 {
				continue
			}
			pods, listErr := c.CoreV1().Pods("default").List(ctx, metav1.ListOptions{})
			if err = listErr; err == nil && len(pods.Items) > 0 {
				err = c.CoreV1().Pods("default").Delete(ctx, pods.Items[r.IntN(len(pods.Items))].Name, metav1.DeleteOptions{})
			}
		}
		if err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) && !apierrors.IsAlreadyExists(err) {
			t.Error(err)
		}
	}
}
