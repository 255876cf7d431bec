package kubectl

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"path"
	"strconv"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/net"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
)

func runClusterInfo(f *Factory, cmd *cobra.Command, _ []string) error {
	client, err := f.Client()
	if err != nil {
		return err
	}
	namespace := flagString(cmd, "namespace")
	if namespace == "" {
		namespace = "kube-system"
	}
	host := client.Config.Host
	var list corev1.ServiceList
	o, err := client.Get(f.ctx, resourcePath(schema.GroupVersionResource{Version: "v1", Resource: "services"}, namespace, ""), url.Values{"labelSelector": {"kubernetes.io/cluster-service=true"}})
	if err == nil {
		err = object.To(o, &list)
	}
	if err == nil {
		fmt.Fprintf(f.Out, "Kubernetes control plane is running at %s\n", host)
		for i := range list.Items {
			s := &list.Items[i]
			name := s.Labels["kubernetes.io/name"]
			if name == "" {
				name = s.Name
			}
			fmt.Fprintf(f.Out, "%s is running at %s\n", name, serviceLink(host, s))
		}
	}
	fmt.Fprint(f.Out, "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n")
	return err
}

// serviceLink is where a service of the cluster can be reached: at its load balancer, or through the API server.
func serviceLink(host string, s *corev1.Service) string {
	if balancers := s.Status.LoadBalancer.Ingress; len(balancers) > 0 {
		address, link := balancers[0].IP, ""
		if address == "" {
			address = balancers[0].Hostname
		}
		for _, port := range s.Spec.Ports {
			link += "http://" + address + ":" + strconv.Itoa(int(port.Port)) + " "
		}
		return link
	}
	name := s.Name
	if len(s.Spec.Ports) > 0 {
		port, scheme := s.Spec.Ports[0], ""
		if port.Name == "https" || port.Port == 443 {
			scheme = "https"
		}
		name = net.JoinSchemeNamePort(scheme, name, port.Name)
	}
	return host + "/api/v1/namespaces/" + s.Namespace + "/services/" + name + "/proxy"
}

func runClusterInfoDump(f *Factory, cmd *cobra.Command, _ []string) error {
	out := outputOf(cmd)
	if out.format == "" {
		out.format = "json"
	}
	p, err := f.printerFor(out, "")
	if err != nil {
		return err
	}
	if _, err := runningTimeout(cmd); err != nil {
		return err
	}
	namespace, _, err := f.Namespace()
	if err != nil {
		return err
	}
	d := dump{f: f, printer: p, dir: flagString(cmd, "output-directory"), extension: ".txt", managedFields: out.managedFields}
	if out.format == "json" || out.format == "yaml" {
		d.extension = "." + out.format
	}
	if _, err := d.list("", "v1", "nodes", "", "nodes"); err != nil {
		return err
	}
	namespaces := flagStrings(cmd, "namespaces")
	switch {
	case flagBool(cmd, "all-namespaces"):
		all, err := d.read("", "v1", "namespaces", "")
		if err != nil {
			return err
		}
		namespaces = nil
		for _, o := range object.Items(all) {
			namespaces = append(namespaces, object.Name(o))
		}
	case len(namespaces) == 0:
		namespaces = []string{"kube-system", namespace}
	}
	for _, ns := range namespaces {
		if err := d.namespace(ns); err != nil {
			return err
		}
	}
	if d.dir != "" && d.dir != "-" {
		fmt.Fprintf(f.Out, "Cluster info dumped to %s\n", d.dir)
	}
	return nil
}

// A dump writes what is in a cluster to one stream, or to a file for each list and log.
type dump struct {
	f              *Factory
	printer        printers.Printer
	dir, extension string
	managedFields  bool
}

func (d dump) read(group, version, name, namespace string) (object.Object, error) {
	client, err := d.f.Client()
	if err != nil {
		return nil, err
	}
	return client.Get(d.f.ctx, resourcePath(schema.GroupVersionResource{Group: group, Version: version, Resource: name}, namespace, ""), nil)
}

// list writes the objects of a resource as typed clients print them, fields in the order of the types.
func (d dump) list(group, version, name, namespace, file string) (object.Object, error) {
	o, err := d.read(group, version, name, namespace)
	if err != nil {
		return nil, err
	}
	typed := dumpType(name)
	if _, ok := d.printer.(printers.Name); ok {
		return nil, fmt.Errorf("list types are not supported by name printing: *%s.%s", version, object.Kind(o))
	}
	for _, item := range object.Maps(o, "items") {
		if !d.managedFields {
			object.Delete(item, "metadata", "managedFields")
		}
	}
	if len(object.List(o, "items")) == 0 {
		delete(o, "items") // an empty list prints as null
	}
	if err := object.To(o, typed); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := d.printer.Print(typed, &b); err != nil {
		return nil, err
	}
	return o, d.write(path.Join(namespace, file)+d.extension, b.Bytes())
}

func dumpType(name string) any {
	switch name {
	case "nodes":
		return &corev1.NodeList{}
	case "events":
		return &corev1.EventList{}
	case "replicationcontrollers":
		return &corev1.ReplicationControllerList{}
	case "services":
		return &corev1.ServiceList{}
	case "daemonsets":
		return &appsv1.DaemonSetList{}
	case "deployments":
		return &appsv1.DeploymentList{}
	case "replicasets":
		return &appsv1.ReplicaSetList{}
	}
	return &corev1.PodList{}
}

func (d dump) write(name string, data []byte) error {
	if d.dir == "" || d.dir == "-" {
		_, err := d.f.Out.Write(data)
		return err
	}
	name = path.Join(d.dir, name)
	if err := d.f.Files.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return d.f.Files.WriteFile(name, data, 0o644)
}

func (d dump) namespace(ns string) error {
	var pods object.Object
	for _, what := range []struct{ group, name, file string }{
		{"", "events", "events"}, {"", "replicationcontrollers", "replication-controllers"}, {"", "services", "services"},
		{"apps", "daemonsets", "daemonsets"}, {"apps", "deployments", "deployments"}, {"apps", "replicasets", "replicasets"}, {"", "pods", "pods"},
	} {
		var err error
		if pods, err = d.list(what.group, "v1", what.name, ns, what.file); err != nil {
			return err
		}
	}
	for _, pod := range object.Maps(pods, "items") {
		var b bytes.Buffer
		for _, field := range []string{"initContainers", "containers"} {
			for _, c := range object.Maps(pod, "spec", field) {
				d.log(&b, pod, object.String(c, "name"))
			}
		}
		if err := d.write(path.Join(ns, object.Name(pod), "logs.txt"), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (d dump) log(w io.Writer, pod object.Object, container string) {
	mark := func(word string) {
		fmt.Fprintf(w, "==== %s logs for container %s of pod %s/%s ====\n", word, container, object.Namespace(pod), object.Name(pod))
	}
	mark("START")
	defer mark("END")
	c := logsCommand{f: d.f}
	body, err := c.open(logSource{object.Namespace(pod), object.Name(pod), container}, nil)
	if err != nil {
		fmt.Fprintf(w, "Request log error: %s\n", err)
		return
	}
	defer body.Close()
	_, _ = io.Copy(w, body)
}
