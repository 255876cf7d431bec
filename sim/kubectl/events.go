package kubectl

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/duration"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/rest"
)

func runEvents(f *Factory, cmd *cobra.Command, _ []string) error {
	namespace, _, err := f.Namespace()
	if err != nil {
		return err
	}
	c := eventsCommand{f: f, types: flagStrings(cmd, "types"), namespaced: flagBool(cmd, "all-namespaces"), headers: !flagBool(cmd, "no-headers")}
	selector := ""
	if about := flagString(cmd, "for"); about != "" {
		if selector, err = f.eventsAbout(about); err != nil {
			return err
		}
	}
	if format := flagString(cmd, "output"); format != "" {
		if c.printer, err = f.printer(cmd, "events"); err != nil {
			return err
		}
	}
	for _, t := range c.types {
		if !strings.EqualFold(t, "Normal") && !strings.EqualFold(t, "Warning") {
			return errors.New("valid --types are Normal or Warning")
		}
	}
	in := namespace
	if c.namespaced {
		in = ""
	}
	if flagBool(cmd, "watch") {
		return c.watch(in, selector)
	}
	return c.list(in, namespace, selector)
}

type eventsCommand struct {
	f          *Factory
	types      []string
	namespaced bool // a column shows namespaces
	headers    bool
	printer    printers.Printer // of -o; nil for the table
}

// eventsAbout selects the events of one object, given as TYPE/NAME.
func (f *Factory) eventsAbout(about string) (string, error) {
	parts := strings.Split(about, "/")
	switch {
	case len(parts) == 1:
		return "", errors.New("--for must be in resource/name form")
	case len(parts) > 2:
		return "", errors.New("arguments in resource/name form may not have more than one slash")
	}
	m, err := f.Mapper()
	if err != nil {
		return "", err
	}
	full, short := schema.ParseResourceArg(strings.ToLower(parts[0]))
	if full != nil {
		if r, err := m.Lookup(*full); err == nil {
			return eventSelector(r.GVK(), parts[1]), nil
		}
	}
	r, err := m.Lookup(short.WithVersion(""))
	if err != nil {
		return "", err
	}
	return eventSelector(r.GVK(), parts[1]), nil
}

func eventSelector(gvk schema.GroupVersionKind, name string) string {
	return fields.AndSelectors(
		fields.OneTermEqualSelector("involvedObject.kind", gvk.Kind),
		fields.OneTermEqualSelector("involvedObject.apiVersion", gvk.GroupVersion().String()),
		fields.OneTermEqualSelector("involvedObject.name", name)).String()
}

func (c eventsCommand) wanted(kind string) bool {
	for _, t := range c.types {
		if strings.EqualFold(t, kind) {
			return true
		}
	}
	return len(c.types) == 0
}

func (c eventsCommand) list(in, namespace, selector string) error {
	client, err := c.f.Client()
	if err != nil {
		return err
	}
	var list struct{ Items []object.Object }
	events := schema.GroupVersionResource{Version: "v1", Resource: "events"}
	if err := (typedGetter{client, 500}).List(c.f.ctx, events, in, describe.Selectors{Fields: selector}, &list); err != nil {
		return err
	}
	type timed struct {
		event corev1.Event
		o     object.Object
	}
	var kept []timed
	for _, o := range list.Items {
		var e corev1.Event
		if err := object.To(o, &e); err != nil {
			return err
		}
		if c.wanted(e.Type) {
			o["kind"], o["apiVersion"] = "Event", "v1"
			kept = append(kept, timed{e, o})
		}
	}
	if len(kept) == 0 {
		if in == "" {
			fmt.Fprintln(c.f.ErrOut, "No events found.")
		} else {
			fmt.Fprintf(c.f.ErrOut, "No events found in %s namespace.\n", namespace)
		}
		return nil
	}
	sort.Slice(kept, func(i, j int) bool { return eventTime(&kept[i].event).Before(eventTime(&kept[j].event)) })
	if _, ok := c.printer.(printers.Name); ok {
		return nil // as upstream, whose name printer refuses typed lists and is not asked why
	}
	if c.printer != nil {
		items := []any{}
		for _, k := range kept {
			items = append(items, k.o)
		}
		return c.printer.Print(object.Object{"kind": "EventList", "apiVersion": "v1", "metadata": map[string]any{}, "items": items}, c.f.Out)
	}
	w := printers.NewTabWriter(c.f.Out)
	c.title(w)
	for i := range kept {
		c.row(w, &kept[i].event)
	}
	return w.Flush()
}

func (c eventsCommand) watch(in, selector string) error {
	client, err := c.f.Client()
	if err != nil {
		return err
	}
	q := url.Values{"limit": {"500"}}
	if selector != "" {
		q.Set("fieldSelector", selector)
	}
	w := printers.NewTabWriter(c.f.Out)
	titled := false
	path := resourcePath(schema.GroupVersionResource{Version: "v1", Resource: "events"}, in, "")
	return client.Watch(c.f.ctx, rest.Request{Verb: "GET", Path: path, Query: q}, func(event rest.Event) (bool, error) {
		var e corev1.Event
		if event.Type == "DELETED" || object.To(event.Object, &e) != nil || !c.wanted(e.Type) {
			return true, nil
		}
		if c.printer != nil {
			return true, c.printer.Print(event.Object, c.f.Out)
		}
		if !titled {
			titled = true
			c.title(w)
		}
		c.row(w, &e)
		return true, w.Flush()
	})
}

func eventTime(e *corev1.Event) time.Time {
	switch {
	case e.Series != nil:
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	}
	return e.EventTime.Time
}

func (c eventsCommand) title(w io.Writer) {
	if !c.headers {
		return
	}
	if c.namespaced {
		io.WriteString(w, "NAMESPACE\t")
	}
	io.WriteString(w, "LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n")
}

func (c eventsCommand) row(w io.Writer, e *corev1.Event) {
	if c.namespaced {
		fmt.Fprintf(w, "%v\t", e.Namespace)
	}
	safe := strings.NewReplacer("\x1b", "^[", "\r", "\\r").Replace
	fmt.Fprintf(w, "%s\t%s\t%s\t%s/%s\t%v\n", c.interval(e), safe(e.Type), safe(e.Reason), safe(e.InvolvedObject.Kind), safe(e.InvolvedObject.Name), safe(strings.TrimSpace(e.Message)))
}

func (c eventsCommand) interval(e *corev1.Event) string {
	first := c.since(e.FirstTimestamp.Time)
	if !e.EventTime.IsZero() {
		first = c.since(e.EventTime.Time)
	}
	switch {
	case e.Series != nil:
		return fmt.Sprintf("%s (x%d over %s)", c.since(e.Series.LastObservedTime.Time), e.Series.Count, first)
	case e.Count > 1:
		return fmt.Sprintf("%s (x%d over %s)", c.since(e.LastTimestamp.Time), e.Count, first)
	}
	return first
}

func (c eventsCommand) since(t time.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(c.f.Now().Sub(t))
}
