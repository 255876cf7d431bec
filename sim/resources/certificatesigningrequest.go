package resources

import (
	"slices"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func certificateSigningRequests() *Resource {
	return of(&Resource{
		Group: "certificates.k8s.io", Version: "v1", Name: "certificatesigningrequests", Singular: "certificatesigningrequest",
		Kind: "CertificateSigningRequest", ShortNames: []string{"csr"},
		Resets: []string{"spec", "status"}, StatusResets: []string{"status.conditions"},
		New: fresh[certificatesv1.CertificateSigningRequest], NewList: fresh[certificatesv1.CertificateSigningRequestList],
		NameError: path.ValidatePathSegmentName,
		Subresources: []Subresource{{
			Name: "approval", Kind: "CertificateSigningRequest", Group: "certificates.k8s.io", Version: "v1", Verbs: []string{"get", "patch", "update"},
			Prepare: prepareApproval, Validate: validateApproval,
		}},
	}, typed[certificatesv1.CertificateSigningRequest]{
		MetaAgain: "m|u",
		Create: func(ctx *Context, r *certificatesv1.CertificateSigningRequest) {
			r.Spec.Username, r.Spec.UID, r.Spec.Groups, r.Spec.Extra = ctx.User, ctx.UID, slices.Clone(ctx.Groups), nil
			for key, values := range ctx.Extra {
				if r.Spec.Extra == nil {
					r.Spec.Extra = map[string]certificatesv1.ExtraValue{}
				}
				r.Spec.Extra[key] = values
			}
		},
		Update: func(_ *Context, r, old *certificatesv1.CertificateSigningRequest) { r.Spec = old.Spec },
		Validate: func(r *certificatesv1.CertificateSigningRequest) field.ErrorList {
			return validateRequest(r, nil, false, false)
		},
		ValidateUpdate: func(r, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
			return validateRequest(r, old, false, false)
		},
		Spec:         func(r, from *certificatesv1.CertificateSigningRequest) { r.Spec = from.Spec },
		Status:       func(r, from *certificatesv1.CertificateSigningRequest) { r.Status = from.Status },
		StatusUpdate: prepareRequestStatus,
		ValidateStatusUpdate: func(r, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
			return validateRequest(r, old, false, true)
		},
		Fields: func(r *certificatesv1.CertificateSigningRequest) fields.Set {
			return fields.Set{"spec.signerName": r.Spec.SignerName}
		},
		Row: func(r *certificatesv1.CertificateSigningRequest, now time.Time) []any {
			lifetime := "<none>"
			if seconds := r.Spec.ExpirationSeconds; seconds != nil {
				lifetime = duration.HumanDuration(time.Duration(*seconds) * time.Second)
			}
			return []any{r.Name, age(r.CreationTimestamp, now), orElse(r.Spec.SignerName, "<none>"), r.Spec.Username, lifetime, requestCell(r)}
		},
	})
}

func conditionsOf(r *certificatesv1.CertificateSigningRequest, kind certificatesv1.RequestConditionType) []certificatesv1.CertificateSigningRequestCondition {
	var list []certificatesv1.CertificateSigningRequestCondition
	for _, c := range r.Status.Conditions {
		if c.Type == kind {
			list = append(list, c)
		}
	}
	return list
}

func requestCell(r *certificatesv1.CertificateSigningRequest) string {
	has := func(kind certificatesv1.RequestConditionType) bool { return len(conditionsOf(r, kind)) > 0 }
	cell := "Pending"
	switch {
	case has(certificatesv1.CertificateDenied):
		cell = "Denied"
	case has(certificatesv1.CertificateApproved):
		cell = "Approved"
	}
	if has(certificatesv1.CertificateFailed) {
		cell += ",Failed"
	}
	if len(r.Status.Certificate) > 0 {
		cell += ",Issued"
	}
	return cell
}

// prepareRequestStatus keeps the decision: it is made by way of the subresource approval alone.
func prepareRequestStatus(ctx *Context, r, old *certificatesv1.CertificateSigningRequest) {
	for _, kind := range []certificatesv1.RequestConditionType{certificatesv1.CertificateApproved, certificatesv1.CertificateDenied} {
		kept := conditionsOf(old, kind)
		if len(kept) != len(conditionsOf(r, kind)) {
			continue
		}
		for i := range r.Status.Conditions {
			if r.Status.Conditions[i].Type == kind {
				r.Status.Conditions[i], kept = kept[0], kept[1:]
			}
		}
	}
	stampConditions(ctx, r, old)
}

func stampConditions(ctx *Context, r, old *certificatesv1.CertificateSigningRequest) {
	for i := range r.Status.Conditions {
		c := &r.Status.Conditions[i]
		if c.LastUpdateTime.IsZero() {
			c.LastUpdateTime = metav1.NewTime(ctx.Now)
		}
		if !c.LastTransitionTime.IsZero() {
			continue
		}
		c.LastTransitionTime = metav1.NewTime(ctx.Now)
		for _, before := range old.Status.Conditions {
			if before.Type == c.Type && before.Status == c.Status && !before.LastTransitionTime.IsZero() {
				c.LastTransitionTime = before.LastTransitionTime
				break
			}
		}
	}
}

func prepareApproval(ctx *Context, obj, old runtime.Object) {
	r, before := obj.(*certificatesv1.CertificateSigningRequest), old.(*certificatesv1.CertificateSigningRequest)
	stampConditions(ctx, r, before)
	conditions := r.Status.Conditions
	r.Spec, r.Status = before.Spec, before.Status
	r.Status.Conditions = conditions
}

func validateApproval(obj, old runtime.Object) field.ErrorList {
	return validateRequest(obj.(*certificatesv1.CertificateSigningRequest), old.(*certificatesv1.CertificateSigningRequest), true, false)
}
