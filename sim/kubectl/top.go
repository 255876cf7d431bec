package kubectl

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/printers"
)

// firstMetrics is how old a Pod may be without having been measured.
const firstMetrics = 2 * time.Minute

// swap is the resource that --show-swap shows.
const swap corev1.ResourceName = "swap"

// used is NodeMetrics or PodMetrics of metrics.k8s.io/v1beta1.
type used struct {
	Metadata   metav1.ObjectMeta   `json:"metadata"`
	Usage      corev1.ResourceList `json:"usage"`
	Containers []struct {
		Name  string              `json:"name"`
		Usage corev1.ResourceList `json:"usage"`
	} `json:"containers"`
}

// top is one run of `kubectl top`.
type top struct {
	*Factory
	get       typedGetter
	name      string // of the only one that is wanted
	in        string // namespace; "" is all
	selectors describe.Selectors
	sortBy    string
	headers   bool
	shown     []corev1.ResourceName
}

// runTop is `kubectl top node`, or pod.
func runTop(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageErrorf(cmd, "%s", cmd.Use)
	}
	t := top{Factory: f, selectors: describe.Selectors{Labels: flagString(cmd, "selector"), Fields: flagString(cmd, "field-selector")},
		sortBy: flagString(cmd, "sort-by"), headers: !flagBool(cmd, "no-headers"), shown: []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory}}
	switch {
	case t.sortBy != "" && t.sortBy != "cpu" && t.sortBy != "memory":
		return errors.New("--sort-by accepts only cpu or memory")
	case len(args) == 1 && cmd.Name() == "node" && t.selectors.Labels != "":
		return errors.New("only one of NAME or --selector can be provided")
	case len(args) == 1 && t.selectors.Labels+t.selectors.Fields != "":
		return errors.New("only one of NAME or selector can be provided")
	}
	if _, err := labels.Parse(t.selectors.Labels); err != nil {
		return err
	}
	if _, err := fields.ParseSelector(t.selectors.Fields); err != nil {
		return err
	}
	if len(args) == 1 {
		t.name = args[0]
	}
	if flagBool(cmd, "show-swap") {
		t.shown = append(t.shown, swap)
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
	client, err := f.Client()
	if err != nil {
		return err
	}
	t.get = typedGetter{client, 500}
	if cmd.Name() == "node" {
		return t.nodes(flagBool(cmd, "show-capacity"))
	}
	return t.pods(cmd)
}

// metrics reads the metrics that are wanted.
func (t *top) metrics(of string) ([]used, error) {
	gvr := schema.GroupVersionResource{Group: "metrics.k8s.io", Version: "v1beta1", Resource: of}
	if t.name != "" {
		var one used
		err := t.get.Get(t.ctx, gvr, t.in, t.name, &one)
		return []used{one}, err
	}
	var list struct{ Items []used }
	err := t.get.List(t.ctx, gvr, t.in, t.selectors, &list)
	return list.Items, err
}

func (t *top) nodes(capacity bool) error {
	items, err := t.metrics("nodes")
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return errors.New("metrics not available yet")
	}
	var list struct{ Items []corev1.Node }
	nodes := schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	if t.name != "" {
		list.Items = make([]corev1.Node, 1)
		err = t.get.Get(t.ctx, nodes, "", t.name, &list.Items[0])
	} else {
		err = t.get.List(t.ctx, nodes, "", t.selectors, &list)
	}
	if err != nil {
		return err
	}
	w := printers.NewTabWriter(t.Out)
	defer w.Flush()
	t.head(w, "NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t", "SWAP(bytes)\tSWAP(%)\t")
	t.sort(items, func(u *used) corev1.ResourceList { return u.Usage })
	for i := range items {
		fmt.Fprintf(w, "%s\t", items[i].Metadata.Name)
		at := slices.IndexFunc(list.Items, func(n corev1.Node) bool { return n.Name == items[i].Metadata.Name })
		for _, name := range t.shown {
			if name == swap && (at < 0 || list.Items[at].Status.NodeInfo.Swap == nil) {
				io.WriteString(w, "<unknown>\t<unknown>\t")
				continue
			}
			q := items[i].Usage[name]
			fmt.Fprintf(w, "%s\t", shownUsage(name, q))
			if at < 0 {
				continue
			}
			of := list.Items[at].Status.Allocatable
			if capacity {
				of = list.Items[at].Status.Capacity
			}
			if all, ok := of[name]; ok {
				part := 0.0
				if !all.IsZero() {
					part = float64(q.MilliValue()) / float64(all.MilliValue()) * 100
				}
				fmt.Fprintf(w, "%d%%\t", int64(part))
			}
		}
		io.WriteString(w, "\n")
	}
	for _, n := range list.Items { // nodes that nothing is known of
		if !slices.ContainsFunc(items, func(u used) bool { return u.Metadata.Name == n.Name }) {
			fmt.Fprintf(w, "%s\t", n.Name)
			for range t.shown {
				io.WriteString(w, "<unknown>\t<unknown>\t")
			}
			io.WriteString(w, "\n")
		}
	}
	return nil
}

func (t *top) head(w io.Writer, columns, swapColumns string) {
	if !t.headers {
		return
	}
	io.WriteString(w, columns)
	if slices.Contains(t.shown, swap) {
		io.WriteString(w, swapColumns)
	}
	io.WriteString(w, "\n")
}

func shownUsage(name corev1.ResourceName, q resource.Quantity) string {
	if name == corev1.ResourceCPU {
		return fmt.Sprintf("%dm", q.MilliValue())
	}
	return fmt.Sprintf("%dMi", q.Value()>>20)
}

// more reports whether one usage comes before another; ok is false where names decide.
func (t *top) more(a, b corev1.ResourceList) (before, ok bool) {
	switch t.sortBy {
	case "cpu":
		return a.Cpu().MilliValue() > b.Cpu().MilliValue(), true
	case "memory":
		return a.Memory().Value() > b.Memory().Value(), true
	}
	return false, false
}

func (t *top) sort(items []used, usage func(*used) corev1.ResourceList) {
	sort.SliceStable(items, func(i, j int) bool {
		if before, ok := t.more(usage(&items[i]), usage(&items[j])); ok {
			return before
		}
		a, b := &items[i].Metadata, &items[j].Metadata
		if t.in == "" && a.Namespace != b.Namespace {
			return a.Namespace < b.Namespace
		}
		return a.Name < b.Name
	})
}

// total is what all containers use.
func (u *used) total() corev1.ResourceList {
	out := corev1.ResourceList{}
	for _, c := range u.Containers {
		for name, q := range c.Usage {
			sum := out[name]
			sum.Add(q)
			out[name] = sum
		}
	}
	return out
}

func (t *top) pods(cmd *cobra.Command) error {
	namespace, _, err := t.Namespace()
	if err != nil {
		return err
	}
	all, containers := flagBool(cmd, "all-namespaces"), flagBool(cmd, "containers")
	if t.in = namespace; all {
		t.in = ""
	}
	items, err := t.metrics("pods")
	if err != nil {
		return err
	}
	if len(items) == 0 {
		if err := t.unmeasured(namespace); err != nil {
			return err
		}
		if all {
			fmt.Fprintln(t.ErrOut, "No resources found")
		} else {
			fmt.Fprintf(t.ErrOut, "No resources found in %s namespace.\n", namespace)
		}
		return nil
	}
	w := printers.NewTabWriter(t.Out)
	defer w.Flush()
	width, columns := 1+len(t.shown), "NAME\tCPU(cores)\tMEMORY(bytes)\t"
	if containers {
		width, columns = width+1, "POD\t"+columns
	}
	if all {
		width, columns = width+1, "NAMESPACE\t"+columns
	}
	if !t.headers {
		width = 1 + len(t.shown)
	}
	t.head(w, columns, "SWAP(bytes)\t")
	t.sort(items, (*used).total)
	sum := corev1.ResourceList{}
	for i := range items {
		t.pod(w, &items[i], all, containers)
		for name, q := range items[i].total() {
			s := sum[name]
			s.Add(q)
			sum[name] = s
		}
	}
	if flagBool(cmd, "sum") {
		for range width - 2 {
			io.WriteString(w, "\t")
		}
		io.WriteString(w, "________\t________\t\n")
		for range width - 3 {
			io.WriteString(w, "\t")
		}
		t.line(w, "", sum)
	}
	return nil
}

func (t *top) pod(w io.Writer, u *used, all, containers bool) {
	if !containers {
		if all {
			fmt.Fprintf(w, "%s\t", u.Metadata.Namespace)
		}
		t.line(w, u.Metadata.Name, u.total())
		return
	}
	sort.SliceStable(u.Containers, func(i, j int) bool {
		if before, ok := t.more(u.Containers[i].Usage, u.Containers[j].Usage); ok {
			return before
		}
		return u.Containers[i].Name < u.Containers[j].Name
	})
	for _, c := range u.Containers {
		if all {
			fmt.Fprintf(w, "%s\t", u.Metadata.Namespace)
		}
		fmt.Fprintf(w, "%s\t", u.Metadata.Name)
		t.line(w, c.Name, c.Usage)
	}
}

func (t *top) line(w io.Writer, name string, usage corev1.ResourceList) {
	fmt.Fprintf(w, "%s\t", name)
	for _, r := range t.shown {
		fmt.Fprintf(w, "%s\t", shownUsage(r, usage[r]))
	}
	io.WriteString(w, "\n")
}

// unmeasured says why there are no metrics of Pods: nil where there are no Pods.
func (t *top) unmeasured(namespace string) error {
	var list struct{ Items []corev1.Pod }
	if err := t.get.List(t.ctx, schema.GroupVersionResource{Version: "v1", Resource: "pods"}, namespace, t.selectors, &list); err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return nil
	}
	for _, p := range list.Items {
		if age := t.Now().Sub(p.CreationTimestamp.Time); age > firstMetrics {
			return fmt.Errorf("Metrics not available for pod %s/%s, age: %s", p.Namespace, p.Name, age)
		}
	}
	return errors.New("metrics not available yet")
}
