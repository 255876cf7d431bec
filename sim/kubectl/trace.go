package kubectl

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/kubeconfig"
	"terrarium/sim/kubectl/object"
)

// logf writes a line in the form of klog to stderr; severity is I, W or E.
func (f *Factory) logf(severity byte, where, format string, args ...any) {
	t := f.Now()
	if f.pid == 0 {
		f.pid = f.Rand()%30000 + 1000
	}
	fmt.Fprintf(f.ErrOut, "%c%02d%02d %02d:%02d:%02d.%06d %7d %s] %s\n", severity, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(),
		t.Nanosecond()/1000, f.pid, where, fmt.Sprintf(format, args...))
}

// logValues writes a line of a message and pairs of a name and a value, a string or a number.
func (f *Factory) logValues(where, message string, pairs ...any) {
	var b strings.Builder
	b.WriteString(strconv.Quote(message))
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, " %s=", pairs[i])
		text, ok := pairs[i+1].(string)
		switch {
		case !ok:
			fmt.Fprint(&b, pairs[i+1])
		case strings.Contains(text, "\n"):
			b.WriteString("<\n\t" + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n\t") + "\n >")
		default:
			b.WriteString(strconv.Quote(text))
		}
	}
	f.logf('I', where, "%s", b.String())
}

// traceConfig names the kubeconfig files that were read, as -v=6 asks for.
func (f *Factory) traceConfig(rules kubeconfig.Rules) {
	if f.verbosity < 6 {
		return
	}
	names := rules.Paths
	if rules.Explicit != "" {
		names = []string{rules.Explicit}
	}
	for _, name := range names {
		if _, err := f.Files.Stat(name); err == nil {
			f.logf('I', "loader.go:407", "Config loaded from file:  %s", name)
		}
	}
}

// gates are the switches of the client library, in an order that one real run showed them in: it is by chance.
var gates = []string{"ClientsPreferCBOR=false", "ClientsAllowTLSCacheGC=true", "UnlockWhileProcessingFIFO=true", "InOrderInformersBatchProcess=true",
	"AtomicFIFO=true", "ClientsAllowCBOR=false", "InformerResourceVersion=true", "ClientsAllowCARotation=true", "WatchListClient=true",
	"InOrderInformers=true"}

func (f *Factory) traceGates() {
	if f.verbosity < 1 {
		return
	}
	for _, g := range gates {
		name, on, _ := strings.Cut(g, "=")
		f.logValues("envvar.go:195", "Feature gate default state", "feature", name, "enabled", on == "true")
	}
}

// traceError shows what an error is made of, as -v=4 asks for.
func (f *Factory) traceError(err error) {
	if f.verbosity < 4 {
		return
	}
	switch err := err.(type) {
	case utilerrors.Aggregate:
		for _, e := range err.Errors() {
			f.traceError(e)
		}
	case interface{ Status() metav1.Status }:
		text, _ := json.MarshalIndent(err.Status(), "", "  ")
		f.logf('I', "helpers.go:246", "server response object: %%s[%s]", text)
	case *url.Error:
		f.logf('I', "helpers.go:264", "Connection error: %s %s: %v", err.Op, err.URL, err.Err)
	}
}

// traced logs requests and answers as -v=6 and above ask for.
func (f *Factory) traced(t http.RoundTripper) http.RoundTripper {
	if f.verbosity < 6 {
		return t
	}
	return &tracer{f: f, next: t, dialled: map[string]bool{}}
}

// tracer logs what passes: from -v=7 on headers, from 8 on bodies, from 9 on curl commands and where time goes.
type tracer struct {
	f       *Factory
	next    http.RoundTripper
	dialled map[string]bool
}

func (t *tracer) RoundTrip(req *http.Request) (*http.Response, error) {
	level := t.f.verbosity
	at := caller(req)
	if level >= 8 {
		var body []byte
		if req.Body != nil {
			var err error
			if body, err = io.ReadAll(req.Body); err != nil {
				return nil, err
			}
			req = req.Clone(req.Context())
			req.Body = io.NopCloser(bytes.NewReader(body))
		}
		t.f.logValues(at, "Request Body", "body", t.body(body))
	}
	switch {
	case level >= 9:
		t.f.logValues("round_trippers.go:527", "Request", "curlCommand", curl(req)+"\n")
	case level >= 7:
		t.f.logValues("round_trippers.go:527", "Request", "verb", req.Method, "url", req.URL.String(), "headers", headerText(req.Header))
	}
	fresh := !t.dialled[req.URL.Host]
	t.dialled[req.URL.Host] = true
	start := t.f.Now()
	resp, err := t.next.RoundTrip(req)
	took := t.f.Now().Sub(start).Milliseconds()
	if level >= 9 && fresh && err == nil {
		t.f.logValues("round_trippers.go:562", "HTTP Trace: Dial succeed", "network", "tcp", "address", req.URL.Host)
	}
	var pairs []any
	if level == 6 || level >= 9 {
		pairs = append(pairs, "verb", req.Method, "url", req.URL.String())
	}
	status := ""
	if resp != nil {
		status = fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	pairs = append(pairs, "status", status)
	if level >= 8 {
		var h http.Header
		if resp != nil {
			h = resp.Header
		}
		pairs = append(pairs, "headers", headerText(h))
	}
	pairs = append(pairs, "milliseconds", took)
	switch {
	case level >= 9 && fresh:
		pairs = append(pairs, "dnsLookupMilliseconds", 0, "dialMilliseconds", 0, "tlsHandshakeMilliseconds", 0, "serverProcessingMilliseconds", took)
	case level >= 9:
		pairs = append(pairs, "getConnectionMilliseconds", 0, "serverProcessingMilliseconds", took)
	}
	t.f.logValues("round_trippers.go:632", "Response", pairs...)
	if err != nil || level < 8 || streamed(req) {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	t.f.logValues(at, "Response Body", "body", t.body(body))
	return resp, nil
}

// streamed says that the answer to req comes bit by bit.
func streamed(req *http.Request) bool {
	q := req.URL.Query()
	return q.Get("watch") == "true" || strings.HasSuffix(req.URL.Path, "/log") || req.Header.Get("Upgrade") != ""
}

// body is a body as far as the level shows it.
func (t *tracer) body(data []byte) string {
	text := string(data)
	if bytes.IndexFunc(data, func(r rune) bool { return r < 0x0a }) >= 0 {
		text = hex.Dump(data)
	}
	most := 1024
	switch {
	case t.f.verbosity >= 10:
		return text
	case t.f.verbosity == 9:
		most = 10240
	}
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s [truncated %d chars]", text[:most], len(text)-most)
}

// caller is the line of upstream's source that sends such a request.
func caller(req *http.Request) string {
	p := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	switch {
	case slices.Equal(p, []string{"api"}):
		return "discovery_client.go:255"
	case slices.Equal(p, []string{"apis"}):
		return "discovery_client.go:318"
	case p[0] == "openapi":
		return "client.go:46"
	case slices.Equal(p, []string{"version"}):
		return "discovery_client.go:667"
	}
	switch req.Method {
	case http.MethodDelete:
		return "helper.go:202"
	case http.MethodPost:
		return "helper.go:246"
	case http.MethodPatch:
		return "helper.go:269"
	case http.MethodPut:
		return "helper.go:319"
	}
	if streamed(req) {
		return "helper.go:182"
	}
	// /api/v1 or /apis/GROUP/VERSION, then [namespaces NS] RESOURCE [NAME]
	from := 2
	if p[0] == "apis" {
		from = 3
	}
	rest := p[min(from, len(p)):]
	if len(rest) > 2 && rest[0] == "namespaces" {
		rest = rest[2:]
	}
	if len(rest) == 1 {
		return "helper.go:113"
	}
	return "helper.go:105"
}

// headerText is headers one a line, without secrets and without what upstream adds further down.
func headerText(h http.Header) string {
	var b strings.Builder
	for _, k := range object.SortedKeys(h) {
		if strings.HasPrefix(k, "Kubectl-") {
			continue
		}
		for _, v := range h[k] {
			if k == "Authorization" {
				v, _, _ = strings.Cut(v, " ")
				v += " <masked>"
			}
			fmt.Fprintf(&b, "%s: %s\n", k, v)
		}
	}
	return b.String()
}

func curl(req *http.Request) string {
	var b strings.Builder
	for line := range strings.Lines(headerText(req.Header)) {
		fmt.Fprintf(&b, ` -H "%s"`, strings.TrimSuffix(line, "\n"))
	}
	return fmt.Sprintf("curl -v -X%s %s '%s'", req.Method, b.String(), req.URL)
}
