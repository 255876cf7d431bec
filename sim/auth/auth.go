// Package auth says who may do what. It knows rules and identities; it knows neither the objects a request carries
// nor how a client proves who it is.
package auth

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
)

// Attributes is one question: may User do Verb. Path is set for requests that are not about a resource, and then the
// fields of a resource are empty.
type Attributes struct {
	User           api.User
	Verb           string
	Group, Version string
	Resource       string
	Subresource    string
	Namespace      string
	Name           string
	Path           string
}

// Authorizer answers it. reason is for the message of a refusal and may be empty.
type Authorizer interface {
	Authorize(a Attributes) (allowed bool, reason string)
}

// Superusers allows everything to the members of these groups, and nothing to anybody else.
type Superusers []string

// DefaultSuperusers are the groups that may do everything before there is any rule.
func DefaultSuperusers() Superusers { return Superusers{"system:masters", "kubeadm:cluster-admins"} }

// Authorize implements Authorizer.
func (s Superusers) Authorize(a Attributes) (bool, string) {
	for _, group := range s {
		for _, g := range a.User.Groups {
			if g == group {
				return true, ""
			}
		}
	}
	return false, ""
}

// AlwaysAllow allows everything to everybody.
type AlwaysAllow struct{}

// Authorize implements Authorizer.
func (AlwaysAllow) Authorize(Attributes) (bool, string) { return true, "" }

// Any allows what one of its authorizers allows; the reasons of a refusal are joined.
type Any []Authorizer

// Authorize implements Authorizer.
func (any Any) Authorize(a Attributes) (bool, string) {
	var reasons []string
	for _, one := range any {
		allowed, reason := one.Authorize(a)
		if allowed {
			return true, reason
		}
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return false, strings.Join(reasons, "\n")
}

// Denied is the Status error of a refusal.
func Denied(a Attributes, reason string) error {
	text := sanitize.Replace(describe(a))
	if reason != "" {
		text += ": " + reason
	}
	return apierrors.NewForbidden(schema.GroupResource{Group: a.Group, Resource: a.Resource}, a.Name, errors.New(text))
}

// sanitize keeps a message from looking like HTML.
var sanitize = strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;")

func describe(a Attributes) string {
	if a.Path != "" {
		return fmt.Sprintf("User %q cannot %s path %q", a.User.Name, a.Verb, a.Path)
	}
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	text := fmt.Sprintf("User %q cannot %s resource %q in API group %q", a.User.Name, a.Verb, resource, a.Group)
	if a.Namespace != "" {
		return text + fmt.Sprintf(" in the namespace %q", a.Namespace)
	}
	return text + " at the cluster scope"
}
