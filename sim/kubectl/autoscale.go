package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/resource"
)

// autoscaling is one `kubectl autoscale`.
type autoscaling struct {
	*Factory
	cmd         *cobra.Command
	namespace   string
	explicit    bool
	dry         dryRun
	min, max    int32
	percent     int32 // --cpu-percent; negative where not given
	cpu, memory string
}

func runAutoscale(f *Factory, cmd *cobra.Command, args []string) error {
	a := &autoscaling{
		Factory: f, cmd: cmd, min: flagInt32(cmd, "min"), max: flagInt32(cmd, "max"),
		percent: flagInt32(cmd, "cpu-percent"), cpu: flagString(cmd, "cpu"), memory: flagString(cmd, "memory"),
	}
	var err error
	if a.dry, err = f.dryRunFlag(cmd); err != nil {
		return err
	}
	if a.namespace, a.explicit, err = f.Namespace(); err != nil {
		return err
	}
	if err := a.check(); err != nil {
		return err
	}
	b := f.Builder()
	b.ContinueOnError, b.DefaultNamespace, b.Flatten = true, true, true
	b.Namespace, b.EnforceNamespace, b.Filenames, b.Args = a.namespace, a.explicit, filenames(cmd), args
	r := b.Do()
	if r.Err() != nil {
		return r.Err()
	}
	found := false
	err = r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		if err := a.scale(i); err != nil {
			return err
		}
		found = true
		return nil
	})
	if err == nil && !found {
		return errors.New("no objects passed to autoscale")
	}
	return err
}

func (a *autoscaling) check() error {
	switch {
	case a.max < 1:
		return fmt.Errorf("--max=MAXPODS is required and must be at least 1, max: %d", a.max)
	case a.max < a.min:
		return fmt.Errorf("--max=MAXPODS must be larger or equal to --min=MINPODS, max: %d, min: %d", a.max, a.min)
	case a.percent > 0 && a.cpu != "":
		return errors.New("--cpu-percent and --cpu are mutually exclusive")
	}
	if a.cpu != "" {
		if _, err := scalingTarget(a.cpu, corev1.ResourceCPU); err != nil {
			return err
		}
	}
	if a.memory != "" {
		if _, err := scalingTarget(a.memory, corev1.ResourceMemory); err != nil {
			return err
		}
	}
	return nil
}

// scale creates the autoscaler of one object. Where the server refuses its present form and an older one can say the same, that is tried.
func (a *autoscaling) scale(i *resource.Info) error {
	if !slices.Contains(i.Resource.Subresources, "scale") {
		return fmt.Errorf("cannot autoscale a %s: could not find scale subresource for %s in discovery information", i.Resource.Kind, i.Resource.GVR().String())
	}
	hpa, err := a.autoscaler(i)
	if err != nil {
		return err
	}
	if err := a.create("v2", hpa); err == nil {
		return nil
	}
	target, err := scalingTarget(a.cpu, corev1.ResourceCPU)
	if err != nil || a.memory != "" || a.percent < 0 && target.Type != autoscalingv2.UtilizationMetricType {
		text := "%!w(<nil>)"
		if err != nil {
			text = err.Error()
		}
		return fmt.Errorf("failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: %s", text)
	}
	return a.create("v1", a.older(i, hpa))
}

// autoscaler is what the flags describe.
func (a *autoscaling) autoscaler(i *resource.Info) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"},
		ObjectMeta: metav1.ObjectMeta{Name: flagString(a.cmd, "name")},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{
				APIVersion: i.Resource.GroupVersion().String(), Kind: i.Resource.Kind, Name: i.Name,
			},
			MaxReplicas: a.max,
		},
	}
	if hpa.Name == "" {
		hpa.Name = i.Name
	}
	if a.min > 0 {
		hpa.Spec.MinReplicas = &a.min
	}
	if a.explicit {
		hpa.Namespace = a.namespace
	}
	add := func(name corev1.ResourceName, target autoscalingv2.MetricTarget) {
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{Name: name, Target: target},
		})
	}
	if a.percent > 0 {
		add(corev1.ResourceCPU, autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &a.percent})
	}
	for _, want := range []struct {
		name  corev1.ResourceName
		value string
	}{{corev1.ResourceCPU, a.cpu}, {corev1.ResourceMemory, a.memory}} {
		if want.value == "" {
			continue
		}
		target, err := scalingTarget(want.value, want.name)
		if err != nil {
			return nil, err
		}
		add(want.name, target)
	}
	return hpa, nil
}

// older is hpa in the form of autoscaling/v1, which knows a share of the CPU only.
func (a *autoscaling) older(i *resource.Info, hpa *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv1.HorizontalPodAutoscaler {
	old := &autoscalingv1.HorizontalPodAutoscaler{
		TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "HorizontalPodAutoscaler"},
		ObjectMeta: metav1.ObjectMeta{Name: hpa.Name, Namespace: hpa.Namespace},
		Spec: autoscalingv1.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv1.CrossVersionObjectReference(hpa.Spec.ScaleTargetRef),
			MinReplicas:    hpa.Spec.MinReplicas, MaxReplicas: hpa.Spec.MaxReplicas,
		},
	}
	if a.percent >= 0 {
		old.Spec.TargetCPUUtilizationPercentage = &a.percent
	}
	return old
}

func (a *autoscaling) create(version string, hpa metav1.Object) error {
	if flagBool(a.cmd, "record") {
		annotations := hpa.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[changeCause] = a.commandLine(a.cmd)
		hpa.SetAnnotations(annotations)
	}
	operation := "autoscaled"
	if a.dry == dryRunClient {
		operation = "created"
	}
	p, err := a.printer(a.cmd, operation+a.dry.suffix())
	if err != nil {
		return err
	}
	if a.dry == dryRunClient {
		return p.Print(hpa, a.Out)
	}
	if err := annotateTyped(flagBool(a.cmd, "save-config"), hpa); err != nil {
		return err
	}
	g := &generator{Factory: a.Factory, cmd: a.cmd, namespace: a.namespace, dry: a.dry}
	hpas := discovery.Resource{Group: "autoscaling", Version: version, Name: "horizontalpodautoscalers", Namespaced: true}
	stored, err := g.post(hpas, hpa)
	if err != nil {
		return err
	}
	return p.Print(stored, a.Out)
}

// scalingTarget reads 70% as a share, and 500m or a number without a unit as an amount.
func scalingTarget(input string, name corev1.ResourceName) (autoscalingv2.MetricTarget, error) {
	var t autoscalingv2.MetricTarget
	input = strings.TrimSpace(input)
	if input == "" {
		return t, errors.New("empty input")
	}
	if share, ok := strings.CutSuffix(input, "%"); ok {
		n, err := strconv.ParseInt(share, 10, 32)
		if err != nil || n < 0 {
			return t, fmt.Errorf("invalid percentage value: %s", share)
		}
		percent := int32(n)
		return autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent}, nil
	}
	number, err := strconv.ParseFloat(input, 64)
	bare := err == nil
	if bare {
		unit := "m"
		if name == corev1.ResourceMemory {
			unit = "Mi"
		}
		input = fmt.Sprintf("%g%s", number, unit)
	}
	amount, err := apiresource.ParseQuantity(input)
	if err != nil && !bare {
		err = fmt.Errorf("invalid resource %s value: %s", name, input)
	}
	return autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &amount}, err
}
