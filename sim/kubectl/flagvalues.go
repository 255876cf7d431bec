package kubectl

import (
	"fmt"
	"strconv"
	"strings"
)

// levelValue is klog's verbosity flag.
type levelValue struct{ n *int }

func (l levelValue) String() string {
	if l.n == nil {
		return "0"
	}
	return strconv.Itoa(*l.n)
}
func (levelValue) Type() string { return "Level" }
func (l levelValue) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return err
	}
	*l.n = int(n)
	return nil
}

// moduleValue is klog's per-file verbosity flag.
type moduleValue struct{ s *string }

func (m moduleValue) String() string {
	if m.s == nil {
		return ""
	}
	return *m.s
}
func (moduleValue) Type() string { return "moduleSpec" }
func (m moduleValue) Set(s string) error {
	for _, pat := range strings.Split(s, ",") {
		if pat == "" {
			continue
		}
		_, level, ok := strings.Cut(pat, "=")
		if !ok {
			return fmt.Errorf("syntax error: expect comma-separated list of filename=N")
		}
		n, err := strconv.ParseInt(level, 10, 32)
		if err != nil {
			return fmt.Errorf("syntax error: expect comma-separated list of filename=N")
		}
		if n < 0 {
			return fmt.Errorf("negative value for vmodule level")
		}
	}
	*m.s = s
	return nil
}
