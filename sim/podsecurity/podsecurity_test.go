package podsecurity

import (
	"encoding/json"
	"os"
	"testing"

	v1 "k8s.io/api/core/v1"
)

type verdict struct{ Standard, Reasons, Details string }

// The examples are pods made up at random, with what the admission plugin of Kubernetes 1.36.3 says of them.
func TestVerdicts(t *testing.T) {
	text, err := os.ReadFile("testdata/verdicts.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples []struct {
		Labels        map[string]string
		Pod           v1.Pod
		Enforce, Warn verdict
	}
	if err := json.Unmarshal(text, &examples); err != nil {
		t.Fatal(err)
	}
	if len(examples) == 0 {
		t.Fatal("no examples")
	}
	for i, e := range examples {
		policy, errs := FromLabels(e.Labels)
		if len(errs) > 0 {
			t.Fatalf("example %d: %v", i, errs)
		}
		judge := func(s Standard) verdict {
			found := Evaluate(s, &e.Pod.ObjectMeta, &e.Pod.Spec)
			return verdict{s.String(), Reasons(found), Details(found)}
		}
		if got := judge(policy.Enforce); got != e.Enforce {
			t.Errorf("example %d, enforce:\n got %+v\nwant %+v", i, got, e.Enforce)
		}
		if got := judge(policy.Warn); got != e.Warn {
			t.Errorf("example %d, warn:\n got %+v\nwant %+v", i, got, e.Warn)
		}
	}
}

func TestLabels(t *testing.T) {
	for _, test := range []struct {
		name          string
		labels        map[string]string
		enforce, warn string
		problem       string
	}{
		{"none", nil, "privileged:latest", "privileged:latest", ""},
		{"warnings follow what is enforced", map[string]string{label + "enforce": "baseline", label + "enforce-version": "v1.24"},
			"baseline:v1.24", "baseline:v1.24", ""},
		{"unless they were asked for", map[string]string{label + "enforce": "baseline", label + "warn": "privileged"},
			"baseline:latest", "privileged:latest", ""},
		{"unknown level", map[string]string{label + "enforce": "strict"}, "restricted:latest", "privileged:latest",
			`metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted`},
		{"unknown version", map[string]string{label + "warn": "baseline", label + "warn-version": "1.36"}, "privileged:latest", "baseline:latest",
			`metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.36": must be "latest" or "v1.x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, errs := FromLabels(test.labels)
			if p.Enforce.String() != test.enforce || p.Warn.String() != test.warn {
				t.Errorf("enforce %s, warn %s; want %s, %s", p.Enforce, p.Warn, test.enforce, test.warn)
			}
			got := ""
			if len(errs) > 0 {
				got = errs[0].Error()
			}
			if got != test.problem {
				t.Errorf("problem %q, want %q", got, test.problem)
			}
		})
	}
}
