package kubectl

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/object"
)

// resolve finds the value that a variable's source stands for.
func (c *envCommand) resolve(o object.Object, x *corev1.Container, from *corev1.EnvVarSource) (string, error) {
	switch {
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, err := c.data("secrets", ref.Name)
		if err != nil {
			return "", err
		}
		text, ok := data[ref.Key]
		if !ok {
			return "", fmt.Errorf("key %s not found in secret %s", ref.Key, ref.Name)
		}
		value, err := base64.StdEncoding.DecodeString(text)
		return string(value), err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, err := c.data("configmaps", ref.Name)
		if err != nil {
			return "", err
		}
		text, ok := data[ref.Key]
		if !ok {
			return "", fmt.Errorf("key %s not found in config map %s", ref.Key, ref.Name)
		}
		return text, nil
	case from.FieldRef != nil:
		return fieldText(o, from.FieldRef.FieldPath)
	case from.ResourceFieldRef != nil:
		value := describe.ContainerResource(from.ResourceFieldRef, x)
		if value == "" {
			return "", fmt.Errorf("Unsupported container resource : %v", from.ResourceFieldRef.Resource)
		}
		return value, nil
	}
	return "", errors.New("invalid valueFrom")
}

// data reads the entries of a config map or secret, once.
func (c *envCommand) data(resource, name string) (map[string]string, error) {
	path := "/api/v1/namespaces/" + url.PathEscape(c.namespace) + "/" + resource + "/" + url.PathEscape(name)
	o, ok := c.store[path]
	if !ok {
		client, err := c.f.Client()
		if err != nil {
			return nil, err
		}
		if o, err = client.Get(c.f.ctx, path, nil); err != nil {
			return nil, err
		}
		c.store[path] = o
	}
	return object.StringMap(o, "data"), nil
}

// fieldText is a field of an object's metadata as text.
func fieldText(o object.Object, path string) (string, error) {
	if key, ok := strings.CutSuffix(path, "']"); ok {
		if field, key, ok := strings.Cut(key, "['"); ok && field != "" {
			return subscriptText(o, path, field, key)
		}
	}
	switch path {
	case "metadata.annotations":
		return mapText(object.Annotations(o)), nil
	case "metadata.labels":
		return mapText(object.Labels(o)), nil
	case "metadata.name":
		return object.Name(o), nil
	case "metadata.namespace":
		return object.Namespace(o), nil
	case "metadata.uid":
		return object.UID(o), nil
	}
	return "", fmt.Errorf("unsupported fieldPath: %v", path)
}

func subscriptText(o object.Object, path, field, key string) (string, error) {
	entries, name := object.Labels(o), key
	switch field {
	case "metadata.annotations":
		entries, name = object.Annotations(o), strings.ToLower(key)
	case "metadata.labels":
	default:
		return "", fmt.Errorf("fieldPath %q does not support subscript", path)
	}
	if errs := validation.IsQualifiedName(name); len(errs) > 0 {
		return "", fmt.Errorf("invalid key subscript in %s: %s", path, strings.Join(errs, ";"))
	}
	return entries[key], nil
}

func mapText(m map[string]string) string {
	var lines []string
	for _, k := range object.SortedKeys(m) {
		lines = append(lines, fmt.Sprintf("%v=%q", k, m[k]))
	}
	return strings.Join(lines, "\n")
}
