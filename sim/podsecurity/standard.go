package podsecurity

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Level is how strict a standard is.
type Level string

const (
	Privileged Level = "privileged"
	Baseline   Level = "baseline"
	Restricted Level = "restricted"
)

func (l Level) rank() int {
	switch l {
	case Privileged:
		return 0
	case Baseline:
		return 1
	}
	return 2
}

// Stricter says whether the level is stricter than the other.
func (l Level) Stricter(other Level) bool { return l.rank() > other.rank() }

// Standard is a level as of a Kubernetes version. Standards compare with ==.
type Standard struct {
	Level  Level
	latest bool
	minor  int
}

func (s Standard) version() string {
	if s.latest {
		return "latest"
	}
	return "v1." + strconv.Itoa(s.minor)
}

// String is level and version, as in `baseline:latest`.
func (s Standard) String() string { return string(s.Level) + ":" + s.version() }

// SameVersion says whether both standards are of one version.
func (s Standard) SameVersion(o Standard) bool { return s.latest == o.latest && s.minor == o.minor }

// Policy is what a namespace asks of its pods: what refuses them, and what only warns. (Nothing is audited here; the
// labels are checked all the same.)
type Policy struct {
	Enforce, Audit, Warn Standard
}

// Lenient says whether the policy lets everything pass without a word.
func (p Policy) Lenient() bool { return p.Enforce.Level == Privileged && p.Warn.Level == Privileged }

const label = "pod-security.kubernetes.io/"

// FromLabels is the policy in a namespace's labels: privileged where they say nothing, and what is safest for a label
// that cannot be read, which is one of the errors.
func FromLabels(labels map[string]string) (Policy, field.ErrorList) {
	free := Standard{Level: Privileged, latest: true}
	p := Policy{Enforce: free, Audit: free, Warn: free}
	var errs field.ErrorList
	read := func(mode string, s *Standard, otherwise Level) (level, version bool) {
		if text, ok := labels[label+mode]; ok {
			switch Level(text) {
			case Privileged, Baseline, Restricted:
				s.Level, level = Level(text), true
			default:
				s.Level = otherwise
				errs = append(errs, invalid(mode, text, "must be one of privileged, baseline, restricted"))
			}
		}
		if text, ok := labels[label+mode+"-version"]; ok {
			version = true
			var known bool
			if s.latest, s.minor, known = parseVersion(text); !known {
				errs = append(errs, invalid(mode+"-version", text, `must be "latest" or "v1.x"`))
			}
		}
		return level, version
	}
	enforced, _ := read("enforce", &p.Enforce, Restricted)
	read("audit", &p.Audit, Privileged)
	_, versioned := read("warn", &p.Warn, Privileged)
	if _, asked := labels[label+"warn"]; !asked && enforced && p.Enforce.Level.Stricter(p.Warn.Level) {
		p.Warn.Level = p.Enforce.Level
		if !versioned {
			p.Warn.latest, p.Warn.minor = p.Enforce.latest, p.Enforce.minor
		}
	}
	return p, errs
}

func invalid(mode, text, detail string) *field.Error {
	return field.Invalid(field.NewPath("metadata", "labels").Key(label+mode), text, detail)
}

// parseVersion reads `latest` or `v1.x`; what is neither is the latest.
func parseVersion(text string) (latest bool, minor int, known bool) {
	if text == "latest" {
		return true, 0, true
	}
	digits, ok := strings.CutPrefix(text, "v1.")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 || strconv.Itoa(n) != digits {
		return true, 0, false
	}
	return false, n, true
}
