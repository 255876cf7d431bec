package kubelet

import (
	"fmt"
	"net"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/api"
	"terrarium/sim/containers"
)

// environment is what the pod gives a container: what it declares, in order, then what the namespace's services add. The
// error is one that the container's state shows.
func (k *Kubelet) environment(pod *corev1.Pod, c *corev1.Container, ips []string) ([]string, error) {
	e := &env{k: k, pod: pod, values: map[string]string{}, services: k.serviceEnvironment(pod)}
	for _, from := range c.EnvFrom {
		if err := e.from(from); err != nil {
			return nil, err
		}
	}
	for _, v := range c.Env {
		value, ok, err := e.value(v, c, ips)
		if err != nil {
			return nil, err
		}
		if ok {
			e.set(v.Name, value)
		}
	}
	for _, s := range e.services {
		if _, taken := e.values[s.Name]; !taken {
			e.set(s.Name, s.Value)
		}
	}
	out := make([]string, len(e.names))
	for i, name := range e.names {
		out[i] = name + "=" + e.values[name]
	}
	return out, nil
}

type env struct {
	k        *Kubelet
	pod      *corev1.Pod
	names    []string // in order
	values   map[string]string
	services []corev1.EnvVar
}

func (e *env) set(name, value string) {
	if _, ok := e.values[name]; !ok {
		e.names = append(e.names, name)
	}
	e.values[name] = value
}

func (e *env) from(from corev1.EnvFromSource) error {
	data := map[string]string{}
	switch {
	case from.ConfigMapRef != nil:
		m, err := e.configMap(from.ConfigMapRef.Name)
		if err != nil {
			return unlessOptional(err, from.ConfigMapRef.Optional)
		}
		data = m.Data
	case from.SecretRef != nil:
		s, err := e.secret(from.SecretRef.Name)
		if err != nil {
			return unlessOptional(err, from.SecretRef.Optional)
		}
		for key, v := range s.Data {
			data[key] = string(v)
		}
	}
	for _, key := range sortedKeys(data) {
		e.set(from.Prefix+key, data[key])
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// missing is an object or key that is not there, which optional references forgive.
type missing struct{ error }

func unlessOptional(err error, optional *bool) error {
	if _, ok := err.(missing); ok && optional != nil && *optional {
		return nil
	}
	return err
}

func (e *env) configMap(name string) (*corev1.ConfigMap, error) {
	m, err := api.Get[corev1.ConfigMap](e.k.Client, e.pod.Namespace, name)
	return m, notFound(err, "configmap", name)
}

func (e *env) secret(name string) (*corev1.Secret, error) {
	s, err := api.Get[corev1.Secret](e.k.Client, e.pod.Namespace, name)
	return s, notFound(err, "secret", name)
}

// notFound puts the API's "not found" into the kubelet's words.
func notFound(err error, kind, name string) error {
	if apierrors.IsNotFound(err) {
		return missing{fmt.Errorf("%s %q not found", kind, name)}
	}
	return err
}

// value is what one declared variable stands for; ok is false where an optional source is not there.
func (e *env) value(v corev1.EnvVar, c *corev1.Container, ips []string) (value string, ok bool, err error) {
	switch from := v.ValueFrom; {
	case v.Value != "":
		return substitute(v.Value, e.lookup), true, nil
	case from == nil:
		return "", true, nil
	case from.FieldRef != nil:
		value, err = e.k.podField(e.pod, from.FieldRef.FieldPath, ips)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err = e.k.resourceField(e.pod, c, from.ResourceFieldRef)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		m, err := e.configMap(ref.Name)
		if err != nil {
			return "", false, unlessOptional(err, ref.Optional)
		}
		value, ok = m.Data[ref.Key]
		if !ok {
			err = missing{fmt.Errorf("couldn't find key %v in ConfigMap %v/%v", ref.Key, e.pod.Namespace, ref.Name)}
			return "", false, unlessOptional(err, ref.Optional)
		}
		return value, true, nil
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		s, err := e.secret(ref.Name)
		if err != nil {
			return "", false, unlessOptional(err, ref.Optional)
		}
		data, ok := s.Data[ref.Key]
		if !ok {
			err = missing{fmt.Errorf("couldn't find key %v in Secret %v/%v", ref.Key, e.pod.Namespace, ref.Name)}
			return "", false, unlessOptional(err, ref.Optional)
		}
		return string(data), true, nil
	}
	return "", true, nil
}

func (e *env) lookup(name string) (string, bool) {
	if v, ok := e.values[name]; ok {
		return v, true
	}
	for _, s := range e.services {
		if s.Name == name {
			return s.Value, true
		}
	}
	return "", false
}

// substitute puts values in the place of $(NAME). $$ is a dollar; a name that is not known stays as it is.
func substitute(text string, lookup func(string) (string, bool)) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		switch rest := text[i+1:]; rest[0] {
		case '$':
			b.WriteByte('$')
			i++
		case '(':
			end := strings.IndexByte(rest, ')')
			if end < 0 {
				b.WriteString("$(")
				i++
				continue
			}
			if v, ok := lookup(rest[1:end]); ok {
				b.WriteString(v)
			} else {
				b.WriteString("$" + rest[:end+1])
			}
			i += end + 1
		default:
			b.WriteByte('$')
			b.WriteByte(rest[0])
			i++
		}
	}
	return b.String()
}

// expand is substitute for a command line, with an environment of NAME=value.
func expand(argv, environment []string) []string {
	if argv == nil {
		return nil
	}
	out := make([]string, len(argv))
	for i, a := range argv {
		out[i] = substitute(a, func(name string) (string, bool) {
			for j := len(environment) - 1; j >= 0; j-- {
				if n, v, _ := strings.Cut(environment[j], "="); n == name {
					return v, true
				}
			}
			return "", false
		})
	}
	return out
}

// withImage is the image's environment with the pod's over it.
func withImage(image, pod []string) []string {
	var out []string
	for _, v := range image {
		name, _, _ := strings.Cut(v, "=")
		overridden := false
		for _, p := range pod {
			overridden = overridden || strings.HasPrefix(p, name+"=")
		}
		if !overridden {
			out = append(out, v)
		}
	}
	return append(out, pod...)
}

// serviceEnvironment are the variables of the services that the pod's namespace has, and always of the API server's.
func (k *Kubelet) serviceEnvironment(pod *corev1.Pod) []corev1.EnvVar {
	services, err := api.List[corev1.Service](k.Client, "", nil)
	if err != nil {
		return nil
	}
	links := pod.Spec.EnableServiceLinks == nil || *pod.Spec.EnableServiceLinks
	var out []corev1.EnvVar
	for _, s := range services {
		master := s.Namespace == "default" && s.Name == "kubernetes"
		if ip := s.Spec.ClusterIP; ip == "" || ip == corev1.ClusterIPNone || len(s.Spec.Ports) == 0 {
			continue
		}
		if master || links && s.Namespace == pod.Namespace {
			out = append(out, serviceVariables(s)...)
		}
	}
	return out
}

func serviceVariables(s *corev1.Service) []corev1.EnvVar {
	name := func(text string) string { return strings.ToUpper(strings.ReplaceAll(text, "-", "_")) }
	prefix := name(s.Name)
	var out []corev1.EnvVar
	add := func(n, v string) { out = append(out, corev1.EnvVar{Name: prefix + n, Value: v}) }
	add("_SERVICE_PORT", strconv.Itoa(int(s.Spec.Ports[0].Port)))
	for _, p := range s.Spec.Ports {
		if p.Name != "" {
			add("_SERVICE_PORT_"+name(p.Name), strconv.Itoa(int(p.Port)))
		}
	}
	for i, p := range s.Spec.Ports {
		protocol := strings.ToLower(string(p.Protocol))
		if protocol == "" {
			protocol = "tcp"
		}
		at := protocol + "://" + net.JoinHostPort(s.Spec.ClusterIP, strconv.Itoa(int(p.Port)))
		if i == 0 {
			add("_PORT", at)
		}
		port := fmt.Sprintf("_PORT_%d_%s", p.Port, strings.ToUpper(protocol))
		add(port, at)
		add(port+"_PROTO", protocol)
		add(port+"_PORT", strconv.Itoa(int(p.Port)))
		add(port+"_ADDR", s.Spec.ClusterIP)
	}
	add("_SERVICE_HOST", s.Spec.ClusterIP)
	return out
}

func workingDir(c *corev1.Container, image containers.Image) string {
	if c.WorkingDir != "" {
		return c.WorkingDir
	}
	if image.Dir != "" {
		return image.Dir
	}
	return "/"
}

func homeOf(image containers.Image) string {
	if image.UID == 0 {
		return "/root"
	}
	return "/"
}

// hostname is the name that a pod's containers have.
func hostname(pod *corev1.Pod) string {
	name := pod.Name
	if pod.Spec.HostNetwork {
		return pod.Spec.NodeName // the node's own
	}
	if pod.Spec.Hostname != "" {
		name = pod.Spec.Hostname
	}
	return strings.TrimRight(name[:min(len(name), 63)], "-.")
}
