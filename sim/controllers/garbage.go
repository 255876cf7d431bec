package controllers

import (
	"slices"
	"sort"
	"time"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/resources"
)

// garbageCollector deletes what belongs to owners that are no more, and finishes the deletions that wait for their
// dependents. It remembers who depends on whom, as the real one does.
type garbageCollector struct {
	base
	resources func() []*resources.Resource
	watched   map[schema.GroupVersionResource]func()
	nodes     map[types.UID]*gcNode
	absent    map[types.UID]bool // owners that were looked for and not found
	seq       int
}

// gcNode is an object in the graph of owners and dependents.
type gcNode struct {
	seq             int
	uid             types.UID
	resource        schema.GroupVersionResource
	namespaced      bool
	namespace, name string
	owners          []metav1.OwnerReference
	deleting        bool // in any way
	foreground      bool // its deletion waits for its dependents
	orphaning       bool // its deletion waits for its dependents to be told that they have no owner
	dependents      map[types.UID]*gcNode
}

func startGarbageCollector(cfg Config) error {
	if cfg.Resources == nil {
		return nil
	}
	c := &garbageCollector{
		resources: cfg.Resources,
		watched:   map[schema.GroupVersionResource]func(){},
		nodes:     map[types.UID]*gcNode{},
		absent:    map[types.UID]bool{},
	}
	c.base = newBase(cfg, "generic-garbage-collector", "generic-garbage-collector", c.reconcile)
	c.sync()
	return nil
}

// sync watches every kind that can be deleted. It runs again when a CustomResourceDefinition comes or goes.
func (c *garbageCollector) sync() {
	served := map[schema.GroupVersionResource]bool{}
	for _, r := range c.resources() {
		if r.View != nil || r.Verbs != nil && !slices.Contains(r.Verbs, "delete") || r.Name == "events" {
			continue
		}
		gvr, namespaced := r.GVR(), r.Namespaced
		served[gvr] = true
		if c.watched[gvr] != nil {
			continue
		}
		definitions := r.Name == "customresourcedefinitions"
		c.watched[gvr] = c.client.Door.Watch(gvr, func(e api.Event) {
			c.changed(gvr, namespaced, e)
			if definitions {
				c.clock.After(100*time.Millisecond, c.sync)
			}
		})
	}
	for gvr, stop := range c.watched {
		if !served[gvr] {
			stop()
			delete(c.watched, gvr)
		}
	}
}

func (c *garbageCollector) changed(gvr schema.GroupVersionResource, namespaced bool, e api.Event) {
	m, ok := e.Object.(metav1.Object)
	if !ok {
		return
	}
	n := c.nodes[m.GetUID()]
	if e.Type == watch.Deleted {
		if n != nil {
			c.remove(n)
		}
		return
	}
	delete(c.absent, m.GetUID())
	fresh := n == nil || n.name == ""
	if n == nil {
		n = &gcNode{uid: m.GetUID(), dependents: map[types.UID]*gcNode{}}
		c.nodes[n.uid] = n
	}
	if fresh {
		c.seq++
		n.seq = c.seq
	}
	n.resource, n.namespaced, n.namespace, n.name = gvr, namespaced, m.GetNamespace(), m.GetName()
	reowned := !slices.EqualFunc(n.owners, m.GetOwnerReferences(), sameRef)
	if reowned {
		c.setOwners(n, m.GetOwnerReferences())
	}
	had := *n
	n.deleting = m.GetDeletionTimestamp() != nil
	n.foreground = n.deleting && slices.Contains(m.GetFinalizers(), metav1.FinalizerDeleteDependents)
	n.orphaning = n.deleting && slices.Contains(m.GetFinalizers(), metav1.FinalizerOrphanDependents)
	switch {
	case n.foreground && !had.foreground:
		for _, d := range n.sorted() {
			c.loop.Add(string(d.uid))
		}
		c.loop.Add(string(n.uid))
	case n.orphaning && !had.orphaning:
		c.loop.Add(string(n.uid))
	case (fresh || reowned) && len(n.owners) > 0:
		c.loop.Add(string(n.uid))
	}
}

func sameRef(a, b metav1.OwnerReference) bool {
	flag := func(p *bool) bool { return p != nil && *p }
	return a.UID == b.UID && a.Kind == b.Kind && a.Name == b.Name && a.APIVersion == b.APIVersion && flag(a.BlockOwnerDeletion) == flag(b.BlockOwnerDeletion)
}

// setOwners moves the node in the graph. An owner that has not been seen yet gets a node without a name.
func (c *garbageCollector) setOwners(n *gcNode, owners []metav1.OwnerReference) {
	for _, ref := range n.owners {
		if o := c.nodes[ref.UID]; o != nil {
			delete(o.dependents, n.uid)
			c.wake(o)
		}
	}
	n.owners = slices.Clone(owners)
	for _, ref := range owners {
		o := c.nodes[ref.UID]
		if o == nil {
			o = &gcNode{uid: ref.UID, dependents: map[types.UID]*gcNode{}}
			c.nodes[ref.UID] = o
		}
		o.dependents[n.uid] = n
	}
}

// wake looks again at an object whose deletion waits for its dependents.
func (c *garbageCollector) wake(o *gcNode) {
	if o.foreground {
		c.loop.Add(string(o.uid))
	}
}

// remove takes an object that is gone out of the graph; its dependents have to be looked at.
func (c *garbageCollector) remove(n *gcNode) {
	delete(c.nodes, n.uid)
	if len(n.dependents) > 0 {
		c.absent[n.uid] = true
	}
	for _, ref := range n.owners {
		if o := c.nodes[ref.UID]; o != nil {
			delete(o.dependents, n.uid)
			c.wake(o)
			if o.name == "" && len(o.dependents) == 0 {
				delete(c.nodes, o.uid)
			}
		}
	}
	for _, d := range n.sorted() {
		c.loop.Add(string(d.uid))
	}
}

func (n *gcNode) sorted() []*gcNode {
	out := make([]*gcNode, 0, len(n.dependents))
	for _, d := range n.dependents {
		out = append(out, d)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].seq < out[j].seq })
	return out
}

func (c *garbageCollector) reconcile(key string) (time.Duration, error) {
	n := c.nodes[types.UID(key)]
	if n == nil || n.name == "" {
		return 0, nil
	}
	if n.orphaning {
		return 0, c.orphanDependents(n)
	}
	obj, err := c.get(n.resource, n.namespace, n.name)
	if errors.IsNotFound(err) || err == nil && obj.GetUID() != n.uid {
		c.remove(n)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if n.foreground {
		return 0, c.finishForeground(n)
	}
	if obj.GetDeletionTimestamp() != nil || len(obj.GetOwnerReferences()) == 0 {
		return 0, nil
	}
	return 0, c.collect(n, obj)
}

// collect deletes an object whose owners are all gone or going, or takes those off it that are.
func (c *garbageCollector) collect(n *gcNode, obj metav1.Object) error {
	var solid, dangling, waiting []metav1.OwnerReference
	for _, ref := range obj.GetOwnerReferences() {
		exists, going, err := c.owner(n, ref)
		switch {
		case err != nil:
			return err
		case !exists:
			dangling = append(dangling, ref)
		case going:
			waiting = append(waiting, ref)
		default:
			solid = append(solid, ref)
		}
	}
	if len(solid) > 0 {
		if len(dangling)+len(waiting) == 0 {
			return nil
		}
		return c.update(n, func(m metav1.Object) { m.SetOwnerReferences(solid) })
	}
	policy := metav1.DeletePropagationBackground
	switch {
	case len(waiting) > 0 && len(n.dependents) > 0:
		policy = metav1.DeletePropagationForeground
	case slices.Contains(obj.GetFinalizers(), metav1.FinalizerOrphanDependents):
		policy = metav1.DeletePropagationOrphan
	case slices.Contains(obj.GetFinalizers(), metav1.FinalizerDeleteDependents):
		policy = metav1.DeletePropagationForeground
	}
	uid := n.uid
	_, err := c.client.Door.Do(&api.Request{
		User: c.client.User, Verb: "delete", Resource: n.resource, Namespace: n.namespace, Name: n.name,
		Delete: &metav1.DeleteOptions{PropagationPolicy: &policy, Preconditions: &metav1.Preconditions{UID: &uid}},
	})
	return ignoreMissing(err)
}

// owner says whether the owner exists and whether its deletion waits for its dependents.
func (c *garbageCollector) owner(n *gcNode, ref metav1.OwnerReference) (exists, going bool, err error) {
	if c.absent[ref.UID] {
		return false, false, nil
	}
	if o := c.nodes[ref.UID]; o != nil && o.name != "" {
		return true, o.foreground, nil
	}
	gvr, namespaced, known := c.resourceOf(ref)
	if !known {
		return true, false, nil // of a kind that is not served: nobody can tell
	}
	namespace := ""
	if namespaced {
		namespace = n.namespace
	}
	if namespaced && namespace == "" {
		return true, false, nil // a cluster-scoped object cannot belong to one in a namespace
	}
	obj, err := c.get(gvr, namespace, ref.Name)
	if errors.IsNotFound(err) || err == nil && obj.GetUID() != ref.UID {
		c.absent[ref.UID] = true
		return false, false, nil
	}
	return err == nil, false, err
}

func (c *garbageCollector) resourceOf(ref metav1.OwnerReference) (gvr schema.GroupVersionResource, namespaced, ok bool) {
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return gvr, false, false
	}
	for _, r := range c.resources() {
		if r.Group == gv.Group && r.Version == gv.Version && r.Kind == ref.Kind {
			return r.GVR(), r.Namespaced, true
		}
	}
	return gvr, false, false
}

// finishForeground lets an object go when no dependent blocks its deletion any more, and else deletes them.
func (c *garbageCollector) finishForeground(n *gcNode) error {
	blocking := false
	for _, d := range n.sorted() {
		for _, ref := range d.owners {
			if ref.UID == n.uid && ref.BlockOwnerDeletion != nil && *ref.BlockOwnerDeletion {
				blocking = true
				if !d.deleting {
					c.loop.Add(string(d.uid))
				}
			}
		}
	}
	if blocking {
		return nil
	}
	return c.update(n, withoutFinalizer(metav1.FinalizerDeleteDependents))
}

func withoutFinalizer(name string) func(metav1.Object) {
	return func(m metav1.Object) {
		m.SetFinalizers(slices.DeleteFunc(m.GetFinalizers(), func(f string) bool { return f == name }))
	}
}

func (c *garbageCollector) orphanDependents(n *gcNode) error {
	for _, d := range n.sorted() {
		err := c.update(d, func(m metav1.Object) {
			m.SetOwnerReferences(slices.DeleteFunc(m.GetOwnerReferences(), func(ref metav1.OwnerReference) bool { return ref.UID == n.uid }))
		})
		if err != nil {
			return err
		}
	}
	return c.update(n, withoutFinalizer(metav1.FinalizerOrphanDependents))
}

// update changes an object's metadata; one that is gone, or another of the same name, is left alone.
func (c *garbageCollector) update(n *gcNode, change func(metav1.Object)) error {
	obj, err := c.get(n.resource, n.namespace, n.name)
	if err != nil || obj.GetUID() != n.uid {
		return ignoreMissing(err)
	}
	next := obj.DeepCopyObject().(owned)
	change(next)
	_, err = c.client.Door.Do(&api.Request{
		User: c.client.User, Verb: "update", Resource: n.resource, Namespace: n.namespace, Name: n.name, Object: next,
	})
	return ignoreMissing(err)
}

// owned is any object of the API.
type owned interface {
	metav1.Object
	runtime.Object
}

func (c *garbageCollector) get(gvr schema.GroupVersionResource, namespace, name string) (owned, error) {
	obj, err := c.client.Door.Do(&api.Request{User: c.client.User, Verb: "get", Resource: gvr, Namespace: namespace, Name: name})
	if err != nil {
		return nil, err
	}
	o, ok := obj.(owned)
	if !ok {
		return nil, errors.NewNotFound(gvr.GroupResource(), name)
	}
	return o, nil
}
