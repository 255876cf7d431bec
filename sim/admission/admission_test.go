package admission

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
	"terrarium/sim/resources"
)

// kinds are the resources that the tests write.
var kinds = map[reflect.Type]schema.GroupVersionResource{
	reflect.TypeFor[v1.Pod]():                                   v1.SchemeGroupVersion.WithResource("pods"),
	reflect.TypeFor[v1.Binding]():                               v1.SchemeGroupVersion.WithResource("pods"),
	reflect.TypeFor[v1.Namespace]():                             v1.SchemeGroupVersion.WithResource("namespaces"),
	reflect.TypeFor[v1.Node]():                                  v1.SchemeGroupVersion.WithResource("nodes"),
	reflect.TypeFor[v1.ConfigMap]():                             v1.SchemeGroupVersion.WithResource("configmaps"),
	reflect.TypeFor[v1.Service]():                               v1.SchemeGroupVersion.WithResource("services"),
	reflect.TypeFor[v1.ServiceAccount]():                        v1.SchemeGroupVersion.WithResource("serviceaccounts"),
	reflect.TypeFor[v1.LimitRange]():                            v1.SchemeGroupVersion.WithResource("limitranges"),
	reflect.TypeFor[v1.ResourceQuota]():                         v1.SchemeGroupVersion.WithResource("resourcequotas"),
	reflect.TypeFor[v1.PersistentVolumeClaim]():                 v1.SchemeGroupVersion.WithResource("persistentvolumeclaims"),
	reflect.TypeFor[appsv1.Deployment]():                        appsv1.SchemeGroupVersion.WithResource("deployments"),
	reflect.TypeFor[schedulingv1.PriorityClass]():               schedulingv1.SchemeGroupVersion.WithResource("priorityclasses"),
	reflect.TypeFor[storagev1.StorageClass]():                   storagev1.SchemeGroupVersion.WithResource("storageclasses"),
	reflect.TypeFor[networkingv1.Ingress]():                     networkingv1.SchemeGroupVersion.WithResource("ingresses"),
	reflect.TypeFor[networkingv1.IngressClass]():                networkingv1.SchemeGroupVersion.WithResource("ingressclasses"),
	reflect.TypeFor[nodev1.RuntimeClass]():                      nodev1.SchemeGroupVersion.WithResource("runtimeclasses"),
	reflect.TypeFor[certificatesv1.CertificateSigningRequest](): certificatesv1.SchemeGroupVersion.WithResource("certificatesigningrequests"),
	reflect.TypeFor[authorizationv1.SubjectAccessReview]():      authorizationv1.SchemeGroupVersion.WithResource("subjectaccessreviews"),
}

// shelf is an API server that stores what it is given and answers reviews with allow.
type shelf struct {
	objects []runtime.Object
	allow   func(*authorizationv1.ResourceAttributes) bool
}

func (s *shelf) ResourceFor(t reflect.Type) (schema.GroupVersionResource, error) {
	return kinds[t], nil
}

func (s *shelf) Watch(schema.GroupVersionResource, func(api.Event)) func() { return func() {} }

func (s *shelf) Do(r *api.Request) (runtime.Object, error) {
	if review, ok := r.Object.(*authorizationv1.SubjectAccessReview); ok {
		answer := review.DeepCopy()
		answer.Status.Allowed = s.allow(review.Spec.ResourceAttributes)
		return answer, nil
	}
	out := &api.Listed{}
	for i, o := range s.objects {
		m := o.(metav1.Object)
		if kindOf(o) != r.Resource || m.GetNamespace() != r.Namespace {
			continue
		}
		switch {
		case r.Verb == "list":
			out.Items = append(out.Items, o)
		case m.GetName() == r.Name && r.Verb == "get":
			return o, nil
		case m.GetName() == r.Name && r.Verb == "update":
			s.objects[i] = r.Object
			return r.Object, nil
		}
	}
	if r.Verb == "list" {
		return out, nil
	}
	if r.Verb == "create" {
		s.objects = append(s.objects, r.Object)
		return r.Object, nil
	}
	return nil, errors.NewNotFound(r.Resource.GroupResource(), r.Name)
}

func kindOf(o runtime.Object) schema.GroupVersionResource { return kinds[reflect.TypeOf(o).Elem()] }

// write is one write to a cluster that has the objects: what it gives to plugins, and the warnings they give back.
type write struct {
	op       Operation
	sub      string
	obj, old runtime.Object
	user     string
	dry      bool
	allow    func(*authorizationv1.ResourceAttributes) bool
	warnings []string
}

func (w *write) attributes(objects ...runtime.Object) *Attributes {
	if w.op == "" {
		w.op = Create
	}
	m := w.obj.(metav1.Object)
	gvr := kindOf(w.obj)
	return &Attributes{
		Request: &api.Request{
			Subresource: w.sub, User: api.User{Name: w.user}, DryRun: w.dry,
			Warn: func(text string) { w.warnings = append(w.warnings, text) },
		},
		Resource:  &resources.Resource{Group: gvr.Group, Version: gvr.Version, Name: gvr.Resource},
		Operation: w.op, Namespace: m.GetNamespace(), Name: m.GetName(), Object: w.obj, Old: w.old,
		Client: api.Client{Door: &shelf{objects: objects, allow: w.allow}},
		Now:    time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		Suffix: func(n int) string { return strings.Repeat("x", n) },
	}
}

// do runs the plugin's both steps.
func do(p Plugin, a *Attributes) error {
	if err := p.Admit(a); err != nil {
		return err
	}
	return p.Validate(a)
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("refused with\n%v\nwant\n%s", err, want)
	}
}

func accepted(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("refused: %v", err)
	}
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "ns", Name: name} }

func namespace(labels map[string]string) *v1.Namespace {
	return &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ns", Labels: labels}}
}

// pod has one container with what was asked for and the limits: `cpu=1,memory=1Gi`.
func pod(requested, limits string) *v1.Pod {
	return &v1.Pod{ObjectMeta: named("web"), Spec: v1.PodSpec{Containers: []v1.Container{{
		Name: "app", Resources: v1.ResourceRequirements{Requests: parsed(requested), Limits: parsed(limits)},
	}}}}
}

func parsed(text string) v1.ResourceList {
	if text == "" {
		return nil
	}
	list := v1.ResourceList{}
	for _, part := range strings.Split(text, ",") {
		name, amount, _ := strings.Cut(part, "=")
		list[v1.ResourceName(name)] = resource.MustParse(amount)
	}
	return list
}

// The order of AllOrderedPlugins, without those that are off or not simulated.
func TestDefaultOrder(t *testing.T) {
	var got []string
	for _, p := range Default() {
		got = append(got, p.Name())
	}
	want := []string{"NamespaceLifecycle", "LimitRanger", "ServiceAccount", "NodeRestriction", "TaintNodesByCondition", "PodSecurity", "Priority",
		"DefaultTolerationSeconds", "DefaultStorageClass", "StorageObjectInUseProtection", "PersistentVolumeClaimResize", "RuntimeClass",
		"CertificateApproval", "CertificateSigning", "CertificateSubjectRestriction", "DefaultIngressClass", "PodTopologyLabels",
		"PodResizeValidator", "MutatingAdmissionWebhook", "ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook", "ResourceQuota"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamespaceLifecycle(t *testing.T) {
	w := &write{obj: pod("", "")}
	refused(t, do(NamespaceLifecycle{}, w.attributes()), `namespaces "ns" not found`)
	ns := namespace(nil)
	accepted(t, do(NamespaceLifecycle{}, w.attributes(ns)))
	ns.Status.Phase = v1.NamespaceTerminating
	refused(t, do(NamespaceLifecycle{}, w.attributes(ns)),
		`pods "web" is forbidden: unable to create new content in namespace ns because it is being terminated`)

	system := &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system"}}
	a := (&write{op: Delete, obj: system}).attributes(system)
	a.Object = nil
	refused(t, do(NamespaceLifecycle{}, a), `namespaces "kube-system" is forbidden: this namespace may not be deleted`)
}

func TestPriority(t *testing.T) {
	high := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "high"}, Value: 1000}
	p := pod("", "")
	p.Spec.PriorityClassName = "high"
	accepted(t, do(Priority{}, (&write{obj: p}).attributes(high)))
	if p.Spec.Priority == nil || *p.Spec.Priority != 1000 {
		t.Errorf("priority %v", p.Spec.Priority)
	}
	p = pod("", "")
	p.Spec.PriorityClassName = "none"
	refused(t, do(Priority{}, (&write{obj: p}).attributes(high)), `pods "web" is forbidden: no PriorityClass with name none was found`)
	wrong := int32(3)
	p = pod("", "")
	p.Spec.Priority = &wrong
	refused(t, do(Priority{}, (&write{obj: p}).attributes(high)),
		`pods "web" is forbidden: the integer value of priority (3) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name`)

	usual := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "usual"}, Value: 5, GlobalDefault: true}
	p = pod("", "")
	accepted(t, do(Priority{}, (&write{obj: p}).attributes(usual)))
	if p.Spec.PriorityClassName != "usual" {
		t.Errorf("class %q", p.Spec.PriorityClassName)
	}
	other := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "other"}, GlobalDefault: true}
	refused(t, do(Priority{}, (&write{obj: other}).attributes(usual)),
		`priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist`)
}

func TestDefaultClasses(t *testing.T) {
	yes := map[string]string{"storageclass.kubernetes.io/is-default-class": "true", "ingressclass.kubernetes.io/is-default-class": "true"}
	claim := &v1.PersistentVolumeClaim{ObjectMeta: named("data")}
	accepted(t, do(DefaultStorageClass{}, (&write{obj: claim}).attributes(
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "slow"}},
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "fast", Annotations: yes}})))
	if c := claim.Spec.StorageClassName; c == nil || *c != "fast" {
		t.Errorf("storage class %v", c)
	}
	ingress := &networkingv1.Ingress{ObjectMeta: named("in")}
	accepted(t, do(DefaultIngressClass{}, (&write{obj: ingress}).attributes(
		&networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "nginx", Annotations: yes}})))
	if c := ingress.Spec.IngressClassName; c == nil || *c != "nginx" {
		t.Errorf("ingress class %v", c)
	}
}

func TestTolerations(t *testing.T) {
	p := pod("", "")
	accepted(t, do(DefaultTolerationSeconds{}, (&write{obj: p}).attributes()))
	if len(p.Spec.Tolerations) != 2 || *p.Spec.Tolerations[0].TolerationSeconds != 300 {
		t.Errorf("tolerations %v", p.Spec.Tolerations)
	}
	p = pod("", "")
	p.Spec.Tolerations = []v1.Toleration{{Operator: v1.TolerationOpExists}}
	accepted(t, do(DefaultTolerationSeconds{}, (&write{obj: p}).attributes()))
	if len(p.Spec.Tolerations) != 1 {
		t.Errorf("tolerations %v", p.Spec.Tolerations)
	}
}

func TestServiceAccount(t *testing.T) {
	account := &v1.ServiceAccount{ObjectMeta: named("default"), ImagePullSecrets: []v1.LocalObjectReference{{Name: "pull"}}}
	p := pod("", "")
	accepted(t, do(ServiceAccount{}, (&write{obj: p}).attributes(account)))
	if p.Spec.ServiceAccountName != "default" || len(p.Spec.ImagePullSecrets) != 1 || len(p.Spec.Volumes) != 1 || p.Spec.Volumes[0].Name != "kube-api-access-xxxxx" {
		t.Errorf("got %+v", p.Spec)
	}
	p = pod("", "")
	p.Spec.ServiceAccountName = "robot"
	refused(t, do(ServiceAccount{}, (&write{obj: p}).attributes(account)),
		`pods "web" is forbidden: error looking up service account ns/robot: serviceaccount "robot" not found`)
}

func TestPodSecurity(t *testing.T) {
	restricted := namespace(map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	const details = `allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false), ` +
		`unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"]), ` +
		`runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true), ` +
		`seccompProfile (pod or container "app" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`
	refused(t, do(PodSecurity{}, (&write{obj: pod("", "")}).attributes(restricted)),
		`pods "web" is forbidden: violates PodSecurity "restricted:latest": `+details)

	d := &appsv1.Deployment{ObjectMeta: named("web")}
	d.Spec.Template.Spec = pod("", "").Spec
	w := &write{obj: d}
	accepted(t, do(PodSecurity{}, w.attributes(restricted)))
	if diff := cmp.Diff([]string{`would violate PodSecurity "restricted:latest": ` + details}, w.warnings); diff != "" {
		t.Error(diff)
	}

	old := pod("", "")
	relabelled := old.DeepCopy()
	relabelled.Labels = map[string]string{"a": "b"}
	accepted(t, do(PodSecurity{}, (&write{op: Update, obj: relabelled, old: old}).attributes(restricted)))

	w = &write{op: Update, obj: namespace(map[string]string{"pod-security.kubernetes.io/enforce": "baseline"}), old: namespace(nil)}
	host, twin, fine := pod("", ""), pod("", ""), pod("", "")
	host.Name, twin.Name, fine.Name = "b", "a", "c"
	host.Spec.HostNetwork, twin.Spec.HostNetwork = true, true
	accepted(t, do(PodSecurity{}, w.attributes(host, twin, fine)))
	want := []string{`existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"`, "a (and 1 other pod): host namespaces"}
	if diff := cmp.Diff(want, w.warnings); diff != "" {
		t.Error(diff)
	}
	refused(t, do(PodSecurity{}, (&write{obj: namespace(map[string]string{"pod-security.kubernetes.io/warn": "strict"})}).attributes()),
		`Namespace "ns" is invalid: metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "strict": must be one of privileged, baseline, restricted`)
}

func TestLimitRanger(t *testing.T) {
	r := &v1.LimitRange{ObjectMeta: named("range"), Spec: v1.LimitRangeSpec{Limits: []v1.LimitRangeItem{
		{Type: v1.LimitTypeContainer, DefaultRequest: parsed("cpu=100m,memory=64Mi"), Default: parsed("cpu=500m"),
			Max: parsed("cpu=1"), Min: parsed("cpu=50m"), MaxLimitRequestRatio: parsed("cpu=10")},
		{Type: v1.LimitTypePersistentVolumeClaim, Max: parsed("storage=2Gi")},
	}}}
	p := pod("", "")
	accepted(t, do(LimitRanger{}, (&write{obj: p}).attributes(r)))
	if got := p.Annotations["kubernetes.io/limit-ranger"]; got != "LimitRanger plugin set: cpu, memory request for container app; cpu limit for container app" {
		t.Errorf("noted %q", got)
	}
	for _, test := range []struct{ name, requested, limits, want string }{
		{"too much", "", "cpu=2", `pods "web" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio per Container is 10, but provided ratio is 20.000000]`},
		{"too little", "cpu=10m", "cpu=60m", `pods "web" is forbidden: minimum cpu usage per Container is 50m, but request is 10m`},
		{"too far apart", "cpu=50m", "cpu=1", `pods "web" is forbidden: cpu max limit to request ratio per Container is 10, but provided ratio is 20.000000`},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused(t, do(LimitRanger{}, (&write{obj: pod(test.requested, test.limits)}).attributes(r)), test.want)
		})
	}
	claim := &v1.PersistentVolumeClaim{ObjectMeta: named("data")}
	claim.Spec.Resources.Requests = parsed("storage=3Gi")
	refused(t, do(LimitRanger{}, (&write{obj: claim}).attributes(r)),
		`persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi`)
}

func TestResourceQuota(t *testing.T) {
	q := func(hard, used string) *v1.ResourceQuota {
		return &v1.ResourceQuota{ObjectMeta: named("q"), Spec: v1.ResourceQuotaSpec{Hard: parsed(hard)},
			Status: v1.ResourceQuotaStatus{Hard: parsed(hard), Used: parsed(used)}}
	}
	for _, test := range []struct {
		name       string
		quota      *v1.ResourceQuota
		obj        runtime.Object
		want, used string
	}{
		{"room", q("pods=2,requests.cpu=1", "pods=1,requests.cpu=500m"), pod("cpu=200m", ""), "", "pods=2,requests.cpu=700m"},
		{"no room", q("pods=2,requests.cpu=1", "pods=1,requests.cpu=900m"), pod("cpu=200m", ""),
			`pods "web" is forbidden: exceeded quota: q, requested: requests.cpu=200m, used: requests.cpu=900m, limited: requests.cpu=1`, "pods=1,requests.cpu=900m"},
		{"silent", q("limits.memory=1Gi,requests.cpu=1", "limits.memory=0,requests.cpu=0"), pod("", ""),
			`pods "web" is forbidden: failed quota: q: must specify limits.memory for: app; requests.cpu for: app`, "limits.memory=0,requests.cpu=0"},
		{"not counted yet", q("pods=2", ""), pod("", ""), `pods "web" is forbidden: status unknown for quota: q, resources: pods`, ""},
		{"another kind", q("pods=2", "pods=2"), &v1.ConfigMap{ObjectMeta: named("c")}, "", "pods=2"},
		{"count", q("count/deployments.apps=1", "count/deployments.apps=1"), &appsv1.Deployment{ObjectMeta: named("d")},
			`deployments.apps "d" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1`, "count/deployments.apps=1"},
		{"old name", q("configmaps=3", "configmaps=1"), &v1.ConfigMap{ObjectMeta: named("c")}, "", "configmaps=2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := (&write{obj: test.obj}).attributes(test.quota)
			if err := do(ResourceQuota{}, a); test.want == "" {
				accepted(t, err)
			} else {
				refused(t, err, test.want)
			}
			door := a.Client.Door.(*shelf)
			got := door.objects[0].(*v1.ResourceQuota).Status.Used
			want := parsed(test.used)
			if len(got) != len(want) {
				t.Fatalf("used %v, want %v", got, want)
			}
			for name, n := range want {
				if has := got[name]; has.Cmp(n) != 0 {
					t.Errorf("used %s of %s, want %s", has.String(), name, n.String())
				}
			}
		})
	}
	a := (&write{obj: pod("", ""), dry: true}).attributes(q("pods=2", "pods=1"))
	accepted(t, do(ResourceQuota{}, a))
	if used := a.Client.Door.(*shelf).objects[0].(*v1.ResourceQuota).Status.Used[v1.ResourcePods]; used.Value() != 1 {
		t.Errorf("a dry run counts: %s", used.String())
	}
	ended := q("pods=0", "pods=0")
	ended.Spec.Scopes = []v1.ResourceQuotaScope{v1.ResourceQuotaScopeTerminating}
	accepted(t, do(ResourceQuota{}, (&write{obj: pod("", "")}).attributes(ended)))
}

func TestRuntimeClass(t *testing.T) {
	kata := &nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: "kata"}, Overhead: &nodev1.Overhead{PodFixed: parsed("cpu=250m")},
		Scheduling: &nodev1.Scheduling{NodeSelector: map[string]string{"kata": "yes"}, Tolerations: []v1.Toleration{{Key: "kata", Operator: v1.TolerationOpExists}}}}
	p := pod("", "")
	name := "kata"
	p.Spec.RuntimeClassName = &name
	accepted(t, do(RuntimeClass{}, (&write{obj: p}).attributes(kata)))
	if p.Spec.NodeSelector["kata"] != "yes" || len(p.Spec.Tolerations) != 1 || len(p.Spec.Overhead) != 1 {
		t.Errorf("got %+v", p.Spec)
	}
	refused(t, do(RuntimeClass{}, (&write{obj: p}).attributes()), `pods "web" is forbidden: pod rejected: RuntimeClass "kata" not found`)
	p = pod("", "")
	p.Spec.Overhead = parsed("cpu=1")
	refused(t, do(RuntimeClass{}, (&write{obj: p}).attributes()),
		`pods "web" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead`)
}

func TestClaimResize(t *testing.T) {
	class, yes := "fast", true
	claim := func(size string) *v1.PersistentVolumeClaim {
		c := &v1.PersistentVolumeClaim{ObjectMeta: named("data"), Status: v1.PersistentVolumeClaimStatus{Phase: v1.ClaimBound}}
		c.Spec.StorageClassName, c.Spec.Resources.Requests = &class, parsed("storage="+size)
		return c
	}
	fast := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "fast"}}
	grow := &write{op: Update, obj: claim("2Gi"), old: claim("1Gi")}
	refused(t, do(PersistentVolumeClaimResize{}, grow.attributes(fast)),
		`persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize`)
	fast.AllowVolumeExpansion = &yes
	accepted(t, do(PersistentVolumeClaimResize{}, grow.attributes(fast)))
	pending := claim("1Gi")
	pending.Status.Phase = v1.ClaimPending
	refused(t, do(PersistentVolumeClaimResize{}, (&write{op: Update, obj: claim("2Gi"), old: pending}).attributes(fast)),
		`persistentvolumeclaims "data" is forbidden: Only bound persistent volume claims can be expanded`)
}

func TestPodResize(t *testing.T) {
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node01"}, Status: v1.NodeStatus{Allocatable: parsed("cpu=2,memory=1Gi")}}
	old := pod("cpu=1", "")
	old.Spec.NodeName = "node01"
	big := pod("cpu=3,memory=2Gi", "")
	big.Spec.NodeName, big.Generation = "node01", 2
	refused(t, do(PodResizeValidator{}, (&write{op: Update, sub: "resize", obj: big, old: old}).attributes(node)),
		`pods "web" is forbidden: node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824`)
	big.Spec.Containers[0].Resources.Requests = parsed("cpu=2")
	accepted(t, do(PodResizeValidator{}, (&write{op: Update, sub: "resize", obj: big, old: old}).attributes(node)))
}

func TestTopologyLabels(t *testing.T) {
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node01", Labels: map[string]string{v1.LabelTopologyZone: "a", "other": "b"}}}
	b := &v1.Binding{ObjectMeta: named("web"), Target: v1.ObjectReference{Kind: "Node", Name: "node01"}}
	accepted(t, do(PodTopologyLabels{}, (&write{sub: "binding", obj: b}).attributes(node)))
	if diff := cmp.Diff(map[string]string{v1.LabelTopologyZone: "a"}, b.Labels); diff != "" {
		t.Error(diff)
	}
}

func TestCertificates(t *testing.T) {
	csr := &certificatesv1.CertificateSigningRequest{ObjectMeta: metav1.ObjectMeta{Name: "jane"}}
	csr.Spec.SignerName = certificatesv1.KubeAPIServerClientSignerName
	var asked []string
	may := func(name string) func(*authorizationv1.ResourceAttributes) bool {
		return func(r *authorizationv1.ResourceAttributes) bool {
			asked = append(asked, r.Verb+" "+r.Resource+" "+r.Name)
			return r.Name == name
		}
	}
	w := &write{op: Update, sub: "approval", obj: csr, old: csr, allow: may("kubernetes.io/*")}
	accepted(t, do(CertificateApproval{}, w.attributes()))
	if want := []string{"approve signers kubernetes.io/kube-apiserver-client", "approve signers kubernetes.io/*"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q", asked)
	}
	w.allow = may("")
	refused(t, do(CertificateApproval{}, w.attributes()),
		`certificatesigningrequests.certificates.k8s.io "jane" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"`)
	issued := csr.DeepCopy()
	issued.Status.Certificate = []byte("x")
	refused(t, do(CertificateSigning{}, (&write{op: Update, sub: "status", obj: issued, old: csr, allow: may("")}).attributes()),
		`certificatesigningrequests.certificates.k8s.io "jane" is forbidden: user not permitted to sign requests with signerName "kubernetes.io/kube-apiserver-client"`)
	refused(t, do(CertificateSubjectRestriction{}, (&write{obj: csr}).attributes()),
		`certificatesigningrequests.certificates.k8s.io "jane" is forbidden: failed to parse CSR: PEM block type must be CERTIFICATE REQUEST`)
}
