package kubectl

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
)

func runRolloutStatus(f *Factory, cmd *cobra.Command, args []string) error {
	revision := flagInt64(cmd, "revision")
	if files := filenames(cmd); revision < 0 && (len(args) > 0 || !files.Empty()) {
		return fmt.Errorf("revision must be a positive integer: %v", revision)
	}
	r, namespace, err := f.rolloutObjects(cmd, args)
	if err != nil {
		return err
	}
	found := false
	err = r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		found = true
		view, err := statusViewer(i)
		if err != nil {
			return err
		}
		limit := flagDuration(cmd, "timeout")
		if limit <= 0 {
			limit = forever
		}
		return f.follow(i, f.Now().Add(limit), func(o object.Object) (bool, error) {
			if o == nil {
				return true, errors.New("object has been deleted")
			}
			text, done, err := view(o, revision)
			if err != nil {
				return false, err
			}
			fmt.Fprint(f.Out, text)
			return done || !flagBool(cmd, "watch"), nil
		})
	})
	if err == nil && !found {
		fmt.Fprintf(f.ErrOut, "No resources found in %s namespace.\n", namespace)
	}
	return err
}

type viewFunc func(o object.Object, revision int64) (text string, done bool, err error)

func statusViewer(i *resource.Info) (viewFunc, error) {
	switch i.Resource.GVK().GroupKind().String() {
	case "Deployment.apps":
		return deploymentStatus, nil
	case "DaemonSet.apps":
		return daemonSetStatus, nil
	case "StatefulSet.apps":
		return statefulSetStatus, nil
	}
	return nil, fmt.Errorf("no status viewer has been implemented for %v", i.Resource.GVK().GroupKind())
}

func deploymentStatus(o object.Object, revision int64) (string, bool, error) {
	var d appsv1.Deployment
	if err := object.To(o, &d); err != nil {
		return "", false, err
	}
	if revision > 0 {
		now, err := revisionNumber(d.Annotations)
		if err != nil {
			return "", false, fmt.Errorf("cannot get the revision of deployment %q: %v", d.Name, err)
		}
		if now != revision {
			return "", false, fmt.Errorf("desired revision (%d) is different from the running revision (%d)", revision, now)
		}
	}
	if d.Generation > d.Status.ObservedGeneration {
		return "Waiting for deployment spec update to be observed...\n", false, nil
	}
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Reason == "ProgressDeadlineExceeded" {
			return "", false, fmt.Errorf("deployment %q exceeded its progress deadline", d.Name)
		}
	}
	waiting := fmt.Sprintf("Waiting for deployment %q rollout to finish: ", d.Name)
	s := &d.Status
	switch {
	case d.Spec.Replicas != nil && s.UpdatedReplicas < *d.Spec.Replicas:
		return fmt.Sprintf("%s%d out of %d new replicas have been updated...\n", waiting, s.UpdatedReplicas, *d.Spec.Replicas), false, nil
	case s.Replicas > s.UpdatedReplicas:
		return fmt.Sprintf("%s%d old replicas are pending termination...\n", waiting, s.Replicas-s.UpdatedReplicas), false, nil
	case s.AvailableReplicas < s.UpdatedReplicas:
		return fmt.Sprintf("%s%d of %d updated replicas are available...\n", waiting, s.AvailableReplicas, s.UpdatedReplicas), false, nil
	}
	return fmt.Sprintf("deployment %q successfully rolled out\n", d.Name), true, nil
}

var errNotRolling = errors.New("rollout status is only available for RollingUpdate strategy type")

func daemonSetStatus(o object.Object, _ int64) (string, bool, error) {
	var d appsv1.DaemonSet
	if err := object.To(o, &d); err != nil {
		return "", false, err
	}
	if d.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType {
		return "", true, errNotRolling
	}
	if d.Generation > d.Status.ObservedGeneration {
		return "Waiting for daemon set spec update to be observed...\n", false, nil
	}
	waiting := fmt.Sprintf("Waiting for daemon set %q rollout to finish: ", d.Name)
	s := &d.Status
	switch {
	case s.UpdatedNumberScheduled < s.DesiredNumberScheduled:
		return fmt.Sprintf("%s%d out of %d new pods have been updated...\n", waiting, s.UpdatedNumberScheduled, s.DesiredNumberScheduled), false, nil
	case s.NumberAvailable < s.DesiredNumberScheduled:
		return fmt.Sprintf("%s%d of %d updated pods are available...\n", waiting, s.NumberAvailable, s.DesiredNumberScheduled), false, nil
	}
	return fmt.Sprintf("daemon set %q successfully rolled out\n", d.Name), true, nil
}

func statefulSetStatus(o object.Object, _ int64) (string, bool, error) {
	var d appsv1.StatefulSet
	if err := object.To(o, &d); err != nil {
		return "", false, err
	}
	if d.Spec.UpdateStrategy.Type != appsv1.RollingUpdateStatefulSetStrategyType {
		return "", true, errNotRolling
	}
	s, ru := &d.Status, d.Spec.UpdateStrategy.RollingUpdate
	switch {
	case s.ObservedGeneration == 0 || d.Generation > s.ObservedGeneration:
		return "Waiting for statefulset spec update to be observed...\n", false, nil
	case d.Spec.Replicas != nil && s.ReadyReplicas < *d.Spec.Replicas:
		return fmt.Sprintf("Waiting for %d pods to be ready...\n", *d.Spec.Replicas-s.ReadyReplicas), false, nil
	case ru != nil:
		if d.Spec.Replicas != nil && ru.Partition != nil && s.UpdatedReplicas < *d.Spec.Replicas-*ru.Partition {
			return fmt.Sprintf("Waiting for partitioned roll out to finish: %d out of %d new pods have been updated...\n", s.UpdatedReplicas, *d.Spec.Replicas-*ru.Partition), false, nil
		}
		return fmt.Sprintf("partitioned roll out complete: %d new pods have been updated...\n", s.UpdatedReplicas), true, nil
	case s.UpdateRevision != s.CurrentRevision:
		return fmt.Sprintf("waiting for statefulset rolling update to complete %d pods at revision %s...\n", s.UpdatedReplicas, s.UpdateRevision), false, nil
	}
	return fmt.Sprintf("statefulset rolling update complete %d pods at revision %s...\n", s.CurrentReplicas, s.CurrentRevision), true, nil
}
