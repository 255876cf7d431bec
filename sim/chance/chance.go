// Package chance is the seeded randomness of a cluster: names, UIDs, jitter.
//
// Each part forks its own stream by name, so that one part drawing more does not change what another draws.
package chance

import (
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Source is one stream of chance. It is not safe for concurrent use.
type Source struct {
	seed uint64
	r    *rand.Rand
}

// New returns the stream of a seed.
func New(seed uint64) *Source {
	return &Source{seed: seed, r: rand.New(rand.NewPCG(seed, 0x7465727261726975))}
}

// Fork returns the stream that belongs to name; it depends on the seed and the name alone, not on what was drawn.
func (s *Source) Fork(name string) *Source {
	h := fnv.New64a()
	h.Write([]byte(name))
	return New(s.seed ^ h.Sum64())
}

// IntN is uniform in [0, n). It panics where n <= 0.
func (s *Source) IntN(n int) int { return s.r.IntN(n) }

// Float64 is uniform in [0, 1).
func (s *Source) Float64() float64 { return s.r.Float64() }

// Between is a duration uniform in [lo, hi], in whole milliseconds.
func (s *Source) Between(lo, hi time.Duration) time.Duration {
	steps := int((hi - lo) / time.Millisecond)
	if steps <= 0 {
		return lo
	}
	return lo + time.Duration(s.r.IntN(steps+1))*time.Millisecond
}

// suffixAlphabet is what apimachinery's rand package uses for generated names: no vowels, no 0, 1, 3.
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789"

// Suffix returns n characters as in generated names (`web-x7k2p`).
func (s *Source) Suffix(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = suffixAlphabet[s.r.IntN(len(suffixAlphabet))]
	}
	return string(b)
}

// Bytes returns n random bytes.
func (s *Source) Bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.r.UintN(256))
	}
	return b
}

// Hex returns n random bytes as 2n hexadecimal digits.
func (s *Source) Hex(n int) string { return hex.EncodeToString(s.Bytes(n)) }

// UUID returns a version 4 UUID.
func (s *Source) UUID() string {
	b := s.Bytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Uint64 is 64 random bits.
func (s *Source) Uint64() uint64 { return s.r.Uint64() }
