package resources

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"unicode"

	v1 "k8s.io/api/core/v1"
)

// inward shows an API object in the form that the real server holds it in: messages that quote a part of an object
// quote that form, with its Go names for keys and with nothing left out.
type inward struct{ of any }

// MarshalJSON implements json.Marshaler.
func (i inward) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	err := writeInward(&out, reflect.ValueOf(i.of))
	return out.Bytes(), err
}

// inwardText is the form with a line for each value, as differences are shown in.
func inwardText(of any) (string, error) {
	compact, err := inward{of}.MarshalJSON()
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = json.Indent(&out, compact, "", " ")
	return out.String(), err
}

// inwardOrder names the fields of the kinds whose order differs from that of the API, and those that the API keeps
// elsewhere or does not have. All other kinds have the same fields in the same order.
func inwardOrder(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[v1.PodSpec]():
		return "Volumes InitContainers Containers EphemeralContainers RestartPolicy TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy NodeSelector ServiceAccountName AutomountServiceAccountToken NodeName SecurityContext ImagePullSecrets Hostname Subdomain SetHostnameAsFQDN Affinity SchedulerName Tolerations HostAliases PriorityClassName Priority PreemptionPolicy DNSConfig ReadinessGates RuntimeClassName Overhead EnableServiceLinks TopologySpreadConstraints OS SchedulingGates ResourceClaims Resources HostnameOverride SchedulingGroup"
	case reflect.TypeFor[inwardSecurity]():
		return "HostNetwork HostPID HostIPC ShareProcessNamespace HostUsers SELinuxOptions WindowsOptions RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups SupplementalGroupsPolicy FSGroup FSGroupChangePolicy Sysctls SeccompProfile AppArmorProfile SELinuxChangePolicy"
	case reflect.TypeFor[v1.VolumeSource]():
		return "HostPath EmptyDir GCEPersistentDisk AWSElasticBlockStore GitRepo Secret NFS ISCSI Glusterfs PersistentVolumeClaim RBD Quobyte FlexVolume Cinder CephFS Flocker DownwardAPI FC AzureFile ConfigMap VsphereVolume AzureDisk PhotonPersistentDisk Projected PortworxVolume ScaleIO StorageOS CSI Ephemeral Image"
	case reflect.TypeFor[v1.PersistentVolumeSource]():
		return "GCEPersistentDisk AWSElasticBlockStore HostPath Glusterfs NFS RBD Quobyte ISCSI FlexVolume Cinder CephFS FC Flocker AzureFile VsphereVolume AzureDisk PhotonPersistentDisk PortworxVolume ScaleIO Local StorageOS CSI"
	case reflect.TypeFor[v1.ServiceSpec]():
		return "Type Ports Selector ClusterIP ClusterIPs IPFamilies IPFamilyPolicy ExternalName ExternalIPs LoadBalancerIP SessionAffinity SessionAffinityConfig LoadBalancerSourceRanges ExternalTrafficPolicy HealthCheckNodePort PublishNotReadyAddresses AllocateLoadBalancerNodePorts LoadBalancerClass InternalTrafficPolicy TrafficDistribution"
	}
	return ""
}

// inwardSecurity is a pod's security context with what the API keeps beside it.
type inwardSecurity struct {
	v1.PodSecurityContext
	HostNetwork, HostPID, HostIPC    bool
	ShareProcessNamespace, HostUsers *bool
}

func securityOf(spec v1.PodSpec) any {
	if spec.SecurityContext == nil {
		return nil
	}
	return inwardSecurity{*spec.SecurityContext, spec.HostNetwork, spec.HostPID, spec.HostIPC, spec.ShareProcessNamespace, spec.HostUsers}
}

func writeInward(out *bytes.Buffer, v reflect.Value) error {
	switch {
	case !v.IsValid(), (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil():
		out.WriteString("null")
		return nil
	case v.Kind() == reflect.Pointer, v.Kind() == reflect.Interface:
		return writeInward(out, v.Elem())
	case v.Kind() == reflect.Struct && hasInwardForm(v.Type()):
		return writeInwardStruct(out, v)
	case v.Kind() == reflect.Slice && !v.IsNil() && v.Type().Elem().Kind() != reflect.Uint8:
		out.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeInward(out, v.Index(i)); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	}
	text, err := json.Marshal(v.Interface())
	out.Write(text)
	return err
}

// hasInwardForm says whether a type is one of the API's own; those of its libraries are the same inside and outside.
func hasInwardForm(t reflect.Type) bool {
	return strings.HasPrefix(t.PkgPath(), "k8s.io/api/") || t == reflect.TypeFor[inwardSecurity]()
}

func writeInwardStruct(out *bytes.Buffer, v reflect.Value) error {
	out.WriteByte('{')
	first := true
	err := writeInwardFields(out, v, &first)
	out.WriteByte('}')
	return err
}

func writeInwardFields(out *bytes.Buffer, v reflect.Value, first *bool) error {
	names := strings.Fields(inwardOrder(v.Type()))
	if len(names) == 0 {
		for i := range v.NumField() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	for _, name := range names {
		f, _ := v.Type().FieldByName(name)
		value := v.FieldByIndex(f.Index)
		if f.Anonymous {
			if err := writeEmbedded(out, value, first); err != nil {
				return err
			}
			continue
		}
		if spec, ok := v.Interface().(v1.PodSpec); ok && name == "SecurityContext" {
			value = reflect.ValueOf(securityOf(spec))
		}
		if !*first {
			out.WriteByte(',')
		}
		*first = false
		out.WriteString(`"` + name + `":`)
		if err := writeInward(out, value); err != nil {
			return err
		}
	}
	return nil
}

// writeEmbedded writes the fields of an embedded struct among those of the struct around it.
func writeEmbedded(out *bytes.Buffer, v reflect.Value, first *bool) error {
	if hasInwardForm(v.Type()) {
		return writeInwardFields(out, v, first)
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return err
	}
	text = bytes.TrimFunc(text, unicode.IsSpace)
	if text = text[1 : len(text)-1]; len(text) > 0 {
		if !*first {
			out.WriteByte(',')
		}
		*first = false
		out.Write(text)
	}
	return nil
}
