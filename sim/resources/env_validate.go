package resources

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *podChecks) validateEnv(at *field.Path, vars []v1.EnvVar) {
	for i := range vars {
		at, env := at.Index(i), &vars[i]
		if c.present(at.Child("name"), env.Name) {
			c.each(at.Child("name"), env.Name, validation.IsRelaxedEnvVarName(env.Name))
		}
		if env.ValueFrom != nil {
			c.validateEnvSource(at.Child("valueFrom"), env)
		}
	}
}

func (c *podChecks) validateEnvSource(at *field.Path, env *v1.EnvVar) {
	from, found := env.ValueFrom, 0
	if from.FieldRef != nil {
		found++
		validateFieldRef(c.problems, at.Child("fieldRef"), from.FieldRef, "metadata.name", "metadata.namespace", "metadata.uid",
			"spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs")
	}
	if from.ResourceFieldRef != nil {
		found++
		validateResourceFieldRef(c.problems, at.Child("resourceFieldRef"), from.ResourceFieldRef, false)
	}
	if ref := from.ConfigMapKeyRef; ref != nil {
		found++
		c.validateKeyRef(at.Child("configMapKeyRef"), ref.Name, ref.Key)
	}
	if ref := from.SecretKeyRef; ref != nil {
		found++
		c.validateKeyRef(at.Child("secretKeyRef"), ref.Name, ref.Key)
	}
	if ref := from.FileKeyRef; ref != nil {
		found++
		at := at.Child("fileKeyRef")
		if c.present(at.Child("key"), ref.Key) {
			c.each(at.Child("key"), ref.Key, validation.IsRelaxedEnvVarName(ref.Key))
		}
		if c.present(at.Child("volumeName"), ref.VolumeName) {
			c.label(at.Child("volumeName"), ref.VolumeName)
		}
		if c.present(at.Child("path"), ref.Path) {
			noBacksteps(c.problems, at.Child("path"), ref.Path)
		}
	}
	switch {
	case found == 0:
		c.invalid(at, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`")
	case env.Value != "":
		c.invalid(at, "", "may not be specified when `value` is not empty")
	case found > 1:
		c.invalid(at, "", "may not have more than one field specified at a time")
	}
}

func (c *podChecks) validateKeyRef(at *field.Path, name, key string) {
	c.subdomain(at.Child("name"), name)
	if c.present(at.Child("key"), key) {
		c.each(at.Child("key"), key, validation.IsConfigMapKey(key))
	}
}

func (c *podChecks) validateEnvFrom(at *field.Path, sources []v1.EnvFromSource) {
	for i, source := range sources {
		list, at := at, at.Index(i)
		if source.Prefix != "" {
			c.each(at.Child("prefix"), source.Prefix, validation.IsRelaxedEnvVarName(source.Prefix))
		}
		found := 0
		name := func(at *field.Path, name string) {
			found++
			if c.present(at.Child("name"), name) {
				c.each(at.Child("name"), name, apivalidation.NameIsDNSSubdomain(name, true))
			}
		}
		if source.ConfigMapRef != nil {
			name(at.Child("configMapRef"), source.ConfigMapRef.Name)
		}
		if source.SecretRef != nil {
			name(at.Child("secretRef"), source.SecretRef.Name)
		}
		if found == 0 {
			c.invalid(list, "", "must specify one of: `configMapRef` or `secretRef`")
		} else if found > 1 {
			c.invalid(list, "", "may not have more than one field specified at a time")
		}
	}
}

// validateFieldRef checks a path into the pod against those that the place allows.
func validateFieldRef(p *problems, at *field.Path, ref *v1.ObjectFieldSelector, allowed ...string) {
	if !p.present(at.Child("apiVersion"), ref.APIVersion) || !p.present(at.Child("fieldPath"), ref.FieldPath) {
		return
	}
	path, subscript, subscripted := splitSubscript(ref.FieldPath)
	if err := knownFieldPath(ref.APIVersion, ref.FieldPath); err != nil {
		p.invalid(at.Child("fieldPath"), ref.FieldPath, fmt.Sprintf("error converting fieldPath: %v", err))
		return
	}
	if path == "spec.host" {
		path = "spec.nodeName"
	}
	switch {
	case !subscripted:
		oneOf(p, at.Child("fieldPath"), path, allowed...)
	case path == "metadata.annotations":
		p.qualified(at, strings.ToLower(subscript))
	default:
		p.qualified(at, subscript)
	}
}

// splitSubscript takes metadata.labels['key'] apart.
func splitSubscript(path string) (of, key string, ok bool) {
	inner, ends := strings.CutSuffix(path, "']")
	of, key, ok = strings.Cut(inner, "['")
	if !ends || !ok || of == "" {
		return path, "", false
	}
	return of, key, true
}

func knownFieldPath(version, path string) error {
	if version != "v1" {
		return fmt.Errorf("unsupported pod version: %s", version)
	}
	if of, _, subscripted := splitSubscript(path); subscripted {
		if of != "metadata.annotations" && of != "metadata.labels" {
			return fmt.Errorf("field label does not support subscript: %s", path)
		}
		return nil
	}
	switch path {
	case "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
		"spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase", "status.hostIP",
		"status.hostIPs", "status.podIP", "status.podIPs", "spec.host":
		return nil
	}
	return fmt.Errorf("field label not supported: %s", path)
}

func validateResourceFieldRef(p *problems, at *field.Path, ref *v1.ResourceFieldSelector, inVolume bool) {
	known := []string{"limits.cpu", "limits.ephemeral-storage", "limits.memory",
		"requests.cpu", "requests.ephemeral-storage", "requests.memory"}
	switch {
	case inVolume && ref.ContainerName == "":
		p.required(at.Child("containerName"), "")
	case ref.Resource == "":
		p.required(at.Child("resource"), "")
	case !isHugePagesField(ref.Resource):
		oneOf(p, at.Child("resource"), ref.Resource, known...)
	}
	validateDivisor(p, at.Child("divisor"), ref.Resource, ref.Divisor)
}

func isHugePagesField(name string) bool {
	return strings.HasPrefix(name, "requests.hugepages-") || strings.HasPrefix(name, "limits.hugepages-")
}

func validateDivisor(p *problems, at *field.Path, of string, divisor resource.Quantity) {
	if divisor.IsZero() {
		return
	}
	allowed := []string{"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}
	text := "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the "
	switch {
	case of == "limits.cpu" || of == "requests.cpu":
		allowed, text = []string{"1m", "1"}, "only divisor's values 1m and 1 are supported with the cpu resource"
	case of == "limits.memory" || of == "requests.memory":
		text += "memory resource"
	case of == "limits.ephemeral-storage" || of == "requests.ephemeral-storage":
		text += "local ephemeral storage resource"
	case isHugePagesField(of):
		text += "hugepages resource"
	default:
		return
	}
	if !slices.Contains(allowed, divisor.String()) {
		p.invalid(at, of, text)
	}
}
