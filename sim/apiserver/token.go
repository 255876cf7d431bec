package apiserver

import (
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/admission"
	"terrarium/sim/api"
	"terrarium/sim/store"
	"terrarium/sim/tokens"
)

const (
	defaultTokenSeconds = 3600
	minTokenSeconds     = 600
	maxTokenSeconds     = 1 << 32
	// kubeletTokenSeconds is what kubelets ask for a Pod; such a token is good for a year, so that old clients which
	// never read it again go on.
	kubeletTokenSeconds = 3607
	longTokenSeconds    = 365 * 24 * 3600
)

// token makes a token for a service account.
func (c *call) token() (runtime.Object, error) {
	sent, ok := c.req.Object.(*authenticationv1.TokenRequest)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a TokenRequest object: %T", c.req.Object))
	}
	req := sent.DeepCopy()
	obj, err := c.existing()
	if err != nil {
		return nil, err
	}
	account := metaOf(obj)
	if req.Name == "" {
		req.Name = c.req.Name
	}
	if err := c.settleNamespace(req); err != nil {
		return nil, err
	}
	if req.Spec.ExpirationSeconds == nil {
		seconds := int64(defaultTokenSeconds)
		req.Spec.ExpirationSeconds = &seconds
	}
	a := c.attributes(admission.Create, req, nil)
	if err := c.admission.Admit(a); err != nil {
		return nil, err
	}
	if errs := validateTokenRequest(req); len(errs) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: "authentication.k8s.io", Kind: "TokenRequest"}, "", errs)
	}
	if err := c.admission.Validate(a); err != nil {
		return nil, err
	}
	if len(req.Spec.Audiences) == 0 {
		req.Spec.Audiences = []string{tokens.Issuer}
	}
	now, seconds := c.now(), *req.Spec.ExpirationSeconds
	claims := tokens.Claims{
		Audience: req.Spec.Audiences, Issuer: tokens.Issuer, ID: c.draw.UUID(), Issued: now.Unix(), NotBefore: now.Unix(),
		Expires: now.Unix() + seconds, Subject: "system:serviceaccount:" + account.GetNamespace() + ":" + account.GetName(),
		Bound: tokens.Bound{
			Namespace: account.GetNamespace(), ServiceAccount: tokens.Reference{Name: account.GetName(), UID: string(account.GetUID())},
		},
	}
	if err := c.bindToken(&claims, req.Spec.BoundObjectRef); err != nil {
		return nil, err
	}
	if seconds == kubeletTokenSeconds && claims.Bound.Pod != nil {
		claims.Bound.WarnAfter, claims.Expires = claims.Expires, now.Unix()+longTokenSeconds
	}
	text, err := tokens.Sign(claims)
	if err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("failed to generate token: %v", err))
	}
	req.TypeMeta = metav1.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "TokenRequest"}
	req.CreationTimestamp = now
	req.Status = authenticationv1.TokenRequestStatus{Token: text, ExpirationTimestamp: metav1.NewTime(now.Add(time.Duration(seconds) * time.Second))}
	return req, nil
}

func validateTokenRequest(req *authenticationv1.TokenRequest) (errs field.ErrorList) {
	seconds, path := *req.Spec.ExpirationSeconds, field.NewPath("spec", "expirationSeconds")
	if seconds < minTokenSeconds {
		errs = append(errs, field.Invalid(path, seconds, "may not specify a duration less than 10 minutes"))
	}
	if seconds > maxTokenSeconds {
		errs = append(errs, field.Invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"))
	}
	return errs
}

// bindToken binds a token to an object, which must exist.
func (c *call) bindToken(claims *tokens.Claims, ref *authenticationv1.BoundObjectReference) error {
	if ref == nil {
		return nil
	}
	find := func(resource, namespace string) (*tokens.Reference, runtime.Object, error) {
		gr := schema.GroupResource{Resource: resource}
		obj := c.store.Get(gr, store.Key(namespace, ref.Name))
		if obj == nil {
			return nil, nil, apierrors.NewNotFound(gr, ref.Name)
		}
		uid := metaOf(obj).GetUID()
		if ref.UID != "" && ref.UID != uid {
			return nil, nil, apierrors.NewConflict(gr, ref.Name, fmt.Errorf("the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID))
		}
		return &tokens.Reference{Name: ref.Name, UID: string(uid)}, obj, nil
	}
	var err error
	switch ref.Kind {
	case "Pod":
		var obj runtime.Object
		if claims.Bound.Pod, obj, err = find("pods", c.req.Namespace); err != nil {
			return err
		}
		pod := obj.(*corev1.Pod)
		if pod.Spec.ServiceAccountName != claims.Bound.ServiceAccount.Name {
			return apierrors.NewBadRequest(fmt.Sprintf("cannot bind token for serviceaccount %q to pod running with different serviceaccount name.", claims.Bound.ServiceAccount.Name))
		}
		if node := c.store.Get(schema.GroupResource{Resource: "nodes"}, pod.Spec.NodeName); node != nil {
			claims.Bound.Node = &tokens.Reference{Name: pod.Spec.NodeName, UID: string(metaOf(node).GetUID())}
		}
	case "Secret":
		claims.Bound.Secret, _, err = find("secrets", c.req.Namespace)
	case "Node":
		claims.Bound.Node, _, err = find("nodes", "")
	default:
		err = apierrors.NewBadRequest(fmt.Sprintf("cannot bind token to object of type %s", schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)))
	}
	return err
}

// bearer is the service account that a token stands for, which must exist, as must what the token is bound to.
func (s *Server) bearer(token string) (api.User, bool) {
	c, err := tokens.Read(token, s.clock.Now())
	if err != nil {
		return api.User{}, false
	}
	b := c.Bound
	same := func(resource, namespace string, r *tokens.Reference) bool {
		if r == nil {
			return true
		}
		obj := s.store.Get(schema.GroupResource{Resource: resource}, store.Key(namespace, r.Name))
		return obj != nil && (r.UID == "" || string(metaOf(obj).GetUID()) == r.UID)
	}
	if !same("serviceaccounts", b.Namespace, &b.ServiceAccount) || !same("pods", b.Namespace, b.Pod) || !same("secrets", b.Namespace, b.Secret) {
		return api.User{}, false
	}
	u := api.User{
		Name: "system:serviceaccount:" + b.Namespace + ":" + b.ServiceAccount.Name, UID: b.ServiceAccount.UID, Extra: map[string][]string{},
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + b.Namespace, "system:authenticated"},
	}
	if c.ID != "" {
		u.Extra["authentication.kubernetes.io/credential-id"] = []string{"JTI=" + c.ID}
	}
	for key, r := range map[string]*tokens.Reference{"pod": b.Pod, "node": b.Node} {
		if r != nil {
			u.Extra["authentication.kubernetes.io/"+key+"-name"] = []string{r.Name}
			u.Extra["authentication.kubernetes.io/"+key+"-uid"] = []string{r.UID}
		}
	}
	return u, true
}

// keys serves what verifies the tokens of service accounts.
func (x *exchange) keys(path string) {
	x.w.Header().Set("Cache-Control", "public, max-age=3600")
	switch path {
	case "/.well-known/openid-configuration":
		x.compact("application/json", struct {
			Issuer   string   `json:"issuer"`
			Keys     string   `json:"jwks_uri"`
			Response []string `json:"response_types_supported"`
			Subject  []string `json:"subject_types_supported"`
			Signing  []string `json:"id_token_signing_alg_values_supported"`
		}{tokens.Issuer, "https://" + x.address + "/openid/v1/jwks", []string{"id_token"}, []string{"public"}, []string{"RS256"}})
	case "/openid/v1/jwks":
		x.compact("application/jwk-set+json", tokens.KeySet())
	default:
		x.w.Header().Set("Cache-Control", "no-cache, private")
		x.notFound()
	}
}

// CertificateUser is who a client certificate speaks for. fingerprint is the SHA-256 of the certificate, in
// hexadecimal.
func CertificateUser(name string, organizations []string, fingerprint string) api.User {
	return api.User{
		Name: name, Groups: append(append([]string(nil), organizations...), "system:authenticated"),
		Extra: map[string][]string{"authentication.kubernetes.io/credential-id": {"X509SHA256=" + strings.ToLower(fingerprint)}},
	}
}
