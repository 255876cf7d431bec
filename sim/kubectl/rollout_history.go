package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
)

// A rolloutRevision is one entry of a workload's history.
type rolloutRevision struct {
	template *corev1.PodTemplateSpec
	cause    string
	typed    any // what -o prints
}

func runRolloutHistory(f *Factory, cmd *cobra.Command, args []string) error {
	revision := flagInt64(cmd, "revision")
	if files := filenames(cmd); revision < 0 && (len(args) > 0 || !files.Empty()) {
		return fmt.Errorf("revision must be a positive integer: %v", revision)
	}
	r, _, err := f.rolloutObjects(cmd, args)
	if err != nil {
		return err
	}
	if flagString(cmd, "output") != "" {
		return f.historyObjects(cmd, r, revision)
	}
	return r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		history, err := f.history(i)
		if err != nil {
			return err
		}
		text, err := historyText(history, revision)
		if err != nil {
			return err
		}
		with := ""
		if revision > 0 {
			with = fmt.Sprintf("with revision #%d", revision)
		}
		p, err := f.printer(cmd, with+"\n"+text)
		if err != nil {
			return err
		}
		return p.Print(i.Object, f.Out)
	})
}

func (f *Factory) historyObjects(cmd *cobra.Command, r *resource.Result, revision int64) error {
	p, err := f.printer(cmd, "")
	if err != nil {
		return err
	}
	return r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		history, err := f.history(i)
		if err != nil {
			return err
		}
		if revision > 0 {
			one, ok := history[revision]
			if !ok {
				return errors.New("unable to find the specified revision")
			}
			return p.Print(one.typed, f.Out)
		}
		for _, n := range revisionsOf(history) {
			if err := p.Print(history[n].typed, f.Out); err != nil {
				return err
			}
		}
		return nil
	})
}

func revisionsOf(history map[int64]rolloutRevision) []int64 {
	var list []int64
	for n := range history {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// history finds the revisions of a workload by number.
func (f *Factory) history(i *resource.Info) (map[int64]rolloutRevision, error) {
	gk := i.Resource.GVK().GroupKind()
	switch gk.String() {
	case "Deployment.apps":
		return f.deploymentHistory(i)
	case "DaemonSet.apps", "StatefulSet.apps":
		return f.revisionHistory(i)
	}
	if err := noVisitor(gk); err != nil {
		return nil, fmt.Errorf("error retrieving history for %q, %v", gk.String(), err)
	}
	return nil, fmt.Errorf("no history viewer has been implemented for %q", gk.String())
}

func (f *Factory) deploymentHistory(i *resource.Info) (map[int64]rolloutRevision, error) {
	var d appsv1.Deployment
	if err := f.getTyped("deployments", i.Namespace, i.Name, &d); err != nil {
		return nil, fmt.Errorf("failed to retrieve deployment %s: %v", i.Name, err)
	}
	sets, err := f.ownReplicaSets(&d)
	if err != nil {
		return nil, fmt.Errorf("failed to retrieve replica sets from deployment %s: %v", i.Name, err)
	}
	history := map[int64]rolloutRevision{}
	for _, rs := range sets {
		n, err := revisionNumber(rs.Annotations)
		if err != nil {
			continue
		}
		rs.Kind, rs.APIVersion = "ReplicaSet", "apps/v1"
		template, cause := rs.Spec.Template.DeepCopy(), rs.Annotations[changeCause]
		if cause != "" {
			if template.Annotations == nil {
				template.Annotations = map[string]string{}
			}
			template.Annotations[changeCause] = cause
		}
		history[n] = rolloutRevision{template, template.Annotations[changeCause], rs}
	}
	return history, nil
}

func (f *Factory) revisionHistory(i *resource.Info) (map[int64]rolloutRevision, error) {
	revisions, err := f.controllerRevisions(i.Object)
	if err != nil {
		return nil, err
	}
	history := map[int64]rolloutRevision{}
	for n := range revisions {
		r := &revisions[n]
		o, err := atRevision(i.Object, r)
		if err != nil {
			return nil, fmt.Errorf("unable to parse history %s", r.Name)
		}
		typed := newTyped(object.GVK(o))
		if err := object.To(o, typed); err != nil {
			return nil, err
		}
		template, err := templateOf(o)
		if err != nil {
			return nil, fmt.Errorf("unable to parse history %s", r.Name)
		}
		history[r.Revision] = rolloutRevision{template, r.Annotations[changeCause], typed}
	}
	return history, nil
}

// historyText is a table of revisions, or one revision's template.
func historyText(history map[int64]rolloutRevision, revision int64) (string, error) {
	if len(history) == 0 {
		return "No rollout history found.", nil
	}
	if revision > 0 {
		one, ok := history[revision]
		if !ok {
			return "", errors.New("unable to find the specified revision")
		}
		return describe.Template(one.template), nil
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "REVISION\tCHANGE-CAUSE")
	for _, n := range revisionsOf(history) {
		cause := history[n].cause
		if cause == "" {
			cause = "<none>"
		}
		fmt.Fprintf(w, "%d\t%s\n", n, cause)
	}
	w.Flush()
	return b.String(), nil
}
