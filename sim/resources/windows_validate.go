package resources

import (
	"fmt"
	"regexp"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *podChecks) validateLinux(at *field.Path) {
	const why = "windows options cannot be set for a linux pod"
	if s := c.spec.SecurityContext; s != nil && s.WindowsOptions != nil {
		c.forbidden(at.Child("securityContext", "windowsOptions"), why)
	}
	eachContainer(c.spec, at, func(container *v1.Container, at *field.Path) {
		if s := container.SecurityContext; s != nil && s.WindowsOptions != nil {
			c.forbidden(at.Child("securityContext", "windowsOptions"), why)
		}
	})
}

func (c *podChecks) validateWindows(at *field.Path) {
	not := func(set bool, at *field.Path) {
		if set {
			c.forbidden(at, "cannot be set for a windows pod")
		}
	}
	if s := c.spec.SecurityContext; s != nil {
		in := at.Child("securityContext")
		not(s.AppArmorProfile != nil, in.Child("appArmorProfile"))
		not(s.SELinuxOptions != nil, in.Child("seLinuxOptions"))
		not(c.spec.HostUsers != nil, at.Child("hostUsers"))
		not(c.spec.HostPID, at.Child("hostPID"))
		not(c.spec.HostIPC, at.Child("hostIPC"))
		not(s.SeccompProfile != nil, in.Child("seccompProfile"))
		not(s.FSGroup != nil, in.Child("fsGroup"))
		not(s.FSGroupChangePolicy != nil, in.Child("fsGroupChangePolicy"))
		not(len(s.Sysctls) > 0, in.Child("sysctls"))
		not(c.spec.ShareProcessNamespace != nil, at.Child("shareProcessNamespace"))
		not(s.RunAsUser != nil, in.Child("runAsUser"))
		not(s.RunAsGroup != nil, in.Child("runAsGroup"))
		not(s.SupplementalGroups != nil, in.Child("supplementalGroups"))
		not(s.SupplementalGroupsPolicy != nil, in.Child("supplementalGroupsPolicy"))
		not(s.SELinuxChangePolicy != nil, in.Child("seLinuxChangePolicy"))
	}
	eachContainer(c.spec, at, func(container *v1.Container, at *field.Path) {
		s, in := container.SecurityContext, at.Child("securityContext")
		if s == nil {
			return
		}
		not(s.AppArmorProfile != nil, in.Child("appArmorProfile"))
		not(s.SELinuxOptions != nil, in.Child("seLinuxOptions"))
		not(s.SeccompProfile != nil, in.Child("seccompProfile"))
		not(s.Capabilities != nil, in.Child("capabilities"))
		not(s.ReadOnlyRootFilesystem != nil, in.Child("readOnlyRootFilesystem"))
		not(s.Privileged != nil, in.Child("privileged"))
		not(s.AllowPrivilegeEscalation != nil, in.Child("allowPrivilegeEscalation"))
		not(s.ProcMount != nil, in.Child("procMount"))
		not(s.RunAsUser != nil, in.Child("runAsUser"))
		not(s.RunAsGroup != nil, in.Child("runAsGroup"))
	})
}

// validateHostProcess wants all containers of a pod to run on the Windows host, or none.
func (c *podChecks) validateHostProcess(at *field.Path) {
	var ofPod *bool
	if s := c.spec.SecurityContext; s != nil && s.WindowsOptions != nil {
		ofPod = s.WindowsOptions.HostProcess
	}
	all, onHost := 0, 0
	eachContainer(c.spec, at, func(container *v1.Container, at *field.Path) {
		all++
		var own *bool
		if s := container.SecurityContext; s != nil && s.WindowsOptions != nil {
			own = s.WindowsOptions.HostProcess
		}
		if ofPod != nil && own != nil && *ofPod != *own {
			c.invalid(at.Child("securityContext", "windowsOptions", "hostProcess"), *own,
				fmt.Sprintf("pod hostProcess value must be identical if both are specified, was %v", *ofPod))
		}
		if or(own, or(ofPod, false)) {
			onHost++
		}
	})
	if onHost == 0 {
		return
	}
	if onHost != all {
		c.invalid(at, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers")
	}
	if !c.spec.HostNetwork {
		c.invalid(at.Child("hostNetwork"), false, "hostNetwork must be true if pod contains any hostProcess containers")
	}
}

const (
	maxCredentialSpecKiB = 64
	maxUserDomain        = 256
	maxUserName          = 104
)

func validateWindowsOptions(p *problems, at *field.Path, o *v1.WindowsSecurityContextOptions) {
	if o == nil {
		return
	}
	if o.GMSACredentialSpecName != nil {
		p.subdomain(at.Child("gmsaCredentialSpecName"), *o.GMSACredentialSpecName)
	}
	if spec := o.GMSACredentialSpec; spec != nil {
		if *spec == "" {
			p.invalid(at.Child("gmsaCredentialSpec"), spec, "gmsaCredentialSpec cannot be an empty string")
		} else if len(*spec) > maxCredentialSpecKiB*1024 {
			p.invalid(at.Child("gmsaCredentialSpec"), spec, fmt.Sprintf("gmsaCredentialSpec size must be under %d KiB", maxCredentialSpecKiB))
		}
	}
	if o.RunAsUserName != nil {
		for _, why := range windowsUserErrors(*o.RunAsUserName) {
			p.invalid(at.Child("runAsUserName"), o.RunAsUserName, why)
		}
	}
}

func windowsUserErrors(name string) []string {
	matches := func(form, s string) bool { return regexp.MustCompile(form).MatchString(s) }
	parts := strings.Split(name, `\`)
	switch {
	case name == "":
		return []string{"runAsUserName cannot be an empty string"}
	case matches(`[[:cntrl:]]+`, name):
		return []string{"runAsUserName cannot contain control characters"}
	case len(parts) > 2:
		return []string{"runAsUserName cannot contain more than one backslash"}
	}
	var errs []string
	user := parts[len(parts)-1]
	if len(parts) == 2 {
		const label = `[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`
		if len(parts[0]) >= maxUserDomain {
			errs = append(errs, fmt.Sprintf("runAsUserName's Domain length must be under %d characters", maxUserDomain))
		}
		if !matches(`^[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}$`, parts[0]) && !matches(`^`+label+`(?:\.`+label+`)*$`, parts[0]) {
			errs = append(errs, "runAsUserName's Domain doesn't match the NetBios nor the DNS format")
		}
	}
	if user == "" {
		errs = append(errs, "runAsUserName's User cannot be empty")
	} else if len(user) > maxUserName {
		errs = append(errs, fmt.Sprintf("runAsUserName's User length must not be longer than %d characters", maxUserName))
	}
	if matches(`^[\. ]+$`, user) {
		errs = append(errs, "runAsUserName's User cannot contain only periods or spaces")
	}
	if matches(`["/\\:;|=,\+\*\?<>@\[\]]`, user) {
		errs = append(errs, `runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]`)
	}
	return errs
}
