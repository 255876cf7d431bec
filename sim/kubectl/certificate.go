package kubectl

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
)

// decision is what approve and deny say about requests for certificates.
type decision struct {
	operation           string
	condition, opposite certificatesv1.RequestConditionType
	reason, message     string
}

var (
	approval = decision{
		operation: "approved", condition: certificatesv1.CertificateApproved, opposite: certificatesv1.CertificateDenied,
		reason: "KubectlApprove", message: "This CSR was approved by kubectl certificate approve.",
	}
	denial = decision{
		operation: "denied", condition: certificatesv1.CertificateDenied, opposite: certificatesv1.CertificateApproved,
		reason: "KubectlDeny", message: "This CSR was denied by kubectl certificate deny.",
	}
)

func runCertificate(d decision) runFunc {
	return func(f *Factory, cmd *cobra.Command, args []string) error {
		p, err := f.printer(cmd, d.operation)
		if err != nil {
			return err
		}
		files := filenames(cmd)
		if len(args) == 0 && files.Empty() {
			return errors.New("one or more CSRs must be specified as <name> or -f <filename>")
		}
		b := f.Builder()
		b.ContinueOnError, b.Flatten, b.Latest = true, true, true
		b.Filenames, b.DefaultType, b.Names = files, "certificatesigningrequests", args
		found := false
		err = b.Do().Visit(func(i *resource.Info, err error) error {
			if err != nil {
				return err
			}
			if kind := object.GVK(i.Object).GroupKind(); kind.String() != "CertificateSigningRequest.certificates.k8s.io" {
				return fmt.Errorf("can only handle CertificateSigningRequest.certificates.k8s.io objects, got %s", kind)
			}
			if err := d.decide(f, i, flagBool(cmd, "force")); err != nil {
				return err
			}
			found = true
			return p.Print(i.Object, f.Out)
		})
		if err == nil && !found {
			fmt.Fprintln(f.Out, "No resources found")
		}
		return err
	}
}

// decide adds the condition to a request that has not got it, or writes it anew by force.
func (d decision) decide(f *Factory, i *resource.Info, force bool) error {
	client, err := f.Client()
	if err != nil {
		return err
	}
	requests := discovery.Resource{Group: "certificates.k8s.io", Version: "v1", Name: "certificatesigningrequests"}
	for tries := 0; ; tries++ {
		var csr certificatesv1.CertificateSigningRequest
		err := typedGetter{client, 0}.Get(f.ctx, requests.GVR(), "", i.Name, &csr)
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("could not find v1 version of %s: %v", i.Name, err)
		}
		if err != nil {
			return err
		}
		has := false
		for _, c := range csr.Status.Conditions {
			if c.Type == d.opposite {
				return fmt.Errorf("certificate signing request %q is already %s", csr.Name, c.Type)
			}
			has = has || c.Type == d.condition
		}
		if has && !force {
			return nil
		}
		if !has {
			csr.Status.Conditions = append(csr.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
				Type: d.condition, Status: corev1.ConditionTrue, Reason: d.reason, Message: d.message, LastUpdateTime: metav1.NewTime(f.Now()),
			})
		}
		r, err := requests.Request(http.MethodPut, "", csr.Name, "approval")
		if err != nil {
			return err
		}
		if r.Body, err = object.Encode(csr); err != nil {
			return err
		}
		_, err = client.Do(f.ctx, r)
		if !apierrors.IsConflict(err) || tries >= 10 {
			return err
		}
		if err := i.Get(); err != nil {
			return err
		}
	}
}
