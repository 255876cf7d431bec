package kubectl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
)

func (c *completer) of(resource string) func(word string) []string {
	return func(word string) []string { return c.names(resource, word) }
}

func (c *completer) contexts(word string) []string {
	r, err := c.f.Resolved()
	if err != nil {
		return nil
	}
	return startingWith(object.SortedKeys(r.Config.Contexts), word)
}

func (c *completer) clusters(word string) []string {
	r, err := c.f.Resolved()
	if err != nil {
		return nil
	}
	return startingWith(object.SortedKeys(r.Config.Clusters), word)
}

func (c *completer) users(word string) []string {
	r, err := c.f.Resolved()
	if err != nil {
		return nil
	}
	return startingWith(object.SortedKeys(r.Config.Users), word)
}

// names are those of the objects of one type, or of a list of types, in the namespace in force.
func (c *completer) names(resource, word string) []string {
	var names []string
	for _, o := range c.read("", resource) {
		names = append(names, object.Name(o))
	}
	return startingWith(names, word)
}

// read gets objects by arguments like those of get; namespace "" is the one in force.
func (c *completer) read(namespace string, args ...string) []object.Object {
	if namespace == "" {
		var err error
		if namespace, _, err = c.f.Namespace(); err != nil {
			return nil
		}
	}
	b := c.f.Builder()
	b.Namespace, b.DefaultNamespace, b.AllowEmptySelector, b.Latest, b.ContinueOnError = namespace, true, true, true, true
	b.Args, b.Flatten = args, true
	infos, _ := b.Do().Infos()
	var objects []object.Object
	for _, i := range infos {
		objects = append(objects, i.Object)
	}
	return objects
}

// types are the resources that can be read, as last part of a list with commas.
func (c *completer) types(word string) []string {
	m, err := c.f.Mapper()
	if err != nil {
		return nil
	}
	resources, _ := m.Preferred()
	slices.SortStableFunc(resources, func(a, b *discovery.Resource) int {
		if a.Group != b.Group {
			return strings.Compare(a.Group, b.Group)
		}
		return strings.Compare(a.Name, b.Name)
	})
	before, last := "", word
	if i := strings.LastIndexByte(word, ','); i >= 0 {
		before, last = word[:i+1], word[i+1:]
	}
	var names []string
	for _, r := range resources {
		if r.HasVerb("get") && strings.HasPrefix(r.Full(), last) {
			names = append(names, before+r.Full())
		}
	}
	return names
}

// typesAndNames completes TYPE NAME… and TYPE/NAME…; types limits the types, many allows more than one object.
func (c *completer) typesAndNames(types []string, many bool) candidates {
	typed := c.types
	if types != nil {
		typed = func(word string) []string { return startingWith(types, word) }
	}
	return func(args []string, word string) ([]string, cobra.ShellCompDirective) {
		kind, name, slash := strings.Cut(word, "/")
		switch {
		case len(args) > 0 && !strings.Contains(args[0], "/"):
			if !many && len(args) > 1 {
				return nil, noFiles
			}
			return without(c.names(args[0], word), args[1:]), noFiles
		case len(args) > 0 && !many:
			return nil, noFiles
		case slash:
			return without(prefixed(kind+"/", c.names(kind, name)), args), noFiles
		case len(args) == 0:
			return typed(word), noFiles
		}
		return suffixed(typed(word), "/"), noFiles | cobra.ShellCompDirectiveNoSpace
	}
}

// podOwners are the types that stand for one of their pods.
var podOwners = []string{"daemonsets", "deployments", "pods", "jobs", "replicasets", "replicationcontrollers", "services", "statefulsets"}

// pods completes a pod, or a TYPE/NAME that stands for one, and what belongs to it behind.
func (c *completer) pods(then func(pod, word string) []string) candidates {
	return func(args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 1 && then != nil {
			return then(args[0], word), noFiles
		}
		if len(args) > 0 {
			return nil, noFiles
		}
		if kind, name, slash := strings.Cut(word, "/"); slash {
			return prefixed(kind+"/", c.names(kind, name)), noFiles
		}
		directive := noFiles
		names := c.names("pod", word)
		if len(names) == 0 {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		return append(names, suffixed(startingWith(podOwners, word), "/")...), directive
	}
}

// pod is the pod that the word of a line stands for; nil where there is none.
func (c *completer) pod(word string) object.Object {
	args := []string{"pods", word}
	if strings.Contains(word, "/") {
		args = []string{word}
	}
	found := c.read("", args...)
	if len(found) == 0 || object.Kind(found[0]) == "Pod" {
		return first(found)
	}
	pod, err := c.f.attachablePod(found[0], 0)
	if err != nil {
		return nil
	}
	return first(c.read("", "pods", pod.Name))
}

func first(objects []object.Object) object.Object {
	if len(objects) == 0 {
		return nil
	}
	return objects[0]
}

func (c *completer) containers(pod, word string) []string {
	o := c.pod(pod)
	var names []string
	for _, list := range []string{"initContainers", "containers"} {
		for _, item := range object.Maps(o, "spec", list) {
			names = append(names, object.String(item, "name"))
		}
	}
	return startingWith(names, word)
}

// ports are pairs LOCAL:REMOTE: of the ports of a service, or of the containers of a pod.
func (c *completer) ports(of, word string) []string {
	var numbers []string
	kind, name, _ := strings.Cut(of, "/")
	if slices.Contains([]string{"service", "services", "svc"}, kind) && name != "" {
		for _, o := range c.read("", "service", name) {
			numbers = append(numbers, portNumbers(o, "port", "spec", "ports")...)
		}
	} else {
		for _, container := range object.Maps(c.pod(of), "spec", "containers") {
			numbers = append(numbers, portNumbers(container, "containerPort", "ports")...)
		}
	}
	local, _, _ := strings.Cut(word, ":")
	var pairs []string
	for _, n := range numbers {
		if word == "" {
			local = n
		}
		pairs = append(pairs, local+":"+n)
	}
	return startingWith(pairs, word)
}

func portNumbers(o object.Object, field string, at ...string) []string {
	var numbers []string
	for _, port := range object.Maps(o, at...) {
		numbers = append(numbers, fmt.Sprint(port[field]))
	}
	return numbers
}

// copySource completes NAMESPACE/, POD:, NAMESPACE/POD: and, with them, the files that a started word may mean.
func (c *completer) copySource(args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoSpace
	}
	namespace, _, slash := strings.Cut(word, "/")
	var found []string
	switch {
	case strings.IndexAny(word, "/.~") == 0 || strings.Contains(word, ":"):
	case slash:
		for _, o := range c.read(namespace, "pod") {
			found = append(found, object.Namespace(o)+"/"+object.Name(o)+":")
		}
		found = startingWith(found, word)
	default:
		found = append(suffixed(c.names("namespace", word), "/"), suffixed(c.names("pod", word), ":")...)
		switch {
		case word == "":
			found = append(found, "./", "/")
		case len(found) > 0:
			found = append(found, c.files(word)...)
		}
	}
	return found, cobra.ShellCompDirectiveNoSpace
}

// files are those of the working directory.
func (c *completer) files(word string) []string {
	entries, _ := c.f.Files.ReadDir(".")
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name()+"/")
		} else {
			names = append(names, e.Name())
		}
	}
	return startingWith(names, word)
}

func startingWith(names []string, prefix string) []string {
	var out []string
	for _, n := range names {
		if strings.HasPrefix(n, prefix) {
			out = append(out, n)
		}
	}
	return out
}

func without(names, used []string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(used, n) })
}

func prefixed(prefix string, names []string) []string {
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}

func suffixed(names []string, suffix string) []string {
	for i := range names {
		names[i] += suffix
	}
	return names
}
