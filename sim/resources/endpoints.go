package resources

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
)

func endpoints() *Resource {
	return of(&Resource{
		Version: "v1", Name: "endpoints", Singular: "endpoints", Kind: "Endpoints", ShortNames: []string{"ep"}, Namespaced: true,
		Deprecated: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
		New:        fresh[v1.Endpoints], NewList: fresh[v1.EndpointsList],
		CreateOnUpdate: true,
	}, typed[v1.Endpoints]{
		MetaAgain: "um|",
		Default: func(e *v1.Endpoints) {
			for i := range e.Subsets {
				for j := range e.Subsets[i].Ports {
					fill(&e.Subsets[i].Ports[j].Protocol, v1.ProtocolTCP)
				}
			}
		},
		Validate:       validateEndpoints,
		ValidateUpdate: validateEndpointsUpdate,
		Warnings:       endpointsWarnings,
		Row: func(e *v1.Endpoints, now time.Time) []any {
			return []any{e.Name, endpointsCell(e), age(e.CreationTimestamp, now)}
		},
	})
}

const shownEndpoints = 3

func endpointsCell(e *v1.Endpoints) string {
	if len(e.Subsets) == 0 {
		return "<none>"
	}
	var list []string
	for _, subset := range e.Subsets {
		for _, address := range subset.Addresses {
			if len(subset.Ports) == 0 {
				list = append(list, address.IP)
			}
		}
		for _, port := range subset.Ports {
			for _, address := range subset.Addresses {
				list = append(list, net.JoinHostPort(address.IP, strconv.Itoa(int(port.Port))))
			}
		}
	}
	return firstFew(list)
}

// firstFew is the list up to three, and how many there are beyond.
func firstFew(list []string) string {
	if len(list) <= shownEndpoints {
		return strings.Join(list, ",")
	}
	return fmt.Sprintf("%s + %d more...", strings.Join(list[:shownEndpoints], ","), len(list)-shownEndpoints)
}
