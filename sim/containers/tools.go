package containers

import (
	"math/big"
	"strconv"
	"strings"
	"time"
)

// perl computes pi, as the Job of the documentation has it do.
func perl(s *Start, p *program) {
	if len(s.Argv) == 1 || s.Argv[1] == "-de0" && s.Stdin == nil {
		return // a debugger with nothing to read
	}
	_, rest, ok := strings.Cut(s.Argv[len(s.Argv)-1], "bpi(")
	if !ok {
		unsimulated(s, p)
		return
	}
	digits, err := strconv.Atoi(strings.TrimSuffix(rest, ")"))
	if err != nil || digits < 1 || digits > 10_000 {
		digits = 40
	}
	p.lasts = 4 * time.Second
	p.logs = []line{{after: p.lasts, text: pi(digits)}}
}

// pi returns that many significant digits, by Machin's formula.
func pi(digits int) string {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits+10)), nil)
	sum := arctan(5, scale)
	sum.Mul(sum, big.NewInt(16))
	rest := arctan(239, scale)
	sum.Sub(sum, rest.Mul(rest, big.NewInt(4)))
	text := sum.String()
	if digits == 1 {
		return text[:1]
	}
	return text[:1] + "." + text[1:digits]
}

// arctan is arctan(1/x), in units of 1/scale.
func arctan(x int64, scale *big.Int) *big.Int {
	power := new(big.Int).Div(scale, big.NewInt(x))
	sum := new(big.Int).Set(power)
	square := big.NewInt(x * x)
	term := new(big.Int)
	for n := int64(3); power.Sign() != 0; n += 2 {
		power.Div(power, square)
		term.Div(power, big.NewInt(n))
		if n%4 == 3 {
			sum.Sub(sum, term)
		} else {
			sum.Add(sum, term)
		}
	}
	return sum
}

// stress takes memory (--vm N --vm-bytes SIZE, or vish/stress's -mem-total) until its --timeout; beyond the limit it is
// killed.
func stress(s *Start, p *program) {
	var bytes, workers int64 = 256 << 20, 0
	p.lasts = forever
	for i := 1; i < len(s.Argv); i++ {
		name, value, ok := strings.Cut(s.Argv[i], "=")
		if !ok && i+1 < len(s.Argv) {
			value = s.Argv[i+1]
		}
		switch strings.TrimLeft(name, "-") {
		case "vm", "m":
			workers, _ = strconv.ParseInt(value, 10, 64)
		case "vm-bytes":
			bytes = size(value)
		case "mem-total":
			workers, bytes = 1, size(value)
		case "timeout", "t":
			if n, err := strconv.Atoi(strings.TrimSuffix(value, "s")); err == nil && n > 0 {
				p.lasts = time.Duration(n) * time.Second
			}
		}
	}
	p.logs = out("stress: info: [1] dispatching hogs: 0 cpu, 0 io, " + strconv.FormatInt(workers, 10) + " vm, 0 hdd")
	if s.Memory > 0 && workers > 0 && workers*bytes > s.Memory {
		p.lasts, p.code = 400*time.Millisecond, oomKilled
	}
}

// oomKilled marks, as a program's code, an end by the kernel's out-of-memory killer.
const oomKilled = -1

// size reads 150M, 1G, 950Mi.
func size(text string) int64 {
	digits := strings.TrimRight(text, "iBbkKmMgG")
	n, err := strconv.ParseInt(digits, 10, 40)
	if err != nil {
		return 0
	}
	switch unit := strings.ToUpper(strings.TrimPrefix(text, digits)); {
	case strings.HasPrefix(unit, "K"):
		return n << 10
	case strings.HasPrefix(unit, "M"):
		return n << 20
	case strings.HasPrefix(unit, "G"):
		return n << 30
	}
	return n
}
