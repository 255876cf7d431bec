package kubectl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"terrarium/sim/kubectl/discovery"
)

var ingressRule = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?P<host>[\w\*\-\.]*)(?P<path>/.*)=(?P<svcname>[\w\-]+):(?P<svcport>[\w\-]+)(,(?P<istls>tls)=?(?P<secretname>[\w\-]+)?)?`)
})

func runCreateIngress(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	rules, backend, annotations := flagArray(cmd, "rule"), flagString(cmd, "default-backend"), flagArray(cmd, "annotation")
	if err := checkIngress(rules, backend, annotations); err != nil {
		return err
	}
	i := &networkingv1.Ingress{TypeMeta: metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"}, ObjectMeta: g.meta()}
	i.Annotations = map[string]string{}
	for _, a := range annotations {
		k, v, _ := strings.Cut(a, "=")
		i.Annotations[k] = v
	}
	if class := flagString(cmd, "class"); class != "" {
		i.Spec.IngressClassName = &class
	}
	if backend != "" {
		b := ingressBackend(backend)
		i.Spec.DefaultBackend = &b
	}
	i.Spec.TLS, i.Spec.Rules = ingressTLS(rules), ingressRules(rules)
	return g.create(discovery.Resource{Group: "networking.k8s.io", Version: "v1", Name: "ingresses", Namespaced: true}, i, failedTo("ingress"))
}

func checkIngress(rules []string, backend string, annotations []string) error {
	if backend == "" && len(rules) == 0 {
		return errors.New("not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)")
	}
	for _, r := range rules {
		if !ingressRule().MatchString(r) {
			return fmt.Errorf("rule %s is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]", r)
		}
	}
	for _, a := range annotations {
		if !strings.Contains(a, "=") {
			return fmt.Errorf("annotation %s is invalid and should be in format key=[value]", a)
		}
	}
	if backend != "" && strings.Count(backend, ":") != 1 {
		return errors.New("default-backend should be in format servicename:serviceport")
	}
	return nil
}

// ingressTLS has one entry for each secret, with the hosts of the rules that name it.
func ingressTLS(rules []string) []networkingv1.IngressTLS {
	var out []networkingv1.IngressTLS
	seen := map[string]bool{}
	for _, r := range rules {
		parts := strings.Split(r, ",")
		if len(parts) != 2 {
			continue
		}
		host, _, _ := strings.Cut(r, "/")
		_, secret, _ := strings.Cut(parts[1], "=")
		secret, _, _ = strings.Cut(secret, "=")
		if seen[host] {
			continue
		}
		seen[host] = true
		if i := slices.IndexFunc(out, func(t networkingv1.IngressTLS) bool { return t.SecretName == secret }); i >= 0 {
			out[i].Hosts = append(out[i].Hosts, host)
			continue
		}
		tls := networkingv1.IngressTLS{SecretName: secret}
		if host != "" {
			tls.Hosts = []string{host}
		}
		if secret != "" || host != "" {
			out = append(out, tls)
		}
	}
	return out
}

func ingressRules(rules []string) []networkingv1.IngressRule {
	var out []networkingv1.IngressRule
	for _, r := range rules {
		r, _, _ = strings.Cut(r, ",")
		host, rest, _ := strings.Cut(r, "/")
		parts := strings.Split(rest, "=")
		path, kind := "/"+parts[0], networkingv1.PathTypeExact
		if strings.HasSuffix(path, "*") {
			path, kind = strings.TrimSuffix(path, "*"), networkingv1.PathTypePrefix
		}
		entry := networkingv1.HTTPIngressPath{Path: path, PathType: &kind, Backend: ingressBackend(parts[1])}
		i := slices.IndexFunc(out, func(r networkingv1.IngressRule) bool { return r.Host == host })
		if i < 0 {
			i = len(out)
			out = append(out, networkingv1.IngressRule{Host: host})
			out[i].HTTP = &networkingv1.HTTPIngressRuleValue{}
		}
		out[i].HTTP.Paths = append(out[i].HTTP.Paths, entry)
	}
	return out
}

func ingressBackend(service string) networkingv1.IngressBackend {
	parts := strings.Split(service, ":")
	b := &networkingv1.IngressServiceBackend{Name: parts[0]}
	if len(parts) > 1 {
		if port := intstr.Parse(parts[1]); port.Type == intstr.Int {
			b.Port.Number = port.IntVal
		} else {
			b.Port.Name = port.StrVal
		}
	}
	return networkingv1.IngressBackend{Service: b}
}
