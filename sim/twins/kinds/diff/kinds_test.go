package diff

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/registry/rest"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingadmissionpolicy"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingadmissionpolicybinding"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingwebhookconfiguration"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicy"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicybinding"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingwebhookconfiguration"
	"k8s.io/kubernetes/pkg/registry/apps/controllerrevision"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/certificates/certificates"
	"k8s.io/kubernetes/pkg/registry/coordination/lease"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/endpoint"
	"k8s.io/kubernetes/pkg/registry/core/event"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/node"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolume"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/podtemplate"
	"k8s.io/kubernetes/pkg/registry/core/replicationcontroller"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/discovery/endpointslice"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/flowschema"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/prioritylevelconfiguration"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/ingressclass"
	"k8s.io/kubernetes/pkg/registry/networking/ipaddress"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/networking/servicecidr"
	"k8s.io/kubernetes/pkg/registry/node/runtimeclass"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	"k8s.io/kubernetes/pkg/registry/storage/csidriver"
	"k8s.io/kubernetes/pkg/registry/storage/csinode"
	"k8s.io/kubernetes/pkg/registry/storage/csistoragecapacity"
	"k8s.io/kubernetes/pkg/registry/storage/storageclass"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattachment"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattributesclass"
	"sigs.k8s.io/yaml"

	"terrarium/sim/resources"
)

type both interface {
	rest.RESTCreateStrategy
	rest.RESTUpdateStrategy
}

var strategies = map[string]both{
	"pods": pod.Strategy, "configmaps": configmap.Strategy, "secrets": secret.Strategy, "serviceaccounts": serviceaccount.Strategy,
	"namespaces": namespace.Strategy, "nodes": node.Strategy, "events": event.Strategy, "services": service.Strategy,
	"endpoints": endpoint.Strategy, "endpointslices": endpointslice.Strategy, "deployments": deployment.Strategy,
	"statefulsets": statefulset.Strategy, "daemonsets": daemonset.Strategy, "jobs": job.Strategy, "cronjobs": cronjob.Strategy,
	"persistentvolumes": persistentvolume.Strategy, "persistentvolumeclaims": persistentvolumeclaim.Strategy,
	"podtemplates": podtemplate.Strategy, "replicationcontrollers": replicationcontroller.Strategy,
	"horizontalpodautoscalers": horizontalpodautoscaler.Strategy, "poddisruptionbudgets": poddisruptionbudget.Strategy,
	"ingresses": ingress.Strategy, "ingressclasses": ingressclass.Strategy, "networkpolicies": networkpolicy.Strategy,
	"ipaddresses": ipaddress.Strategy, "servicecidrs": servicecidr.Strategy,
	"storageclasses": storageclass.Strategy, "csidrivers": csidriver.Strategy, "csinodes": csinode.Strategy,
	"csistoragecapacities": csistoragecapacity.Strategy, "volumeattachments": volumeattachment.Strategy, "volumeattributesclasses": volumeattributesclass.Strategy,
	"runtimeclasses": runtimeclass.Strategy, "limitranges": limitrange.Strategy, "resourcequotas": resourcequota.Strategy,
	"certificatesigningrequests": certificates.Strategy, "flowschemas": flowschema.Strategy, "prioritylevelconfigurations": prioritylevelconfiguration.Strategy,
	"validatingwebhookconfigurations": validatingwebhookconfiguration.Strategy, "mutatingwebhookconfigurations": mutatingwebhookconfiguration.Strategy,
	"validatingadmissionpolicies": validatingadmissionpolicy.NewStrategy(nil, nil), "mutatingadmissionpolicies": mutatingadmissionpolicy.NewStrategy(nil, nil),
	"validatingadmissionpolicybindings": validatingadmissionpolicybinding.NewStrategy(nil, nil, nil), "mutatingadmissionpolicybindings": mutatingadmissionpolicybinding.NewStrategy(nil, nil, nil),
	"replicasets": replicaset.Strategy, "controllerrevisions": controllerrevision.Strategy, "leases": lease.Strategy,
	"priorityclasses": priorityclass.Strategy, "roles": role.Strategy, "clusterroles": clusterrole.Strategy,
	"rolebindings": rolebinding.Strategy, "clusterrolebindings": clusterrolebinding.Strategy,
}

var statusStrategies = map[string]rest.RESTUpdateStrategy{
	"pods": pod.StatusStrategy, "nodes": node.StatusStrategy, "namespaces": namespace.StatusStrategy, "services": service.StatusStrategy,
	"deployments": deployment.StatusStrategy, "replicasets": replicaset.StatusStrategy,
	"statefulsets": statefulset.StatusStrategy, "daemonsets": daemonset.StatusStrategy, "jobs": job.StatusStrategy, "cronjobs": cronjob.StatusStrategy,
	"persistentvolumes": persistentvolume.StatusStrategy, "persistentvolumeclaims": persistentvolumeclaim.StatusStrategy,
	"replicationcontrollers":     replicationcontroller.StatusStrategy,
	"certificatesigningrequests": certificates.StatusStrategy, "flowschemas": flowschema.StatusStrategy, "prioritylevelconfigurations": prioritylevelconfiguration.StatusStrategy,
	"volumeattachments": volumeattachment.StatusStrategy, "resourcequotas": resourcequota.StatusStrategy,
	"horizontalpodautoscalers": horizontalpodautoscaler.StatusStrategy, "poddisruptionbudgets": poddisruptionbudget.StatusStrategy,
	"ingresses": ingress.StatusStrategy, "servicecidrs": servicecidr.StatusStrategy,
}

var (
	only = flag.String("kind", "", "only this resource")
	show = flag.Int("show", 40, "differences to show")
	mode = flag.String("mode", "create,update,status", "")
)

func seeds(t *testing.T, name string) [][]byte {
	files, _ := filepath.Glob("seeds/" + name + "*.yaml")
	var out [][]byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range strings.Split(string(b), "\n---\n") {
			j, err := yaml.YAMLToJSON([]byte(doc))
			if err != nil {
				t.Fatal(f, err)
			}
			out = append(out, j)
		}
	}
	return out
}

func TestKinds(t *testing.T) {
	for _, r := range resources.All() {
		if r.View != nil || *only != "" && *only != r.Name {
			continue
		}
		s := strategies[r.Name]
		if s == nil {
			continue // reviews, devices and component statuses have none here
		}
		t.Run(r.Name, func(t *testing.T) { testKind(t, r, s) })
	}
}

func testKind(t *testing.T, r *resources.Resource, s both) {
	all := seeds(t, r.Name)
	if len(all) == 0 {
		t.Skip("no seeds")
	}
	found := map[string][]string{}
	n := 0
	note := func(path, d string) {
		n++
		if d == "" {
			return
		}
		found[d] = append(found[d], path)
	}
	for _, seed := range all {
		if d := compare(theirsCreate(r, s, seed), oursCreate(r, seed)); d != "" {
			note("SEED", d)
		}
		if e := theirsCreate(r, s, seed); len(e.Errors) > 0 || e.Panic != "" {
			t.Errorf("seed is invalid: %v %s", e.Errors, e.Panic)
		}
		mutations(seed, reflect.TypeOf(r.New()).Elem(), false, func(path string, text []byte) {
			if strings.Contains(*mode, "create") {
				note(path, compare(theirsCreate(r, s, text), oursCreate(r, text)))
			}
			if strings.Contains(*mode, "update") && !strings.HasPrefix(path, ".metadata.name") {
				note("update "+path, compare(theirsUpdate(r, s, s, seed, text), oursUpdate(r, seed, text)))
			}
		})
		if u := statusStrategies[r.Name]; u != nil && strings.Contains(*mode, "status") {
			mutations(seed, reflect.TypeOf(r.New()).Elem(), true, func(path string, text []byte) {
				if strings.HasPrefix(path, ".metadata.name") {
					return
				}
				a, b := statusUpdate(r, u, seed, text)
				note("status "+path, compare(a, b))
			})
		}
	}
	report(t, n, found)
}

func report(t *testing.T, n int, found map[string][]string) {
	var keys []string
	total := 0
	for k, v := range found {
		keys = append(keys, k)
		total += len(v)
	}
	sort.Slice(keys, func(i, j int) bool { return found[keys[i]][0] < found[keys[j]][0] })
	fmt.Printf("%s: %d cases, %d differ (%d kinds of difference) %v %q\n", t.Name(), n, total, len(keys), stats, why)
	stats, why = map[string]int{}, nil
	for i, k := range keys {
		if i >= *show {
			break
		}
		fmt.Printf("* %s (%d)\n%s\n", cut(found[k][0]), len(found[k]), cut(k))
	}
	if total > 0 {
		t.Fail()
	}
}

func cut(s string) string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		if len(l) > 330 {
			l = l[:200] + " … " + l[len(l)-120:]
		}
		out = append(out, l)
	}
	if len(out) > 14 {
		out = append(out[:14], "…")
	}
	return strings.Join(out, "\n")
}

var _ = json.Marshal
