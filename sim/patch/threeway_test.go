package patch

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThreeWayJSON(t *testing.T) {
	for _, c := range []struct{ original, modified, current, want string }{
		{`{}`, `{"a":1}`, `{}`, `{"a":1}`},
		{`{"a":1,"b":2}`, `{"a":1}`, `{"a":1,"b":2,"c":3}`, `{"b":null}`},
		{`{"a":{"x":1,"y":1}}`, `{"a":{"x":2}}`, `{"a":{"x":1,"y":5,"z":1}}`, `{"a":{"x":2,"y":null}}`},
		{`{"a":1}`, `{"a":1}`, `{"a":1}`, `{}`},
		{`{"l":[1,2]}`, `{"l":[1]}`, `{"l":[1,2]}`, `{"l":[1]}`},
		{`{"a":1}`, `{}`, `{}`, `{"a":null}`},
	} {
		var o, m, cur, want map[string]any
		for text, v := range map[string]*map[string]any{c.original: &o, c.modified: &m, c.current: &cur, c.want: &want} {
			if err := json.Unmarshal([]byte(text), v); err != nil {
				t.Fatal(err)
			}
		}
		decode := func(s string) (v map[string]any) { json.Unmarshal([]byte(s), &v); return v }
		got := ThreeWayJSON(decode(c.original), decode(c.modified), decode(c.current))
		if diff := cmp.Diff(decode(c.want), got); diff != "" {
			t.Errorf("%s %s %s:\n%s", c.original, c.modified, c.current, diff)
		}
	}
}
