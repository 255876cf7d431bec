package custom

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/cel"
)

// objectBudget is what all rules together may cost on one object.
const objectBudget = 10000000

// rules are the rules of a schema and of the schemas within, compiled.
type rules struct {
	schema         *Props // of the values; an allOf has rules, but no form of its own
	compiled       []rule
	items, entries *rules
	fields         map[string]*rules
	allOf          []*rules
}

type rule struct {
	Rule
	program, message *cel.Program
	problem          error
}

// compileRules is nil where there are none.
func compileRules(from, s *Props, root bool) *rules {
	if from == nil || s == nil {
		return nil
	}
	r := &rules{schema: s, fields: map[string]*rules{}}
	if root || s.XEmbeddedResource {
		r.schema = withMeta(s)
	}
	if len(from.XValidations) > 0 {
		t := celType(s, root)
		for _, one := range from.XValidations {
			r.compiled = append(r.compiled, compileRule(one, t))
		}
	}
	if from.Items != nil && s.Items != nil {
		r.items = compileRules(from.Items.Schema, s.Items.Schema, false)
	}
	for key, p := range from.Properties {
		if own, ok := s.Properties[key]; ok {
			if sub := compileRules(&p, &own, false); sub != nil {
				r.fields[key] = sub
			}
		}
	}
	if from.AdditionalProperties != nil && s.AdditionalProperties != nil {
		r.entries = compileRules(from.AdditionalProperties.Schema, s.AdditionalProperties.Schema, false)
	}
	for i := range from.AllOf {
		if sub := compileRules(&from.AllOf[i], s, root); sub != nil {
			r.allOf = append(r.allOf, sub)
		}
	}
	if len(r.compiled) == 0 && r.items == nil && r.entries == nil && len(r.fields) == 0 && len(r.allOf) == 0 {
		return nil
	}
	return r
}

// Problems of a rule, before it is known whose they are.
type (
	ruleProblem    string
	messageProblem string
)

func (p ruleProblem) Error() string    { return string(p) }
func (p messageProblem) Error() string { return string(p) }

func compileRule(r Rule, self *cel.Type) (out rule) {
	out.Rule = r
	if self == nil {
		return out
	}
	old := self
	if isTrue(r.OptionalOldSelf) {
		old = cel.OptionalOf(self)
	}
	env := &cel.Env{Vars: map[string]*cel.Type{"self": self, "oldSelf": old}}
	if strings.TrimSpace(r.Rule) == "" {
		return out
	}
	compile := func(source, failed, instance string, want cel.Kind, otherwise string) (*cel.Program, string) {
		p, err := env.Compile(source)
		if _, ok := errors.AsType[cel.Error](err); ok {
			return nil, failed + err.Error()
		} else if err != nil {
			return nil, instance + err.Error()
		} else if p.Out.Kind != want {
			return nil, otherwise
		}
		return p, ""
	}
	p, problem := compile(r.Rule, "compilation failed: ", "program instantiation failed: ", cel.KindBool, "cel expression must evaluate to a bool")
	if problem != "" {
		out.problem = ruleProblem(problem)
		return out
	}
	out.program = p
	if r.MessageExpression != "" {
		p, problem := compile(r.MessageExpression, "messageExpression compilation failed: ", "messageExpression instantiation failed: ", cel.KindString, "messageExpression must evaluate to a string")
		if problem != "" {
			out.problem = messageProblem(problem)
		}
		out.message = p
	}
	return out
}

// withMeta adds what rules may always see of an object.
func withMeta(s *Props) *Props {
	out := *s
	out.Properties = maps.Clone(s.Properties)
	if out.Properties == nil {
		out.Properties = map[string]Props{}
	}
	text := Props{Type: "string"}
	out.Properties["kind"], out.Properties["apiVersion"] = text, text
	out.Properties["metadata"] = Props{Type: "object", Properties: map[string]Props{"name": text, "generateName": text}}
	return &out
}

// celType is a schema as a type of expressions; nil where expressions cannot see such values.
func celType(s *Props, root bool) *cel.Type {
	if s.XIntOrString {
		return cel.Dyn
	}
	if root || s.XEmbeddedResource {
		s = withMeta(s)
	}
	switch s.Type {
	case "array":
		if s.Items == nil || s.Items.Schema == nil {
			return nil
		}
		if t := celType(s.Items.Schema, false); t != nil {
			return cel.ListOf(t)
		}
	case "object":
		if more := s.AdditionalProperties; more != nil && more.Schema != nil {
			if t := celType(more.Schema, false); t != nil {
				return cel.MapOf(cel.String, t)
			}
			return nil
		}
		fields := map[string]*cel.Type{}
		for key, p := range s.Properties {
			if t := celType(&p, false); t != nil {
				if name, ok := cel.Escape(key); ok {
					fields[name] = t
				}
			}
		}
		return cel.Object("object", fields)
	case "string":
		switch s.Format {
		case "byte":
			return cel.BytesType
		case "duration":
			return cel.Duration
		case "date", "date-time":
			return cel.Timestamp
		}
		return cel.String
	case "boolean":
		return cel.Bool
	case "number":
		return cel.Double
	case "integer":
		return cel.Int
	}
	return nil
}

// celValue is a value as expressions see it.
func celValue(v any, s *Props) any {
	switch v := v.(type) {
	case map[string]any:
		return celObject(v, s)
	case []any:
		if s.Items == nil || s.Items.Schema == nil {
			return v
		}
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = celValue(item, s.Items.Schema)
		}
		if s.XListType != nil && *s.XListType == "set" {
			return &cel.List{Items: out}
		} else if s.XListType != nil && *s.XListType == "map" {
			list := &cel.List{Items: out}
			for _, key := range s.XListMapKeys {
				name, _ := cel.Escape(key)
				list.Keys = append(list.Keys, name)
			}
			return list
		}
		return out
	case int64:
		if s.Type == "number" && !s.XIntOrString {
			return float64(v)
		}
	case float64:
		if s.Type == "integer" && v == float64(int64(v)) {
			return int64(v)
		}
	case string:
		return celText(v, s)
	}
	return v
}

func celObject(v map[string]any, s *Props) any {
	if s.XEmbeddedResource {
		s = withMeta(s)
	}
	out := make(map[string]any, len(v))
	for key, value := range v {
		if p, ok := s.Properties[key]; ok {
			if name, ok := cel.Escape(key); ok {
				out[name] = celValue(value, &p)
			}
		} else if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
			out[key] = celValue(value, s.AdditionalProperties.Schema)
		}
	}
	return out
}

func celText(v string, s *Props) any {
	if s.Type != "string" {
		return v
	}
	switch s.Format {
	case "duration":
		if d, err := time.ParseDuration(v); err == nil {
			return d
		}
	case "date":
		if t, err := time.Parse(time.DateOnly, v); err == nil {
			return t.UTC()
		}
	case "date-time":
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t.UTC()
		}
	case "byte":
		if b, err := base64.StdEncoding.DecodeString(v); err == nil {
			return cel.Bytes(b)
		}
	}
	return v
}

// run is one pass of all rules over an object.
type run struct {
	errs   field.ErrorList
	budget uint64
	// spent says that no more rules are run.
	spent bool
	warn  func(string)
}

// rule names a rule in messages.
func (r *rule) name() string {
	if r.Message != "" {
		return strings.TrimSpace(r.Message)
	}
	return strings.TrimSpace(r.Rule.Rule)
}

// value runs the rules of a value and of what is in it. Same says that it, or what it is in, did not change.
func (run *run) value(r *rules, path *field.Path, v any, old before, same bool) {
	if r == nil || v == nil || run.spent {
		return
	}
	same = same || old.known && equality.Semantic.DeepEqual(v, old.value)
	if len(r.compiled) > 0 {
		run.here(r, path, v, old, same)
	}
	for _, sub := range r.allOf {
		run.value(sub, path, v, old, false)
	}
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			run.value(r.items, path.Index(i), item, old.item(r.schema, item), same)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if sub := r.fields[key]; sub != nil {
				at := field.NewPath(key)
				if path != nil {
					at = path.Child(key)
				}
				run.value(sub, at, v[key], old.field(key), same)
			} else if r.entries != nil {
				run.value(r.entries, path.Key(key), v[key], old.field(key), same)
			}
		}
	}
}

func (run *run) here(r *rules, path *field.Path, v any, old before, same bool) {
	self := celValue(v, r.schema)
	var was any
	if old.known && old.value != nil {
		was = celValue(old.value, r.schema)
	}
	for i := range r.compiled {
		one := &r.compiled[i]
		if one.program == nil || run.spent {
			continue
		}
		optional := isTrue(one.OptionalOldSelf)
		if one.program.Uses("oldSelf") && was == nil && !optional {
			continue
		}
		vars := func(name string) (any, bool) {
			switch {
			case name == "self":
				return self, true
			case name == "oldSelf" && optional:
				return cel.Optional{Value: was, Set: was != nil}, true
			case name == "oldSelf":
				return was, was != nil
			}
			return nil, false
		}
		run.one(one, r.schema, path, v, vars, same)
	}
}

func (run *run) one(r *rule, s *Props, path *field.Path, v any, vars cel.Vars, same bool) {
	fail := func(format string, args ...any) {
		run.errs = append(run.errs, field.Invalid(path, s.Type, fmt.Sprintf(format, args...)))
	}
	value, cost, err := r.program.Eval(vars, cel.CallLimit, cel.Libraries{})
	if cost > run.budget {
		fail("validation failed due to running out of cost budget, no further validation rules will be run")
		run.spent = true
		return
	}
	run.budget -= cost
	switch {
	case err == cel.CostExceeded:
		fail("'%v': no further validation rules will be run due to call cost exceeds limit for rule: %v", err, r.name())
		run.spent = true
		return
	case err != nil && strings.HasPrefix(err.Error(), "no such overload"):
		fail("'%v': call arguments did not match a supported operator, function or macro signature for rule: %v", err, r.name())
		return
	case err != nil:
		fail("%v evaluating rule: %v", err, r.name())
		return
	case value == true:
		return
	}
	at := path
	if r.FieldPath != "" {
		if sub, ok := fieldPath(r.FieldPath, s); ok {
			at = joinPath(path, sub)
		}
	}
	detail := "failed rule: " + r.name()
	if r.Message != "" {
		detail = r.name()
	}
	if text, ok := run.message(r, vars); ok {
		detail = text
	}
	if s.Type == "object" || s.Type == "array" {
		v = field.OmitValueType{}
	}
	e := reasoned(at, v, detail, r.Reason)
	if same && !r.program.Uses("oldSelf") {
		if run.warn != nil {
			run.warn(e.Error())
		}
		return
	}
	run.errs = append(run.errs, e)
}

// message evaluates a rule's own message.
func (run *run) message(r *rule, vars cel.Vars) (string, bool) {
	if r.message == nil {
		return "", false
	}
	value, cost, err := r.message.Eval(vars, min(cel.CallLimit, run.budget), cel.Libraries{})
	run.budget -= min(cost, run.budget)
	text, ok := value.(string)
	text = strings.TrimSpace(text)
	return text, err == nil && ok && text != "" && len(text) <= 5*1024 && !strings.Contains(text, "\n")
}

func reasoned(path *field.Path, v any, detail string, reason *string) *field.Error {
	if reason != nil {
		switch *reason {
		case "FieldValueForbidden":
			return field.Forbidden(path, detail)
		case "FieldValueRequired":
			return field.Required(path, detail)
		case "FieldValueDuplicate":
			return field.Duplicate(path, v)
		}
	}
	return field.Invalid(path, v, detail)
}

func joinPath(path *field.Path, sub string) *field.Path {
	if path == nil {
		return field.NewPath(sub)
	}
	return path.Child(sub)
}

// fieldPath makes a path of fields and keys, as in .a['b'], of one that a schema has.
func fieldPath(text string, s *Props) (string, bool) {
	var path *field.Path
	for text != "" {
		name, rest := "", ""
		switch {
		case strings.HasPrefix(text, "['"):
			end := 2
			for end < len(text) && (text[end] != '\'' || text[end-1] == '\\') {
				end++
			}
			if !strings.HasPrefix(text[min(end, len(text)):], "']") {
				return "", false
			}
			name, rest = strings.NewReplacer(`\'`, "'", `\\`, `\`).Replace(text[2:end]), text[end+2:]
		case text[0] == '.':
			end := strings.IndexAny(text[1:], ".[")
			if end < 0 {
				end = len(text) - 1
			}
			name, rest = text[1:end+1], text[end+1:]
		}
		if name == "" {
			return "", false
		}
		switch {
		case s.Properties != nil:
			p, ok := s.Properties[name]
			if !ok {
				return "", false
			}
			path = childPath(path, name)
			s = &p
		case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
			path = path.Key(name)
			s = s.AdditionalProperties.Schema
		default:
			return "", false
		}
		text = rest
	}
	return path.String(), path != nil
}

func childPath(path *field.Path, name string) *field.Path {
	if path == nil {
		return field.NewPath(name)
	}
	return path.Child(name)
}

// blocked are kinds of problems with which no rules are run.
func blocked(errs field.ErrorList) bool {
	return slices.ContainsFunc(errs, func(e *field.Error) bool {
		switch e.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
		return false
	})
}

// Rules runs the rules of the schema, unless there are problems that make an object unfit for them. What did not change
// only warns.
func (s *Schema) Rules(errs field.ErrorList, obj, old map[string]any, warn func(string)) field.ErrorList {
	if s.rules == nil {
		return errs
	}
	if blocked(errs) {
		return append(errs, field.Invalid(nil, nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"))
	}
	run := &run{budget: objectBudget, warn: warn}
	run.value(s.rules, nil, obj, before{old, old != nil}, false)
	return append(errs, run.errs...)
}

// checkExpressions compiles the rules of a schema and of those within. Uncorrelated is the part of the schema within
// which an old value cannot be told, if any.
func checkExpressions(s *Props, path *field.Path, root bool, uncorrelated *field.Path) (errs field.ErrorList) {
	if more := s.AdditionalProperties; more != nil && more.Schema != nil {
		errs = append(errs, checkExpressions(more.Schema, path.Child("additionalProperties"), false, uncorrelated)...)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		p, within := s.Properties[key], uncorrelated
		if s.XMapType != nil && *s.XMapType != "granular" && *s.XMapType != "atomic" && within == nil {
			within = path
		}
		errs = append(errs, checkExpressions(&p, path.Child("properties").Key(key), false, within)...)
	}
	if s.Items != nil && s.Items.Schema != nil {
		within := uncorrelated
		if (s.XListType == nil || *s.XListType != "map") && within == nil {
			within = path
		}
		errs = append(errs, checkExpressions(s.Items.Schema, path.Child("items"), false, within)...)
	}
	if len(s.XValidations) == 0 {
		return errs
	}
	t := celType(s, root)
	for i, given := range s.XValidations {
		r, at := compileRule(given, t), path.Child("x-kubernetes-validations").Index(i)
		switch problem := r.problem.(type) {
		case ruleProblem:
			errs = append(errs, field.Invalid(at.Child("rule"), inwardRule(given), string(problem)))
		case messageProblem:
			errs = append(errs, field.Invalid(at.Child("messageExpression"), inwardRule(given), string(problem)))
		}
		switch {
		case r.program != nil && r.program.Uses("oldSelf"):
			if uncorrelated != nil {
				errs = append(errs, field.Invalid(at.Child("rule"), given.Rule, fmt.Sprintf("oldSelf cannot be used on the uncorrelatable portion of the schema within %v", uncorrelated)))
			}
		case given.OptionalOldSelf != nil:
			errs = append(errs, field.Invalid(at.Child("optionalOldSelf"), *given.OptionalOldSelf, "may not be set if oldSelf is not used in rule"))
		}
	}
	return errs
}

// inwardRule is how the real server shows a rule in messages: by the names of its own fields.
func inwardRule(r Rule) any {
	return struct {
		Rule, Message, MessageExpression string
		Reason                           *string
		FieldPath                        string
		OptionalOldSelf                  *bool
	}{r.Rule, r.Message, r.MessageExpression, r.Reason, r.FieldPath, r.OptionalOldSelf}
}
