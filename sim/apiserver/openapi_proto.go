//go:build !js

package apiserver

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"terrarium/sim/openapi"
)

// protoOpenAPI is the media type in which kubectl asks for OpenAPI v2: the document as gnostic's protobuf messages,
// whose field numbers stand below. Paths are left out, as no client reads them.
const protoOpenAPI = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

// openAPIProto answers a request for OpenAPI v2 as protobuf; false where it is not asked for.
func (x *exchange) openAPIProto() bool {
	if !strings.HasPrefix(x.r.Header.Get("Accept"), protoOpenAPI) {
		return false
	}
	d := x.document(openapi.V2, x.Resources())
	var p proto
	p.text(1, "2.0")
	p.message(2, func(p *proto) {
		p.text(1, "Kubernetes")
		p.text(2, "1.36")
	})
	p.message(8, func(*proto) {})
	p.message(9, func(p *proto) {
		for _, name := range slices.Sorted(maps.Keys(d.schemas)) {
			p.named(1, name, normal(d.schemas[name]))
		}
	})
	x.send("application/octet-stream", http.StatusOK, p)
	return true
}

// normal turns a schema into plain maps and lists.
func normal(v any) openapi.Object {
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out openapi.Object
	if json.Unmarshal(data, &out) != nil {
		return nil
	}
	return out
}

// proto is a protobuf message that is being written.
type proto []byte

func (p *proto) text(field int, s string) {
	if s != "" {
		p.bytes(field, []byte(s))
	}
}

func (p *proto) bytes(field int, data []byte) {
	*p = binary.AppendUvarint(*p, uint64(field)<<3|2)
	*p = binary.AppendUvarint(*p, uint64(len(data)))
	*p = append(*p, data...)
}

func (p *proto) message(field int, fill func(p *proto)) {
	var inner proto
	fill(&inner)
	p.bytes(field, inner)
}

// named writes a NamedSchema.
func (p *proto) named(field int, name string, s openapi.Object) {
	p.message(field, func(p *proto) {
		p.text(1, name)
		p.message(2, func(p *proto) { p.schema(s) })
	})
}

// schema writes a Schema.
func (p *proto) schema(s openapi.Object) {
	str := func(key string) string { v, _ := s[key].(string); return v }
	p.text(1, str("$ref"))
	p.text(2, str("format"))
	p.text(4, str("description"))
	required, _ := s["required"].([]any)
	for _, name := range required {
		if name, ok := name.(string); ok {
			p.text(19, name)
		}
	}
	if inner, ok := s["additionalProperties"].(openapi.Object); ok {
		p.message(21, func(p *proto) { p.message(1, func(p *proto) { p.schema(inner) }) })
	}
	if t := str("type"); t != "" {
		p.message(22, func(p *proto) { p.text(1, t) })
	}
	if inner, ok := s["items"].(openapi.Object); ok {
		p.message(23, func(p *proto) { p.message(1, func(p *proto) { p.schema(inner) }) })
	}
	if properties, ok := s["properties"].(openapi.Object); ok {
		p.message(25, func(p *proto) {
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				if inner, ok := properties[name].(openapi.Object); ok {
					p.named(1, name, inner)
				}
			}
		})
	}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if !strings.HasPrefix(key, "x-") {
			continue
		}
		value, err := yaml.Marshal(s[key])
		if err != nil {
			continue
		}
		p.message(31, func(p *proto) {
			p.text(1, key)
			p.message(2, func(p *proto) { p.text(2, string(value)) })
		})
	}
}
