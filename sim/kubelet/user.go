package kubelet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/containers"
)

// userOf is as whom the first process of a container runs.
func userOf(pod *corev1.Pod, c *corev1.Container, image containers.Image) *corev1.LinuxContainerUser {
	u := &corev1.LinuxContainerUser{UID: image.UID, GID: image.GID}
	strict := false
	if s := pod.Spec.SecurityContext; s != nil {
		setInt(&u.UID, s.RunAsUser)
		setInt(&u.GID, s.RunAsGroup)
		strict = s.SupplementalGroupsPolicy != nil && *s.SupplementalGroupsPolicy == corev1.SupplementalGroupsPolicyStrict
	}
	if s := c.SecurityContext; s != nil {
		setInt(&u.UID, s.RunAsUser)
		setInt(&u.GID, s.RunAsGroup)
	}
	u.SupplementalGroups = []int64{u.GID}
	if !strict && u.UID == image.UID {
		u.SupplementalGroups = append(u.SupplementalGroups, image.Groups...)
	}
	if s := pod.Spec.SecurityContext; s != nil {
		if s.FSGroup != nil {
			u.SupplementalGroups = append(u.SupplementalGroups, *s.FSGroup)
		}
		u.SupplementalGroups = append(u.SupplementalGroups, s.SupplementalGroups...)
	}
	return u
}

func setInt(to *int64, from *int64) {
	if from != nil {
		*to = *from
	}
}

// checkUser refuses a container that may not run as root and would.
func (k *Kubelet) checkUser(pod *corev1.Pod, c *corev1.Container, image containers.Image) error {
	var nonRoot *bool
	var user *int64
	if s := pod.Spec.SecurityContext; s != nil {
		nonRoot, user = s.RunAsNonRoot, s.RunAsUser
	}
	if s := c.SecurityContext; s != nil {
		if s.RunAsNonRoot != nil {
			nonRoot = s.RunAsNonRoot
		}
		if s.RunAsUser != nil {
			user = s.RunAsUser
		}
	}
	if nonRoot == nil || !*nonRoot {
		return nil
	}
	if user != nil {
		if *user == 0 {
			return fmt.Errorf("container's runAsUser breaks non-root policy (pod: %q, container: %s)", podName(pod), c.Name)
		}
		return nil
	}
	if image.UID == 0 {
		return fmt.Errorf("container has runAsNonRoot and image will run as root (pod: %q, container: %s)", podName(pod), c.Name)
	}
	return nil
}
