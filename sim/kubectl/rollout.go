package kubectl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/patch"
)

// rolloutObjects finds the workloads that a rollout command names.
func (f *Factory) rolloutObjects(cmd *cobra.Command, args []string) (*resource.Result, string, error) {
	namespace, enforce, err := f.Namespace()
	if err != nil {
		return nil, "", err
	}
	files := filenames(cmd)
	if len(args) == 0 && files.Empty() {
		return nil, "", errors.New("required resource not specified")
	}
	b := f.TypedBuilder()
	b.Namespace, b.DefaultNamespace, b.EnforceNamespace, b.Filenames = namespace, true, enforce, files
	b.Labels, b.Args, b.AllowEmptySelector = flagString(cmd, "selector"), args, true
	b.ContinueOnError, b.Latest, b.Flatten = true, true, true
	r := b.Do()
	return r, namespace, r.Err()
}

// noVisitor is what upstream says of a kind that rollouts do not know at all.
func noVisitor(gk schema.GroupKind) error {
	switch gk.String() {
	case "Pod", "ReplicationController", "Job.batch", "CronJob.batch", "ReplicaSet.apps":
		return nil
	}
	return fmt.Errorf("no visitor method exists for {%s %s}", gk.Group, gk.Kind)
}

// revisionNumber is the revision that a replica set's annotation gives.
func revisionNumber(annotations map[string]string) (int64, error) {
	v, ok := annotations["deployment.kubernetes.io/revision"]
	if !ok {
		return 0, nil
	}
	return strconv.ParseInt(v, 10, 64)
}

// ownReplicaSets are those that the deployment controls: old ones by age, then the one with its template.
func (f *Factory) ownReplicaSets(d *appsv1.Deployment) ([]*appsv1.ReplicaSet, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, err
	}
	var list appsv1.ReplicaSetList
	if err := f.listTyped("replicasets", d.Namespace, selector.String(), &list); err != nil {
		return nil, err
	}
	var own []*appsv1.ReplicaSet
	for i := range list.Items {
		if metav1.IsControlledBy(&list.Items[i], d) {
			own = append(own, &list.Items[i])
		}
	}
	sort.Slice(own, func(i, j int) bool {
		a, b := own[i], own[j]
		if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
			return a.Name < b.Name
		}
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	})
	for i, rs := range own {
		if sameTemplate(&rs.Spec.Template, &d.Spec.Template) {
			return append(append(own[:i:i], own[i+1:]...), rs), nil
		}
	}
	return own, nil
}

func (f *Factory) listTyped(resource, namespace, labels string, v any) error {
	client, err := f.Client()
	if err != nil {
		return err
	}
	gvr := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}
	return typedGetter{client, 0}.List(f.ctx, gvr, namespace, describe.Selectors{Labels: labels}, v)
}

func (f *Factory) getTyped(resource, namespace, name string, v any) error {
	client, err := f.Client()
	if err != nil {
		return err
	}
	return typedGetter{client, 0}.Get(f.ctx, schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}, namespace, name, v)
}

// sameTemplate compares two pod templates but for the label that tells replica sets apart.
func sameTemplate(a, b *corev1.PodTemplateSpec) bool {
	plain := func(t *corev1.PodTemplateSpec) []byte {
		t = t.DeepCopy()
		delete(t.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
		data, _ := json.Marshal(t)
		return data
	}
	return bytes.Equal(plain(a), plain(b))
}

// controllerRevisions are the revisions of a daemon set or stateful set.
func (f *Factory) controllerRevisions(o object.Object) ([]appsv1.ControllerRevision, error) {
	kind, name := object.Kind(o), object.Name(o)
	selector, err := podSelector(o)
	if err != nil {
		return nil, fmt.Errorf("failed to create selector for %s %s: %v", kind, name, err)
	}
	var list appsv1.ControllerRevisionList
	if err := f.listTyped("controllerrevisions", object.Namespace(o), selector.String(), &list); err != nil {
		return nil, fmt.Errorf("unable to find history controlled by %s %s: %v", kind, name, err)
	}
	var own []appsv1.ControllerRevision
	for _, r := range list.Items {
		if owner := metav1.GetControllerOf(&r); owner != nil && string(owner.UID) == object.UID(o) {
			own = append(own, r)
		}
	}
	return own, nil
}

// atRevision is the object as it was at a revision.
func atRevision(o object.Object, r *appsv1.ControllerRevision) (object.Object, error) {
	change, err := object.Decode(r.Data.Raw)
	if err != nil {
		return nil, err
	}
	return patch.Strategic(object.Copy(o), change, schemaFor(object.GVK(o)))
}

// templateOf is the pod template of a workload.
func templateOf(o object.Object) (*corev1.PodTemplateSpec, error) {
	var t corev1.PodTemplateSpec
	return &t, object.To(object.Map(o, "spec", "template"), &t)
}

// runRolloutChange is pause, resume and restart: a change of the workload, and a word for it.
func runRolloutChange(f *Factory, cmd *cobra.Command, args []string, done, nothing string, mutate func(o object.Object) (bool, error)) error {
	r, namespace, err := f.rolloutObjects(cmd, args)
	if err != nil {
		return err
	}
	infos, errs := infosOf(r)
	list := changes(infos, mutate)
	if len(list) == 0 && len(errs) == 0 {
		fmt.Fprintf(f.ErrOut, "No resources found in %s namespace.\n", namespace)
		return nil
	}
	for _, c := range list {
		if c.err != nil {
			errs = append(errs, c.failure())
			continue
		}
		word := done
		if len(c.patch) == 0 {
			if nothing == "" {
				errs = append(errs, fmt.Errorf("failed to create patch for %v: if restart has already been triggered within the past second, please wait before attempting to trigger another", c.info.Name))
				continue
			}
			word = nothing
		} else {
			o, err := c.send(resource.Options{FieldManager: flagString(cmd, "field-manager")})
			if err != nil {
				errs = append(errs, fmt.Errorf("failed to patch: %v", err))
				continue
			}
			c.info.Refresh(o)
		}
		p, err := f.printer(cmd, word)
		if err == nil {
			err = p.Print(c.info.Object, f.Out)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return utilerrors.NewAggregate(errs)
}

func runRolloutPause(f *Factory, cmd *cobra.Command, args []string) error {
	return runRolloutChange(f, cmd, args, "paused", "already paused", func(o object.Object) (bool, error) {
		switch {
		case object.Kind(o) != "Deployment":
			return false, errors.New("pausing is not supported")
		case object.Bool(o, "spec", "paused"):
			return false, errors.New("is already paused")
		}
		object.Set(o, true, "spec", "paused")
		return true, nil
	})
}

func runRolloutResume(f *Factory, cmd *cobra.Command, args []string) error {
	return runRolloutChange(f, cmd, args, "resumed", "already resumed", func(o object.Object) (bool, error) {
		switch {
		case object.Kind(o) != "Deployment":
			return false, errors.New("resuming is not supported")
		case !object.Bool(o, "spec", "paused"):
			return false, errors.New("is not paused")
		}
		object.Delete(o, "spec", "paused")
		return true, nil
	})
}

func runRolloutRestart(f *Factory, cmd *cobra.Command, args []string) error {
	return runRolloutChange(f, cmd, args, "restarted", "", func(o object.Object) (bool, error) {
		switch object.Kind(o) {
		case "Deployment", "DaemonSet", "StatefulSet":
		default:
			return false, errors.New("restarting is not supported")
		}
		if object.Bool(o, "spec", "paused") {
			return false, errors.New("can't restart paused deployment (run rollout resume first)")
		}
		at := f.Now().UTC().Format("2006-01-02T15:04:05Z07:00")
		object.Set(o, at, "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
		return true, nil
	})
}
