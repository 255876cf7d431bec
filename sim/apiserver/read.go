package apiserver

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"

	"terrarium/sim/api"
	"terrarium/sim/resources"
	"terrarium/sim/store"
)

func (c *call) get() (runtime.Object, error) {
	if v := c.page.version; v != "" && v != "0" {
		revision, err := parseVersion(v)
		if err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("invalid resource version: %v", err))
		}
		if revision > c.store.Revision() {
			return nil, tooLarge(revision, c.store.Revision())
		}
	}
	obj, err := c.existing()
	if err != nil {
		return nil, err
	}
	return c.outgoing(obj), nil
}

// list answers with *api.Listed, at the present revision or at the one that the request or its page names.
func (c *call) list() (runtime.Object, error) {
	match, err := c.matcher()
	if err != nil {
		return nil, err
	}
	at, err := c.place()
	if err != nil {
		return nil, err
	}
	items, err := c.items(at)
	if err != nil {
		return nil, err
	}
	out := &api.Listed{
		TypeMeta: metav1.TypeMeta{APIVersion: c.view.GVK().GroupVersion().String(), Kind: c.view.Kind + "List"},
		ListMeta: metav1.ListMeta{ResourceVersion: strconv.FormatUint(at.revision, 10)},
		Items:    make([]runtime.Object, 0, len(items)),
	}
	for i, item := range items {
		m := metaOf(item)
		if at.start != "" && store.Key(m.GetNamespace(), m.GetName()) < at.start {
			continue
		}
		if c.page.limit > 0 && int64(len(out.Items)) == c.page.limit {
			c.more(out, metaOf(items[i-1]), at.revision, int64(len(items)-i))
			break
		}
		if match(item) {
			out.Items = append(out.Items, c.outgoing(item))
		}
	}
	return out, nil
}

// items are the objects of the request's namespace at a revision.
func (c *call) items(at where) ([]runtime.Object, error) {
	if c.kind.Live != nil {
		return c.kind.Live(c.req.Namespace), nil
	}
	items, err := c.store.ListAt(c.kind.GroupResource(), c.prefix(), at.revision)
	if err != nil {
		return nil, c.unlisted(err, at)
	}
	return items, nil
}

// prefix is what the keys of the request's namespace start with.
func (c *call) prefix() string {
	if c.kind.Namespaced && c.req.Namespace != "" {
		return store.Key(c.req.Namespace, "")
	}
	return ""
}

// unlisted says why a revision cannot be listed.
func (c *call) unlisted(err error, at where) error {
	switch {
	case errors.Is(err, store.ErrFuture):
		return tooLarge(at.revision, c.store.Revision())
	case errors.Is(err, store.ErrCompacted) && c.page.token != "":
		expired := apierrors.NewResourceExpired(continueTooOld)
		expired.ErrStatus.ListMeta.Continue = encodeToken(token{Version: tokenVersion, Revision: -1, Start: strings.TrimPrefix(at.start, c.prefix())})
		return expired
	case errors.Is(err, store.ErrCompacted):
		return apierrors.NewResourceExpired(fmt.Sprintf("The resourceVersion for the provided list is too old: %d", at.revision))
	}
	return err
}

func tooLarge(asked, current uint64) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", asked, current), 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}}
	return err
}

// matcher says which stored objects the request's selectors take.
func (c *call) matcher() (func(obj runtime.Object) bool, error) {
	byLabel, byField, kind := c.req.LabelSelector, c.req.FieldSelector, c.kind
	if c.view.Fields != nil {
		kind = c.view
	}
	if byField != nil && !byField.Empty() {
		if err := supported(kind, byField); err != nil {
			return nil, err
		}
	} else {
		byField = nil
	}
	if byLabel != nil && byLabel.Empty() {
		byLabel = nil
	}
	return func(obj runtime.Object) bool {
		if byLabel == nil && byField == nil {
			return true
		}
		m, err := meta.Accessor(obj)
		if err != nil {
			return false
		}
		if byLabel != nil && !byLabel.Matches(labelSet(m.GetLabels())) {
			return false
		}
		return byField == nil || byField.Matches(fieldSet(kind, m, obj))
	}, nil
}

// labelSet is a map of labels as a selector reads it.
type labelSet map[string]string

func (l labelSet) Has(label string) bool              { _, ok := l[label]; return ok }
func (l labelSet) Get(label string) string            { return l[label] }
func (l labelSet) Lookup(label string) (string, bool) { v, ok := l[label]; return v, ok }

func fieldSet(kind *resources.Resource, m metav1.Object, obj runtime.Object) fields.Set {
	var set fields.Set
	if kind.Fields != nil {
		set = kind.Fields(obj)
	}
	if set == nil {
		set = fields.Set{}
	}
	set["metadata.name"] = m.GetName()
	if kind.Namespaced {
		set["metadata.namespace"] = m.GetNamespace()
	}
	return set
}

// supported refuses a field selector with fields that the kind does not select by.
func supported(kind *resources.Resource, sel fields.Selector) error {
	var own fields.Set
	if kind.Fields != nil {
		own = kind.Fields(kind.New())
	}
	for _, want := range sel.Requirements() {
		if _, ok := own[want.Field]; !ok && want.Field != "metadata.name" && want.Field != "metadata.namespace" {
			return apierrors.NewBadRequest(fieldLabelError(kind, want.Field))
		}
	}
	return nil
}

// fieldLabelError is what the conversion of field labels says of one that it does not know.
func fieldLabelError(kind *resources.Resource, label string) string {
	switch {
	case kind.FieldError != "":
		return strings.ReplaceAll(kind.FieldError, "%s", label)
	case kind.Fields != nil:
		return "field label not supported: " + label
	}
	return fmt.Sprintf("%q is not a known field selector: only %q, %q", label, "metadata.name", "metadata.namespace")
}
