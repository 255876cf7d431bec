package apiserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"terrarium/sim/patch"
)

// shape is how a subresource looks to a client. The shape of a whole object is nil.
type shape struct {
	fresh func() runtime.Object
	view  func(stored runtime.Object) runtime.Object
	// merge builds the object to store from what the client sent and a copy of the old object.
	merge func(sent, old runtime.Object) (runtime.Object, error)
}

// whole is the shape of the object itself.
func (c *call) whole() shape {
	return shape{
		fresh: c.view.New,
		view:  c.outgoing,
		merge: func(sent, _ runtime.Object) (runtime.Object, error) { return c.defaulted(sent), nil },
	}
}

// patch changes an object by a patch of any of the four types.
func (c *call) patch(r rules) (runtime.Object, error) { return c.patchShape(r, c.whole()) }

func (c *call) patchShape(r rules, sh shape) (runtime.Object, error) {
	if c.req.Type == types.ApplyYAMLPatchType {
		return c.apply(r, sh)
	}
	r.create = false
	return c.update(r, func(old runtime.Object) (runtime.Object, error) {
		seen := sh.view(old)
		doc, err := document(seen)
		if err != nil {
			return nil, err
		}
		patched, strict, shown, err := c.patched(doc, seen)
		if err != nil {
			return nil, err
		}
		sent, err := c.fromDocument(patched, sh, strict, shown)
		if err != nil {
			return nil, err
		}
		obj, err := sh.merge(sent, old.DeepCopyObject())
		if err != nil {
			return nil, err
		}
		if err := c.settle(metaOf(obj)); err != nil {
			return nil, err
		}
		c.manage(obj, old)
		return obj, nil
	})
}

// patched applies the request's patch to a document. strict are the problems that a strict reader has with the patch
// itself; shown is what an error shows of the result.
func (c *call) patched(doc map[string]any, seen runtime.Object) (out any, strict []error, shown func(out any) string, err error) {
	data := c.req.Patch
	check, _ := c.strict()
	switch c.req.Type {
	case types.JSONPatchType:
		if check {
			var form []jsonPatchOp
			if strict, err = kjson.UnmarshalStrict(data, &form); err != nil {
				text := strings.Replace(err.Error(), "[]apiserver.", "[]handlers.", 1)
				return nil, nil, nil, apierrors.NewBadRequest("error decoding patch: " + text)
			}
			for i, e := range strict {
				strict[i] = fmt.Errorf("json patch %v", e)
			}
		}
		ops, err := patch.ParseOperations(data)
		if err != nil {
			return nil, nil, nil, badRequest(err)
		}
		if len(ops) > maxOperations {
			return nil, nil, nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("The allowed maximum operations in a JSON patch is %d, got %d", maxOperations, len(ops)))
		}
		out, err := ops.Apply(doc, kjson.UnmarshalCaseSensitivePreserveInts)
		if err != nil {
			return nil, nil, nil, unprocessable(err)
		}
		return out, strict, c.rendered(seen, ops.Containers()), nil
	case types.MergePatchType:
		change := map[string]any{}
		if check {
			if strict, err = kjson.UnmarshalStrict(data, &change); err != nil {
				return nil, nil, nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
			}
		} else if err = kjson.UnmarshalCaseSensitivePreserveInts(data, &change); err != nil {
			change = nil
		}
		if change == nil {
			return nil, nil, nil, apierrors.NewBadRequest("Invalid JSON Patch")
		}
		return patch.MergeJSON(doc, change), strict, c.rendered(seen, change), nil
	case types.StrategicMergePatchType:
		change := map[string]any{}
		if strict, err = kjson.UnmarshalStrict(data, &change); err != nil {
			return nil, nil, nil, badRequest(err)
		}
		if !check {
			strict = nil
		}
		if _, ok := seen.(*unstructured.Unstructured); ok {
			return nil, nil, nil, badRequest(patch.ErrNoStrategicForKind)
		}
		text := fmt.Sprintf("%+v", change)
		out, err := patch.Strategic(doc, change, patch.SchemaOf(seen))
		if err != nil {
			return nil, nil, nil, strategicError(err)
		}
		return out, strict, func(any) string { return text }, nil
	}
	return nil, nil, nil, fmt.Errorf("%v: unimplemented patch type", c.req.Type)
}

// jsonPatchOp is what a strict reader takes for an operation.
type jsonPatchOp struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

// maxOperations is how long a JSON patch may be.
const maxOperations = 10000

func unprocessable(err error) error {
	return apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
}

func strategicError(err error) error {
	switch {
	case errors.Is(err, patch.ErrBadJSON), errors.Is(err, patch.ErrBadScalarList), errors.Is(err, patch.ErrBadRetainKeys),
		errors.Is(err, patch.ErrBadElementOrder), errors.Is(err, patch.ErrNoStrategicForKind):
		return badRequest(err)
	case errors.Is(err, patch.ErrListOfLists):
		return unprocessable(err)
	}
	return err
}

// fromDocument reads the object that a patch has made.
func (c *call) fromDocument(doc any, sh shape, strict []error, shown func(any) string) (runtime.Object, error) {
	check, fail := c.strict()
	invalid := func(text string) error {
		return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{field.Invalid(field.NewPath("patch"), shown(doc), text)})
	}
	obj := sh.fresh()
	fields, isObject := doc.(map[string]any)
	switch u, custom := obj.(*unstructured.Unstructured); {
	case custom && isObject:
		u.Object = fields
		found, err := c.coerce(u)
		if err != nil {
			return nil, invalid(err.Error())
		}
		if check {
			strict = append(strict, found...)
		}
	case c.req.Type != types.StrategicMergePatchType:
		data, err := json.Marshal(doc)
		if err != nil {
			return nil, invalid(err.Error())
		}
		found, err := c.typed(data, obj, check)
		if err != nil {
			return nil, invalid(err.Error())
		}
		strict = append(strict, found...)
	default:
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(fields, obj, check); err != nil {
			found, isStrict := runtime.AsStrictDecodingError(err)
			if !isStrict {
				return nil, invalid(err.Error())
			}
			strict = append(strict, found.Errors()...)
		}
	}
	if err := c.rightKind(obj); err != nil {
		return nil, err
	}
	if len(strict) > 0 {
		if fail {
			return nil, invalid(runtime.NewStrictDecodingError(strict).Error())
		}
		for _, e := range strict {
			c.warn(e.Error())
		}
	}
	return obj, nil
}

// rendered shows a patched document as the real server does: what the patch has not touched stands in the order of the
// type's fields, with the managed fields; what it has touched stands by name. touched has the maps that the patch looked
// into.
func (c *call) rendered(seen runtime.Object, touched map[string]any) func(out any) string {
	return func(out any) string {
		before, err := json.Marshal(c.withManaged(seen, c.managedFields(seen)))
		if err != nil {
			return ""
		}
		var doc any
		if numbers(before, &doc) != nil {
			return ""
		}
		if m, ok := out.(map[string]any); ok {
			after, _ := m["metadata"].(map[string]any)
			if was, ok := doc.(map[string]any)["metadata"].(map[string]any); ok && after != nil && after["managedFields"] == nil && was["managedFields"] != nil {
				after["managedFields"] = was["managedFields"]
			}
		}
		data, err := json.Marshal(out)
		if err != nil {
			return ""
		}
		var plain any
		if numbers(data, &plain) != nil {
			return ""
		}
		return string(render(before, plain, touched, true))
	}
}

// numbers reads JSON and keeps the numbers as they are written.
func numbers(data []byte, into *any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(into)
}

// render writes a value like the raw JSON that it was, where the patch did not name it.
func render(before json.RawMessage, after, touched any, named bool) json.RawMessage {
	looked, _ := touched.(map[string]any)
	fields, ok := after.(map[string]any)
	if looked == nil || !ok {
		var was any
		if before != nil && !named && numbers(before, &was) == nil && equality.Semantic.DeepEqual(was, after) {
			return before
		}
		data, _ := json.Marshal(after)
		return data
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(before, &members)
	out := map[string]json.RawMessage{}
	for key, value := range fields {
		change, named := looked[key]
		out[key] = render(members[key], value, change, named)
	}
	data, _ := json.Marshal(out)
	return data
}
