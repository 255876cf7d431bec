package kubectl

import (
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
)

func runCreatePriorityClass(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	policy := corev1.PreemptionPolicy(flagString(cmd, "preemption-policy"))
	pc := &schedulingv1.PriorityClass{
		TypeMeta: metav1.TypeMeta{APIVersion: "scheduling.k8s.io/v1", Kind: "PriorityClass"}, ObjectMeta: metav1.ObjectMeta{Name: g.name},
		Value: flagInt32(cmd, "value"), GlobalDefault: flagBool(cmd, "global-default"), Description: flagString(cmd, "description"), PreemptionPolicy: &policy,
	}
	return g.create(discovery.Resource{Group: "scheduling.k8s.io", Version: "v1", Name: "priorityclasses"}, pc, failedTo("priorityclass"))
}
