package apiserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

func (s *Server) mediaTypes() []string {
	types := []string{"application/json", "application/yaml"}
	if s.binary != nil {
		types = append(types, s.binary.media())
	}
	return types
}

// format is how a response is written.
type format struct {
	media  string // "" is application/json
	pretty bool
	wire   wire                     // nil is JSON or YAML
	as     *schema.GroupVersionKind // Table, PartialObjectMetadata(List) of meta.k8s.io, or nil
}

func (f format) contentType() string {
	if f.media == "" {
		return "application/json"
	}
	return f.media
}

// negotiate picks the first clause of the Accept header that can be had.
func (x *exchange) negotiate() (format, error) {
	f := format{pretty: x.pretty()}
	accept := x.r.Header.Get("Accept")
	if accept == "" {
		return f, nil
	}
	known := false // a media type, but not in the form that is wanted
	for _, clause := range strings.Split(accept, ",") {
		media, params := mediaParams(clause)
		switch media {
		case "*/*", "application/*", "application/json":
		case "application/yaml":
			f.media = media
		default:
			if x.binary == nil || x.binary.media() != media || params["as"] != "" || x.custom {
				continue
			}
			f.media, f.wire = media, x.binary
		}
		if as := params["as"]; as != "" {
			gvk := schema.GroupVersionKind{Group: params["g"], Version: params["v"], Kind: as}
			if !transformable(gvk) {
				f.media, known = "", true
				continue
			}
			f.as = &gvk
		}
		return f, nil
	}
	if known {
		return f, notAcceptable("only the following media types are accepted: " + strings.Join(x.mediaTypes(), ", "))
	}
	have := x.mediaTypes()
	if x.streams {
		for _, media := range have {
			if media != "application/yaml" {
				have = append(have, media+";stream=watch")
			}
		}
	}
	err := notAcceptable("406: Not Acceptable\n\nAvailable representations: " + strings.Join(have, ", "))
	err.ErrStatus.Details = &metav1.StatusDetails{}
	return f, err
}

func mediaParams(clause string) (media string, params map[string]string) {
	parts := strings.Split(clause, ";")
	params = map[string]string{}
	for _, p := range parts[1:] {
		key, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		params[key] = value
	}
	return strings.ToLower(strings.TrimSpace(parts[0])), params
}

func transformable(gvk schema.GroupVersionKind) bool {
	if gvk.Group != metav1.GroupName || gvk.Version != "v1" && gvk.Version != "v1beta1" {
		return false
	}
	switch gvk.Kind {
	case "Table", "PartialObjectMetadata", "PartialObjectMetadataList":
		return true
	}
	return false
}

// pretty says whether JSON is to be indented: on demand, and for people with curl, wget or a browser.
func (x *exchange) pretty() bool {
	if v := x.r.URL.Query().Get("pretty"); v != "" {
		pretty, err := strconv.ParseBool(v)
		return err == nil && pretty
	}
	agent := x.r.UserAgent()
	return strings.HasPrefix(agent, "curl") || strings.HasPrefix(agent, "Wget") || strings.HasPrefix(agent, "Mozilla/5.0")
}

func (f format) encode(obj any) ([]byte, error) {
	if f.wire != nil {
		return f.wire.encode(obj)
	}
	data, err := json.Marshal(obj)
	switch {
	case err != nil:
		return nil, err
	case f.media == "application/yaml":
		return yaml.JSONToYAML(data)
	case f.pretty:
		var b bytes.Buffer
		err := json.Indent(&b, data, "", "  ")
		return b.Bytes(), err
	}
	return append(data, '\n'), nil
}

// includes reads the query's includeObject.
func (x *exchange) includes() (metav1.IncludeObjectPolicy, error) {
	p := metav1.IncludeObjectPolicy(x.r.URL.Query().Get("includeObject"))
	switch p {
	case "":
		return metav1.IncludeMetadata, nil
	case metav1.IncludeNone, metav1.IncludeMetadata, metav1.IncludeObject:
		return p, nil
	}
	return p, apierrors.NewBadRequest(fmt.Sprintf(
		`Unable to convert to Table as requested: includeObject: Invalid value: %q: must be 'Metadata', 'Object', 'None', or empty`, p))
}

// event is one line of a watch.
func (f format) event(kind string, obj runtime.Object) ([]byte, error) {
	if f.wire != nil {
		return f.wire.event(kind, obj)
	}
	data, err := json.Marshal(obj)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(data)+40)
	out = append(out, `{"type":"`...)
	out = append(out, kind...)
	out = append(out, `","object":`...)
	out = append(out, data...)
	out = append(out, '}')
	if f.media == "application/yaml" {
		out, err = yaml.JSONToYAML(out)
		return append([]byte("---\n"), out...), err
	}
	return append(out, '\n'), nil
}
