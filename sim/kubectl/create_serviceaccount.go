package kubectl

import (
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
)

func runCreateServiceAccount(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	if g.name == "" {
		return errNameless
	}
	sa := &corev1.ServiceAccount{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}, ObjectMeta: g.meta()}
	return g.create(discovery.Resource{Version: "v1", Name: "serviceaccounts", Namespaced: true}, sa, failedTo("serviceaccount"))
}
