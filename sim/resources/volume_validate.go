package resources

import (
	"fmt"
	"net"
	"path"
	"regexp"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateVolumes returns the volumes that are sound, which is what mounts may refer to.
func (c *podChecks) validateVolumes(at *field.Path) map[string]v1.VolumeSource {
	sound := map[string]v1.VolumeSource{}
	created := map[string]bool{}
	if c.meta != nil && c.meta.Name != "" {
		for i := range c.spec.Volumes {
			if c.spec.Volumes[i].Ephemeral != nil {
				created[c.meta.Name+"-"+c.spec.Volumes[i].Name] = true
			}
		}
	}
	for i := range c.spec.Volumes {
		at, volume, before := at.Index(i), &c.spec.Volumes[i], len(*c.problems)
		c.validateSource(at, volume)
		if c.present(at.Child("name"), volume.Name) {
			c.label(at.Child("name"), volume.Name)
		}
		if _, taken := sound[volume.Name]; taken {
			c.duplicate(at.Child("name"), volume.Name)
		}
		if len(*c.problems) == before {
			sound[volume.Name] = volume.VolumeSource
		}
		if claim := volume.PersistentVolumeClaim; claim != nil && created[claim.ClaimName] {
			c.invalid(at.Child("persistentVolumeClaim", "claimName"), claim.ClaimName, "must not reference a PVC that gets created for an ephemeral volume")
		}
	}
	return sound
}

// sources makes sure that of several sources of a volume one alone is given.
type sources struct {
	*problems
	at    *field.Path
	found int
}

// only checks the source at name, or forbids it where there is one already. Two sources go by another name when
// they are forbidden, as they do in the real server.
func (s *sources) only(is bool, name string, check func(at *field.Path)) {
	if !is {
		return
	}
	if s.found++; s.found > 1 {
		s.forbidden(s.at.Child(name), "may not specify more than 1 volume type")
		return
	}
	switch name {
	case "gcePersistentDisk":
		name = "persistentDisk"
	case "cephFS":
		name = "cephfs"
	case "downwarAPI":
		name = "downwardAPI"
	}
	check(s.at.Child(name))
}

func (c *podChecks) validateSource(at *field.Path, volume *v1.Volume) {
	p, v, s := c.problems, &volume.VolumeSource, &sources{problems: c.problems, at: at}
	if v.EmptyDir != nil {
		s.found++
		if limit := v.EmptyDir.SizeLimit; limit != nil && limit.Sign() < 0 {
			p.forbidden(at.Child("emptyDir", "sizeLimit"), "SizeLimit field must be a valid resource quantity")
		}
	}
	s.only(v.HostPath != nil, "hostPath", func(at *field.Path) { validateHostPath(p, at, v.HostPath) })
	s.only(v.GitRepo != nil, "gitRepo", func(at *field.Path) {
		p.present(at.Child("repository"), v.GitRepo.Repository)
		relativePath(p, at.Child("directory"), v.GitRepo.Directory)
	})
	s.only(v.GCEPersistentDisk != nil, "gcePersistentDisk", func(at *field.Path) {
		validateDisk(p, at, "pdName", v.GCEPersistentDisk.PDName, v.GCEPersistentDisk.Partition)
	})
	s.only(v.AWSElasticBlockStore != nil, "awsElasticBlockStore", func(at *field.Path) {
		validateDisk(p, at, "volumeID", v.AWSElasticBlockStore.VolumeID, v.AWSElasticBlockStore.Partition)
	})
	s.only(v.Secret != nil, "secret", func(at *field.Path) {
		p.present(at.Child("secretName"), v.Secret.SecretName)
		validateMode(p, at.Child("defaultMode"), v.Secret.DefaultMode)
		validateItems(p, at.Child("items"), v.Secret.Items)
	})
	s.only(v.NFS != nil, "nfs", func(at *field.Path) { validateNFS(p, at, v.NFS) })
	s.only(v.ISCSI != nil, "iscsi", func(at *field.Path) {
		i := v.ISCSI
		validateISCSI(p, at, i.TargetPortal, i.IQN, i.Lun, (i.DiscoveryCHAPAuth || i.SessionCHAPAuth) && i.SecretRef == nil)
		validateInitiator(p, at, i.InitiatorName)
	})
	if v.ISCSI != nil && v.ISCSI.InitiatorName != nil && len(volume.Name+":"+v.ISCSI.TargetPortal) > 64 {
		p.invalid(at.Child("name"), volume.Name, iscsiTooLong)
	}
	s.only(v.Glusterfs != nil, "glusterfs", func(at *field.Path) {
		p.present(at.Child("endpoints"), v.Glusterfs.EndpointsName)
		p.present(at.Child("path"), v.Glusterfs.Path)
	})
	s.only(v.Flocker != nil, "flocker", func(at *field.Path) { validateFlocker(p, at, v.Flocker) })
	s.only(v.PersistentVolumeClaim != nil, "persistentVolumeClaim", func(at *field.Path) {
		p.present(at.Child("claimName"), v.PersistentVolumeClaim.ClaimName)
	})
	s.only(v.RBD != nil, "rbd", func(at *field.Path) { validateRBD(p, at, v.RBD.CephMonitors, v.RBD.RBDImage) })
	s.only(v.Cinder != nil, "cinder", func(at *field.Path) {
		p.present(at.Child("volumeID"), v.Cinder.VolumeID)
		validateSecretName(p, at, v.Cinder.SecretRef)
	})
	s.only(v.CephFS != nil, "cephFS", func(at *field.Path) { validateMonitors(p, at, v.CephFS.Monitors) })
	s.only(v.Quobyte != nil, "quobyte", func(at *field.Path) { validateQuobyte(p, at, v.Quobyte) })
	s.only(v.DownwardAPI != nil, "downwarAPI", func(at *field.Path) {
		validateMode(p, at.Child("defaultMode"), v.DownwardAPI.DefaultMode)
		for i := range v.DownwardAPI.Items {
			validateDownwardFile(p, at, &v.DownwardAPI.Items[i])
		}
	})
	s.only(v.FC != nil, "fc", func(at *field.Path) { validateFC(p, at, v.FC) })
	s.only(v.FlexVolume != nil, "flexVolume", func(at *field.Path) { validateFlex(p, at, v.FlexVolume.Driver, v.FlexVolume.Options) })
	s.only(v.ConfigMap != nil, "configMap", func(at *field.Path) {
		p.present(at.Child("name"), v.ConfigMap.Name)
		validateMode(p, at.Child("defaultMode"), v.ConfigMap.DefaultMode)
		validateItems(p, at.Child("items"), v.ConfigMap.Items)
	})
	s.only(v.AzureFile != nil, "azureFile", func(at *field.Path) {
		p.present(at.Child("secretName"), v.AzureFile.SecretName)
		p.present(at.Child("shareName"), v.AzureFile.ShareName)
	})
	c.validateLaterSource(s, volume)
}

// validateLaterSource is the second half of the sources, in the order in which they are looked at.
func (c *podChecks) validateLaterSource(s *sources, volume *v1.Volume) {
	p, v := c.problems, &volume.VolumeSource
	s.only(v.VsphereVolume != nil, "vsphereVolume", func(at *field.Path) { p.present(at.Child("volumePath"), v.VsphereVolume.VolumePath) })
	s.only(v.PhotonPersistentDisk != nil, "photonPersistentDisk", func(at *field.Path) { p.present(at.Child("pdID"), v.PhotonPersistentDisk.PdID) })
	s.only(v.PortworxVolume != nil, "portworxVolume", func(at *field.Path) { p.present(at.Child("volumeID"), v.PortworxVolume.VolumeID) })
	s.only(v.AzureDisk != nil, "azureDisk", func(at *field.Path) { validateAzureDisk(p, at, v.AzureDisk) })
	s.only(v.StorageOS != nil, "storageos", func(at *field.Path) {
		validateStorageOS(p, at, v.StorageOS.VolumeName, v.StorageOS.VolumeNamespace)
		validateSecretName(p, at, v.StorageOS.SecretRef)
	})
	s.only(v.Projected != nil, "projected", func(at *field.Path) {
		validateMode(p, at.Child("defaultMode"), v.Projected.DefaultMode)
		c.validateProjected(at, v.Projected)
	})
	s.only(v.ScaleIO != nil, "scaleIO", func(at *field.Path) {
		validateScaleIO(p, at, v.ScaleIO.Gateway, v.ScaleIO.System, v.ScaleIO.VolumeName)
	})
	s.only(v.CSI != nil, "csi", func(at *field.Path) {
		validateDriverName(p, at.Child("driver"), v.CSI.Driver)
		if ref := v.CSI.NodePublishSecretRef; ref != nil {
			if ref.Name == "" {
				p.required(at.Child("nodePublishSecretRef", "name"), "")
			} else {
				p.subdomain(at.Child("name"), ref.Name)
			}
		}
	})
	s.only(v.Ephemeral != nil, "ephemeral", func(at *field.Path) {
		validateEphemeral(p, at, v.Ephemeral)
		if c.meta != nil && c.meta.Name != "" && volume.Name != "" {
			claim := c.meta.Name + "-" + volume.Name
			for _, wrong := range validation.IsDNS1123Subdomain(claim) {
				p.invalid(s.at.Child("name"), volume.Name, fmt.Sprintf("PVC name %q: %v", claim, wrong))
			}
		}
	})
	s.only(v.Image != nil, "image", func(at *field.Path) {
		if c.rules.isPod {
			p.present(at.Child("reference"), v.Image.Reference)
		}
		validatePullPolicy(p, at.Child("pullPolicy"), v.Image.PullPolicy)
	})
	if s.found == 0 {
		p.required(s.at, "must specify a volume type")
	}
}

func validateEphemeral(p *problems, at *field.Path, e *v1.EphemeralVolumeSource) {
	at = at.Child("volumeClaimTemplate")
	if e.VolumeClaimTemplate == nil {
		p.required(at, "")
		return
	}
	meta := e.VolumeClaimTemplate.ObjectMeta
	validateAnnotations(p, at.Child("metadata", "annotations"), meta.Annotations)
	validateLabels(p, at.Child("metadata", "labels"), meta.Labels)
	onlyFields(p, at.Child("metadata"), meta, "cannot be set", "Annotations", "Labels")
	validateClaimSpec(p, at.Child("spec"), &e.VolumeClaimTemplate.Spec, claimRules{})
}

func validateMode(p *problems, at *field.Path, mode *int32) {
	if mode != nil && (*mode > 0o777 || *mode < 0) {
		p.invalid(at, *mode, "must be a number between 0 and 0777 (octal), both inclusive")
	}
}

func validateItems(p *problems, at *field.Path, items []v1.KeyToPath) {
	for i, item := range items {
		validateItem(p, at.Index(i), item)
	}
}

func validateItem(p *problems, at *field.Path, item v1.KeyToPath) {
	p.present(at.Child("key"), item.Key)
	p.present(at.Child("path"), item.Path)
	validateLocalPath(p, at.Child("path"), item.Path)
	validateMode(p, at.Child("mode"), item.Mode)
}

// relativePath wants a path that leads nowhere but down.
func relativePath(p *problems, at *field.Path, of string) {
	if path.IsAbs(of) {
		p.invalid(at, of, "must be a relative path")
	}
	noBacksteps(p, at, of)
}

func noBacksteps(p *problems, at *field.Path, of string) {
	if slices.Contains(strings.Split(of, "/"), "..") {
		p.invalid(at, of, "must not contain '..'")
	}
}

// validateLocalPath also keeps the names that the kubelet uses for itself.
func validateLocalPath(p *problems, at *field.Path, of string) {
	relativePath(p, at, of)
	if strings.HasPrefix(of, "..") && !strings.HasPrefix(of, "../") {
		p.invalid(at, of, "must not start with '..'")
	}
}

func validateHostPath(p *problems, at *field.Path, h *v1.HostPathVolumeSource) {
	if !p.present(at.Child("path"), h.Path) {
		return
	}
	noBacksteps(p, at.Child("path"), h.Path)
	if h.Type != nil {
		oneOf(p, at.Child("type"), *h.Type, v1.HostPathUnset, v1.HostPathBlockDev, v1.HostPathCharDev, v1.HostPathDirectory,
			v1.HostPathDirectoryOrCreate, v1.HostPathFile, v1.HostPathFileOrCreate, v1.HostPathSocket)
	}
}

func validateDisk(p *problems, at *field.Path, field, name string, partition int32) {
	p.present(at.Child(field), name)
	if partition < 0 || partition > 255 {
		p.invalid(at.Child("partition"), partition, validation.InclusiveRangeError(1, 255))
	}
}

func validateNFS(p *problems, at *field.Path, n *v1.NFSVolumeSource) {
	p.present(at.Child("server"), n.Server)
	p.present(at.Child("path"), n.Path)
	if !path.IsAbs(n.Path) {
		p.invalid(at.Child("path"), n.Path, "must be an absolute path")
	}
}

const iscsiTooLong = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."

// iscsiForm says which form of name the given one has, and whether it has it well.
func iscsiForm(name string) (known, good bool) {
	for prefix, form := range map[string]string{
		"iqn": `iqn\.\d{4}-\d{2}\.([[:alnum:]-.]+)(:[^,;*&$|\s]+)$`,
		"eui": `^eui.[[:alnum:]]{16}$`,
		"naa": `^naa.[[:alnum:]]{32}$`,
	} {
		if strings.HasPrefix(name, prefix) {
			return true, regexp.MustCompile(form).MatchString(name)
		}
	}
	return false, false
}

func validateISCSI(p *problems, at *field.Path, portal, iqn string, lun int32, needsSecret bool) {
	p.present(at.Child("targetPortal"), portal)
	if p.present(at.Child("iqn"), iqn) {
		if known, good := iscsiForm(iqn); !known {
			p.invalid(at.Child("iqn"), iqn, "must be valid format starting with iqn, eui, or naa")
		} else if !good {
			p.invalid(at.Child("iqn"), iqn, "must be valid format")
		}
	}
	if lun < 0 || lun > 255 {
		p.invalid(at.Child("lun"), lun, validation.InclusiveRangeError(0, 255))
	}
	if needsSecret {
		p.required(at.Child("secretRef"), "")
	}
}

func validateInitiator(p *problems, at *field.Path, name *string) {
	if name == nil {
		return
	}
	if known, good := iscsiForm(*name); !known {
		p.invalid(at.Child("initiatorname"), *name, "must be valid format starting with iqn, eui, or naa")
	} else if !good {
		p.invalid(at.Child("initiatorname"), *name, "must be valid format")
	}
}

func validateFlocker(p *problems, at *field.Path, f *v1.FlockerVolumeSource) {
	if f.DatasetName == "" && f.DatasetUUID == "" {
		p.required(at, "one of datasetName and datasetUUID is required")
	}
	if f.DatasetName != "" && f.DatasetUUID != "" {
		p.invalid(at, "resource", "datasetName and datasetUUID can not be specified simultaneously")
	}
	if strings.Contains(f.DatasetName, "/") {
		p.invalid(at.Child("datasetName"), f.DatasetName, "must not contain '/'")
	}
}

func validateMonitors(p *problems, at *field.Path, monitors []string) {
	if len(monitors) == 0 {
		p.required(at.Child("monitors"), "")
	}
}

func validateRBD(p *problems, at *field.Path, monitors []string, image string) {
	validateMonitors(p, at, monitors)
	p.present(at.Child("image"), image)
}

func validateSecretName(p *problems, at *field.Path, ref *v1.LocalObjectReference) {
	if ref != nil {
		p.present(at.Child("secretRef", "name"), ref.Name)
	}
}

func validateQuobyte(p *problems, at *field.Path, q *v1.QuobyteVolumeSource) {
	const pair = "must be a host:port pair or multiple pairs separated by commas"
	switch {
	case q.Registry == "":
		p.required(at.Child("registry"), pair)
	case len(q.Tenant) >= 65:
		p.required(at.Child("tenant"), "must be a UUID and may not exceed a length of 64 characters")
	default:
		for _, place := range strings.Split(q.Registry, ",") {
			if _, _, err := net.SplitHostPort(place); err != nil {
				p.invalid(at.Child("registry"), q.Registry, pair)
			}
		}
	}
	p.present(at.Child("volume"), q.Volume)
}

func validateFC(p *problems, at *field.Path, f *v1.FCVolumeSource) {
	if len(f.TargetWWNs) == 0 && len(f.WWIDs) == 0 {
		p.required(at.Child("targetWWNs"), "must specify either targetWWNs or wwids, but not both")
	}
	if len(f.TargetWWNs) > 0 && len(f.WWIDs) > 0 {
		p.invalid(at.Child("targetWWNs"), f.TargetWWNs, "targetWWNs and wwids can not be specified simultaneously")
	}
	if len(f.TargetWWNs) > 0 {
		if f.Lun == nil {
			p.required(at.Child("lun"), "lun is required if targetWWNs is specified")
		} else if *f.Lun < 0 || *f.Lun > 255 {
			p.invalid(at.Child("lun"), f.Lun, validation.InclusiveRangeError(0, 255))
		}
	}
}

func validateFlex(p *problems, at *field.Path, driver string, options map[string]string) {
	p.present(at.Child("driver"), driver)
	for _, key := range sorted(options) {
		domain, _, _ := strings.Cut(key, "/")
		domain = "." + strings.ToLower(domain)
		if strings.HasSuffix(domain, ".kubernetes.io") || strings.HasSuffix(domain, ".k8s.io") {
			p.invalid(at.Child("options").Key(key), key, "kubernetes.io and k8s.io namespaces are reserved")
		}
	}
}

func validateAzureDisk(p *problems, at *field.Path, a *v1.AzureDiskVolumeSource) {
	p.present(at.Child("diskName"), a.DiskName)
	p.present(at.Child("diskURI"), a.DataDiskURI)
	if a.CachingMode != nil {
		oneOf(p, at.Child("cachingMode"), *a.CachingMode, v1.AzureDataDiskCachingNone, v1.AzureDataDiskCachingReadOnly, v1.AzureDataDiskCachingReadWrite)
	}
	if a.Kind == nil {
		return
	}
	oneOf(p, at.Child("kind"), *a.Kind, v1.AzureDedicatedBlobDisk, v1.AzureManagedDisk, v1.AzureSharedBlobDisk)
	form, start := "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd", "https://"
	if *a.Kind == v1.AzureManagedDisk {
		form, start = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}", "/subscriptions/"
	}
	if !strings.HasPrefix(a.DataDiskURI, start) {
		p.add(field.NotSupported(at.Child("diskURI"), a.DataDiskURI, []string{form}))
	}
}

func validateScaleIO(p *problems, at *field.Path, gateway, system, volume string) {
	p.present(at.Child("gateway"), gateway)
	p.present(at.Child("system"), system)
	p.present(at.Child("volumeName"), volume)
}

func validateStorageOS(p *problems, at *field.Path, name, namespace string) {
	if p.present(at.Child("volumeName"), name) {
		p.label(at.Child("volumeName"), name)
	}
	if namespace != "" {
		p.label(at.Child("volumeNamespace"), namespace)
	}
}

const maxDriverName = 63

func validateDriverName(p *problems, at *field.Path, name string) {
	if !p.present(at, name) {
		return
	}
	if len(name) > maxDriverName {
		p.tooLong(at, maxDriverName)
	}
	p.each(at, name, validation.IsDNS1123Subdomain(strings.ToLower(name)))
}
