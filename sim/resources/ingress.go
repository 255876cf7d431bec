package resources

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

const ingressClassKey = "kubernetes.io/ingress.class"

func ingresses() *Resource {
	return of(&Resource{
		Group: "networking.k8s.io", Version: "v1", Name: "ingresses", Singular: "ingress", Kind: "Ingress", ShortNames: []string{"ing"}, Namespaced: true,
		New: fresh[networkingv1.Ingress], NewList: fresh[networkingv1.IngressList],
	}, typed[networkingv1.Ingress]{
		MetaAgain: "um|",
		Validate: func(i *networkingv1.Ingress) field.ErrorList {
			var p problems
			validateIngress(&p, &i.Spec, ingressRules{})
			class, annotated := i.Annotations[ingressClassKey]
			if annotated && class != or(i.Spec.IngressClassName, class) {
				p.invalid(field.NewPath("annotations", ingressClassKey), class, "must match `ingressClassName` when both are specified")
			}
			return p.list()
		},
		ValidateUpdate: func(i, old *networkingv1.Ingress) field.ErrorList {
			var p problems
			validateIngress(&p, &i.Spec, ingressRules{
				secretName: slices.ContainsFunc(old.Spec.TLS, func(t networkingv1.IngressTLS) bool {
					return t.SecretName != "" && len(validation.IsDNS1123Subdomain(t.SecretName)) > 0
				}),
				wildcardRule: slices.ContainsFunc(old.Spec.Rules, func(r networkingv1.IngressRule) bool {
					var p problems
					validateIngressHTTP(&p, nil, r.HTTP)
					return strings.Contains(r.Host, "*") && len(p) > 0
				}),
			})
			return p.list()
		},
		Warnings: func(i, old *networkingv1.Ingress) []string {
			if _, annotated := i.Annotations[ingressClassKey]; old == nil && annotated && i.Spec.IngressClassName == nil {
				return []string{fmt.Sprintf("annotation %q is deprecated, please use 'spec.ingressClassName' instead", ingressClassKey)}
			}
			return nil
		},
		Spec:                 func(i, from *networkingv1.Ingress) { i.Spec = from.Spec },
		Status:               func(i, from *networkingv1.Ingress) { i.Status = from.Status },
		ValidateStatusUpdate: validateIngressStatusUpdate,
		Changed:              func(i, old *networkingv1.Ingress) bool { return !equality.Semantic.DeepEqual(i.Spec, old.Spec) },
		Row: func(i *networkingv1.Ingress, now time.Time) []any {
			ports := "80"
			if len(i.Spec.TLS) > 0 {
				ports = "80, 443"
			}
			return []any{i.Name, or(i.Spec.IngressClassName, "<none>"), hostsCell(i.Spec.Rules), ingressAddresses(i), ports, age(i.CreationTimestamp, now)}
		},
	})
}

// hostsCell names the hosts of the first rules.
func hostsCell(rules []networkingv1.IngressRule) string {
	var hosts []string
	more := false
	for _, rule := range rules {
		more = more || len(hosts) == 3
		if !more && rule.Host != "" {
			hosts = append(hosts, rule.Host)
		}
	}
	switch {
	case len(hosts) == 0:
		return "*"
	case more:
		return fmt.Sprintf("%s + %d more...", strings.Join(hosts, ","), len(rules)-3)
	}
	return strings.Join(hosts, ",")
}

func ingressAddresses(i *networkingv1.Ingress) string {
	var addresses []string
	for _, at := range i.Status.LoadBalancer.Ingress {
		if address := orElse(at.IP, at.Hostname); address != "" {
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses)
	return strings.Join(slices.Compact(addresses), ",")
}

// ingressRules say what may stay as it was before.
type ingressRules struct{ secretName, wildcardRule bool }

func validateIngress(p *problems, spec *networkingv1.IngressSpec, rules ingressRules) {
	at := field.NewPath("spec")
	if len(spec.Rules) == 0 && spec.DefaultBackend == nil {
		p.invalid(at, inward{spec.Rules}, "either `defaultBackend` or `rules` must be specified")
	}
	if spec.DefaultBackend != nil {
		validateIngressBackend(p, at.Child("defaultBackend"), spec.DefaultBackend)
	}
	for i, rule := range spec.Rules {
		at := at.Child("rules").Index(i)
		if rule.Host != "" {
			if netutils.ParseIPSloppy(rule.Host) != nil {
				p.invalid(at.Child("host"), rule.Host, "must be a DNS name, not an IP address")
			}
			hostName(p, at.Child("host"), rule.Host)
		}
		if !strings.Contains(rule.Host, "*") || !rules.wildcardRule {
			validateIngressHTTP(p, at.Child("http"), rule.HTTP)
		}
	}
	for i, tls := range spec.TLS {
		at := at.Child("tls").Index(i)
		for k, host := range tls.Hosts {
			hostName(p, at.Child("hosts").Index(k), host)
		}
		if !rules.secretName && tls.SecretName != "" {
			p.subdomain(at.Child("secretName"), tls.SecretName)
		}
	}
	if spec.IngressClassName != nil {
		p.subdomain(at.Child("ingressClassName"), *spec.IngressClassName)
	}
}

// hostName wants the name of a host, whose first label may be a star.
func hostName(p *problems, at *field.Path, host string) {
	if strings.Contains(host, "*") {
		p.each(at, host, validation.IsWildcardDNS1123Subdomain(host))
		return
	}
	p.subdomain(at, host)
}

func validateIngressHTTP(p *problems, at *field.Path, http *networkingv1.HTTPIngressRuleValue) {
	if http == nil {
		return
	}
	if len(http.Paths) == 0 {
		p.required(at.Child("paths"), "")
	}
	for i := range http.Paths {
		validateIngressPath(p, at.Child("paths").Index(i), &http.Paths[i])
	}
}

func validateIngressPath(p *problems, at *field.Path, path *networkingv1.HTTPIngressPath) {
	if path.PathType == nil {
		p.required(at.Child("pathType"), "pathType must be specified")
		return
	}
	of := path.Path
	absolute := func() {
		if !strings.HasPrefix(of, "/") {
			p.invalid(at.Child("path"), of, "must be an absolute path")
		}
	}
	switch *path.PathType {
	case networkingv1.PathTypeExact, networkingv1.PathTypePrefix:
		absolute()
		for _, sequence := range []string{"//", "/./", "/../", "%2f", "%2F"} {
			if strings.Contains(of, sequence) {
				p.invalid(at.Child("path"), of, fmt.Sprintf("must not contain '%s'", sequence))
			}
		}
		for _, end := range []string{"/..", "/."} {
			if strings.HasSuffix(of, end) {
				p.invalid(at.Child("path"), of, fmt.Sprintf("cannot end with '%s'", end))
			}
		}
	case networkingv1.PathTypeImplementationSpecific:
		if of != "" {
			absolute()
		}
	default:
		oneOf(p, at.Child("pathType"), *path.PathType, networkingv1.PathTypeExact, networkingv1.PathTypeImplementationSpecific, networkingv1.PathTypePrefix)
	}
	validateIngressBackend(p, at.Child("backend"), &path.Backend)
}

func validateIngressBackend(p *problems, at *field.Path, b *networkingv1.IngressBackend) {
	switch {
	case b.Resource != nil && b.Service != nil:
		p.invalid(at, "", "cannot set both resource and service backends")
	case b.Resource != nil:
		validateLocalReference(p, at.Child("resource"), b.Resource)
	case b.Service != nil:
		if name := at.Child("service", "name"); p.present(name, b.Service.Name) {
			p.label(name, b.Service.Name)
		}
		port := b.Service.Port
		switch {
		case port.Name != "" && port.Number != 0:
			p.invalid(at, "", "cannot set both port name & port number")
		case port.Name != "":
			p.each(at.Child("service", "port", "name"), port.Name, validation.IsValidPortName(port.Name))
		case port.Number != 0:
			p.port(at.Child("service", "port", "number"), port.Number)
		default:
			p.required(at, "port name or number is required")
		}
	default:
		p.invalid(at, "", "resource or service backend is required")
	}
}

func validateLocalReference(p *problems, at *field.Path, ref *v1.TypedLocalObjectReference) {
	if ref.APIGroup != nil {
		p.subdomain(at.Child("apiGroup"), *ref.APIGroup)
	}
	pathSegment(p, at.Child("kind"), ref.Kind)
	pathSegment(p, at.Child("name"), ref.Name)
}

func validateIngressStatusUpdate(i, old *networkingv1.Ingress) field.ErrorList {
	var p problems
	var known []string
	for _, at := range old.Status.LoadBalancer.Ingress {
		known = append(known, at.IP)
	}
	for k, entry := range i.Status.LoadBalancer.Ingress {
		at := field.NewPath("status", "loadBalancer", "ingress").Index(k)
		if entry.IP != "" {
			p.ip(at.Child("ip"), entry.IP, known)
		}
		if entry.Hostname != "" {
			p.subdomain(at.Child("hostname"), entry.Hostname)
			if netutils.ParseIPSloppy(entry.Hostname) != nil {
				p.invalid(at.Child("hostname"), entry.Hostname, "must be a DNS name, not an IP address")
			}
		}
	}
	return p.list()
}

// optionalSegment wants a value that can stand between two slashes, or none.
func optionalSegment(p *problems, at *field.Path, value string) {
	if value != "" {
		p.each(at, value, content.IsPathSegmentName(value))
	}
}
