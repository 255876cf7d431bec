package kubectl

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// cordonCommand runs `kubectl cordon`, or uncordon where desired is false.
func cordonCommand(desired bool) runFunc {
	return func(f *Factory, cmd *cobra.Command, args []string) error {
		n, err := f.nodesNamed(cmd, args)
		if err != nil {
			return err
		}
		n.cordon(desired)
		return nil
	}
}

// nodeSet are the nodes that cordon, uncordon and drain work on.
type nodeSet struct {
	*Factory
	cmd   *cobra.Command
	dry   dryRun
	infos []*resource.Info
}

func (f *Factory) nodesNamed(cmd *cobra.Command, args []string) (*nodeSet, error) {
	selector := flagString(cmd, "selector")
	switch {
	case len(args) == 0 && !flagChanged(cmd, "selector"):
		return nil, usageErrorf(cmd, "USAGE: %s [flags]", cmd.Use)
	case len(args) > 0 && selector != "":
		return nil, usageErrorf(cmd, "error: cannot specify both a node name and a --selector option")
	}
	n := &nodeSet{Factory: f, cmd: cmd}
	var err error
	if n.dry, err = f.dryRunFlag(cmd); err != nil {
		return nil, err
	}
	if pods := flagString(cmd, "pod-selector"); pods != "" {
		if _, err := labels.Parse(pods); err != nil {
			return nil, fmt.Errorf("--pod-selector=<pod_selector> must be a valid label selector")
		}
	}
	b := f.Builder()
	if b.Namespace, _, err = f.Namespace(); err != nil {
		return nil, err
	}
	b.DefaultNamespace, b.SingleResourceType, b.Flatten = true, true, true
	b.DefaultType, b.Names, b.ChunkSize = "nodes", args, flagInt64(cmd, "chunk-size")
	if selector != "" {
		b.Labels, b.Types = selector, []string{"nodes"}
	}
	err = b.Do().Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		if i.Resource.GroupResource().String() != "nodes" {
			return fmt.Errorf("error: expected resource of type node, got %q", i.Resource.GVR().String())
		}
		n.infos = append(n.infos, i)
		return nil
	})
	return n, err
}

// say prints what was done to an object.
func (n *nodeSet) say(o any, operation string) {
	p, err := n.printer(n.cmd, operation+n.dry.suffix())
	if err != nil {
		fmt.Fprintf(n.ErrOut, "%v\n", err)
		return
	}
	_ = p.Print(o, n.Out)
}

// cordon makes the nodes unschedulable, or schedulable again. What fails with one does not keep it from the others.
func (n *nodeSet) cordon(desired bool) {
	word := "cordoned"
	if !desired {
		word = "uncordoned"
	}
	for _, i := range n.infos {
		if object.Bool(i.Object, "spec", "unschedulable") == desired {
			n.say(i.Object, "already "+word)
			continue
		}
		if n.dry != dryRunClient {
			if err := n.setUnschedulable(i, desired); err != nil {
				fmt.Fprintf(n.ErrOut, "error: unable to %s node %q: %v\n", word[:len(word)-len("ed")], i.Name, err)
				continue
			}
		}
		n.say(i.Object, word)
	}
}

func (n *nodeSet) setUnschedulable(i *resource.Info, desired bool) error {
	patch := `{"spec":{"unschedulable":true}}`
	if !desired {
		patch = `{"spec":{"unschedulable":null}}`
	}
	o, err := i.Patch(rest.StrategicPatch, []byte(patch), resource.Options{DryRun: n.dry == dryRunServer})
	if err == nil {
		object.Set(i.Object, object.Bool(o, "spec", "unschedulable"), "spec", "unschedulable")
	}
	return err
}
