package kubelet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
)

// pick takes the items of an object's data, or all of it. lost says what is wrong with an item whose key is not there.
func pick(data map[string][]byte, items []corev1.KeyToPath, mode int32, optional *bool, lost func(key string) error) (map[string]mountedFile, error) {
	files := map[string]mountedFile{}
	if len(items) == 0 {
		for key, v := range data {
			files[key] = mountedFile{data: v, mode: mode}
		}
		return files, nil
	}
	for _, item := range items {
		v, ok := data[item.Key]
		if !ok {
			if optional != nil && *optional {
				continue
			}
			return nil, lost(item.Key)
		}
		f := mountedFile{data: v, mode: mode}
		if item.Mode != nil {
			f.mode = *item.Mode
		}
		files[item.Path] = f
	}
	return files, nil
}

func (k *Kubelet) configMapFiles(pod *corev1.Pod, name string, items []corev1.KeyToPath, optional *bool, mode int32) (map[string]mountedFile, error) {
	m, err := api.Get[corev1.ConfigMap](k.Client, pod.Namespace, name)
	if err != nil {
		return map[string]mountedFile{}, unlessOptional(notFound(err, "configmap", name), optional)
	}
	data := map[string][]byte{}
	for key, v := range m.Data {
		data[key] = []byte(v)
	}
	for key, v := range m.BinaryData {
		data[key] = v
	}
	return pick(data, items, mode, optional, func(key string) error {
		return fmt.Errorf("configmap references non-existent config key: %s", key)
	})
}

func (k *Kubelet) secretFiles(pod *corev1.Pod, name string, items []corev1.KeyToPath, optional *bool, mode int32) (map[string]mountedFile, error) {
	s, err := api.Get[corev1.Secret](k.Client, pod.Namespace, name)
	if err != nil {
		return map[string]mountedFile{}, unlessOptional(notFound(err, "secret", name), optional)
	}
	return pick(s.Data, items, mode, optional, func(key string) error {
		return fmt.Errorf("references non-existent secret key: %s", key)
	})
}

func (k *Kubelet) downwardFiles(pod *corev1.Pod, items []corev1.DownwardAPIVolumeFile, mode int32) (map[string]mountedFile, error) {
	files := map[string]mountedFile{}
	for _, item := range items {
		f := mountedFile{mode: mode}
		if item.Mode != nil {
			f.mode = *item.Mode
		}
		var text string
		var err error
		switch {
		case item.FieldRef != nil:
			text, err = k.podField(pod, item.FieldRef.FieldPath, nil)
		case item.ResourceFieldRef != nil:
			text, err = k.resourceField(pod, &pod.Spec.Containers[0], item.ResourceFieldRef)
		}
		if err != nil {
			return nil, err
		}
		f.data = []byte(text)
		files[item.Path] = f
	}
	return files, nil
}

func (k *Kubelet) projectedFiles(pod *corev1.Pod, p *corev1.ProjectedVolumeSource) (map[string]mountedFile, error) {
	files := map[string]mountedFile{}
	var errs []string
	mode := modeOf(p.DefaultMode)
	for _, source := range p.Sources {
		var more map[string]mountedFile
		var err error
		switch {
		case source.ConfigMap != nil:
			more, err = k.configMapFiles(pod, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional, mode)
		case source.Secret != nil:
			more, err = k.secretFiles(pod, source.Secret.Name, source.Secret.Items, source.Secret.Optional, mode)
		case source.DownwardAPI != nil:
			more, err = k.downwardFiles(pod, source.DownwardAPI.Items, mode)
		case source.ServiceAccountToken != nil:
			more = map[string]mountedFile{source.ServiceAccountToken.Path: {mode: mode, token: source.ServiceAccountToken}}
		}
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		for path, f := range more {
			files[path] = f
		}
	}
	if len(errs) > 0 {
		return nil, aggregate(errs)
	}
	return files, nil
}
