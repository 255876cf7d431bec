package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
)

func runCreateToken(f *Factory, cmd *cobra.Command, args []string) error {
	name, err := nameArg(cmd, args)
	if err != nil {
		return err
	}
	namespace, _, err := f.Namespace()
	if err != nil {
		return err
	}
	client, err := f.Client()
	if err != nil {
		return err
	}
	printer, err := f.printer(cmd, "")
	if err != nil {
		return err
	}
	r, err := tokenRequest(cmd, name)
	if err != nil {
		return err
	}
	body, err := object.Encode(r)
	if err != nil {
		return err
	}
	accounts := discovery.Resource{Version: "v1", Name: "serviceaccounts", Namespaced: true}
	req, err := accounts.Request(http.MethodPost, namespace, name, "token")
	if err != nil {
		return err
	}
	req.Body = body
	data, err := client.Do(f.ctx, req)
	if err != nil {
		return fmt.Errorf("failed to create token: %v", err)
	}
	var answer authenticationv1.TokenRequest
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	if answer.Status.Token == "" {
		return errors.New("failed to create token: no token in server response")
	}
	if flagChanged(cmd, "output") {
		answer.TypeMeta = r.TypeMeta
		return printer.Print(&answer, f.Out)
	}
	end := ""
	if f.TTY {
		end = "\n"
	}
	fmt.Fprintf(f.Out, "%s%s", answer.Status.Token, end)
	return nil
}

func tokenRequest(cmd *cobra.Command, name string) (*authenticationv1.TokenRequest, error) {
	duration := flagDuration(cmd, "duration")
	audiences := flagArray(cmd, "audience")
	kind, bound, uid := flagString(cmd, "bound-object-kind"), flagString(cmd, "bound-object-name"), flagString(cmd, "bound-object-uid")
	switch {
	case name == "":
		return nil, errors.New("service account name is required")
	case duration < 0:
		return nil, errors.New("--duration must be greater than or equal to 0")
	case duration%time.Second != 0:
		return nil, errors.New("--duration cannot be expressed in units less than seconds")
	}
	for _, a := range audiences {
		if a == "" {
			return nil, errors.New("--audience must not be an empty string")
		}
	}
	switch {
	case kind == "" && bound != "":
		return nil, errors.New("--bound-object-name can only be set if --bound-object-kind is provided")
	case kind == "" && uid != "":
		return nil, errors.New("--bound-object-uid can only be set if --bound-object-kind is provided")
	case kind != "" && kind != "Node" && kind != "Pod" && kind != "Secret":
		return nil, errors.New("supported --bound-object-kind values are Node, Pod, Secret")
	case kind != "" && bound == "":
		return nil, errors.New("--bound-object-name is required if --bound-object-kind is provided")
	}
	r := &authenticationv1.TokenRequest{TypeMeta: metav1.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "TokenRequest"}}
	r.Spec.Audiences = audiences
	if duration > 0 {
		seconds := int64(duration / time.Second)
		r.Spec.ExpirationSeconds = &seconds
	}
	if kind != "" {
		r.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{Kind: kind, APIVersion: "v1", Name: bound, UID: types.UID(uid)}
	}
	return r, nil
}
