package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/printers"
)

func runAPIResources(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf(cmd, "unexpected arguments: %v", args)
	}
	if _, err := f.Client(); err != nil {
		return err
	}
	out := outputOf(cmd)
	p := f.structured(out, out.format)
	if p == nil && !slices.Contains([]string{"", "wide", "name"}, out.format) {
		return noPrinter(out.format, append([]string{"name", "wide"}, structuredFormats...))
	}
	by := flagString(cmd, "sort-by")
	if by != "" && by != "name" && by != "kind" {
		return errors.New("--sort-by accepts only name or kind")
	}
	m, err := f.Mapper()
	if err != nil {
		return err
	}
	if !flagBool(cmd, "cached") {
		m.Invalidate()
	}
	preferred, err := m.Preferred()
	if len(preferred) == 0 {
		return err
	}
	var list []*discovery.Resource
	for _, r := range preferred {
		if wantedResource(cmd, r) {
			list = append(list, r)
		}
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		x, y := a.Group, b.Group
		switch by {
		case "name":
			x, y = a.Name, b.Name
		case "kind":
			x, y = a.Kind, b.Kind
		}
		return x < y || x == y && a.Name < b.Name
	})
	switch {
	case p != nil:
		if printErr := p.Print(apiResourceList(list), f.Out); printErr != nil {
			return printErr
		}
	case out.format == "name":
		for _, r := range list {
			fmt.Fprintln(f.Out, r.Full())
		}
	default:
		f.resourceTable(list, out)
	}
	return err
}

func wantedResource(cmd *cobra.Command, r *discovery.Resource) bool {
	if len(r.Verbs) == 0 ||
		flagChanged(cmd, "api-group") && flagString(cmd, "api-group") != r.Group ||
		flagChanged(cmd, "namespaced") && flagBool(cmd, "namespaced") != r.Namespaced {
		return false
	}
	for _, v := range flagStrings(cmd, "verbs") {
		if !r.HasVerb(v) {
			return false
		}
	}
	for _, c := range flagStrings(cmd, "categories") {
		if !slices.Contains(r.Categories, c) {
			return false
		}
	}
	return true
}

func (f *Factory) resourceTable(list []*discovery.Resource, out output) {
	w := printers.NewTabWriter(f.Out)
	defer w.Flush()
	wide := out.format == "wide"
	if !out.noHeaders {
		title := "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND"
		if wide {
			title += "\tVERBS\tCATEGORIES"
		}
		fmt.Fprintln(w, title)
	}
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%s", r.Name, strings.Join(r.ShortNames, ","), r.GroupVersion(), r.Namespaced, r.Kind)
		if wide {
			fmt.Fprintf(w, "\t%s\t%s", strings.Join(r.Verbs, ","), strings.Join(r.Categories, ","))
		}
		fmt.Fprintln(w)
	}
}

// apiResourceList is the list in the form of the API.
func apiResourceList(list []*discovery.Resource) *metav1.APIResourceList {
	out := &metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, APIResources: []metav1.APIResource{}}
	for _, r := range list {
		out.APIResources = append(out.APIResources, metav1.APIResource{
			Name: r.Name, SingularName: r.Singular, Namespaced: r.Namespaced, Group: r.Group, Version: r.Version, Kind: r.Kind,
			Verbs: r.Verbs, ShortNames: r.ShortNames, Categories: r.Categories,
		})
	}
	return out
}

func runAPIVersions(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf(cmd, "unexpected arguments: %v", args)
	}
	m, err := f.Mapper()
	if err != nil {
		return err
	}
	groups, err := m.Groups()
	if err != nil {
		return fmt.Errorf("couldn't get available api versions from server: %v", err)
	}
	var all []string
	for _, g := range groups {
		for _, v := range g.Versions {
			if g.Name != "" {
				v = g.Name + "/" + v
			}
			all = append(all, v)
		}
	}
	sort.Strings(all)
	for _, v := range all {
		fmt.Fprintln(f.Out, v)
	}
	return nil
}
