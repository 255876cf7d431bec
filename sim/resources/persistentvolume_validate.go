package resources

import (
	"path"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateMountOptions refuses the annotation where nothing is mounted.
func validateMountOptions(p *problems, v *v1.PersistentVolume) {
	s := &v.Spec.PersistentVolumeSource
	mounts := s.GCEPersistentDisk != nil || s.AWSElasticBlockStore != nil || s.Glusterfs != nil || s.NFS != nil || s.RBD != nil ||
		s.Quobyte != nil || s.ISCSI != nil || s.Cinder != nil || s.CephFS != nil || s.AzureFile != nil || s.VsphereVolume != nil ||
		s.AzureDisk != nil || s.PhotonPersistentDisk != nil
	if _, found := v.Annotations[mountOptionsKey]; found && !mounts {
		p.forbidden(field.NewPath("metadata", "annotations", mountOptionsKey), "may not specify mount options for this volume type")
	}
}

func validateVolumeObjectUpdate(v, old *v1.PersistentVolume) field.ErrorList {
	var p problems
	anyValues := false
	if a := old.Spec.NodeAffinity; a != nil && a.Required != nil {
		for _, term := range a.Required.NodeSelectorTerms {
			for _, e := range term.MatchExpressions {
				for _, value := range e.Values {
					anyValues = anyValues || len(utilvalidation.IsValidLabelValue(value)) > 0
				}
			}
		}
	}
	validateVolumeObject(&p, v, anyValues)
	validateMountOptions(&p, v)
	validateVolumeObject(&p, v, anyValues)
	now, before := v.Spec.PersistentVolumeSource, old.Spec.PersistentVolumeSource
	if now.CSI != nil && before.CSI != nil && before.CSI.ControllerExpandSecretRef == nil {
		csi := *now.CSI
		csi.ControllerExpandSecretRef = nil
		now.CSI = &csi
	}
	if !equality.Semantic.DeepEqual(now, before) {
		p.forbidden(field.NewPath("spec", "persistentvolumesource"), "spec.persistentvolumesource is immutable after creation\n"+difference(before, now))
	}
	validateSame(&p, field.NewPath("volumeMode"), v.Spec.VolumeMode, old.Spec.VolumeMode)
	if a := old.Spec.NodeAffinity; a != nil && !equality.Semantic.DeepEqual(renamedLabels(v.Spec.NodeAffinity, a), a) {
		p.invalid(field.NewPath("nodeAffinity"), inward{v.Spec.NodeAffinity}, immutable+", except for updating from beta label to GA")
	}
	if old.Spec.VolumeAttributesClassName != nil && v.Spec.VolumeAttributesClassName == nil {
		p.forbidden(field.NewPath("spec", "volumeAttributesClassName"), "update from non-nil value to nil is forbidden")
	}
	return p.list()
}

// renamedLabels is a with the labels that took the place of those in old named as there.
func renamedLabels(a, old *v1.VolumeNodeAffinity) *v1.VolumeNodeAffinity {
	if a == nil || a.Required == nil || old.Required == nil {
		return a
	}
	a = a.DeepCopy()
	for i, term := range a.Required.NodeSelectorTerms {
		for j := range term.MatchExpressions {
			if i >= len(old.Required.NodeSelectorTerms) || j >= len(old.Required.NodeSelectorTerms[i].MatchExpressions) {
				continue
			}
			key, before := &term.MatchExpressions[j].Key, old.Required.NodeSelectorTerms[i].MatchExpressions[j].Key
			if newNodeLabel(before) == *key {
				*key = before
			}
		}
	}
	return a
}

// newNodeLabel is the label that took the place of another, "" where none did.
func newNodeLabel(label string) string {
	switch label {
	case v1.LabelFailureDomainBetaZone:
		return v1.LabelTopologyZone
	case v1.LabelFailureDomainBetaRegion:
		return v1.LabelTopologyRegion
	case "beta.kubernetes.io/os":
		return v1.LabelOSStable
	case "beta.kubernetes.io/arch":
		return v1.LabelArchStable
	case v1.LabelInstanceType:
		return v1.LabelInstanceTypeStable
	}
	return ""
}

func validateVolumeObject(p *problems, v *v1.PersistentVolume, anyValues bool) {
	at, spec := field.NewPath("spec"), &v.Spec
	validateVolumeModes(p, at, spec)
	capacity := at.Child("capacity")
	if len(spec.Capacity) == 0 {
		p.required(capacity, "")
	}
	if _, found := spec.Capacity[v1.ResourceStorage]; !found || len(spec.Capacity) > 1 {
		p.add(field.NotSupported(capacity, spec.Capacity, []v1.ResourceName{v1.ResourceStorage}))
	}
	for _, name := range sorted(spec.Capacity) {
		validateSize(p, capacity.Key(string(name)), spec.Capacity[name])
		p.positiveQuantity(capacity.Key(string(name)), spec.Capacity[name])
	}
	if spec.PersistentVolumeReclaimPolicy != "" {
		oneOf(p, at.Child("persistentVolumeReclaimPolicy"), spec.PersistentVolumeReclaimPolicy,
			v1.PersistentVolumeReclaimDelete, v1.PersistentVolumeReclaimRecycle, v1.PersistentVolumeReclaimRetain)
	}
	if a := spec.NodeAffinity; a != nil && a.Required == nil {
		p.required(at.Child("nodeAffinity", "required"), "must specify required node constraints")
	} else if a != nil {
		validateNodeSelector(p, at.Child("nodeAffinity", "required"), a.Required, anyValues)
	}
	validateVolumeObjectSource(p, at, spec, v.Name, spec.NodeAffinity != nil)
	if spec.StorageClassName != "" {
		p.subdomain(at.Child("storageClassName"), spec.StorageClassName)
	}
	if spec.VolumeMode != nil {
		oneOf(p, at.Child("volumeMode"), *spec.VolumeMode, v1.PersistentVolumeBlock, v1.PersistentVolumeFilesystem)
	}
	if class := spec.VolumeAttributesClassName; class != nil {
		if *class == "" {
			p.required(at.Child("volumeAttributesClassName"), "an empty string is disallowed")
		} else {
			p.subdomain(at.Child("volumeAttributesClassName"), *class)
		}
		if spec.CSI == nil {
			p.required(at.Child("csi"), "has to be specified when using volumeAttributesClassName")
		}
	}
}

func validateVolumeModes(p *problems, at *field.Path, spec *v1.PersistentVolumeSpec) {
	if len(spec.AccessModes) == 0 {
		p.required(at.Child("accessModes"), "")
	}
	validateAccessModes(p, at.Child("accessModes"), spec.AccessModes)
}

// validateInlineVolume checks a volume that stands in the object that attaches it.
func validateInlineVolume(p *problems, at *field.Path, spec *v1.PersistentVolumeSpec) {
	const inContext = " in the context of inline volumes"
	not := func(is bool, name string) {
		if is {
			p.forbidden(at.Child(name), "may not be specified"+inContext)
		}
	}
	not(spec.ClaimRef != nil, "claimRef")
	not(len(spec.Capacity) != 0, "capacity")
	if spec.CSI == nil {
		p.required(at.Child("csi"), "has to be specified"+inContext)
	}
	validateVolumeModes(p, at, spec)
	if policy := spec.PersistentVolumeReclaimPolicy; policy != "" && policy != v1.PersistentVolumeReclaimRetain {
		p.forbidden(at.Child("persistentVolumeReclaimPolicy"), "may only be Retain"+inContext)
	}
	not(spec.NodeAffinity != nil, "nodeAffinity")
	validateVolumeObjectSource(p, at, spec, "", false)
	not(spec.StorageClassName != "", "storageClassName")
	if or(spec.VolumeMode, v1.PersistentVolumeFilesystem) != v1.PersistentVolumeFilesystem {
		p.forbidden(at.Child("volumeMode"), "may not specify volumeMode other than Filesystem"+inContext)
	}
}

// validateVolumeObjectSource wants one source; name is the volume's, and placed says that it says from where it can
// be reached.
func validateVolumeObjectSource(p *problems, spec *field.Path, of *v1.PersistentVolumeSpec, name string, placed bool) {
	v, s := &of.PersistentVolumeSource, &sources{problems: p, at: spec}
	s.only(v.HostPath != nil, "hostPath", func(at *field.Path) { validateHostPath(p, at, v.HostPath) })
	s.only(v.GCEPersistentDisk != nil, "gcePersistentDisk", func(at *field.Path) {
		validateDisk(p, at, "pdName", v.GCEPersistentDisk.PDName, v.GCEPersistentDisk.Partition)
	})
	s.only(v.AWSElasticBlockStore != nil, "awsElasticBlockStore", func(at *field.Path) {
		validateDisk(p, at, "volumeID", v.AWSElasticBlockStore.VolumeID, v.AWSElasticBlockStore.Partition)
	})
	s.only(v.Glusterfs != nil, "glusterfs", func(at *field.Path) { validateGlusterfsVolume(p, at, v.Glusterfs) })
	s.only(v.Flocker != nil, "flocker", func(at *field.Path) { validateFlocker(p, at, v.Flocker) })
	s.only(v.NFS != nil, "nfs", func(at *field.Path) { validateNFS(p, at, v.NFS) })
	s.only(v.RBD != nil, "rbd", func(at *field.Path) { validateRBD(p, at, v.RBD.CephMonitors, v.RBD.RBDImage) })
	s.only(v.Quobyte != nil, "quobyte", func(at *field.Path) { validateQuobyte(p, at, v.Quobyte) })
	s.only(v.CephFS != nil, "cephFS", func(at *field.Path) { validateMonitors(p, at, v.CephFS.Monitors) })
	s.only(v.ISCSI != nil, "iscsi", func(at *field.Path) { validateISCSIVolume(p, at, v.ISCSI, name) })
	s.only(v.Cinder != nil, "cinder", func(at *field.Path) {
		p.present(at.Child("volumeID"), v.Cinder.VolumeID)
		if ref := v.Cinder.SecretRef; ref != nil {
			p.present(at.Child("secretRef", "name"), ref.Name)
			p.present(at.Child("secretRef", "namespace"), ref.Namespace)
		}
	})
	s.only(v.FC != nil, "fc", func(at *field.Path) { validateFC(p, at, v.FC) })
	if v.FlexVolume != nil { // which is let stand beside another
		s.found++
		validateFlex(p, spec.Child("flexVolume"), v.FlexVolume.Driver, v.FlexVolume.Options)
	}
	s.only(v.AzureFile != nil, "azureFile", func(at *field.Path) {
		p.present(at.Child("secretName"), v.AzureFile.SecretName)
		p.present(at.Child("shareName"), v.AzureFile.ShareName)
		p.present(at.Child("secretNamespace"), or(v.AzureFile.SecretNamespace, "default"))
	})
	s.only(v.VsphereVolume != nil, "vsphereVolume", func(at *field.Path) { p.present(at.Child("volumePath"), v.VsphereVolume.VolumePath) })
	s.only(v.PhotonPersistentDisk != nil, "photonPersistentDisk", func(at *field.Path) { p.present(at.Child("pdID"), v.PhotonPersistentDisk.PdID) })
	s.only(v.PortworxVolume != nil, "portworxVolume", func(at *field.Path) { p.present(at.Child("volumeID"), v.PortworxVolume.VolumeID) })
	s.only(v.AzureDisk != nil, "azureDisk", func(at *field.Path) { validateAzureDisk(p, at, v.AzureDisk) })
	s.only(v.ScaleIO != nil, "scaleIO", func(at *field.Path) {
		validateScaleIO(p, at, v.ScaleIO.Gateway, v.ScaleIO.System, v.ScaleIO.VolumeName)
	})
	s.only(v.Local != nil, "local", func(at *field.Path) {
		if p.present(at.Child("path"), v.Local.Path) {
			noBacksteps(p, at.Child("path"), v.Local.Path)
		}
		if !placed {
			p.required(spec.Child("nodeAffinity"), "Local volume requires node affinity")
		}
	})
	s.only(v.StorageOS != nil, "storageos", func(at *field.Path) {
		validateStorageOS(p, at, v.StorageOS.VolumeName, v.StorageOS.VolumeNamespace)
		if ref := v.StorageOS.SecretRef; ref != nil {
			p.present(at.Child("secretRef", "name"), ref.Name)
			p.present(at.Child("secretRef", "namespace"), ref.Namespace)
		}
	})
	s.only(v.CSI != nil, "csi", func(at *field.Path) { validateCSIVolume(p, at, v.CSI) })
	if s.found == 0 {
		p.required(spec, "must specify a volume type")
	}
	if h := v.HostPath; h != nil && path.Clean(h.Path) == "/" && of.PersistentVolumeReclaimPolicy == v1.PersistentVolumeReclaimRecycle {
		p.forbidden(spec.Child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'")
	}
}

func validateGlusterfsVolume(p *problems, at *field.Path, g *v1.GlusterfsPersistentVolumeSource) {
	p.present(at.Child("endpoints"), g.EndpointsName)
	p.present(at.Child("path"), g.Path)
	switch namespace := g.EndpointsNamespace; {
	case namespace == nil:
	case *namespace == "":
		p.invalid(at.Child("endpointsNamespace"), *namespace, "if the endpointnamespace is set, it must be a valid namespace name")
	default:
		p.each(at.Child("endpointsNamespace"), *namespace, validation.ValidateNamespaceName(*namespace, false))
	}
}

func validateISCSIVolume(p *problems, at *field.Path, i *v1.ISCSIPersistentVolumeSource, name string) {
	p.present(at.Child("targetPortal"), i.TargetPortal)
	if i.InitiatorName != nil && len(name+":"+i.TargetPortal) > 64 {
		p.invalid(at.Child("targetportal"), i.TargetPortal, iscsiTooLong)
	}
	if p.present(at.Child("iqn"), i.IQN) {
		if _, good := iscsiForm(i.IQN); !good {
			p.invalid(at.Child("iqn"), i.IQN, "must be valid format")
		}
	}
	if i.Lun < 0 || i.Lun > 255 {
		p.invalid(at.Child("lun"), i.Lun, utilvalidation.InclusiveRangeError(0, 255))
	}
	if (i.DiscoveryCHAPAuth || i.SessionCHAPAuth) && i.SecretRef == nil {
		p.required(at.Child("secretRef"), "")
	}
	if i.SecretRef != nil {
		p.present(at.Child("secretRef", "name"), i.SecretRef.Name)
	}
	if i.InitiatorName != nil {
		if _, good := iscsiForm(*i.InitiatorName); !good {
			p.invalid(at.Child("initiatorname"), *i.InitiatorName, "must be valid format")
		}
	}
}

func validateCSIVolume(p *problems, at *field.Path, c *v1.CSIPersistentVolumeSource) {
	validateDriverName(p, at.Child("driver"), c.Driver)
	p.present(at.Child("volumeHandle"), c.VolumeHandle)
	for _, s := range []struct {
		name string
		ref  *v1.SecretReference
	}{
		{"controllerPublishSecretRef", c.ControllerPublishSecretRef}, {"controllerExpandSecretRef", c.ControllerExpandSecretRef},
		{"nodePublishSecretRef", c.NodePublishSecretRef}, {"nodeExpandSecretRef", c.NodeExpandSecretRef},
	} {
		if s.ref == nil {
			continue
		}
		at := at.Child(s.name)
		if p.present(at.Child("name"), s.ref.Name) {
			p.subdomain(at.Child("name"), s.ref.Name)
		}
		if p.present(at.Child("namespace"), s.ref.Namespace) {
			p.label(at.Child("namespace"), s.ref.Namespace)
		}
	}
}
