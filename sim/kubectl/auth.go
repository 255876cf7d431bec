package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
)

// review posts a question to the server, which answers in the same object.
func (f *Factory) review(r discovery.Resource, question any) error {
	client, err := f.Client()
	if err != nil {
		return err
	}
	req, err := r.Request(http.MethodPost, "", "")
	if err != nil {
		return err
	}
	if req.Body, err = object.Encode(question); err != nil {
		return err
	}
	body, err := client.Do(f.ctx, req)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, question)
}

func authorizationReview(kind, resource string) (metav1.TypeMeta, discovery.Resource) {
	return metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: kind}, discovery.Resource{Group: "authorization.k8s.io", Version: "v1", Name: resource}
}

func runAuthWhoAmI(f *Factory, cmd *cobra.Command, _ []string) error {
	var p printers.Printer
	if o := outputOf(cmd); o.format != "" || o.template != "" {
		var err error
		if p, err = f.printer(cmd, ""); err != nil {
			return err
		}
	}
	r := &authenticationv1.SelfSubjectReview{TypeMeta: metav1.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "SelfSubjectReview"}}
	err := f.review(discovery.Resource{Group: "authentication.k8s.io", Version: "v1", Name: "selfsubjectreviews"}, r)
	switch {
	case apierrors.IsForbidden(err):
		return errors.New("the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it")
	case apierrors.IsNotFound(err):
		return errors.New("the selfsubjectreviews API is not enabled in the cluster")
	case err != nil:
		return err
	case p != nil:
		return p.Print(r, f.Out)
	}
	w := printers.NewTabWriter(f.Out)
	defer w.Flush()
	fmt.Fprint(w, "ATTRIBUTE\tVALUE\n")
	user := r.Status.UserInfo
	if user.Username != "" {
		fmt.Fprintf(w, "Username\t%s\n", user.Username)
	}
	if user.UID != "" {
		fmt.Fprintf(w, "UID\t%s\n", user.UID)
	}
	if len(user.Groups) > 0 {
		fmt.Fprintf(w, "Groups\t%v\n", user.Groups)
	}
	for _, k := range object.SortedKeys(user.Extra) {
		fmt.Fprintf(w, "Extra: %s\t%v\n", k, user.Extra[k])
	}
	return nil
}

var (
	knownVerbs    = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "bind", "impersonate", "*", "approve", "sign", "escalate", "attest"}
	knownURLVerbs = []string{"get", "put", "post", "head", "options", "delete", "patch", "*"}
)

func runAuthCanI(f *Factory, cmd *cobra.Command, args []string) error {
	list := flagBool(cmd, "list")
	spec := authorizationv1.SelfSubjectAccessReviewSpec{}
	switch {
	case list && len(args) > 0:
		return errors.New("list option must be specified with no arguments")
	case list:
	case len(args) != 2:
		return errors.New("you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.")
	case strings.HasPrefix(args[1], "/"):
		spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Verb: args[0], Path: args[1]}
	default:
		word, name, _ := strings.Cut(args[1], "/")
		gvr, err := f.askedResource(word)
		if err != nil {
			return err
		}
		spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Verb: args[0], Group: gvr.Group, Version: gvr.Version, Resource: gvr.Resource, Name: name, Subresource: flagString(cmd, "subresource"),
		}
	}
	namespace := ""
	if !flagBool(cmd, "all-namespaces") {
		var err error
		if namespace, _, err = f.Namespace(); err != nil {
			return err
		}
	}
	if list {
		if flagBool(cmd, "quiet") || flagBool(cmd, "all-namespaces") || flagString(cmd, "subresource") != "" {
			return errors.New("list option can't be specified with neither quiet, all-namespaces nor subresource options")
		}
		return f.listAccess(cmd, namespace)
	}
	if err := f.doubt(cmd, spec); err != nil {
		return err
	}
	if a := spec.ResourceAttributes; a != nil {
		a.Namespace, a.Version = namespace, ""
	}
	out := f.Out
	if flagBool(cmd, "quiet") {
		out = io.Discard
	}
	return f.checkAccess(spec, out)
}

// askedResource is the resource that a word means. A word that means none is asked about as it is.
func (f *Factory) askedResource(word string) (schema.GroupVersionResource, error) {
	if word == "*" {
		return schema.GroupVersionResource{Resource: word}, nil
	}
	m, err := f.Mapper()
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	full, gr := schema.ParseResourceArg(strings.ToLower(word))
	if full != nil {
		if r, err := m.Lookup(*full); err == nil {
			return r.GVR(), nil
		}
	}
	r, err := m.Lookup(gr.WithVersion(""))
	if err == nil {
		return r.GVR(), nil
	}
	switch {
	case gr.String() == "users" || gr.String() == "groups":
	case gr.Group == "":
		f.printWarning(fmt.Sprintf("the server doesn't have a resource type '%s'\n", gr.Resource))
	default:
		f.printWarning(fmt.Sprintf("the server doesn't have a resource type '%s' in group '%s'\n", gr.Resource, gr.Group))
	}
	return schema.GroupVersionResource{Resource: word}, nil
}

// doubt warns about questions that make little sense.
func (f *Factory) doubt(cmd *cobra.Command, spec authorizationv1.SelfSubjectAccessReviewSpec) error {
	verb, known := "", knownVerbs
	if a := spec.NonResourceAttributes; a != nil {
		if flagString(cmd, "subresource") != "" {
			return errors.New("--subresource can not be used with NonResourceURL")
		}
		verb, known = a.Verb, knownURLVerbs
	} else if a := spec.ResourceAttributes; a.Resource != "" && !flagBool(cmd, "all-namespaces") {
		verb = a.Verb
		m, err := f.Mapper()
		if err != nil {
			return err
		}
		all, _ := m.Resources()
		gvr := schema.GroupVersionResource{Group: a.Group, Version: a.Version, Resource: a.Resource}
		if slices.ContainsFunc(all, func(r *discovery.Resource) bool { return r.GVR() == gvr && !r.Namespaced }) {
			text := fmt.Sprintf("resource '%s' is not namespace scoped", a.Resource)
			if a.Group != "" {
				text += fmt.Sprintf(" in group '%s'", a.Group)
			}
			f.printWarning(text + "\n")
		}
	} else {
		known = append(known, verb)
	}
	if !slices.Contains(known, verb) {
		f.printWarning(fmt.Sprintf("verb '%s' is not a known verb\n", verb))
	}
	if flagBool(cmd, "no-headers") {
		return errors.New("--no-headers cannot be set without --list specified")
	}
	return nil
}

func (f *Factory) checkAccess(spec authorizationv1.SelfSubjectAccessReviewSpec, out io.Writer) error {
	kind, resource := authorizationReview("SelfSubjectAccessReview", "selfsubjectaccessreviews")
	r := &authorizationv1.SelfSubjectAccessReview{TypeMeta: kind, Spec: spec}
	if err := f.review(resource, r); err != nil {
		return err
	}
	if r.Status.Allowed {
		fmt.Fprintln(out, "yes")
		return nil
	}
	text := "no"
	if r.Status.Reason != "" {
		text += " - " + r.Status.Reason
	}
	if r.Status.EvaluationError != "" {
		text += " - " + r.Status.EvaluationError
	}
	fmt.Fprintln(out, text)
	return errExit
}

// listAccess tells all that the user may do in a namespace.
func (f *Factory) listAccess(cmd *cobra.Command, namespace string) error {
	kind, resource := authorizationReview("SelfSubjectRulesReview", "selfsubjectrulesreviews")
	r := &authorizationv1.SelfSubjectRulesReview{TypeMeta: kind, Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}
	if err := f.review(resource, r); err != nil {
		return err
	}
	if r.Status.Incomplete {
		f.printWarning("the list may be incomplete: " + r.Status.EvaluationError)
	}
	var rules []rbacv1.PolicyRule
	for _, x := range r.Status.ResourceRules {
		rules = append(rules, rbacv1.PolicyRule{Verbs: x.Verbs, APIGroups: x.APIGroups, Resources: x.Resources, ResourceNames: x.ResourceNames})
	}
	for _, x := range r.Status.NonResourceRules {
		rules = append(rules, rbacv1.PolicyRule{Verbs: x.Verbs, NonResourceURLs: x.NonResourceURLs})
	}
	w := printers.NewTabWriter(f.Out)
	defer w.Flush()
	if !flagBool(cmd, "no-headers") {
		fmt.Fprintln(w, strings.Join(describe.RuleColumns(), "\t"))
	}
	for _, row := range describe.Rules(rules) {
		fmt.Fprintln(w, strings.Join(row[:], "\t"))
	}
	return nil
}
