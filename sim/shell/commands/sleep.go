package commands

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/shell"
)

// duration reads a number of seconds, or of what its suffix s, m, h or d says.
func duration(s string) (time.Duration, bool) {
	unit := time.Second
	if s != "" {
		if i := strings.IndexByte("smhd", s[len(s)-1]); i >= 0 {
			unit = []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}[i]
			s = s[:len(s)-1]
		}
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || x < 0 || math.IsNaN(x) {
		return 0, false
	}
	if x *= float64(unit); x > math.MaxInt64/2 {
		return math.MaxInt64 / 2, true
	}
	return time.Duration(x), true
}

func sleep(ctx context.Context, p *shell.Proc) int {
	_, args, exit, done := syntax{usage: []string{"NAME NUMBER[SUFFIX]..."}}.parse(p)
	if done {
		return exit
	}
	if len(args) == 0 {
		return missing(p, "missing operand")
	}
	total := time.Duration(0)
	wrong := false
	for _, arg := range args {
		d, ok := duration(arg)
		if !ok {
			p.Errorf("invalid time interval ‘%s’", arg)
			wrong = true
		}
		total = min(total+d, math.MaxInt64/2)
	}
	if wrong {
		missingHint(p)
		return 1
	}
	if p.Sleep(ctx, total) != nil {
		return 130
	}
	return 0
}

func missingHint(p *shell.Proc) {
	p.Stderr.Write([]byte("Try '" + p.Name() + " --help' for more information.\n"))
}
