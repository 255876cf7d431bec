package lessons

import (
	"maps"
	"slices"
)

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// Check says which checkpoints the cluster's state passes and where the flow stands. It changes nothing.
func (l *Lesson) Check(w World) Progress {
	p := Progress{Checkpoints: []CheckState{}, Flow: []FlowState{}}
	for _, c := range l.Checkpoints {
		passed, why := all(c.Assert, w)
		p.Checkpoints = append(p.Checkpoints, CheckState{ID: c.ID, Passed: passed, Detail: why})
	}
	if l.Flow == nil {
		return p
	}
	for _, n := range l.Flow.Nodes {
		p.Flow = append(p.Flow, n.state(w))
	}
	return p
}

func (n *FlowNode) state(w World) FlowState {
	for _, s := range []struct {
		name   string
		assert []Assertion
	}{{"done", n.Done}, {"failed", n.Failed}, {"active", n.Active}} {
		if len(s.assert) == 0 {
			continue
		}
		if holds, _ := all(s.assert, w); holds {
			return FlowState{ID: n.ID, State: s.name}
		}
	}
	return FlowState{ID: n.ID, State: "idle"}
}

// all reports whether every assertion holds, and why the first one does not.
func all(assertions []Assertion, w World) (bool, string) {
	for i := range assertions {
		if ok, why := assertions[i].Holds(w); !ok {
			return false, why
		}
	}
	return true, ""
}
