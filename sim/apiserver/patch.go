package apiserver

import (
	"errors"
	"fmt"
	"net/http"

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
			var form []struct {
				Op    string `json:"op"`
				Path  string `json:"path"`
				From  string `json:"from"`
				Value any    `json:"value"`
			}
			if strict, err = kjson.UnmarshalStrict(data, &form); err != nil {
				return nil, nil, nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
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
		return out, strict, encodeDocument, nil
	case types.MergePatchType:
		change := map[string]any{}
		if check {
			if strict, err = kjson.UnmarshalStrict(data, &change); err != nil {
				return nil, nil, nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
			}
		} else if err = kjson.UnmarshalCaseSensitivePreserveInts(data, &change); err != nil || change == nil {
			return nil, nil, nil, apierrors.NewBadRequest("Invalid JSON Patch")
		}
		return patch.MergeJSON(doc, change), strict, encodeDocument, nil
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
	fields, ok := doc.(map[string]any)
	if !ok {
		return nil, invalid("json: cannot unmarshal " + jsonKind(doc) + " into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }")
	}
	obj := sh.fresh()
	if u, ok := obj.(*unstructured.Unstructured); ok {
		u.Object = fields
	} else if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(fields, obj, check); err != nil {
		found, isStrict := runtime.AsStrictDecodingError(err)
		if !isStrict {
			return nil, invalid(err.Error())
		}
		strict = append(strict, found.Errors()...)
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

func jsonKind(v any) string {
	switch v.(type) {
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "bool"
	}
	return "number"
}
