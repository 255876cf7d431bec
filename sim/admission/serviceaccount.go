package admission

import (
	"fmt"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
)

const (
	defaultServiceAccount = "default"
	tokenVolumePrefix     = "kube-api-access-"
	tokenMountPath        = "/var/run/secrets/kubernetes.io/serviceaccount"
	mountableSecrets      = "kubernetes.io/enforce-mountable-secrets"

	// tokenLifetime is what the volume asks for, in seconds: an hour, and a bit by which the server knows whom to warn.
	tokenLifetime = 60*60 + 7
)

// ServiceAccount gives every new pod a service account, that account's pull secrets and its token.
type ServiceAccount struct{}

// Name implements Plugin.
func (ServiceAccount) Name() string { return "ServiceAccount" }

// Admit implements Plugin.
func (p ServiceAccount) Admit(a *Attributes) error {
	pod, ok := a.Object.(*v1.Pod)
	if !ok || !a.is("", "pods", "") || a.Operation != Create {
		return nil
	}
	if mirror(pod) {
		return p.Validate(a)
	}
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = defaultServiceAccount
	}
	account, err := serviceAccount(a, pod.Spec.ServiceAccountName)
	if err != nil {
		return err
	}
	if automount(account, pod) {
		mountToken(a, pod)
	}
	if len(pod.Spec.ImagePullSecrets) == 0 {
		pod.Spec.ImagePullSecrets = append([]v1.LocalObjectReference(nil), account.ImagePullSecrets...)
	}
	return p.Validate(a)
}

// Validate implements Plugin.
func (ServiceAccount) Validate(a *Attributes) error {
	pod, ok := a.Object.(*v1.Pod)
	switch {
	case !ok:
		return nil
	case a.is("", "pods", "ephemeralcontainers") && a.Operation == Update:
		return limitEphemeralSecrets(a, pod)
	case !a.is("", "pods", "") || a.Operation != Create:
		return nil
	case mirror(pod):
		return validateMirror(a, pod)
	case pod.Spec.ServiceAccountName == "":
		return forbidden(a, fmt.Errorf("no service account specified for pod %s/%s", a.Namespace, pod.Name))
	}
	account, err := serviceAccount(a, pod.Spec.ServiceAccountName)
	if err != nil {
		return err
	}
	if !enforces(account) {
		return nil
	}
	if err := limitSecrets(account, pod); err != nil {
		return forbidden(a, err)
	}
	return nil
}

func mirror(pod *v1.Pod) bool {
	_, ok := pod.Annotations[v1.MirrorPodAnnotationKey]
	return ok
}

// serviceAccount finds the account. The API server waits for up to two seconds for a namespace's "default", which
// its controller is about to make; here it is made on the spot.
func serviceAccount(a *Attributes, name string) (*v1.ServiceAccount, error) {
	account, err := api.Get[v1.ServiceAccount](a.Client, a.Namespace, name)
	if errors.IsNotFound(err) && name == defaultServiceAccount {
		account, err = api.Create(a.Client, &v1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: a.Namespace, Name: name}})
	}
	if err == nil {
		return account, nil
	}
	if errors.IsNotFound(err) {
		err = errors.NewNotFound(schema.GroupResource{Resource: "serviceaccount"}, name)
	}
	return nil, forbidden(a, fmt.Errorf("error looking up service account %s/%s: %w", a.Namespace, name, err))
}

func automount(account *v1.ServiceAccount, pod *v1.Pod) bool {
	if pod.Spec.AutomountServiceAccountToken != nil {
		return *pod.Spec.AutomountServiceAccountToken
	}
	return account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken
}

func mountToken(a *Attributes, pod *v1.Pod) {
	name, exists := "", false
	for _, v := range pod.Spec.Volumes {
		if strings.HasPrefix(v.Name, tokenVolumePrefix) {
			name, exists = v.Name, true
			break
		}
	}
	if !exists {
		name = tokenVolumePrefix + a.Suffix(5)
	}
	mounted := false
	for _, containers := range [][]v1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			mounted = mountInto(&containers[i], name) || mounted
		}
	}
	if !exists && mounted {
		pod.Spec.Volumes = append(pod.Spec.Volumes, v1.Volume{
			Name:         name,
			VolumeSource: v1.VolumeSource{Projected: tokenVolume()},
		})
	}
}

func mountInto(c *v1.Container, volume string) bool {
	for _, m := range c.VolumeMounts {
		if m.MountPath == tokenMountPath {
			return false
		}
	}
	c.VolumeMounts = append(c.VolumeMounts, v1.VolumeMount{Name: volume, ReadOnly: true, MountPath: tokenMountPath})
	return true
}

func tokenVolume() *v1.ProjectedVolumeSource {
	mode, lifetime := v1.ProjectedVolumeSourceDefaultMode, int64(tokenLifetime)
	return &v1.ProjectedVolumeSource{
		DefaultMode: &mode,
		Sources: []v1.VolumeProjection{
			{ServiceAccountToken: &v1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &lifetime}},
			{ConfigMap: &v1.ConfigMapProjection{
				LocalObjectReference: v1.LocalObjectReference{Name: "kube-root-ca.crt"},
				Items:                []v1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
			}},
			{DownwardAPI: &v1.DownwardAPIProjection{Items: []v1.DownwardAPIVolumeFile{{
				Path:     "namespace",
				FieldRef: &v1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"},
			}}}},
		},
	}
}

// validateMirror keeps the pods that stand for a node's own static pods from using what only the API can give.
func validateMirror(a *Attributes, pod *v1.Pod) error {
	if pod.Spec.ServiceAccountName != "" {
		return forbidden(a, fmt.Errorf("a mirror pod may not reference service accounts"))
	}
	if referencesSecrets(&pod.Spec) {
		return forbidden(a, fmt.Errorf("a mirror pod may not reference secrets"))
	}
	for _, v := range pod.Spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.ServiceAccountToken != nil {
				return forbidden(a, fmt.Errorf("a mirror pod may not use ServiceAccountToken volume projections"))
			}
		}
	}
	return nil
}

func referencesSecrets(spec *v1.PodSpec) bool {
	for _, v := range spec.Volumes {
		if v.Secret != nil {
			return true
		}
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.Secret != nil {
				return true
			}
		}
	}
	for _, containers := range [][]v1.Container{spec.InitContainers, spec.Containers} {
		for _, c := range containers {
			if len(secretUses("", c.Name, c.Env, c.EnvFrom)) > 0 {
				return true
			}
		}
	}
	return len(spec.ImagePullSecrets) > 0
}

func enforces(account *v1.ServiceAccount) bool {
	yes, _ := strconv.ParseBool(account.Annotations[mountableSecrets])
	return yes
}

// secretUse is one reference to a secret and how a refusal speaks of it.
type secretUse struct{ secret, text string }

func secretUses(prefix, container string, env []v1.EnvVar, from []v1.EnvFromSource) []secretUse {
	var uses []secretUse
	for _, e := range env {
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			uses = append(uses, secretUse{e.ValueFrom.SecretKeyRef.Name, fmt.Sprintf("%scontainer %s with envVar %s", prefix, container, e.Name)})
		}
	}
	for _, e := range from {
		if e.SecretRef != nil {
			uses = append(uses, secretUse{e.SecretRef.Name, fmt.Sprintf("%scontainer %s with envFrom", prefix, container)})
		}
	}
	return uses
}

func listed(account *v1.ServiceAccount, secret string) bool {
	for _, ref := range account.Secrets {
		if ref.Name == secret {
			return true
		}
	}
	return false
}

// limitSecrets holds a pod to the secrets that its account lists.
func limitSecrets(account *v1.ServiceAccount, pod *v1.Pod) error {
	for _, v := range pod.Spec.Volumes {
		if v.Secret != nil && !listed(account, v.Secret.SecretName) {
			return fmt.Errorf("volume with secret.secretName=%q is not allowed because service account %s does not reference that secret", v.Secret.SecretName, account.Name)
		}
	}
	var uses []secretUse
	for _, c := range pod.Spec.InitContainers {
		uses = append(uses, secretUses("init ", c.Name, c.Env, c.EnvFrom)...)
	}
	for _, c := range pod.Spec.Containers {
		uses = append(uses, secretUses("", c.Name, c.Env, c.EnvFrom)...)
	}
	if err := limitUses(account, uses); err != nil {
		return err
	}
	for i, ref := range pod.Spec.ImagePullSecrets {
		allowed := false
		for _, s := range account.ImagePullSecrets {
			allowed = allowed || s.Name == ref.Name
		}
		if !allowed {
			return fmt.Errorf("imagePullSecrets[%d].name=%q is not allowed because service account %s does not reference that imagePullSecret", i, ref.Name, account.Name)
		}
	}
	return nil
}

func limitUses(account *v1.ServiceAccount, uses []secretUse) error {
	for _, use := range uses {
		if !listed(account, use.secret) {
			return fmt.Errorf("%s referencing secret.secretName=%q is not allowed because service account %s does not reference that secret", use.text, use.secret, account.Name)
		}
	}
	return nil
}

func limitEphemeralSecrets(a *Attributes, pod *v1.Pod) error {
	if pod.Spec.ServiceAccountName == "" {
		return forbidden(a, fmt.Errorf("no service account specified for pod %s/%s", a.Namespace, pod.Name))
	}
	account, err := serviceAccount(a, pod.Spec.ServiceAccountName)
	if err != nil {
		return err
	}
	if !enforces(account) {
		return nil
	}
	var uses []secretUse
	for _, c := range pod.Spec.EphemeralContainers {
		uses = append(uses, secretUses("ephemeral ", c.Name, c.Env, c.EnvFrom)...)
	}
	if err := limitUses(account, uses); err != nil {
		return forbidden(a, err)
	}
	return nil
}
