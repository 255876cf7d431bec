package kubectl

import (
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
)

func runCreateNamespace(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	if g.name == "" {
		return errNameless
	}
	n := &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: g.name}}
	return g.create(discovery.Resource{Version: "v1", Name: "namespaces"}, n, nil)
}
