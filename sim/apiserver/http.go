package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
	"terrarium/sim/auth"
	"terrarium/sim/resources"
	"terrarium/sim/warning"
)

// maxBody is how long a request's body may be, as in the real server.
const maxBody = 3 * 1024 * 1024

// exchange is one HTTP request and its response.
type exchange struct {
	*Server
	w    http.ResponseWriter
	r    *http.Request
	user api.User
	said map[string]bool // warnings

	custom  bool // the request is about a custom resource
	streams bool // it could be a watch
}

// ServeHTTP implements http.Handler. The cluster's lock is held; see Waiter.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Server: s, w: w, r: r}
	h := w.Header()
	h.Set("Audit-Id", s.tickets.UUID())
	h.Set("Cache-Control", "no-cache, private")
	user, err := x.authenticate()
	if err != nil {
		x.fail(err)
		return
	}
	x.user = user
	if err := x.impersonate(); err != nil {
		x.fail(err)
		return
	}
	if path, ok := parsePath(r); ok {
		x.resource(path)
		return
	}
	x.plain()
}

func (x *exchange) authenticate() (api.User, error) {
	if u, ok := x.r.Context().Value(userKey{}).(api.User); ok {
		return u, nil
	}
	header := x.r.Header.Get("Authorization")
	if header == "" {
		return Anonymous(), nil
	}
	kind, token, _ := strings.Cut(header, " ")
	if strings.EqualFold(kind, "Bearer") {
		if u, ok := x.holder(strings.TrimSpace(token)); ok {
			return u, nil
		}
	}
	return api.User{}, apierrors.NewUnauthorized("Unauthorized")
}

// holder is who a bearer token stands for.
func (s *Server) holder(token string) (api.User, bool) {
	if u, ok := s.bearer(token); ok {
		return u, true
	}
	if s.authenticator != nil {
		return s.authenticator.Authenticate(token)
	}
	return api.User{}, false
}

// target is what the path of a request about resources names.
type target struct {
	group, version string
	namespace      string
	resource       string
	name           string
	subresource    string
	rest           string // of the path, below the subresource
	watch          bool   // the deprecated /watch/ prefix
}

// parsePath reads /api/v1/... and /apis/GROUP/VERSION/...; ok is false where no resource is named.
func parsePath(r *http.Request) (t target, ok bool) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		t.version, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		t.group, t.version, parts = parts[1], parts[2], parts[3:]
	default:
		return t, false
	}
	if parts[0] == "watch" && len(parts) > 1 {
		t.watch, parts = true, parts[1:]
	}
	if parts[0] == "namespaces" && len(parts) > 1 {
		t.namespace = parts[1]
		if len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
			parts = parts[2:]
		}
	}
	t.resource = parts[0]
	if len(parts) > 1 {
		t.name = parts[1]
	}
	if len(parts) > 2 {
		t.subresource = parts[2]
	}
	if len(parts) > 3 {
		t.rest = "/" + strings.Join(parts[3:], "/")
	}
	return t, true
}

func (x *exchange) verb(t target, watch bool) string {
	switch x.r.Method {
	case http.MethodGet, http.MethodHead:
		switch {
		case t.name != "" && !t.watch:
			return "get"
		case watch || t.watch:
			return "watch"
		}
		return "list"
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if t.name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	return strings.ToLower(x.r.Method)
}

// resource serves a request about resources.
func (x *exchange) resource(t target) {
	query := x.r.URL.Query()
	watch := isTrue(query, "watch")
	req := &api.Request{
		User: x.user, Verb: x.verb(t, watch),
		Resource:    schema.GroupVersionResource{Group: t.group, Version: t.version, Resource: t.resource},
		Subresource: t.subresource, Namespace: t.namespace, Name: t.name,
		Warn: x.warn,
	}
	a := auth.Attributes{
		User: x.user, Verb: req.Verb, Group: t.group, Version: t.version, Resource: t.resource,
		Subresource: t.subresource, Namespace: t.namespace, Name: t.name,
	}
	if allowed, reason := x.authorizer.Authorize(a); !allowed {
		x.fail(auth.Denied(a, reason))
		return
	}
	c, err := x.call(req)
	switch {
	case err != nil && !slices.ContainsFunc(x.of(t.group, t.version), func(r *resources.Resource) bool { return !r.Custom }):
		x.notFound()
		return
	case err != nil:
		x.fail(err)
		return
	}
	x.custom = c.view.Custom
	if c.view.Deprecated != "" {
		x.warn(c.view.Deprecated)
	}
	x.streams = t.name == ""
	if !allowsVerb(c, t) {
		if c.kind.Namespaced && t.namespace == "" && (x.custom || t.name != "") {
			x.notFound()
			return
		}
		if t.name != "" && slices.Equal(verbs(c.view), []string{"create"}) {
			x.fail(errNoResource()) // there is no such path
			return
		}
		x.methodNotAllowed()
		return
	}
	if err := x.run(c, t); err != nil {
		x.fail(statusError(err))
	}
}

// allowsVerb says whether a path takes a method.
func allowsVerb(c *call, t target) bool {
	everywhere := c.kind.Namespaced && t.namespace == ""
	if t.subresource != "" {
		return !everywhere
	}
	switch c.req.Verb {
	case "create":
		if t.name != "" || everywhere {
			return false
		}
	case "update", "patch":
		if t.name == "" || everywhere {
			return false
		}
	case "get", "delete", "deletecollection":
		if everywhere {
			return false
		}
	}
	return slices.Contains(verbs(c.view), c.req.Verb)
}

func (x *exchange) run(c *call, t target) error {
	switch {
	case x.connects(c):
		return x.connect(c, t)
	case c.req.Verb == "watch":
		return x.watch(c, t)
	}
	out, err := x.negotiate()
	if err != nil {
		return err
	}
	switch c.req.Verb {
	case "list":
		return x.list(c, out)
	case "get":
		c.page.version = x.r.URL.Query().Get("resourceVersion")
	case "create", "update", "patch":
		if err = x.readWrite(c); err == nil && c.req.Verb == "create" {
			err = x.ripen(c)
		}
	case "delete", "deletecollection":
		err = x.readDelete(c)
	default:
		x.methodNotAllowed()
		return nil
	}
	if err != nil {
		return err
	}
	obj, err := c.do()
	if err != nil {
		return err
	}
	code := http.StatusOK
	if c.created || c.req.Verb == "create" {
		code = http.StatusCreated
	}
	if status, ok := obj.(*metav1.Status); ok && c.req.Verb == "create" {
		status.Code = int32(code)
	}
	return x.answer(c, out, code, obj)
}

// body reads the request's body.
func (x *exchange) body() ([]byte, error) {
	if x.r.Body == nil {
		return nil, nil
	}
	var data []byte
	var err error
	unlocked(x.r.Context(), func() { data, err = io.ReadAll(io.LimitReader(x.r.Body, maxBody+1)) })
	if err != nil {
		return nil, err
	}
	if len(data) > maxBody {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", maxBody))
	}
	return data, nil
}

// warn adds a Warning header.
func (x *exchange) warn(text string) {
	if x.said[text] {
		return
	}
	header, err := warning.Header(text)
	if err != nil {
		return
	}
	if x.said == nil {
		x.said = map[string]bool{}
	}
	x.said[text] = true
	x.w.Header().Add("Warning", header)
}

// fail answers with an error.
func (x *exchange) fail(err error) {
	var status apierrors.APIStatus
	if !errors.As(statusError(err), &status) {
		return
	}
	s := status.Status()
	s.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	if s.Code == 0 {
		s.Code = http.StatusInternalServerError
	}
	if s.Status == "" {
		s.Status = metav1.StatusFailure
	}
	if s.Details != nil && s.Details.RetryAfterSeconds > 0 {
		x.w.Header().Set("Retry-After", fmt.Sprint(s.Details.RetryAfterSeconds))
	}
	if s.Code == http.StatusForbidden || s.Code == http.StatusUnauthorized {
		x.w.Header().Set("X-Content-Type-Options", "nosniff")
	}
	form, err := x.negotiate()
	if err != nil {
		// The client takes nothing that there is: it gets JSON, as the real server writes it then.
		data, err := json.MarshalIndent(&s, "", "  ")
		if err == nil {
			x.send("application/json", int(s.Code), data)
		}
		return
	}
	form.as = nil
	x.write(form, int(s.Code), &s)
}

// write sends an object in a format.
func (x *exchange) write(form format, code int, obj runtime.Object) {
	var data []byte
	var err error
	unlocked(x.r.Context(), func() { data, err = form.encode(obj) }) // long lists take long; what is stored does not change
	if err != nil {
		x.text(http.StatusInternalServerError, err.Error())
		return
	}
	x.send(form.contentType(), code, data)
}

func (x *exchange) send(contentType string, code int, data []byte) {
	x.w.Header().Set("Content-Type", contentType)
	x.w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	unlocked(x.r.Context(), func() {
		x.w.WriteHeader(code)
		if x.r.Method != http.MethodHead {
			x.w.Write(data)
		}
	})
}

func (x *exchange) text(code int, text string) {
	x.w.Header().Set("X-Content-Type-Options", "nosniff")
	x.send("text/plain; charset=utf-8", code, []byte(text+"\n"))
}

func (x *exchange) notFound() { x.text(http.StatusNotFound, "404 page not found") }

func (x *exchange) methodNotAllowed() { x.fail(errMethod()) }

func errMethod() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusMethodNotAllowed, Reason: metav1.StatusReasonMethodNotAllowed,
		Message: "the server does not allow this method on the requested resource", Details: &metav1.StatusDetails{},
	}}
}
