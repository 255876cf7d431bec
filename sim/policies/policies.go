// Package policies compiles the expressions of admission policies and of the conditions under which webhooks are called:
// what they may name, and what they must give. It knows no requests; whoever evaluates them does.
package policies

import (
	"errors"
	"fmt"
	"strings"

	"terrarium/sim/cel"
)

// Compiler compiles the expressions of one policy. Its variables are those that were compiled before.
type Compiler struct {
	// Object is the type of object and oldObject.
	Object *cel.Type
	// Params is the type of params; nil where a policy has none.
	Params    *cel.Type
	variables map[string]*cel.Type
}

// Problem is why an expression is none.
type Problem struct {
	Detail string
	// Internal says that the real server takes the problem for its own.
	Internal bool
	// Issues are the problems that the language has with the expression, with their lines; empty where it is about
	// something else.
	Issues string
}

func (p *Problem) Error() string { return p.Detail }

// New is a compiler for a policy with or without params, of whose objects nothing is known.
func New(params bool) *Compiler {
	c := &Compiler{Object: cel.Dyn, variables: map[string]*cel.Type{}}
	if params {
		c.Params = cel.Dyn
	}
	return c
}

func object(name string, fields map[string]*cel.Type) *cel.Type {
	return cel.Object("kubernetes."+name, fields)
}

func fieldsOf(t *cel.Type, names string) map[string]*cel.Type {
	out := map[string]*cel.Type{}
	for _, name := range strings.Fields(names) {
		out[name] = t
	}
	return out
}

func requestType() *cel.Type {
	texts := cel.ListOf(cel.String)
	kind := object("GroupVersionKind", fieldsOf(cel.String, "group version kind"))
	resource := object("GroupVersionResource", fieldsOf(cel.String, "group version resource"))
	user := fieldsOf(cel.String, "username uid")
	user["groups"], user["extra"] = texts, cel.MapOf(cel.String, texts)
	f := fieldsOf(cel.String, "subResource requestSubResource name namespace operation")
	f["kind"], f["requestKind"], f["resource"], f["requestResource"] = kind, kind, resource, resource
	f["userInfo"], f["dryRun"], f["options"] = object("UserInfo", user), cel.Bool, cel.Dyn
	return object("AdmissionRequest", f)
}

func namespaceType() *cel.Type {
	texts, labels := cel.ListOf(cel.String), cel.MapOf(cel.String, cel.String)
	condition := fieldsOf(cel.String, "status type message reason")
	condition["lastTransitionTime"] = cel.Timestamp
	meta := fieldsOf(cel.String, "name generateName namespace UID resourceVersion")
	meta["labels"], meta["annotations"], meta["finalizers"] = labels, labels, texts
	meta["creationTimestamp"], meta["deletionTimestamp"] = cel.Timestamp, cel.Timestamp
	meta["deletionGracePeriodSeconds"], meta["generation"] = cel.Int, cel.Int
	return object("Namespace", map[string]*cel.Type{
		"metadata": object("NamespaceMetadata", meta),
		"spec":     object("NamespaceSpec", map[string]*cel.Type{"finalizers": texts}),
		"status": object("NamespaceStatus", map[string]*cel.Type{
			"conditions": cel.ListOf(object("NamespaceCondition", condition)), "phase": cel.String,
		}),
	})
}

func (c *Compiler) env(authorizer, variables bool) *cel.Env {
	vars := map[string]*cel.Type{"object": c.Object, "oldObject": c.Object, "namespaceObject": namespaceType(), "request": requestType()}
	if c.Params != nil {
		vars["params"] = c.Params
	}
	if authorizer {
		vars["authorizer"], vars["authorizer.requestResource"] = cel.AuthorizerType, cel.ResourceCheckType
	}
	if variables {
		vars["variables"] = cel.Object("kubernetes.variables", c.variables)
	}
	return &cel.Env{Vars: vars}
}

// Use says what an expression is for.
type Use int

// The uses of expressions.
const (
	Condition  Use = iota // of a match
	Validation            // of an object
	Message               // for a failed validation
	Annotation            // for the audit
	Variable              // for other expressions
)

// Compile compiles an expression for a use; Problem is nil where it is one.
func (c *Compiler) Compile(source string, use Use) (*cel.Program, *Problem) {
	p, err := c.env(use != Message, use != Condition).Compile(source)
	if issues, ok := errors.AsType[cel.Error](err); ok {
		return nil, &Problem{Detail: "compilation failed: " + issues.Error(), Issues: issues.Error()}
	}
	if err != nil {
		return nil, &Problem{Detail: "program instantiation failed: " + err.Error(), Internal: true}
	}
	kind, want := p.Out.Kind, ""
	switch use {
	case Condition, Validation:
		if kind != cel.KindBool {
			want = "bool"
		}
	case Message:
		if kind != cel.KindString {
			want = "string"
		}
	case Annotation:
		if kind != cel.KindString && kind != cel.KindNull {
			want = "one of [string null_type]"
		}
	}
	if want != "" {
		return nil, &Problem{Detail: fmt.Sprintf("must evaluate to %s but got %s", want, typeName(p.Out))}
	}
	return p, nil
}

// Variable compiles a variable, which expressions that come later may name.
func (c *Compiler) Variable(name, source string) (*cel.Program, *Problem) {
	p, problem := c.Compile(source, Variable)
	c.variables[name] = cel.Dyn
	if problem == nil {
		c.variables[name] = p.Out
	}
	return p, problem
}

func typeName(t *cel.Type) string {
	switch t.Kind {
	case cel.KindNull:
		return "null_type"
	case cel.KindTimestamp:
		return "google.protobuf.Timestamp"
	case cel.KindDuration:
		return "google.protobuf.Duration"
	}
	return t.String()
}
