package resources

import (
	"fmt"
	"regexp"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *podChecks) validatePodSecurity(spec *field.Path) {
	at, s := spec.Child("securityContext"), c.spec.SecurityContext
	if s == nil {
		return
	}
	if s.FSGroup != nil {
		c.each(at.Child("fsGroup"), *s.FSGroup, validation.IsValidGroupID(*s.FSGroup))
	}
	c.validateIDs(at, s.RunAsUser, s.RunAsGroup)
	for i, group := range s.SupplementalGroups {
		c.each(at.Child("supplementalGroups").Index(i), group, validation.IsValidGroupID(group))
	}
	if c.spec.HostPID && or(c.spec.ShareProcessNamespace, false) {
		c.invalid(at.Child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled")
	}
	c.validateSysctls(at.Child("sysctls"), s.Sysctls)
	if s.FSGroupChangePolicy != nil {
		oneOf(c.problems, at.Child("fsGroupChangePolicy"), *s.FSGroupChangePolicy, v1.FSGroupChangeAlways, v1.FSGroupChangeOnRootMismatch)
	}
	validateSeccomp(c.problems, at.Child("seccompProfile"), s.SeccompProfile)
	validateWindowsOptions(c.problems, at.Child("windowsOptions"), s.WindowsOptions)
	validateAppArmor(c.problems, at.Child("appArmorProfile"), s.AppArmorProfile)
	if s.SupplementalGroupsPolicy != nil {
		oneOf(c.problems, at.Child("supplementalGroupsPolicy"), *s.SupplementalGroupsPolicy, v1.SupplementalGroupsPolicyMerge, v1.SupplementalGroupsPolicyStrict)
	}
	if change := s.SELinuxChangePolicy; change != nil {
		if c.rules.anySELinuxChange {
			oneOf(c.problems, at.Child("seLinuxChangePolicy"), *change, v1.SELinuxChangePolicyMountOption, v1.SELinuxChangePolicyRecursive)
		} else {
			oneOf(c.problems, at.Child("seLinuxChangePolicy"), *change, v1.SELinuxChangePolicyRecursive)
		}
	}
}

func (c *podChecks) validateIDs(at *field.Path, user, group *int64) {
	if user != nil {
		c.each(at.Child("runAsUser"), *user, validation.IsValidUserID(*user))
	}
	if group != nil {
		c.each(at.Child("runAsGroup"), *group, validation.IsValidGroupID(*group))
	}
}

func (c *podChecks) validateSecurity(at *field.Path, s *v1.SecurityContext) {
	if s == nil {
		return
	}
	c.validateIDs(at, s.RunAsUser, s.RunAsGroup)
	if s.ProcMount != nil {
		oneOf(c.problems, at.Child("procMount"), *s.ProcMount, v1.DefaultProcMount, v1.UnmaskedProcMount)
		if c.hostUsers && *s.ProcMount == v1.UnmaskedProcMount {
			c.invalid(at.Child("procMount"), s.ProcMount, "`hostUsers` must be false to use `Unmasked`")
		}
	}
	validateSeccomp(c.problems, at.Child("seccompProfile"), s.SeccompProfile)
	if !or(s.AllowPrivilegeEscalation, true) {
		if or(s.Privileged, false) {
			c.invalid(at, inward{s}, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
		}
		if s.Capabilities != nil {
			for _, capability := range s.Capabilities.Add {
				if capability == "CAP_SYS_ADMIN" {
					c.invalid(at, inward{s}, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
				}
			}
		}
	}
	validateWindowsOptions(c.problems, at.Child("windowsOptions"), s.WindowsOptions)
	validateAppArmor(c.problems, at.Child("appArmorProfile"), s.AppArmorProfile)
}

func validateSeccomp(p *problems, at *field.Path, s *v1.SeccompProfile) {
	if s == nil {
		return
	}
	if s.Type == "" {
		p.required(at.Child("type"), "type is required when seccompProfile is set")
	} else {
		oneOf(p, at.Child("type"), s.Type, v1.SeccompProfileTypeLocalhost, v1.SeccompProfileTypeRuntimeDefault, v1.SeccompProfileTypeUnconfined)
	}
	at = at.Child("localhostProfile")
	switch {
	case s.Type != v1.SeccompProfileTypeLocalhost:
		if s.LocalhostProfile != nil {
			p.invalid(at, inward{s}, "can only be set when seccomp type is Localhost")
		}
	case s.LocalhostProfile == nil:
		p.required(at, "must be set when seccomp type is Localhost")
	default:
		relativePath(p, at, *s.LocalhostProfile)
	}
}

const maxProfilePath = 4095

func validateAppArmor(p *problems, at *field.Path, a *v1.AppArmorProfile) {
	if a == nil {
		return
	}
	name := at.Child("localhostProfile")
	switch a.Type {
	case v1.AppArmorProfileTypeLocalhost:
		if a.LocalhostProfile == nil {
			p.required(name, "must be set when AppArmor type is Localhost")
			return
		}
		if trimmed := strings.TrimSpace(*a.LocalhostProfile); trimmed != *a.LocalhostProfile {
			p.invalid(name, *a.LocalhostProfile, "must not be padded with whitespace")
		} else if trimmed == "" {
			p.required(name, "must be set when AppArmor type is Localhost")
		}
		if len(*a.LocalhostProfile) > maxProfilePath {
			p.tooLong(name, maxProfilePath)
		}
	case v1.AppArmorProfileTypeRuntimeDefault, v1.AppArmorProfileTypeUnconfined:
		if a.LocalhostProfile != nil {
			p.invalid(name, a.LocalhostProfile, "can only be set when AppArmor type is Localhost")
		}
	case "":
		p.required(at.Child("type"), "type is required when appArmorProfile is set")
	default:
		oneOf(p, at.Child("type"), a.Type, v1.AppArmorProfileTypeLocalhost, v1.AppArmorProfileTypeRuntimeDefault, v1.AppArmorProfileTypeUnconfined)
	}
}

const (
	sysctlSegment   = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
	sysctlForm      = "^(" + sysctlSegment + "[\\./])*" + sysctlSegment + "$"
	maxSysctlLength = 253
)

func (c *podChecks) validateSysctls(at *field.Path, sysctls []v1.Sysctl) {
	if len(sysctls) == 0 {
		return
	}
	form := regexp.MustCompile(sysctlForm)
	seen := map[string]bool{}
	for i, s := range sysctls {
		at := at.Index(i).Child("name")
		switch {
		case s.Name == "":
			c.required(at, "")
		case len(s.Name) > maxSysctlLength || !form.MatchString(s.Name):
			c.invalid(at, s.Name, fmt.Sprintf("must have at most %d characters and match regex %s", maxSysctlLength, sysctlForm))
		case seen[s.Name]:
			c.duplicate(at, s.Name)
		}
		if why := hostSysctl(s.Name, c.spec); why != "" && !c.rules.hostSysctls {
			c.invalid(at, s.Name, why)
		}
		seen[s.Name] = true
	}
}

// hostSysctl says why a pod that uses the host's namespace may not set a value of that namespace; "" if it may.
func hostSysctl(name string, spec *v1.PodSpec) string {
	if first := strings.IndexAny(name, "./"); first >= 0 && name[first] == '/' {
		name = strings.NewReplacer("/", ".", ".", "/").Replace(name)
	}
	name, _, _ = strings.Cut(name, "*")
	ipc := strings.HasPrefix(name, "fs.mqueue.")
	switch name {
	case "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.shm",
		"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.msg":
		ipc = true
	}
	switch {
	case spec.HostNetwork && strings.HasPrefix(name, "net."):
		return "may not be specified when 'hostNetwork' is true"
	case spec.HostIPC && ipc:
		return "may not be specified when 'hostIPC' is true"
	}
	return ""
}
