package apiserver

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// isTrue reads a boolean of the query as the real server does: anything but false and 0 is true.
func isTrue(query url.Values, name string) bool {
	values, ok := query[name]
	if !ok || len(values) == 0 {
		return false
	}
	switch strings.ToLower(values[0]) {
	case "false", "0":
		return false
	}
	return true
}

// readWrite reads what a create, update or patch sends.
func (x *exchange) readWrite(c *call) error {
	query := x.r.URL.Query()
	dryRun, manager, validation := query["dryRun"], query.Get("fieldManager"), query.Get("fieldValidation")
	var force *bool
	if query.Has("force") {
		v := isTrue(query, "force")
		force = &v
	}
	if c.req.Verb == "patch" {
		c.req.Type = types.PatchType(x.contentType())
		if !patchable(c.req.Type) || x.custom && c.req.Type == types.StrategicMergePatchType {
			if x.custom && c.req.Type == types.StrategicMergePatchType {
				return unsupportedMedia(string(types.JSONPatchType), string(types.MergePatchType), string(types.ApplyYAMLPatchType))
			}
			return &apierrors.StatusError{ErrStatus: metav1.Status{
				Status: metav1.StatusFailure, Code: http.StatusUnsupportedMediaType, Reason: metav1.StatusReasonUnsupportedMediaType,
				Message: "415: Unsupported Media Type", Details: &metav1.StatusDetails{},
			}}
		}
	}
	data, err := x.body()
	if err != nil {
		return err
	}
	var errs field.ErrorList
	var kind string
	switch c.req.Verb {
	case "create":
		kind, errs = "CreateOptions", metavalidation.ValidateCreateOptions(&metav1.CreateOptions{DryRun: dryRun, FieldManager: manager, FieldValidation: validation})
	case "update":
		kind, errs = "UpdateOptions", metavalidation.ValidateUpdateOptions(&metav1.UpdateOptions{DryRun: dryRun, FieldManager: manager, FieldValidation: validation})
	case "patch":
		kind, errs = "PatchOptions", metavalidation.ValidatePatchOptions(&metav1.PatchOptions{DryRun: dryRun, FieldManager: manager, FieldValidation: validation, Force: force}, c.req.Type)
	}
	if len(errs) > 0 {
		return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: kind}, "", errs)
	}
	c.req.DryRun, c.req.FieldManager, c.req.FieldValidation = len(dryRun) > 0, manager, validation
	c.req.Force = force != nil && *force
	c.agent = x.r.UserAgent()
	if c.req.Verb == "patch" {
		c.req.Patch = data
		return nil
	}
	c.req.Object, err = x.decode(c, data)
	return err
}

func patchable(t types.PatchType) bool {
	switch t {
	case types.JSONPatchType, types.MergePatchType, types.StrategicMergePatchType, types.ApplyYAMLPatchType:
		return true
	}
	return false
}

func unsupportedMedia(accepted ...string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnsupportedMediaType, Reason: metav1.StatusReasonUnsupportedMediaType,
		Message: "the body of the request was in an unknown format - accepted media types include: " + strings.Join(accepted, ", "),
	}}
}

// contentType is the media type of the request's body.
func (x *exchange) contentType() string {
	media, _ := mediaParams(x.r.Header.Get("Content-Type"))
	return media
}

// decode reads the object of a create or update.
func (x *exchange) decode(c *call, data []byte) (runtime.Object, error) {
	fresh, expected := c.body()
	check, fail := c.strict()
	want, into := expected, fresh()
	var obj runtime.Object
	var gvk *schema.GroupVersionKind
	var err error
	switch media := x.contentType(); {
	case x.binary != nil && media == x.binary.media() && !x.custom:
		obj, gvk, err = x.binary.decode(data, &want, into)
	case media == "" || media == "application/json" || media == "application/yaml":
		obj, gvk, err = x.serializer(media == "application/yaml", check).Decode(data, &want, into)
	default:
		return nil, unsupportedMedia(x.mediaTypes()...)
	}
	if x.custom && obj != nil {
		if _, isStrict := runtime.AsStrictDecodingError(err); err == nil || isStrict {
			err = c.coerced(obj, err, check)
		}
	}
	if err != nil {
		strict, isStrict := runtime.AsStrictDecodingError(err)
		if !isStrict || obj == nil || fail {
			return nil, undecodable(expected, gvk, err, data)
		}
		for _, e := range strict.Errors() {
			for _, line := range yamlWarnings(e.Error()) {
				c.warn(line)
			}
		}
	}
	if reflect.TypeOf(obj) != reflect.TypeOf(into) {
		sent, _ := goNames(obj, gvk.Group)
		_, wanted := goNames(into, expected.Group)
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: converting (%s) to (%s): unknown conversion", gvk.Kind, gvk.Version, expected.Kind, sent, wanted))
	}
	if gvk.GroupVersion() != expected.GroupVersion() {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)", gvk.GroupVersion(), expected.GroupVersion()))
	}
	return obj, nil
}

// coerced coerces what was decoded. err is what a strict reader had to say; the answer says so of dropped fields too.
func (c *call) coerced(obj runtime.Object, err error, check bool) error {
	dropped, failed := c.coerce(obj)
	if failed != nil {
		return failed
	}
	var all []error
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		all = strict.Errors()
	}
	if all = append(all, dropped...); !check || len(all) == 0 {
		return nil
	}
	return runtime.NewStrictDecodingError(all)
}

// body says what kind of object a request carries.
func (c *call) body() (fresh func() runtime.Object, kind schema.GroupVersionKind) {
	if c.req.Subresource == "scale" && c.kind.Scale != nil {
		return bodies[scaleKind], scaleKind
	}
	for _, sub := range c.kind.Subresources {
		if sub.Name != c.req.Subresource || sub.Prepare != nil {
			continue
		}
		kind = schema.GroupVersionKind{Group: sub.Group, Version: sub.Version, Kind: sub.Kind}
		if sub.Version == "" {
			kind.Group, kind.Version = c.view.Group, c.view.Version
		}
		if fresh := bodies[kind]; fresh != nil {
			return fresh, kind
		}
	}
	return c.view.New, c.view.GVK()
}

// undecodable says what is wrong with a body.
func undecodable(expected schema.GroupVersionKind, got *schema.GroupVersionKind, err error, data []byte) error {
	if got != nil && got.Kind != "" {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", got.Kind, got.Version, expected.Kind, err))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", expected.Kind, err, summary(data)))
}

// summary shows the beginning of a body, as text where it is JSON.
func summary(data []byte) string {
	const most = 30
	dots := ""
	if len(data) == 0 {
		return "<empty>"
	}
	isJSON := data[0] == '{'
	if len(data) > most {
		data, dots = data[:most], " ..."
	}
	if isJSON {
		return string(data) + dots
	}
	return fmt.Sprintf("%x", data) + dots
}

// yamlWarnings splits what the YAML reader says of repeated keys.
func yamlWarnings(text string) []string {
	rest, ok := strings.CutPrefix(text, "yaml: unmarshal errors:\n")
	if !ok {
		if rest, ok = strings.CutPrefix(text, "error converting YAML to JSON: yaml: unmarshal errors:\n"); !ok {
			return []string{text}
		}
	}
	lines := strings.Split(rest, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}

// readDelete reads the options of a delete from the body, else from the query.
func (x *exchange) readDelete(c *call) error {
	query := x.r.URL.Query()
	options := &metav1.DeleteOptions{}
	data, err := x.body()
	if err != nil {
		return err
	}
	if len(data) > 0 {
		gvk, media := metav1.SchemeGroupVersion.WithKind("DeleteOptions"), x.contentType()
		if x.binary != nil && media == x.binary.media() {
			_, _, err = x.binary.decode(data, &gvk, options)
		} else {
			var got *schema.GroupVersionKind
			_, got, err = x.serializer(media == "application/yaml", false).Decode(data, &gvk, options)
			if err == nil && got.Kind != gvk.Kind {
				err = runtime.NewNotRegisteredErrForKind(schemeName, *got)
			}
		}
		if err != nil {
			return badRequest(err)
		}
	} else {
		options.DryRun = query["dryRun"]
		if v := query.Get("gracePeriodSeconds"); v != "" {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return badRequest(err)
			}
			options.GracePeriodSeconds = &n
		}
		if query.Has("orphanDependents") {
			v := isTrue(query, "orphanDependents")
			options.OrphanDependents = &v
		}
		if v := query.Get("propagationPolicy"); v != "" {
			p := metav1.DeletionPropagation(v)
			options.PropagationPolicy = &p
		}
	}
	c.req.Delete = options
	if c.req.Verb == "deletecollection" {
		return x.readList(c)
	}
	return nil
}

// page is what of a list is wanted.
type page struct {
	limit    int64
	token    string
	version  string
	match    metav1.ResourceVersionMatch
	timeout  int64 // seconds; 0 where not given
	bookmark bool
	initial  *bool // sendInitialEvents
}

// readList reads the options of a list or watch.
func (x *exchange) readList(c *call) error {
	query := x.r.URL.Query()
	p := &c.page
	for _, number := range []struct {
		name string
		to   *int64
	}{{"limit", &p.limit}, {"timeoutSeconds", &p.timeout}} {
		v := query.Get(number.name)
		if v == "" {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return badRequest(err)
		}
		*number.to = n
	}
	p.token, p.version = query.Get("continue"), query.Get("resourceVersion")
	p.match = metav1.ResourceVersionMatch(query.Get("resourceVersionMatch"))
	p.bookmark = isTrue(query, "allowWatchBookmarks")
	if query.Has("sendInitialEvents") {
		v := isTrue(query, "sendInitialEvents")
		p.initial = &v
	}
	if errs := p.validate(isTrue(query, "watch")); len(errs) > 0 {
		return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "ListOptions"}, "", errs)
	}
	if v := query.Get("labelSelector"); v != "" {
		sel, err := labels.Parse(v)
		if err != nil {
			return badRequest(err)
		}
		c.req.LabelSelector = sel
	}
	if v := query.Get("fieldSelector"); v != "" {
		sel, err := fields.ParseSelector(v)
		if err != nil {
			return badRequest(err)
		}
		c.req.FieldSelector = sel
	}
	return nil
}

func (p *page) validate(watch bool) (errs field.ErrorList) {
	const exact, notOlder = metav1.ResourceVersionMatchExact, metav1.ResourceVersionMatchNotOlderThan
	path := field.NewPath("resourceVersionMatch")
	forbid := func(text string) { errs = append(errs, field.Forbidden(path, text)) }
	if watch {
		if p.initial != nil && p.match != notOlder {
			forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
		}
		if p.match != "" && p.initial == nil {
			forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
		}
		if p.match != "" && p.match != notOlder {
			errs = append(errs, field.NotSupported(path, p.match, []string{string(notOlder)}))
		}
		if p.match != "" && p.token != "" {
			forbid("resourceVersionMatch is forbidden when continue is provided")
		}
		return errs
	}
	if p.match != "" {
		if p.version == "" {
			forbid("resourceVersionMatch is forbidden unless resourceVersion is provided")
		}
		if p.token != "" {
			forbid("resourceVersionMatch is forbidden when continue is provided")
		}
		if p.match != exact && p.match != notOlder {
			errs = append(errs, field.NotSupported(path, p.match, []string{string(exact), string(notOlder), ""}))
		}
		if p.match == exact && p.version == "0" {
			forbid(`resourceVersionMatch "exact" is forbidden for resourceVersion "0"`)
		}
	}
	if p.initial != nil {
		errs = append(errs, field.Forbidden(field.NewPath("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
	}
	return errs
}
