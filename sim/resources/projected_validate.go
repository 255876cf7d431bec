package resources

import (
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const conflictingPaths = "conflicting duplicate paths"

func (c *podChecks) validateProjected(at *field.Path, projected *v1.ProjectedVolumeSource) {
	taken := map[string]bool{}
	claim := func(path string, shown string) {
		if taken[path] {
			c.invalid(at, shown, conflictingPaths)
		}
		taken[path] = true
	}
	items := func(at *field.Path, name string, items []v1.KeyToPath) {
		c.present(at.Child("name"), name)
		for i, item := range items {
			validateItem(c.problems, at.Child("items").Index(i), item)
			if item.Path != "" {
				claim(item.Path, name)
			}
		}
	}
	for i := range projected.Sources {
		source, in, found := &projected.Sources[i], at.Child("sources").Index(i), 0
		if s := source.Secret; s != nil {
			found++
			items(in.Child("secret"), s.Name, s.Items)
		}
		if s := source.ConfigMap; s != nil {
			found++
			items(in.Child("configMap"), s.Name, s.Items)
		}
		if s := source.DownwardAPI; s != nil {
			found++
			for j := range s.Items {
				validateDownwardFile(c.problems, in.Child("downwardAPI"), &s.Items[j])
				if path := s.Items[j].Path; path != "" {
					claim(path, path)
				}
			}
		}
		if s := source.ServiceAccountToken; s != nil {
			found++
			c.validateToken(at, in.Child("serviceAccountToken"), s)
		}
		if s := source.ClusterTrustBundle; s != nil {
			found++
			c.validateTrustBundle(in.Child("clusterTrustBundle"), s)
			claim(s.Path, s.Path)
		}
		if source.PodCertificate != nil {
			found++
			c.validatePodCertificate(in.Child("podCertificate"), source.PodCertificate, func(path string) { claim(path, path) })
		}
		if found > 1 {
			c.forbidden(in, "may not specify more than 1 volume type per source")
		}
	}
}

func (c *podChecks) validateToken(volume, at *field.Path, t *v1.ServiceAccountTokenProjection) {
	seconds := or(t.ExpirationSeconds, 0)
	if seconds < 10*60 {
		c.invalid(at.Child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes")
	}
	if seconds > 1<<32 {
		c.invalid(at.Child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds")
	}
	if c.present(volume.Child("path"), t.Path) && !c.rules.tokenPath {
		validateLocalPath(c.problems, volume.Child("path"), t.Path)
	}
}

// validateTrustBundle checks what only objects of older servers can hold, as the feature is off.
func (c *podChecks) validateTrustBundle(at *field.Path, b *v1.ClusterTrustBundleProjection) {
	switch {
	case b.Name != nil && b.SignerName != nil:
		c.invalid(at, inward{b}, "only one of name and signerName may be used")
	case b.Name != nil:
		if *b.Name == "" {
			c.required(at.Child("name"), "must be a valid object name")
		}
		if b.LabelSelector != nil {
			c.invalid(at.Child("labelSelector"), b.LabelSelector, "labelSelector must be unset if name is specified")
		}
	case b.SignerName != nil:
		if *b.SignerName == "" {
			c.required(at.Child("signerName"), "must be a valid signer name")
		}
		validateSelector(c.problems, at.Child("labelSelector"), b.LabelSelector, false)
	default:
		c.required(at, "either name or signerName must be specified")
	}
	c.present(at.Child("path"), b.Path)
	validateLocalPath(c.problems, at.Child("path"), b.Path)
}

// validatePodCertificate likewise.
func (c *podChecks) validatePodCertificate(at *field.Path, s *v1.PodCertificateProjection, claim func(path string)) {
	oneOf(c.problems, at.Child("keyType"), s.KeyType, "RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
	if seconds := s.MaxExpirationSeconds; seconds != nil && *seconds < 3600 {
		c.invalid(at.Child("maxExpirationSeconds"), *seconds, "if provided, maxExpirationSeconds must be >= 3600")
	}
	paths := 0
	for _, f := range []struct{ name, path string }{
		{"credentialBundlePath", s.CredentialBundlePath}, {"keyPath", s.KeyPath}, {"certificateChainPath", s.CertificateChainPath},
	} {
		if f.path != "" {
			paths++
			validateLocalPath(c.problems, at.Child(f.name), f.path)
			claim(f.path)
		}
	}
	if paths == 0 {
		c.required(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath")
	}
}

func validateDownwardFile(p *problems, at *field.Path, f *v1.DownwardAPIVolumeFile) {
	p.present(at.Child("path"), f.Path)
	validateLocalPath(p, at.Child("path"), f.Path)
	switch {
	case f.FieldRef != nil:
		validateFieldRef(p, at.Child("fieldRef"), f.FieldRef,
			"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
		if f.ResourceFieldRef != nil {
			p.invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
		}
	case f.ResourceFieldRef != nil:
		validateResourceFieldRef(p, at.Child("resourceFieldRef"), f.ResourceFieldRef, true)
	default:
		p.required(at, "one of fieldRef and resourceFieldRef is required")
	}
	validateMode(p, at.Child("mode"), f.Mode)
}

func (c *podChecks) validateMounts(at *field.Path, container *v1.Container) {
	devices, paths := map[string]bool{}, map[string]bool{}
	for _, d := range container.VolumeDevices {
		devices[d.Name] = true
		paths[d.DevicePath] = true
	}
	points := map[string]bool{}
	for i := range container.VolumeMounts {
		list, at, mount := at, at.Index(i), &container.VolumeMounts[i]
		c.present(at.Child("name"), mount.Name)
		if _, found := c.volumes[mount.Name]; !found {
			c.notFound(at.Child("name"), mount.Name)
		}
		c.present(at.Child("mountPath"), mount.MountPath)
		if points[mount.MountPath] {
			c.invalid(at.Child("mountPath"), mount.MountPath, "must be unique")
		}
		points[mount.MountPath] = true
		if devices[mount.Name] {
			c.invalid(at.Child("name"), mount.Name, "must not already exist in volumeDevices")
		}
		if paths[mount.MountPath] {
			c.invalid(at.Child("mountPath"), mount.MountPath, "must not already exist as a path in volumeDevices")
		}
		if mount.SubPath != "" {
			relativePath(c.problems, list.Child("subPath"), mount.SubPath)
		}
		if mount.SubPathExpr != "" {
			if mount.SubPath != "" {
				c.invalid(at.Child("subPathExpr"), mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive")
			}
			relativePath(c.problems, list.Child("subPathExpr"), mount.SubPathExpr)
		}
		c.validatePropagation(list, container, mount)
	}
}

func (c *podChecks) validatePropagation(at *field.Path, container *v1.Container, mount *v1.VolumeMount) {
	propagation := or(mount.MountPropagation, v1.MountPropagationNone)
	oneOf(c.problems, at.Child("mountPropagation"), propagation,
		v1.MountPropagationBidirectional, v1.MountPropagationHostToContainer, v1.MountPropagationNone)
	privileged := container.SecurityContext != nil && or(container.SecurityContext.Privileged, false)
	if propagation == v1.MountPropagationBidirectional && !privileged {
		c.forbidden(at.Child("mountPropagation"), "Bidirectional mount propagation is available only to privileged containers")
	}
	at = at.Child("recursiveReadOnly")
	switch recursive := or(mount.RecursiveReadOnly, v1.RecursiveReadOnlyDisabled); recursive {
	case v1.RecursiveReadOnlyDisabled:
	case v1.RecursiveReadOnlyEnabled, v1.RecursiveReadOnlyIfPossible:
		if !mount.ReadOnly {
			c.forbidden(at, "may only be specified when readOnly is true")
		}
		if propagation != v1.MountPropagationNone {
			c.forbidden(at, "may only be specified when mountPropagation is None or not specified")
		}
	default:
		oneOf(c.problems, at, recursive, v1.RecursiveReadOnlyDisabled, v1.RecursiveReadOnlyEnabled, v1.RecursiveReadOnlyIfPossible)
	}
}

func (c *podChecks) validateDevices(at *field.Path, container *v1.Container) {
	mounts, points := map[string]bool{}, map[string]bool{}
	lastPoint := map[string]string{}
	for _, m := range container.VolumeMounts {
		mounts[m.Name] = true
		lastPoint[m.Name] = m.MountPath
	}
	for _, point := range lastPoint {
		points[point] = true
	}
	names, paths := map[string]bool{}, map[string]bool{}
	for i, d := range container.VolumeDevices {
		at := at.Index(i)
		source, found := c.volumes[d.Name]
		c.present(at.Child("name"), d.Name)
		if names[d.Name] {
			c.invalid(at.Child("name"), d.Name, "must be unique")
		}
		if !found {
			c.notFound(at.Child("name"), d.Name)
		} else if source.PersistentVolumeClaim == nil && source.Ephemeral == nil {
			c.invalid(at.Child("name"), d.Name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")
		}
		c.present(at.Child("devicePath"), d.DevicePath)
		if paths[d.DevicePath] {
			c.invalid(at.Child("devicePath"), d.DevicePath, "must be unique")
		}
		if strings.Contains("/"+d.DevicePath+"/", "/../") {
			c.invalid(at.Child("devicePath"), d.DevicePath, "can not contain backsteps ('..')")
		} else {
			paths[d.DevicePath] = true
		}
		if mounts[d.Name] {
			c.invalid(at.Child("name"), d.Name, "must not already exist in volumeMounts")
		}
		if points[d.DevicePath] {
			c.invalid(at.Child("devicePath"), d.DevicePath, "must not already exist as a path in volumeMounts")
		}
		if d.Name != "" {
			names[d.Name] = true
		}
	}
}
