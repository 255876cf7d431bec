package kubectl

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
)

func runCreateJob(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	image, from := flagString(cmd, "image"), flagString(cmd, "from")
	if (image == "") == (from == "") {
		return errors.New("either --image or --from must be specified")
	}
	if len(g.command) > 0 && from != "" {
		return errors.New("cannot specify --from and command")
	}
	job := &batchv1.Job{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, ObjectMeta: g.meta()}
	if from == "" {
		job.Spec.Template.Spec = corev1.PodSpec{
			Containers:    []corev1.Container{{Name: g.name, Image: image, Command: g.command}},
			RestartPolicy: corev1.RestartPolicyNever,
		}
	} else if err := g.fromCronJob(job, from); err != nil {
		return err
	}
	return g.create(discovery.Resource{Group: "batch", Version: "v1", Name: "jobs", Namespaced: true}, job, failedTo("job"))
}

// fromCronJob makes job what the cron job would start next.
func (g *generator) fromCronJob(job *batchv1.Job, from string) error {
	b := g.TypedBuilder()
	b.Namespace, b.DefaultNamespace, b.Args, b.Flatten, b.Latest = g.namespace, true, []string{from}, true, true
	infos, err := b.Do().Infos()
	if err != nil {
		return err
	}
	if len(infos) != 1 {
		return errors.New("from must be an existing cronjob")
	}
	if gvk := object.GVK(infos[0].Object); gvk.Group != "batch" || gvk.Kind != "CronJob" {
		return fmt.Errorf("unknown object type *%s.%s", gvk.Version, gvk.Kind)
	}
	var cron batchv1.CronJob
	if err := object.To(infos[0].Object, &cron); err != nil {
		return err
	}
	job.Annotations = map[string]string{"cronjob.kubernetes.io/instantiate": "manual"}
	for k, v := range cron.Spec.JobTemplate.Annotations {
		job.Annotations[k] = v
	}
	yes := true
	job.Labels = cron.Spec.JobTemplate.Labels
	job.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "CronJob", Name: cron.Name, UID: cron.UID, Controller: &yes}}
	job.Spec = cron.Spec.JobTemplate.Spec
	return nil
}

func runCreateCronJob(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	restart := flagString(cmd, "restart")
	if restart == "" {
		restart = "OnFailure"
	}
	cron := &batchv1.CronJob{
		TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "CronJob"}, ObjectMeta: g.meta(),
		Spec: batchv1.CronJobSpec{
			Schedule:    flagString(cmd, "schedule"),
			JobTemplate: batchv1.JobTemplateSpec{ObjectMeta: metav1.ObjectMeta{Name: g.name}},
		},
	}
	cron.Spec.JobTemplate.Spec.Template.Spec = corev1.PodSpec{
		Containers:    []corev1.Container{{Name: g.name, Image: flagString(cmd, "image"), Command: g.command}},
		RestartPolicy: corev1.RestartPolicy(restart),
	}
	return g.create(discovery.Resource{Group: "batch", Version: "v1", Name: "cronjobs", Namespaced: true}, cron, failedTo("cronjob"))
}
