package kubectl

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"terrarium/sim/kubectl/discovery"
)

func runCreatePodDisruptionBudget(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	selector, least, most := flagString(cmd, "selector"), flagString(cmd, "min-available"), flagString(cmd, "max-unavailable")
	switch {
	case g.name == "":
		return errNameless
	case selector == "":
		return errors.New("a selector must be specified")
	case least == "" && most == "":
		return errors.New("one of min-available or max-unavailable must be specified")
	case least != "" && most != "":
		return errors.New("min-available and max-unavailable cannot be both specified")
	case least != "" && !isCount(least):
		return errors.New("invalid format specified for min-available")
	case most != "" && !isCount(most):
		return errors.New("invalid format specified for max-unavailable")
	}
	pdb := &policyv1.PodDisruptionBudget{TypeMeta: metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}, ObjectMeta: g.meta()}
	if pdb.Spec.Selector, err = metav1.ParseToLabelSelector(selector); err != nil {
		return err
	}
	n := intstr.Parse(least + most)
	if least != "" {
		pdb.Spec.MinAvailable = &n
	} else {
		pdb.Spec.MaxUnavailable = &n
	}
	return g.create(discovery.Resource{Group: "policy", Version: "v1", Name: "poddisruptionbudgets", Namespaced: true}, pdb, failedTo("poddisruptionbudgets"))
}

// isCount says whether s is a whole number, perhaps of per cent.
func isCount(s string) bool {
	s = strings.TrimSuffix(s, "%")
	return s != "" && strings.Trim(s, "0123456789") == ""
}
