// Package network hands out the addresses of pods and services.
//
// It carries no traffic, and knows neither pods nor services.
package network

import (
	"fmt"
	"net/netip"
)

// Pods is the pod network of one node. As the host-local plugin does, it gives addresses in order, the freed ones again
// only when it has come round.
type Pods struct {
	prefix netip.Prefix
	last   netip.Addr
	used   map[netip.Addr]bool
}

// NewPods returns the addresses of a node's podCIDR ("10.244.1.0/24"). The first one is the bridge's.
func NewPods(cidr string) (*Pods, error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() {
		return nil, fmt.Errorf("%q is no IPv4 network", cidr)
	}
	p = p.Masked()
	return &Pods{prefix: p, last: p.Addr().Next(), used: map[netip.Addr]bool{}}, nil
}

// Allocate returns a free address; ok is false where there is none.
func (p *Pods) Allocate() (ip string, ok bool) {
	first := p.prefix.Addr().Next().Next()
	for a, tries := p.last.Next(), 0; tries < 1<<16; a, tries = a.Next(), tries+1 {
		if !p.prefix.Contains(a.Next()) { // the last one is for broadcasts
			a = first
		}
		if !p.used[a] {
			p.used[a], p.last = true, a
			return a.String(), true
		}
		if a == p.last {
			break
		}
	}
	return "", false
}

// Release frees an address.
func (p *Pods) Release(ip string) {
	if a, err := netip.ParseAddr(ip); err == nil {
		delete(p.used, a)
	}
}
