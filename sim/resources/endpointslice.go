package resources

import (
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

func endpointSlices() *Resource {
	return of(&Resource{
		Group: "discovery.k8s.io", Version: "v1", Name: "endpointslices", Singular: "endpointslice", Kind: "EndpointSlice", Namespaced: true,
		New: fresh[discoveryv1.EndpointSlice], NewList: fresh[discoveryv1.EndpointSliceList],
	}, typed[discoveryv1.EndpointSlice]{
		MetaAgain: "m|",
		Default: func(s *discoveryv1.EndpointSlice) {
			for i := range s.Ports {
				fillPointer(&s.Ports[i].Name, "")
				fillPointer(&s.Ports[i].Protocol, v1.ProtocolTCP)
			}
		},
		Create:         func(_ *Context, s *discoveryv1.EndpointSlice) { dropTopology(s, nil) },
		Update:         func(_ *Context, s, old *discoveryv1.EndpointSlice) { dropTopology(s, old) },
		Validate:       validateEndpointSlice,
		ValidateUpdate: validateEndpointSliceUpdate,
		Warnings:       endpointSliceWarnings,
		Changed: func(s, old *discoveryv1.EndpointSlice) bool {
			return !equality.Semantic.DeepEqual(s.Labels, old.Labels) || s.AddressType != old.AddressType ||
				!equality.Semantic.DeepEqual(s.Ports, old.Ports) || !equality.Semantic.DeepEqual(s.Endpoints, old.Endpoints)
		},
		Row: func(s *discoveryv1.EndpointSlice, now time.Time) []any {
			var ports, addresses []string
			for _, p := range s.Ports {
				switch {
				case p.Port != nil:
					ports = append(ports, strconv.Itoa(int(*p.Port)))
				case p.Name != nil:
					ports = append(ports, *p.Name)
				default:
					ports = append(ports, "*")
				}
			}
			for _, e := range s.Endpoints {
				addresses = append(addresses, e.Addresses...)
			}
			return []any{s.Name, string(s.AddressType), orElse(firstFew(ports), "<unset>"), orElse(firstFew(addresses), "<unset>"),
				age(s.CreationTimestamp, now)}
		},
	})
}

// dropTopology drops what the field was used for before nodeName and zone, unless the endpoints stay as they are.
func dropTopology(s, old *discoveryv1.EndpointSlice) {
	if old != nil && equality.Semantic.DeepEqual(s.Endpoints, old.Endpoints) {
		return
	}
	for i := range s.Endpoints {
		s.Endpoints[i].DeprecatedTopology = nil
	}
}
