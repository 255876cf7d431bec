package network

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"terrarium/sim/chance"
)

// Services is the range of cluster IPs. Addresses that nobody asks for by name come from its upper part, so that the
// lower stays free for those who do.
type Services struct {
	prefix netip.Prefix
	chance *chance.Source
	used   map[netip.Addr]bool
}

// NewServices returns the addresses of a service network ("10.96.0.0/12").
func NewServices(cidr string, source *chance.Source) (*Services, error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() {
		return nil, fmt.Errorf("%q is no IPv4 network", cidr)
	}
	return &Services{prefix: p.Masked(), chance: source.Fork("network/services"), used: map[netip.Addr]bool{}}, nil
}

// Contains reports whether ip is an address of the range.
func (s *Services) Contains(ip string) bool {
	a, err := netip.ParseAddr(ip)
	return err == nil && s.prefix.Contains(a)
}

// Take marks an address that was asked for as used; false where it is used already, or not of the range.
func (s *Services) Take(ip string) bool {
	a, err := netip.ParseAddr(ip)
	if err != nil || !s.prefix.Contains(a) || s.used[a] {
		return false
	}
	s.used[a] = true
	return true
}

// Allocate returns a free address; ok is false where there is none.
func (s *Services) Allocate() (ip string, ok bool) {
	size := 1 << (32 - s.prefix.Bits())
	low := min(max(16, size/16), 256, size/2)
	for range 64 {
		if ip := s.at(low + s.chance.IntN(max(1, size-low-1))); s.Take(ip) {
			return ip, true
		}
	}
	for i := size - 2; i > 0; i-- {
		if ip := s.at(i); s.Take(ip) {
			return ip, true
		}
	}
	return "", false
}

// Release frees an address.
func (s *Services) Release(ip string) {
	if a, err := netip.ParseAddr(ip); err == nil {
		delete(s.used, a)
	}
}

func (s *Services) at(i int) string {
	base := s.prefix.Addr().As4()
	var out [4]byte
	binary.BigEndian.PutUint32(out[:], binary.BigEndian.Uint32(base[:])+uint32(i))
	return netip.AddrFrom4(out).String()
}
