package describe

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

func persistentVolume(c *call, p *page) error {
	var o corev1.PersistentVolume
	if err := c.get(core("persistentvolumes"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "Finalizers", "%v", o.Finalizers)
	class, ok := o.Annotations[corev1.BetaStorageClassAnnotation]
	if !ok {
		class = o.Spec.StorageClassName
	}
	p.field(0, "StorageClass", "%s", class)
	if o.DeletionTimestamp != nil {
		p.field(0, "Status", "Terminating (lasts %s)", p.since(*o.DeletionTimestamp))
	} else {
		p.field(0, "Status", "%v", o.Status.Phase)
	}
	claim := ""
	if o.Spec.ClaimRef != nil {
		claim = o.Spec.ClaimRef.Namespace + "/" + o.Spec.ClaimRef.Name
	}
	p.field(0, "Claim", "%s", claim)
	p.field(0, "Reclaim Policy", "%v", o.Spec.PersistentVolumeReclaimPolicy)
	p.field(0, "Access Modes", "%s", accessModes(o.Spec.AccessModes))
	if o.Spec.VolumeMode != nil {
		p.field(0, "VolumeMode", "%v", *o.Spec.VolumeMode)
	}
	capacity := o.Spec.Capacity[corev1.ResourceStorage]
	p.field(0, "Capacity", "%s", capacity.String())
	p.nodeAffinity(o.Spec.NodeAffinity)
	p.field(0, "Message", "%s", o.Status.Message)
	p.head(0, "Source")
	p.persistentSource(&o.Spec.PersistentVolumeSource)
	c.events(p, "PersistentVolume", &o.ObjectMeta)
	return nil
}

func accessModes(modes []corev1.PersistentVolumeAccessMode) string {
	var list []string
	for _, m := range []struct {
		mode  corev1.PersistentVolumeAccessMode
		short string
	}{{corev1.ReadWriteOnce, "RWO"}, {corev1.ReadOnlyMany, "ROX"}, {corev1.ReadWriteMany, "RWX"}, {corev1.ReadWriteOncePod, "RWOP"}} {
		for _, have := range modes {
			if have == m.mode {
				list = append(list, m.short)
				break
			}
		}
	}
	return strings.Join(list, ",")
}

func (p *page) nodeAffinity(a *corev1.VolumeNodeAffinity) {
	if a == nil || a.Required == nil {
		p.field(0, "Node Affinity", "<none>")
		return
	}
	p.field(0, "Node Affinity", "")
	if len(a.Required.NodeSelectorTerms) == 0 {
		p.field(1, "Required Terms", "<none>")
		return
	}
	p.field(1, "Required Terms", "")
	for i, term := range a.Required.NodeSelectorTerms {
		var requirements []string
		for _, r := range term.MatchExpressions {
			requirements = append(requirements, requirement(r.Key, strings.ToLower(string(r.Operator)), r.Values))
		}
		p.terms(2, i, requirements)
	}
}

func requirement(key, operator string, values []string) string {
	text := key + " " + operator
	if len(values) > 0 {
		text += " [" + strings.Join(values, ", ") + "]"
	}
	return text
}

// terms writes the requirements of one numbered term.
func (p *page) terms(level, number int, requirements []string) {
	p.put(level, "%s:\t", fmt.Sprintf("Term %d", number))
	if len(requirements) == 0 {
		p.put(0, "<none>\n")
	}
	for i, r := range requirements {
		if i > 0 {
			p.put(level, "\t")
		}
		p.put(0, "%s\n", r)
	}
}

func (p *page) persistentSource(s *corev1.PersistentVolumeSource) {
	switch {
	case s.Glusterfs != nil:
		p.source(aboutGlusterfs, "EndpointsName", s.Glusterfs.EndpointsName, "EndpointsNamespace", or(s.Glusterfs.EndpointsNamespace, "%s", "<unset>"),
			"Path", s.Glusterfs.Path, "ReadOnly", s.Glusterfs.ReadOnly)
	case s.ISCSI != nil:
		v := s.ISCSI
		p.iscsi(v.TargetPortal, v.IQN, v.Lun, v.ISCSIInterface, v.FSType, v.ReadOnly, v.Portals, v.DiscoveryCHAPAuth, v.SessionCHAPAuth, v.SecretRef, v.InitiatorName)
	case s.RBD != nil:
		v := s.RBD
		p.rbd(v.CephMonitors, v.RBDImage, v.FSType, v.RBDPool, v.RadosUser, v.Keyring, v.SecretRef, v.ReadOnly)
	case s.Cinder != nil:
		p.source(aboutCinder, "VolumeID", s.Cinder.VolumeID, "FSType", s.Cinder.FSType, "ReadOnly", s.Cinder.ReadOnly, "SecretRef", s.Cinder.SecretRef)
	case s.ScaleIO != nil:
		v, namespace, name := s.ScaleIO, "", ""
		if v.SecretRef != nil {
			namespace, name = v.SecretRef.Namespace, v.SecretRef.Name
		}
		p.source(aboutScaleIO, "Gateway", v.Gateway, "System", v.System, "Protection Domain", v.ProtectionDomain, "Storage Pool", v.StoragePool,
			"Storage Mode", v.StorageMode, "VolumeName", v.VolumeName, "SecretName", name, "SecretNamespace", namespace, "FSType", v.FSType, "ReadOnly", v.ReadOnly)
	case s.Local != nil:
		p.source(aboutLocal, "Path", s.Local.Path)
	case s.CephFS != nil:
		v := s.CephFS
		p.source(aboutCephFS, "Monitors", v.Monitors, "Path", v.Path, "User", v.User, "SecretFile", v.SecretFile, "SecretRef", v.SecretRef, "ReadOnly", v.ReadOnly)
	case s.StorageOS != nil:
		v := s.StorageOS
		p.source(aboutStorageOS, "VolumeName", v.VolumeName, "VolumeNamespace", v.VolumeNamespace, "FSType", v.FSType, "ReadOnly", v.ReadOnly)
	case s.AzureFile != nil:
		v := s.AzureFile
		p.source(aboutAzureFile, "SecretName", v.SecretName, "SecretNamespace", or(v.SecretNamespace, "%s", ""), "ShareName", v.ShareName, "ReadOnly", v.ReadOnly)
	case s.FlexVolume != nil:
		v := s.FlexVolume
		p.source(aboutFlex, "Driver", v.Driver, "FSType", v.FSType, "SecretRef", v.SecretRef, "ReadOnly", v.ReadOnly, "Options", v.Options)
	case s.CSI != nil:
		p.source(aboutCSI, "Driver", s.CSI.Driver, "FSType", s.CSI.FSType, "VolumeHandle", s.CSI.VolumeHandle, "ReadOnly", s.CSI.ReadOnly)
		p.volumeAttributes(s.CSI.VolumeAttributes)
	default:
		p.volume(&corev1.VolumeSource{
			HostPath: s.HostPath, GCEPersistentDisk: s.GCEPersistentDisk, AWSElasticBlockStore: s.AWSElasticBlockStore, NFS: s.NFS,
			Quobyte: s.Quobyte, VsphereVolume: s.VsphereVolume, AzureDisk: s.AzureDisk, PhotonPersistentDisk: s.PhotonPersistentDisk,
			PortworxVolume: s.PortworxVolume, FC: s.FC, Flocker: s.Flocker,
		})
	}
}
