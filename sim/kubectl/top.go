package kubectl

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/kubectl/discovery"
)

// runTop is `kubectl top node`, or pod. Where a server has metrics they are not shown.
func runTop(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageErrorf(cmd, "%s", cmd.Use)
	}
	selector, field := flagString(cmd, "selector"), flagString(cmd, "field-selector")
	switch by := flagString(cmd, "sort-by"); {
	case by != "" && by != "cpu" && by != "memory":
		return errors.New("--sort-by accepts only cpu or memory")
	case len(args) == 1 && cmd.Name() == "node" && selector != "":
		return errors.New("only one of NAME or --selector can be provided")
	case len(args) == 1 && selector+field != "":
		return errors.New("only one of NAME or selector can be provided")
	}
	if _, err := labels.Parse(selector); err != nil {
		return err
	}
	if _, err := fields.ParseSelector(field); err != nil {
		return err
	}
	m, err := f.Mapper()
	if err != nil {
		return err
	}
	groups, err := m.Groups()
	if err != nil {
		return err
	}
	metrics := func(g discovery.Group) bool {
		return g.Name == "metrics.k8s.io" && slices.Contains(g.Versions, "v1beta1")
	}
	if !slices.ContainsFunc(groups, metrics) {
		return errors.New("Metrics API not available")
	}
	return notSimulated(cmd.CommandPath())
}
