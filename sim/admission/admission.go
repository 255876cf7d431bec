// Package admission looks at writes that are allowed and well-formed and changes or refuses them in view of the rest
// of the cluster: one plugin a file. It knows nothing of requests' encoding or of storage.
package admission

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"terrarium/sim/api"
	"terrarium/sim/resources"
)

// Operation is what is about to happen to the object.
type Operation string

const (
	Create  Operation = "CREATE"
	Update  Operation = "UPDATE"
	Delete  Operation = "DELETE"
	Connect Operation = "CONNECT"
)

// Attributes is one write as plugins see it.
type Attributes struct {
	Request   *api.Request // Subresource, User, DryRun, ... of the write
	Resource  *resources.Resource
	Operation Operation
	Namespace string
	Name      string // may be empty in Admit of a create with generateName

	// Object is the new object, nil for a delete. Admit may change it, Validate must not. For a subresource that
	// takes a kind of its own (bindings, evictions, scale) it is of that kind.
	Object runtime.Object
	// Old is the stored object, read-only; nil for a create.
	Old runtime.Object

	// Client reads the cluster as the API server itself.
	Client api.Client
	Now    time.Time
	// Suffix gives seeded random characters, as in generated names.
	Suffix func(n int) string
}

// Warn gives the client a warning.
func (a *Attributes) Warn(text string) {
	if a.Request != nil && a.Request.Warn != nil {
		a.Request.Warn(text)
	}
}

// Plugin is one step of the chain. Errors are Status errors.
type Plugin interface {
	// Name is the plugin's name in --enable-admission-plugins.
	Name() string
	// Admit may change a.Object.
	Admit(a *Attributes) error
	// Validate comes after the object was validated and its name generated.
	Validate(a *Attributes) error
}

// Chain is the plugins in the order in which they run.
type Chain []Plugin

// Without is the chain without the plugins of these names. A name that the chain does not have is an error.
func (c Chain) Without(names []string) (Chain, error) {
	for _, name := range names {
		named := func(p Plugin) bool { return p.Name() == name }
		if !slices.ContainsFunc(c, named) {
			return nil, fmt.Errorf("there is no admission plugin %q", name)
		}
		c = slices.DeleteFunc(slices.Clone(c), named)
	}
	return c, nil
}

// Admit runs every plugin's Admit and stops at the first error.
func (c Chain) Admit(a *Attributes) error {
	for _, p := range c {
		if err := p.Admit(a); err != nil {
			return err
		}
	}
	return nil
}

// Validate runs every plugin's Validate and stops at the first error.
func (c Chain) Validate(a *Attributes) error {
	for _, p := range c {
		if err := p.Validate(a); err != nil {
			return err
		}
	}
	return nil
}
