package kubectl

import (
	"fmt"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
)

// pruneResource is a type whose objects may be pruned.
type pruneResource struct {
	gvk        schema.GroupVersionKind
	namespaced bool
}

// defaultPrune is what is pruned where --prune-allowlist does not say.
func defaultPrune() []pruneResource {
	var out []pruneResource
	for _, list := range []string{
		"v1:ConfigMap,Endpoints,PersistentVolumeClaim,Pod,ReplicationController,Secret,Service", "batch/v1:Job,CronJob", "networking.k8s.io/v1:Ingress",
		"apps/v1:DaemonSet,Deployment,ReplicaSet,StatefulSet", "v1:Namespace,PersistentVolume",
	} {
		version, kinds, _ := strings.Cut(list, ":")
		gv, _ := schema.ParseGroupVersion(version)
		for _, k := range strings.Split(kinds, ",") {
			out = append(out, pruneResource{gv.WithKind(k), k != "Namespace" && k != "PersistentVolume"})
		}
	}
	return out
}

// pruneResources reads --prune-allowlist: GROUP/VERSION/KIND, the core group called core.
func (f *Factory) pruneResources(list []string) ([]pruneResource, error) {
	var out []pruneResource
	for _, s := range list {
		parts := strings.Split(s, "/")
		if len(parts) != 3 {
			return nil, fmt.Errorf("invalid GroupVersionKind format: %v, please follow <group/version/kind>", s)
		}
		if parts[0] == "core" {
			parts[0] = ""
		}
		m, err := f.Mapper()
		if err != nil {
			return nil, err
		}
		gvk := schema.GroupVersionKind{Group: parts[0], Version: parts[1], Kind: parts[2]}
		r, err := m.ForKind(gvk.GroupKind(), gvk.Version)
		if err != nil {
			return nil, err
		}
		out = append(out, pruneResource{gvk, r.Namespaced})
	}
	return out, nil
}

// prunable are the resources to look through, those in namespaces first.
func (f *Factory) prunable(list []pruneResource) (namespaced, others []*discovery.Resource, err error) {
	if len(list) == 0 {
		list = defaultPrune()
		f.logf('W', "prune.go:71", "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.")
	}
	m, err := f.Mapper()
	if err != nil {
		return nil, nil, err
	}
	for _, p := range list {
		r, err := m.ForKind(p.gvk.GroupKind(), p.gvk.Version)
		if err != nil {
			return nil, nil, fmt.Errorf("invalid resource %v/%v, Kind=%v, Namespaced=%v: %v", p.gvk.Group, p.gvk.Version, p.gvk.Kind, p.namespaced, err)
		}
		if p.namespaced {
			namespaced = append(namespaced, r)
		} else {
			others = append(others, r)
		}
	}
	return namespaced, others, nil
}

// leftovers are the objects of r that were applied once and are not among visited.
func (f *Factory) leftovers(namespace string, r *discovery.Resource, selector string, visited map[string]bool) ([]object.Object, error) {
	all, err := f.listed(namespace, r, selector)
	var out []object.Object
	for _, o := range all {
		if _, applied := object.Get(o, "metadata", "annotations", lastApplied); applied && !visited[object.UID(o)] {
			out = append(out, o)
		}
	}
	return out, err
}

func (f *Factory) listed(namespace string, r *discovery.Resource, selector string) ([]object.Object, error) {
	req, err := r.Request("GET", namespace, "")
	if err != nil {
		return nil, err
	}
	if selector != "" {
		req.Query = url.Values{"labelSelector": {selector}}
	}
	client, err := f.Client()
	if err != nil {
		return nil, err
	}
	list, err := client.Object(f.ctx, req)
	if err != nil {
		return nil, err
	}
	return object.Items(list), nil
}

// pruneAll deletes what was applied once and is not any more.
func (a *applier) pruneAll() error {
	namespaced, others, err := a.prunable(a.pruneResources)
	if err != nil {
		return fmt.Errorf("error retrieving RESTMappings to prune: %v", err)
	}
	for _, ns := range object.SortedKeys(a.namespaces) {
		for _, r := range namespaced {
			if err := a.pruneOne(ns, r); err != nil {
				return fmt.Errorf("error pruning namespaced object %v: %v", r.GVK(), err)
			}
		}
	}
	for _, r := range others {
		if err := a.pruneOne("", r); err != nil {
			return fmt.Errorf("error pruning nonNamespaced object %v: %v", r.GVK(), err)
		}
	}
	return nil
}

func (a *applier) pruneOne(namespace string, r *discovery.Resource) error {
	objects, err := a.leftovers(namespace, r, a.selector, a.visited)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := a.pruneObject(namespace, r, o); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) pruneObject(namespace string, r *discovery.Resource, o object.Object) error {
	if a.dry != dryRunClient {
		a.del.dry = a.dry
		req, err := r.Request("DELETE", namespace, object.Name(o))
		if err != nil {
			return err
		}
		if req.Body, err = object.Encode(a.del.options()); err != nil {
			return err
		}
		client, err := a.Client()
		if err != nil {
			return err
		}
		if _, err := client.Do(a.ctx, req); err != nil {
			return err
		}
	}
	p, err := a.printer(a.cmd, "pruned"+a.dry.suffix())
	if err != nil {
		return err
	}
	p.Print(o, a.Out)
	return nil
}
