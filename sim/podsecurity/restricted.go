package podsecurity

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

func privilegeEscalation(s subject) string {
	names := s.which(func(c *v1.Container) bool {
		return c.SecurityContext == nil || c.SecurityContext.AllowPrivilegeEscalation == nil || *c.SecurityContext.AllowPrivilegeEscalation
	})
	if len(names) == 0 {
		return ""
	}
	return containers(names) + " must set securityContext.allowPrivilegeEscalation=false"
}

func droppedCapabilities(s subject) string {
	keeping := s.which(func(c *v1.Container) bool {
		return c.SecurityContext == nil || c.SecurityContext.Capabilities == nil || !slices.Contains(c.SecurityContext.Capabilities.Drop, "ALL")
	})
	bad := values{}
	adding := s.secured(func(c *v1.SecurityContext) bool {
		return added(c, bad, func(c v1.Capability) bool { return c == "NET_BIND_SERVICE" })
	})
	var details []string
	if len(keeping) > 0 {
		details = append(details, containers(keeping)+` must set securityContext.capabilities.drop=["ALL"]`)
	}
	if len(adding) > 0 {
		details = append(details, fmt.Sprintf("%s must not include %s in securityContext.capabilities.add", containers(adding), quoted(bad.list())))
	}
	return strings.Join(details, "; ")
}

func restrictedVolumes(s subject) string {
	var names []string
	types := values{}
	for i := range s.spec.Volumes {
		if kind := restrictedType(&s.spec.Volumes[i].VolumeSource); kind != "" {
			names = append(names, s.spec.Volumes[i].Name)
			types[kind] = true
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s %s %s %s %s", plural("volume", "volumes", len(names)), quoted(names), plural("uses", "use", len(names)),
		plural("restricted volume type", "restricted volume types", len(types)), quoted(types.list()))
}

// restrictedType names the kind of a volume that may not be used, nothing for one that may.
func restrictedType(v *v1.VolumeSource) string {
	if v.ConfigMap != nil || v.CSI != nil || v.DownwardAPI != nil || v.EmptyDir != nil || v.Ephemeral != nil || v.Image != nil ||
		v.PersistentVolumeClaim != nil || v.Projected != nil || v.Secret != nil {
		return ""
	}
	for _, t := range []struct {
		set  bool
		name string
	}{
		{v.HostPath != nil, "hostPath"}, {v.GCEPersistentDisk != nil, "gcePersistentDisk"},
		{v.AWSElasticBlockStore != nil, "awsElasticBlockStore"}, {v.GitRepo != nil, "gitRepo"}, {v.NFS != nil, "nfs"},
		{v.ISCSI != nil, "iscsi"}, {v.Glusterfs != nil, "glusterfs"}, {v.RBD != nil, "rbd"}, {v.FlexVolume != nil, "flexVolume"},
		{v.Cinder != nil, "cinder"}, {v.CephFS != nil, "cephfs"}, {v.Flocker != nil, "flocker"}, {v.FC != nil, "fc"},
		{v.AzureFile != nil, "azureFile"}, {v.VsphereVolume != nil, "vsphereVolume"}, {v.Quobyte != nil, "quobyte"},
		{v.AzureDisk != nil, "azureDisk"}, {v.PhotonPersistentDisk != nil, "photonPersistentDisk"},
		{v.PortworxVolume != nil, "portworxVolume"}, {v.ScaleIO != nil, "scaleIO"}, {v.StorageOS != nil, "storageos"},
	} {
		if t.set {
			return t.name
		}
	}
	return "unknown"
}

func runAsNonRoot(s subject) string {
	pod := s.security().RunAsNonRoot
	refusing := s.secured(func(c *v1.SecurityContext) bool { return c.RunAsNonRoot != nil && !*c.RunAsNonRoot })
	if who := setters(pod != nil && !*pod, refusing); who != "" {
		return who + " must not set securityContext.runAsNonRoot=false"
	}
	if pod != nil {
		return ""
	}
	silent := s.which(func(c *v1.Container) bool { return c.SecurityContext == nil || c.SecurityContext.RunAsNonRoot == nil })
	if len(silent) == 0 {
		return ""
	}
	return "pod or " + containers(silent) + " must set securityContext.runAsNonRoot=true"
}

func runAsUser(s subject) string {
	root := func(id *int64) bool { return id != nil && *id == 0 }
	who := setters(root(s.security().RunAsUser), s.secured(func(c *v1.SecurityContext) bool { return root(c.RunAsUser) }))
	if who == "" {
		return ""
	}
	return who + " must not set runAsUser=0"
}

func seccompProfileSet(s subject) string {
	if wrong := seccompProfile(s); wrong != "" || s.security().SeccompProfile != nil {
		return wrong
	}
	silent := s.which(func(c *v1.Container) bool { return c.SecurityContext == nil || c.SecurityContext.SeccompProfile == nil })
	if len(silent) == 0 {
		return ""
	}
	return "pod or " + containers(silent) + ` must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`
}
