package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/object"

	"terrarium/sim/warning"
)

// Accept headers that ask for more than plain JSON.
const (
	AcceptTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
	AcceptJSON  = "application/json"
)

// Content types of patches.
const (
	JSONPatch      = "application/json-patch+json"
	MergePatch     = "application/merge-patch+json"
	StrategicPatch = "application/strategic-merge-patch+json"
	ApplyPatch     = "application/apply-patch+yaml"
)

// Client sends requests to one server.
type Client struct {
	Config    Config
	Transport http.RoundTripper
	// Warn is called with the text of each Warning header; it may be nil.
	Warn func(text string)
	// Header is added to every request.
	Header http.Header
}

// Request is one call of the API. Path is absolute on the server ("/api/v1/pods").
type Request struct {
	Verb        string // HTTP method
	Path        string
	Query       url.Values
	Accept      string // application/json where empty
	ContentType string // of Body; application/json where empty
	Body        []byte
	BodyStream  io.Reader // in place of Body: what is sent while the answer is read
	// Resource and Name are what generic errors speak of when the server's answer is not a Status.
	Resource schema.GroupResource
	Name     string
}

// Do sends r and returns the body of the answer. A refusal is a *apierrors.StatusError; a server that cannot be reached a
// *url.Error.
func (c *Client) Do(ctx context.Context, r Request) ([]byte, error) {
	if c.Config.Timeout > 0 {
		r.Query = withTimeout(r.Query, c.Config)
	}
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("unexpected error when reading response body. Please retry. Original error: %w", err)
	}
	c.warn(resp.Header)
	if err := statusError(r, resp, body); err != nil {
		return nil, err
	}
	return body, nil
}

// Object sends r and decodes the answer as an object.
func (c *Client) Object(ctx context.Context, r Request) (object.Object, error) {
	body, err := c.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	return object.Decode(body)
}

// Get reads the object or list at path.
func (c *Client) Get(ctx context.Context, path string, query url.Values) (object.Object, error) {
	return c.Object(ctx, Request{Verb: http.MethodGet, Path: path, Query: query})
}

// Stream sends r and returns the body to be read as it comes. The caller closes it.
func (c *Client) Stream(ctx context.Context, r Request) (io.ReadCloser, error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	c.warn(resp.Header)
	if resp.StatusCode >= 200 && resp.StatusCode <= 206 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return nil, statusError(r, resp, body)
}

// Event is one entry of a watch.
type Event struct {
	Type   string
	Object object.Object
}

// Watch sends r, a list request, with watch=true and calls fn for each event until fn returns false or an error, the server ends
// the stream (nil) or ctx is done (ctx.Err()). An ERROR event is returned as a *apierrors.StatusError.
func (c *Client) Watch(ctx context.Context, r Request, fn func(Event) (more bool, err error)) error {
	r.Query = clone(r.Query)
	r.Query.Set("watch", "true")
	if t := c.Config.Timeout; t > 0 && r.Query.Get("timeoutSeconds") == "" {
		// client-go hangs up when the time is over; the server does it for us.
		r.Query.Set("timeoutSeconds", strconv.FormatInt(int64((t+time.Second-1)/time.Second), 10))
	}
	body, err := c.Stream(ctx, r)
	if err != nil {
		return err
	}
	defer body.Close()
	dec := json.NewDecoder(body)
	for {
		var frame struct {
			Type   string
			Object json.RawMessage
		}
		if err := dec.Decode(&frame); err != nil {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
				return nil
			}
			return fmt.Errorf("unable to decode an event from the watch stream: %w", err)
		}
		o, err := object.Decode(frame.Object)
		if err != nil {
			return fmt.Errorf("unable to decode watch event: %w", err)
		}
		if frame.Type == "ERROR" {
			return apierrors.FromObject(decodeStatus(frame.Object))
		}
		if more, err := fn(Event{frame.Type, o}); err != nil || !more {
			return err
		}
	}
}

// URL is where r goes.
func (c *Client) URL(r Request) (*url.URL, error) {
	base, err := hostURL(c.Config)
	if err != nil {
		return nil, err
	}
	u := *base
	p, err := url.Parse(r.Path)
	if err != nil {
		return nil, err
	}
	u.Path = strings.TrimSuffix(base.Path, "/") + p.Path
	u.RawPath = ""
	if p.RawPath != "" {
		u.RawPath = strings.TrimSuffix(base.EscapedPath(), "/") + p.RawPath
	}
	q := p.Query()
	for k, vs := range r.Query {
		for _, v := range vs {
			q.Add(k, v)
		}
	}
	u.RawQuery = q.Encode()
	return &u, nil
}

func hostURL(c Config) (*url.URL, error) {
	host := c.Host
	if host == "" {
		host = "localhost"
	}
	u, err := url.Parse(host)
	if err != nil || u.Scheme == "" || u.Host == "" {
		scheme := "http://"
		if len(c.CAData) > 0 || len(c.CertData) > 0 || c.Insecure {
			scheme = "https://"
		}
		if u, err = url.Parse(scheme + host); err != nil {
			return nil, err
		}
		if u.Path != "" && u.Path != "/" {
			return nil, fmt.Errorf("host must be a URL or a host:port pair: %q", host)
		}
	}
	return u, nil
}

// withTimeout adds the timeout parameter of client-go's requests.
func withTimeout(q url.Values, c Config) url.Values {
	q = clone(q)
	if q.Get("timeout") == "" {
		q.Set("timeout", c.Timeout.String())
	}
	return q
}

func clone(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[k] = append([]string(nil), v...)
	}
	return out
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	u, err := c.URL(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Verb, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	switch {
	case r.BodyStream != nil:
		req.Body, req.ContentLength = io.NopCloser(r.BodyStream), -1
	case r.Body == nil:
		req.Body = http.NoBody
	}
	c.setHeaders(req, r)
	resp, err := c.Transport.RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var ue *url.Error
		if errors.As(err, &ue) {
			return nil, ue
		}
		op := r.Verb[:1] + strings.ToLower(r.Verb[1:])
		return nil, &url.Error{Op: op, URL: u.String(), Err: err}
	}
	return resp, nil
}

func (c *Client) setHeaders(req *http.Request, r Request) {
	h := req.Header
	for k, v := range c.Header {
		h[k] = append([]string(nil), v...)
	}
	accept := r.Accept
	if accept == "" {
		accept = AcceptJSON
	}
	h.Set("Accept", accept)
	if len(r.Body) > 0 || r.BodyStream != nil {
		ct := r.ContentType
		if ct == "" {
			ct = "application/json"
		}
		h.Set("Content-Type", ct)
	}
	if c.Config.UserAgent != "" {
		h.Set("User-Agent", c.Config.UserAgent)
	}
	switch {
	case c.Config.BearerToken != "":
		h.Set("Authorization", "Bearer "+strings.TrimSpace(c.Config.BearerToken))
	case c.Config.Username != "":
		req.SetBasicAuth(c.Config.Username, c.Config.Password)
	}
	i := c.Config.Impersonate
	if i.User == "" {
		return
	}
	h.Set("Impersonate-User", i.User)
	if i.UID != "" {
		h.Set("Impersonate-Uid", i.UID)
	}
	for _, g := range i.Groups {
		h.Add("Impersonate-Group", g)
	}
	for k, vs := range i.Extra {
		for _, v := range vs {
			h.Add("Impersonate-Extra-"+url.PathEscape(strings.ToLower(k)), v)
		}
	}
}

func (c *Client) warn(h http.Header) {
	if c.Warn == nil {
		return
	}
	for _, text := range warning.Texts(h["Warning"]) {
		c.Warn(text)
	}
}

// statusError is nil for a successful answer.
func statusError(r Request, resp *http.Response, body []byte) error {
	if resp.StatusCode == http.StatusSwitchingProtocols || resp.StatusCode >= 200 && resp.StatusCode <= 206 {
		return nil
	}
	if s := decodeStatus(body); s != nil && s.Status != metav1.StatusSuccess {
		return apierrors.FromObject(s)
	}
	message := "unknown"
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if media == "" || strings.HasPrefix(media, "text/") {
		if len(body) > 2048 {
			body = body[:2048]
		}
		message = strings.TrimSpace(string(body))
	}
	retry, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return apierrors.NewGenericServerResponse(resp.StatusCode, r.Verb, r.Resource, r.Name, message, retry, true)
}

// Undecoded is a refusal in the words of clients that do not read the Status in its answer.
func Undecoded(err error) error {
	var status *apierrors.StatusError
	if !errors.As(err, &status) {
		return err
	}
	return apierrors.NewGenericServerResponse(int(status.ErrStatus.Code), http.MethodGet, schema.GroupResource{}, "", "unknown", 0, true)
}

func decodeStatus(data []byte) *metav1.Status {
	var s metav1.Status
	if json.Unmarshal(data, &s) != nil || s.Kind != "Status" {
		return nil
	}
	return &s
}

// Fetch reads a document from any URL, as kubectl reads manifests: up to three times where the host does not answer or answers 5xx.
func (c *Client) Fetch(ctx context.Context, rawURL string) ([]byte, error) {
	var err error
	for range 3 {
		var req *http.Request
		if req, err = http.NewRequestWithContext(ctx, http.MethodGet, rawURL, http.NoBody); err != nil {
			return nil, err
		}
		var resp *http.Response
		if resp, err = c.Transport.RoundTrip(req); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			var ue *url.Error
			if !errors.As(err, &ue) {
				err = &url.Error{Op: "Get", URL: rawURL, Err: err}
			}
			continue
		}
		body, readErr := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return body, readErr
		}
		status := resp.Status
		if status == "" {
			status = fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
		}
		err = fmt.Errorf("unable to read URL %q, server reported %s, status code=%d", rawURL, status, resp.StatusCode)
		if resp.StatusCode < 500 {
			break
		}
	}
	return nil, err
}
