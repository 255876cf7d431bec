package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
)

func runCreateQuota(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	if g.name == "" {
		return errNameless
	}
	q := &corev1.ResourceQuota{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ResourceQuota"}, ObjectMeta: g.meta()}
	if q.Spec.Hard, err = resourceList(flagString(cmd, "hard")); err != nil {
		return err
	}
	if scopes := flagString(cmd, "scopes"); scopes != "" {
		for _, s := range strings.Split(scopes, ",") {
			if s == "" {
				return errors.New(`invalid resource quota scope ""`)
			}
			q.Spec.Scopes = append(q.Spec.Scopes, corev1.ResourceQuotaScope(s))
		}
	}
	return g.create(discovery.Resource{Version: "v1", Name: "resourcequotas", Namespaced: true}, q, failedTo("quota"))
}

// resourceList reads cpu=1,memory=2Gi.
func resourceList(spec string) (corev1.ResourceList, error) {
	if spec == "" {
		return nil, nil
	}
	out := corev1.ResourceList{}
	for _, pair := range strings.Split(spec, ",") {
		parts := strings.Split(pair, "=")
		if len(parts) != 2 {
			return nil, fmt.Errorf("Invalid argument syntax %v, expected <resource>=<value>", pair)
		}
		q, err := resource.ParseQuantity(parts[1])
		if err != nil {
			return nil, err
		}
		out[corev1.ResourceName(parts[0])] = q
	}
	return out, nil
}
