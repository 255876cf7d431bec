package kubectl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

func runRolloutUndo(f *Factory, cmd *cobra.Command, args []string) error {
	run, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	r, _, err := f.rolloutObjects(cmd, args)
	if err != nil {
		return err
	}
	return r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		if _, ok := object.Annotations(i.Object)[corev1.LastAppliedConfigAnnotation]; ok {
			fmt.Fprintf(f.ErrOut, "Warning: resource %s was previously managed with 'kubectl apply'. Rolling back will not update the %s annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.\n",
				i.ObjectName(), corev1.LastAppliedConfigAnnotation)
		}
		done, err := f.rollBack(i, flagInt64(cmd, "to-revision"), run)
		if err != nil {
			return err
		}
		p, err := f.printer(cmd, done+run.suffix())
		if err != nil {
			return err
		}
		return p.Print(i.Object, f.Out)
	})
}

// rollBack restores a revision, 0 being the one before, and says what was done.
func (f *Factory) rollBack(i *resource.Info, to int64, run dryRun) (string, error) {
	gk := i.Resource.GVK().GroupKind()
	switch gk.String() {
	case "Deployment.apps", "DaemonSet.apps", "StatefulSet.apps":
	default:
		if err := noVisitor(gk); err != nil {
			return "", fmt.Errorf("error retrieving rollbacker for %q, %v", gk.String(), err)
		}
		return "", fmt.Errorf("no rollbacker has been implemented for %q", gk)
	}
	if to < 0 {
		return "", noRevision(to)
	}
	if gk.Kind == "Deployment" {
		return f.rollBackDeployment(i, to, run)
	}
	return f.rollBackRevision(i, to, run)
}

func noRevision(n int64) error {
	return fmt.Errorf("unable to find specified revision %v in history", n)
}

func skipped(to int64) string {
	return fmt.Sprintf("skipped rollback (current template already matches revision %d)", to)
}

func (f *Factory) rollBackDeployment(i *resource.Info, to int64, run dryRun) (string, error) {
	var d appsv1.Deployment
	if err := f.getTyped("deployments", i.Namespace, i.Name, &d); err != nil {
		return "", fmt.Errorf("failed to retrieve Deployment %s: %v", i.Name, err)
	}
	sets, err := f.ownReplicaSets(&d)
	if err != nil {
		return "", fmt.Errorf("failed to retrieve replica sets from deployment %s: %v", i.Name, err)
	}
	rs, err := replicaSetAt(sets, to)
	if err != nil {
		return "", err
	}
	switch {
	case rs == nil:
		return "", fmt.Errorf("no rollout history found for deployment %q", i.Name)
	case run == dryRunClient:
		return describe.Template(&rs.Spec.Template), nil
	case d.Spec.Paused:
		return "", errors.New("you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again")
	case sameTemplate(&rs.Spec.Template, &d.Spec.Template):
		return skipped(to), nil
	}
	delete(rs.Spec.Template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	body, err := json.Marshal([]any{
		map[string]any{"op": "replace", "path": "/spec/template", "value": rs.Spec.Template},
		map[string]any{"op": "replace", "path": "/metadata/annotations", "value": restoredAnnotations(&d, rs)},
	})
	if err != nil {
		return "", err
	}
	if _, err := i.Patch(rest.JSONPatch, body, resource.Options{DryRun: run == dryRunServer}); err != nil {
		return "", fmt.Errorf("failed restoring revision %d: %v", to, err)
	}
	return "rolled back", nil
}

// restoredAnnotations are the replica set's, but for those that are the deployment's own.
func restoredAnnotations(d *appsv1.Deployment, rs *appsv1.ReplicaSet) map[string]string {
	own := []string{
		corev1.LastAppliedConfigAnnotation, "deployment.kubernetes.io/revision", "deployment.kubernetes.io/revision-history",
		"deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas", appsv1.DeprecatedRollbackTo,
	}
	out := map[string]string{}
	for _, k := range own {
		if v, ok := d.Annotations[k]; ok {
			out[k] = v
		}
	}
	for k, v := range rs.Annotations {
		if !slices.Contains(own, k) {
			out[k] = v
		}
	}
	return out
}

// replicaSetAt is the replica set of a revision; for 0 the second newest, nil where there is none.
func replicaSetAt(sets []*appsv1.ReplicaSet, to int64) (*appsv1.ReplicaSet, error) {
	var latest, previous *appsv1.ReplicaSet
	latestAt, previousAt := int64(-1), int64(-1)
	for _, rs := range sets {
		n, err := revisionNumber(rs.Annotations)
		switch {
		case err != nil:
		case to > 0:
			if n == to {
				return rs, nil
			}
		case n > latestAt:
			previous, previousAt, latest, latestAt = latest, latestAt, rs, n
		case n > previousAt:
			previous, previousAt = rs, n
		}
	}
	if to > 0 {
		return nil, noRevision(to)
	}
	return previous, nil
}

func (f *Factory) rollBackRevision(i *resource.Info, to int64, run dryRun) (string, error) {
	revisions, err := f.controllerRevisions(i.Object)
	if err != nil {
		return "", err
	}
	if to == 0 && len(revisions) <= 1 {
		return "", errors.New("no last revision to roll back to")
	}
	slices.SortFunc(revisions, func(a, b appsv1.ControllerRevision) int { return int(a.Revision - b.Revision) })
	var r *appsv1.ControllerRevision
	for n := range revisions {
		if to == 0 && n == len(revisions)-2 || to > 0 && revisions[n].Revision == to {
			r = &revisions[n]
		}
	}
	if r == nil {
		return "", noRevision(to)
	}
	if run == dryRunClient {
		o, err := atRevision(i.Object, r)
		if err != nil {
			return "", err
		}
		t, err := templateOf(o)
		if err != nil {
			return "", err
		}
		return "will roll back to " + describe.Template(t), nil
	}
	if matches(i.Object, r) {
		return skipped(to), nil
	}
	if _, err := i.Patch(rest.StrategicPatch, r.Data.Raw, resource.Options{DryRun: run == dryRunServer}); err != nil {
		return "", fmt.Errorf("failed restoring revision %d: %v", to, err)
	}
	return "rolled back", nil
}

// matches says whether a workload's template is that of the revision.
func matches(o object.Object, r *appsv1.ControllerRevision) bool {
	typed := newTyped(object.GVK(o))
	if object.To(o, typed) != nil {
		return false
	}
	plain, err := object.From(typed)
	if err != nil {
		return false
	}
	template := object.Copy(object.Map(plain, "spec", "template"))
	template["$patch"] = "replace"
	body, err := json.Marshal(map[string]any{"spec": map[string]any{"template": template}})
	return err == nil && bytes.Equal(body, r.Data.Raw)
}
