package kubectl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/discovery"
)

// createService is the four `create service` commands.
func createService(kind corev1.ServiceType) runFunc {
	return func(f *Factory, cmd *cobra.Command, args []string) error {
		g, err := f.generator(cmd, args)
		if err != nil {
			return err
		}
		tcp, clusterIP, external := flagStrings(cmd, "tcp"), flagString(cmd, "clusterip"), flagString(cmd, "external-name")
		if clusterIP != corev1.ClusterIPNone && len(tcp) == 0 && kind != corev1.ServiceTypeExternalName {
			return errors.New("at least one tcp port specifier must be provided")
		}
		if kind == corev1.ServiceTypeExternalName && len(validation.IsDNS1123Subdomain(external)) > 0 {
			return fmt.Errorf("invalid service external name %s", external)
		}
		s := &corev1.Service{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: g.meta(),
			Spec: corev1.ServiceSpec{Type: kind, Selector: map[string]string{"app": g.name}, ExternalName: external, ClusterIP: clusterIP},
		}
		s.Labels = map[string]string{"app": g.name}
		for _, pair := range tcp {
			port, target, err := parsePorts(pair)
			if err != nil {
				return err
			}
			s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{
				Name: strings.ReplaceAll(pair, ":", "-"), Port: port, TargetPort: target, Protocol: corev1.ProtocolTCP, NodePort: int32(flagInt(cmd, "node-port")),
			})
		}
		return g.create(discovery.Resource{Version: "v1", Name: "services", Namespaced: true}, s, failedTo(string(kind)+" service"))
	}
}

// parsePorts reads port[:targetPort].
func parsePorts(s string) (int32, intstr.IntOrString, error) {
	var none intstr.IntOrString
	parts := strings.Split(s, ":")
	port, err := strconv.ParseUint(parts[0], 10, 16)
	if err != nil {
		return 0, none, err
	}
	if len(parts) == 1 {
		return int32(port), intstr.FromInt32(int32(port)), nil
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		if errs := validation.IsValidPortName(parts[1]); len(errs) > 0 {
			return 0, none, errors.New(strings.Join(errs, ","))
		}
		return int32(port), intstr.FromString(parts[1]), nil
	}
	if errs := validation.IsValidPortNum(n); len(errs) > 0 {
		return 0, none, errors.New(strings.Join(errs, ","))
	}
	return int32(port), intstr.FromInt32(int32(n)), nil
}
