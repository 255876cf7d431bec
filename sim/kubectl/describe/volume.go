package describe

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// volumes writes a pod's volumes; those of a template are indented by one blank more.
func (p *page) volumes(volumes []corev1.Volume, template bool) {
	indent, nameIndent := "", ""
	if template {
		indent, nameIndent = "  ", " "
	}
	if len(volumes) == 0 {
		p.put(0, "%sVolumes:\t<none>\n", indent)
		return
	}
	p.put(0, "%sVolumes:\n", indent)
	for i := range volumes {
		p.put(1, "%s%v:\n", nameIndent, volumes[i].Name)
		p.volume(&volumes[i].VolumeSource)
	}
}

// source writes a volume's type and then pairs of title and value.
func (p *page) source(what string, pairs ...any) {
	p.field(2, "Type", "%s", what)
	for i := 0; i < len(pairs); i += 2 {
		p.put(2, "%s:\t%v\n", pairs[i], pairs[i+1])
	}
}

// What kubectl says of each type of volume.
const (
	aboutHostPath  = "HostPath (bare host directory volume)"
	aboutEmptyDir  = "EmptyDir (a temporary directory that shares a pod's lifetime)"
	aboutGCE       = "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)"
	aboutAWS       = "AWSElasticBlockStore (a Persistent Disk resource in AWS)"
	aboutGit       = "GitRepo (a volume that is pulled from git when the pod is created)"
	aboutSecret    = "Secret (a volume populated by a Secret)"
	aboutConfigMap = "ConfigMap (a volume populated by a ConfigMap)"
	aboutProjected = "Projected (a volume that contains injected data from multiple sources)"
	aboutNFS       = "NFS (an NFS mount that lasts the lifetime of a pod)"
	aboutQuobyte   = "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)"
	aboutPortworx  = "PortworxVolume (a Portworx Volume resource)"
	aboutISCSI     = "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)"
	aboutGlusterfs = "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)"
	aboutClaim     = "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)"
	aboutEphemeral = "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)"
	aboutRBD       = "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)"
	aboutDownward  = "DownwardAPI (a volume populated by information about the pod)"
	aboutAzureDisk = "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)"
	aboutVSphere   = "vSphereVolume (a Persistent Disk resource in vSphere)"
	aboutPhoton    = "PhotonPersistentDisk (a Persistent Disk resource in photon platform)"
	aboutCinder    = "Cinder (a Persistent Disk resource in OpenStack)"
	aboutScaleIO   = "ScaleIO (a persistent volume backed by a block device in ScaleIO)"
	aboutLocal     = "LocalVolume (a persistent volume backed by local storage on a node)"
	aboutCephFS    = "CephFS (a CephFS mount on the host that shares a pod's lifetime)"
	aboutStorageOS = "StorageOS (a StorageOS Persistent Disk resource)"
	aboutFC        = "FC (a Fibre Channel disk)"
	aboutAzureFile = "AzureFile (an Azure File Service mount on the host and bind mount to the pod)"
	aboutFlex      = "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)"
	aboutFlocker   = "Flocker (a Flocker volume mounted by the Flocker agent)"
	aboutCSI       = "CSI (a Container Storage Interface (CSI) volume source)"
	aboutImage     = "Image (a container image or OCI artifact)"
)

func (p *page) volume(v *corev1.VolumeSource) {
	switch {
	case v.HostPath != nil:
		p.hostPath(v.HostPath)
	case v.EmptyDir != nil:
		limit := "<unset>"
		if v.EmptyDir.SizeLimit != nil && v.EmptyDir.SizeLimit.Sign() > 0 {
			limit = v.EmptyDir.SizeLimit.String()
		}
		p.source(aboutEmptyDir, "Medium", v.EmptyDir.Medium, "SizeLimit", limit)
	case v.GitRepo != nil:
		p.source(aboutGit, "Repository", v.GitRepo.Repository, "Revision", v.GitRepo.Revision)
	case v.Secret != nil:
		p.source(aboutSecret, "SecretName", v.Secret.SecretName, "Optional", isTrue(v.Secret.Optional))
	case v.ConfigMap != nil:
		p.source(aboutConfigMap, "Name", v.ConfigMap.Name, "Optional", isTrue(v.ConfigMap.Optional))
	case v.PersistentVolumeClaim != nil:
		p.source(aboutClaim, "ClaimName", v.PersistentVolumeClaim.ClaimName, "ReadOnly", v.PersistentVolumeClaim.ReadOnly)
	case v.Ephemeral != nil:
		p.source(aboutEphemeral)
		if t := v.Ephemeral.VolumeClaimTemplate; t != nil {
			p.claimTemplate(&corev1.PersistentVolumeClaim{ObjectMeta: t.ObjectMeta, Spec: t.Spec})
		}
	case v.DownwardAPI != nil:
		p.downward(v.DownwardAPI)
	case v.Projected != nil:
		p.projected(v.Projected)
	case v.CSI != nil:
		p.source(aboutCSI, "Driver", v.CSI.Driver, "FSType", or(v.CSI.FSType, "%s", ""), "ReadOnly", isTrue(v.CSI.ReadOnly))
		p.volumeAttributes(v.CSI.VolumeAttributes)
	case v.Image != nil:
		p.source(aboutImage, "Reference", v.Image.Reference, "PullPolicy", v.Image.PullPolicy)
	case v.NFS != nil:
		p.source(aboutNFS, "Server", v.NFS.Server, "Path", v.NFS.Path, "ReadOnly", v.NFS.ReadOnly)
	default:
		p.legacyVolume(v)
	}
}

// legacyVolume writes the types of volume that are bound to one maker's storage.
func (p *page) legacyVolume(v *corev1.VolumeSource) {
	switch {
	case v.GCEPersistentDisk != nil:
		p.disk(aboutGCE, "PDName", v.GCEPersistentDisk.PDName, v.GCEPersistentDisk.FSType, v.GCEPersistentDisk.Partition, v.GCEPersistentDisk.ReadOnly)
	case v.AWSElasticBlockStore != nil:
		s := v.AWSElasticBlockStore
		p.disk(aboutAWS, "VolumeID", s.VolumeID, s.FSType, s.Partition, s.ReadOnly)
	case v.ISCSI != nil:
		s := v.ISCSI
		p.iscsi(s.TargetPortal, s.IQN, s.Lun, s.ISCSIInterface, s.FSType, s.ReadOnly, s.Portals, s.DiscoveryCHAPAuth, s.SessionCHAPAuth, s.SecretRef, s.InitiatorName)
	case v.Glusterfs != nil:
		p.source(aboutGlusterfs, "EndpointsName", v.Glusterfs.EndpointsName, "Path", v.Glusterfs.Path, "ReadOnly", v.Glusterfs.ReadOnly)
	case v.RBD != nil:
		s := v.RBD
		p.rbd(s.CephMonitors, s.RBDImage, s.FSType, s.RBDPool, s.RadosUser, s.Keyring, s.SecretRef, s.ReadOnly)
	case v.Quobyte != nil:
		p.source(aboutQuobyte, "Registry", v.Quobyte.Registry, "Volume", v.Quobyte.Volume, "ReadOnly", v.Quobyte.ReadOnly)
	case v.AzureDisk != nil:
		p.azureDisk(v.AzureDisk)
	case v.VsphereVolume != nil:
		p.source(aboutVSphere, "VolumePath", v.VsphereVolume.VolumePath, "FSType", v.VsphereVolume.FSType, "StoragePolicyName", v.VsphereVolume.StoragePolicyName)
	case v.Cinder != nil:
		p.source(aboutCinder, "VolumeID", v.Cinder.VolumeID, "FSType", v.Cinder.FSType, "ReadOnly", v.Cinder.ReadOnly, "SecretRef", v.Cinder.SecretRef)
	case v.PhotonPersistentDisk != nil:
		p.source(aboutPhoton, "PdID", v.PhotonPersistentDisk.PdID, "FSType", v.PhotonPersistentDisk.FSType)
	case v.PortworxVolume != nil:
		p.source(aboutPortworx, "VolumeID", v.PortworxVolume.VolumeID)
	case v.ScaleIO != nil:
		s := v.ScaleIO
		p.source(aboutScaleIO, "Gateway", s.Gateway, "System", s.System, "Protection Domain", s.ProtectionDomain, "Storage Pool", s.StoragePool,
			"Storage Mode", s.StorageMode, "VolumeName", s.VolumeName, "FSType", s.FSType, "ReadOnly", s.ReadOnly)
	case v.CephFS != nil:
		s := v.CephFS
		p.source(aboutCephFS, "Monitors", s.Monitors, "Path", s.Path, "User", s.User, "SecretFile", s.SecretFile, "SecretRef", s.SecretRef, "ReadOnly", s.ReadOnly)
	case v.StorageOS != nil:
		s := v.StorageOS
		p.source(aboutStorageOS, "VolumeName", s.VolumeName, "VolumeNamespace", s.VolumeNamespace, "FSType", s.FSType, "ReadOnly", s.ReadOnly)
	case v.FC != nil:
		p.fibreChannel(v.FC)
	case v.AzureFile != nil:
		p.source(aboutAzureFile, "SecretName", v.AzureFile.SecretName, "ShareName", v.AzureFile.ShareName, "ReadOnly", v.AzureFile.ReadOnly)
	case v.FlexVolume != nil:
		s := v.FlexVolume
		p.source(aboutFlex, "Driver", s.Driver, "FSType", s.FSType, "SecretRef", s.SecretRef, "ReadOnly", s.ReadOnly, "Options", s.Options)
	case v.Flocker != nil:
		p.source(aboutFlocker, "DatasetName", v.Flocker.DatasetName, "DatasetUUID", v.Flocker.DatasetUUID)
	default:
		p.put(1, "<unknown>\n")
	}
}

func (p *page) hostPath(v *corev1.HostPathVolumeSource) {
	p.source(aboutHostPath, "Path", v.Path, "HostPathType", or(v.Type, "%s", "<none>"))
}

func (p *page) disk(about, title, name, fsType string, partition int32, readOnly bool) {
	p.source(about, title, name, "FSType", fsType, "Partition", partition, "ReadOnly", readOnly)
}

func (p *page) iscsi(portal, iqn string, lun int32, iface, fsType string, readOnly bool, portals []string, discovery, session bool, secret fmt.Stringer, initiator *string) {
	p.source(aboutISCSI, "TargetPortal", portal, "IQN", iqn, "Lun", lun)
	p.put(2, "ISCSIInterface\t%v\n", iface)
	for _, f := range []struct {
		title string
		value any
	}{{"FSType", fsType}, {"ReadOnly", readOnly}, {"Portals", portals}, {"DiscoveryCHAPAuth", discovery}, {"SessionCHAPAuth", session},
		{"SecretRef", secret}, {"InitiatorName", or(initiator, "%s", "<none>")}} {
		p.field(2, f.title, "%v", f.value)
	}
}

func (p *page) rbd(monitors []string, image, fsType, pool, user, keyring string, secret fmt.Stringer, readOnly bool) {
	p.source(aboutRBD, "CephMonitors", monitors, "RBDImage", image, "FSType", fsType, "RBDPool", pool, "RadosUser", user,
		"Keyring", keyring, "SecretRef", secret, "ReadOnly", readOnly)
}

func (p *page) azureDisk(v *corev1.AzureDiskVolumeSource) {
	p.source(aboutAzureDisk, "DiskName", v.DiskName, "DiskURI", v.DataDiskURI)
	p.put(2, "Kind: \t%s\n", or(v.Kind, "%s", ""))
	p.field(2, "FSType", "%s", or(v.FSType, "%s", ""))
	p.field(2, "CachingMode", "%s", or(v.CachingMode, "%s", ""))
	p.field(2, "ReadOnly", "%v", isTrue(v.ReadOnly))
}

func (p *page) fibreChannel(v *corev1.FCVolumeSource) {
	lun := "<none>"
	if v.Lun != nil {
		lun = strconv.Itoa(int(*v.Lun))
	}
	p.source(aboutFC, "TargetWWNs", strings.Join(v.TargetWWNs, ", "), "LUN", lun, "FSType", v.FSType, "ReadOnly", v.ReadOnly)
}

func (p *page) downward(v *corev1.DownwardAPIVolumeSource) {
	p.source(aboutDownward)
	p.head(2, "Items")
	for _, item := range v.Items {
		if item.FieldRef != nil {
			p.put(3, "%v -> %v\n", item.FieldRef.FieldPath, item.Path)
		}
		if item.ResourceFieldRef != nil {
			p.put(3, "%v -> %v\n", item.ResourceFieldRef.Resource, item.Path)
		}
	}
}

func (p *page) projected(v *corev1.ProjectedVolumeSource) {
	p.source(aboutProjected)
	for _, s := range v.Sources {
		switch {
		case s.Secret != nil:
			p.field(2, "SecretName", "%v", s.Secret.Name)
			p.field(2, "Optional", "%v", isTrue(s.Secret.Optional))
		case s.DownwardAPI != nil:
			p.field(2, "DownwardAPI", "true")
		case s.ConfigMap != nil:
			p.field(2, "ConfigMapName", "%v", s.ConfigMap.Name)
			p.field(2, "Optional", "%v", isTrue(s.ConfigMap.Optional))
		case s.ServiceAccountToken != nil:
			p.field(2, "TokenExpirationSeconds", "%s", or(s.ServiceAccountToken.ExpirationSeconds, "%d", ""))
		}
	}
}

func (p *page) volumeAttributes(m map[string]string) {
	p.put(2, "VolumeAttributes:\t")
	if len(m) == 0 {
		p.put(0, "<none>\n")
	}
	for i, k := range sorted(m) {
		if i > 0 {
			p.put(2, "")
			p.put(2, "\t")
		}
		p.put(2, "%s\n", shorten(k+"="+m[k], widestAnnotation))
	}
}
