package controllers

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// request stores a certificate signing request for a subject.
func (w *world) request(name, signer string, subject pkix.Name, dns []string, usages ...certificatesv1.KeyUsage) {
	w.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject, DNSNames: dns}, key)
	if err != nil {
		w.Fatal(err)
	}
	create(w, &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			Request: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), SignerName: signer, Usages: usages,
		},
	})
}

func (w *world) approve(name string) {
	w.Helper()
	r := w.requested(name).DeepCopy()
	r.Status.Conditions = append(r.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{Type: certificatesv1.CertificateApproved, Status: v1.ConditionTrue, Reason: "Test"})
	if _, err := w.admin.Door.Do(&api.Request{
		User: w.admin.User, Verb: "update", Resource: certificatesv1.SchemeGroupVersion.WithResource("certificatesigningrequests"), Subresource: "approval", Name: name, Object: r,
	}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) requested(name string) *certificatesv1.CertificateSigningRequest {
	w.Helper()
	r, err := api.Get[certificatesv1.CertificateSigningRequest](w.admin, "", name)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func conditionsOfRequest(r *certificatesv1.CertificateSigningRequest) string {
	var out []string
	for _, c := range r.Status.Conditions {
		out = append(out, string(c.Type)+": "+c.Reason+": "+c.Message)
	}
	return strings.Join(out, "; ")
}

func TestKubeletsClientCertificateIsApprovedAndSigned(t *testing.T) {
	w := newWorld(t)
	node := pkix.Name{CommonName: "system:node:node01", Organization: []string{"system:nodes"}}
	w.request("node", certificatesv1.KubeAPIServerClientKubeletSignerName, node, nil, certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth)
	w.request("serving", certificatesv1.KubeletServingSignerName, node, []string{"node01"}, certificatesv1.UsageDigitalSignature, certificatesv1.UsageServerAuth)
	w.wait(time.Second)
	if got, want := conditionsOfRequest(w.requested("node")), "Approved: AutoApproved: Auto approving kubelet client certificate after SubjectAccessReview."; got != want {
		t.Errorf("%q", got)
	}
	if s, err := w.authority.Verify(w.requested("node").Status.Certificate, w.clock.Now()); err != nil || s.CommonName != "system:node:node01" {
		t.Errorf("%v %v", s, err)
	}
	if got := conditionsOfRequest(w.requested("serving")); got != "" {
		t.Errorf("nobody but a human approves a serving certificate: %q", got)
	}
	w.approve("serving")
	w.wait(time.Second)
	if len(w.requested("serving").Status.Certificate) == 0 {
		t.Error("the approved serving certificate is not signed")
	}
}

func TestSignersRules(t *testing.T) {
	w := newWorld(t)
	jane := pkix.Name{CommonName: "jane", Organization: []string{"devs"}}
	node := pkix.Name{CommonName: "system:node:node01", Organization: []string{"system:nodes"}}
	client, kubelet, serving := certificatesv1.KubeAPIServerClientSignerName, certificatesv1.KubeAPIServerClientKubeletSignerName, certificatesv1.KubeletServingSignerName
	for _, c := range []struct {
		name, signer string
		subject      pkix.Name
		dns          []string
		usages       []certificatesv1.KeyUsage
		want         string
	}{
		{"server", client, jane, nil, []certificatesv1.KeyUsage{"server auth"}, "invalid usage for client certificate: server auth"},
		{"none", client, jane, nil, []certificatesv1.KeyUsage{"digital signature"}, "missing required usage for client certificate: client auth"},
		{"jane", kubelet, jane, nil, []certificatesv1.KeyUsage{"client auth"}, "subject organization is not system:nodes"},
		{"names", kubelet, node, []string{"a"}, []certificatesv1.KeyUsage{"client auth"}, "DNS subjectAltNames are not allowed"},
		{"usage", kubelet, node, nil, []certificatesv1.KeyUsage{"client auth"}, "usages did not match [client auth digital signature key encipherment]"},
		{"nameless", serving, node, nil, []certificatesv1.KeyUsage{"server auth"}, "DNS or IP subjectAltName is required"},
		{"wrong", serving, node, []string{"a"}, []certificatesv1.KeyUsage{"client auth", "digital signature"}, "usages did not match [digital signature key encipherment server auth]"},
	} {
		w.request(c.name, c.signer, c.subject, c.dns, c.usages...)
		w.approve(c.name)
		w.wait(time.Second)
		r := w.requested(c.name)
		if got := conditionsOfRequest(r); got != "Approved: Test: ; Failed: SignerValidationFailure: "+c.want || len(r.Status.Certificate) > 0 {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	w.request("others", "example.com/mine", jane, nil, "client auth")
	w.approve("others")
	w.wait(time.Second)
	if r := w.requested("others"); len(r.Status.Certificate) > 0 || len(r.Status.Conditions) != 1 {
		t.Errorf("%v", r.Status)
	}
}

func TestLifetimeOfSignedCertificates(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		asked int32
		want  time.Duration
	}{"short": {3600, time.Hour}, "long": {86400, 24*time.Hour - 5*time.Minute}, "most": {10 * 365 * 86400, 365*24*time.Hour - 5*time.Minute}, "default": {0, 365*24*time.Hour - 5*time.Minute}} {
		w.request(name, certificatesv1.KubeAPIServerClientSignerName, pkix.Name{CommonName: "jane"}, nil, "client auth")
		if c.asked > 0 { // the spec is fixed once it is stored
			r := w.requested(name).DeepCopy()
			if err := api.Delete[certificatesv1.CertificateSigningRequest](w.admin, "", name, nil); err != nil {
				t.Fatal(err)
			}
			r.ObjectMeta = metav1.ObjectMeta{Name: name}
			r.Spec.ExpirationSeconds = &c.asked
			create(w, r)
		}
		signed := w.clock.Now()
		w.approve(name)
		w.wait(time.Second)
		block, _ := pem.Decode(w.requested(name).Status.Certificate)
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if got := cert.NotAfter.Sub(signed).Round(time.Second); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if got := signed.Sub(cert.NotBefore).Round(time.Second); got != 5*time.Minute {
			t.Errorf("%s begins %v before", name, got)
		}
	}
}

func TestOldRequestsAreCleaned(t *testing.T) {
	w := newWorld(t)
	jane := pkix.Name{CommonName: "jane"}
	w.request("issued", certificatesv1.KubeAPIServerClientSignerName, jane, nil, "client auth")
	w.request("pending", certificatesv1.KubeAPIServerClientSignerName, jane, nil, "client auth")
	w.request("unsigned", "example.com/mine", jane, nil, "client auth")
	w.approve("issued")
	w.approve("unsigned")
	left := func() (names []string) {
		all, err := api.List[certificatesv1.CertificateSigningRequest](w.admin, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			names = append(names, r.Name)
		}
		return names
	}
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{59 * time.Minute, "issued pending unsigned"}, {62 * time.Minute, "pending unsigned"}, {23 * time.Hour, ""}} {
		w.wait(step.after)
		if got := strings.Join(left(), " "); got != step.want {
			t.Errorf("after %v more: %q", step.after, got)
		}
	}
}

func TestTokenSecrets(t *testing.T) {
	w := newWorld(t)
	robot := create(w, &v1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "robot"}, Secrets: []v1.ObjectReference{{Name: "key"}, {Name: "other"}}})
	secret := func(name, account string) {
		create(w, &v1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Annotations: map[string]string{v1.ServiceAccountNameKey: account}}, Type: v1.SecretTypeServiceAccountToken,
		})
	}
	secret("key", "robot")
	secret("nobodys", "nobody")
	w.wait(time.Second)
	s := get[v1.Secret](w, "key")
	if string(s.Data["ca.crt"]) != "the root" || string(s.Data["namespace"]) != "default" || strings.Count(string(s.Data["token"]), ".") != 2 || s.Annotations[v1.ServiceAccountUIDKey] != string(robot.UID) {
		t.Errorf("%v %s", s.Annotations, s.Data)
	}
	if !gone[v1.Secret](w, "nobodys") {
		t.Error("a token for nobody is kept")
	}
	change(w, "key", func(s *v1.Secret) { delete(s.Data, "token") })
	w.wait(time.Second)
	if len(get[v1.Secret](w, "key").Data["token"]) == 0 {
		t.Error("the token is not made again")
	}
	if err := api.Delete[v1.Secret](w.admin, "default", "key", nil); err != nil {
		t.Fatal(err)
	}
	w.wait(time.Second)
	if a := get[v1.ServiceAccount](w, "robot"); len(a.Secrets) != 1 || a.Secrets[0].Name != "other" {
		t.Errorf("%v", a.Secrets)
	}
	secret("key", "robot")
	w.wait(time.Second)
	if err := api.Delete[v1.ServiceAccount](w.admin, "default", "robot", nil); err != nil {
		t.Fatal(err)
	}
	w.wait(time.Second)
	if _, err := api.Get[v1.Secret](w.admin, "default", "key"); !errors.IsNotFound(err) {
		t.Errorf("the token outlives its account: %v", err)
	}
}
