package kubectl

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
)

func runCreateDeployment(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	images := flagStrings(cmd, "image")
	if len(images) > 1 && len(g.command) > 0 {
		return errors.New("cannot specify multiple --image options and command")
	}
	labels := map[string]string{"app": g.name}
	replicas := flagInt32(cmd, "replicas")
	d := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: g.meta(),
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{}},
			},
		},
	}
	d.Labels = labels
	containers := &d.Spec.Template.Spec.Containers
	for _, image := range images {
		*containers = append(*containers, corev1.Container{Name: f.containerName(image), Image: image, Command: g.command})
	}
	if port := flagInt32(cmd, "port"); port >= 0 && len(*containers) > 0 {
		(*containers)[0].Ports = []corev1.ContainerPort{{ContainerPort: port}}
	}
	return g.create(discovery.Resource{Group: "apps", Version: "v1", Name: "deployments", Namespaced: true}, d, failedTo("deployment"))
}

// containerName is the last part of an image's name without tag and digest; where a character had to be replaced, with five random ones.
func (f *Factory) containerName(image string) string {
	name := image[strings.LastIndexByte(image, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	name, _, _ = strings.Cut(name, "@")
	if strings.ContainsAny(name, "_.") {
		name = strings.NewReplacer("_", "-", ".", "-").Replace(name) + "-" + f.suffix()
	}
	return name
}

// suffix is five random characters of the kind that the API server puts behind generated names.
func (f *Factory) suffix() string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	b := make([]byte, 5)
	for i := range b {
		b[i] = alphabet[f.Rand()%uint64(len(alphabet))]
	}
	return string(b)
}
