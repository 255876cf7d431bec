package kubelet

import (
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
)

// serviceAccountToken asks for a token of the pod's service account; empty where the API server gives none.
func (k *Kubelet) serviceAccountToken(pod *corev1.Pod, p *corev1.ServiceAccountTokenProjection) string {
	req := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: p.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
	}}
	if p.Audience != "" {
		req.Spec.Audiences = []string{p.Audience}
	}
	obj, err := k.Client.Door.Do(&api.Request{
		User: k.Client.User, Verb: "create", Resource: schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"},
		Subresource: "token", Namespace: pod.Namespace, Name: pod.Spec.ServiceAccountName, Object: req,
	})
	if err != nil {
		return ""
	}
	if t, ok := obj.(*authenticationv1.TokenRequest); ok {
		return t.Status.Token
	}
	return ""
}
