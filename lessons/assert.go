package lessons

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Assertion is one statement about the cluster's state. Exactly one of Match, Query and Script is set.
type Assertion struct {
	// Match is a partial manifest: apiVersion, kind and metadata.name (metadata.namespace defaults to `default`) say
	// which object; every field that is given must be there with that value. A list matches where each of its items
	// matches some item of the object's list. Without a name, some object of the kind must match.
	Match map[string]any `json:"match,omitempty"`
	// Query is what follows `kubectl`, as in a shell, for example: get pods -l app=web -o name. It must exit with 0.
	Query string `json:"query,omitempty"`
	// Script is the name of a script in the lesson's folder, or a script itself; exit code 0 is the verdict.
	Script string `json:"script,omitempty"`

	// Equals, Contains and Matches (a regular expression) compare what Query printed, without blanks around it.
	Equals   *string `json:"equals,omitempty"`
	Contains string  `json:"contains,omitempty"`
	Matches  string  `json:"matches,omitempty"`

	// Not turns the verdict round.
	Not bool `json:"not,omitempty"`
	// Say is what the learner reads while the assertion does not hold.
	Say string `json:"say,omitempty"`

	text string // of the script
}

func (a *Assertion) check() error {
	n := 0
	for _, set := range []bool{a.Match != nil, a.Query != "", a.Script != ""} {
		if set {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("an assertion has exactly one of match, query and script")
	}
	if a.Query == "" && (a.Equals != nil || a.Contains != "" || a.Matches != "") {
		return fmt.Errorf("equals, contains and matches belong to a query")
	}
	if a.Matches != "" {
		if _, err := regexp.Compile(a.Matches); err != nil {
			return err
		}
	}
	if a.Match != nil {
		if text(a.Match["apiVersion"]) == "" || text(a.Match["kind"]) == "" {
			return fmt.Errorf("match: apiVersion and kind must be given")
		}
	}
	return nil
}

// World is the cluster as assertions see it. Nothing that they ask may change it or let time pass.
type World interface {
	// Objects are the objects of a kind as JSON values: those of one namespace, or all where namespace is "", with
	// that name, or all where name is "". An unknown kind is an error, a missing object is not.
	Objects(apiVersion, kind, namespace, name string) ([]map[string]any, error)
	// Run runs a script in a shell of its own and returns what it printed to standard output.
	Run(script string) (stdout string, exit int)
}

// Holds reports whether the assertion holds, and if not, why in one sentence.
func (a *Assertion) Holds(w World) (bool, string) {
	ok, why := a.verdict(w)
	if a.Not {
		ok, why = !ok, "it is still there: "+a.subject()
	}
	if ok {
		return true, ""
	}
	if a.Say != "" {
		why = a.Say
	}
	return false, why
}

func (a *Assertion) subject() string {
	if a.Match != nil {
		return strings.TrimRight(strings.ToLower(text(a.Match["kind"]))+"/"+text(dig(a.Match, "metadata", "name")), "/")
	}
	return strings.SplitN(a.Query+a.Script, "\n", 2)[0]
}

func (a *Assertion) verdict(w World) (bool, string) {
	switch {
	case a.Match != nil:
		return a.matches(w)
	case a.Query != "":
		out, exit := w.Run("kubectl " + a.Query)
		return a.compare(strings.TrimSpace(out), exit)
	default:
		if _, exit := w.Run(a.text); exit != 0 {
			return false, fmt.Sprintf("the check ended with exit code %d", exit)
		}
		return true, ""
	}
}

func (a *Assertion) compare(out string, exit int) (bool, string) {
	switch {
	case exit != 0:
		return false, fmt.Sprintf("`kubectl %s` ended with exit code %d", a.Query, exit)
	case a.Equals != nil && out != *a.Equals:
		return false, fmt.Sprintf("`kubectl %s` prints %s, not %s", a.Query, strconv.Quote(out), strconv.Quote(*a.Equals))
	case a.Contains != "" && !strings.Contains(out, a.Contains):
		return false, fmt.Sprintf("`kubectl %s` does not print %s", a.Query, strconv.Quote(a.Contains))
	case a.Matches != "" && !regexp.MustCompile(a.Matches).MatchString(out):
		return false, fmt.Sprintf("`kubectl %s` prints %s", a.Query, strconv.Quote(out))
	}
	return true, ""
}

func (a *Assertion) matches(w World) (bool, string) {
	name := text(dig(a.Match, "metadata", "name"))
	namespace := text(dig(a.Match, "metadata", "namespace"))
	if namespace == "" {
		namespace = "default"
	}
	objects, err := w.Objects(text(a.Match["apiVersion"]), text(a.Match["kind"]), namespace, name)
	if err != nil {
		return false, err.Error()
	}
	if len(objects) == 0 {
		return false, "there is no " + a.subject()
	}
	why := ""
	for _, o := range objects {
		if why = within(a.Match, o, ""); why == "" {
			return true, ""
		}
	}
	return false, a.subject() + ": " + why
}

// within says where got lacks what want asks for; "" where it has everything.
func within(want, got any, path string) string {
	switch want := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok {
			return path + " is not there"
		}
		for _, k := range sortedKeys(want) {
			sub := strings.TrimPrefix(path+"."+k, ".")
			if why := within(want[k], m[k], sub); why != "" {
				return why
			}
		}
		return ""
	case []any:
		items, _ := got.([]any)
		for i, x := range want {
			found := false
			for _, item := range items {
				found = found || within(x, item, "") == ""
			}
			if !found {
				b, _ := json.Marshal(want[i])
				return fmt.Sprintf("%s has no %s", path, b)
			}
		}
		return ""
	case nil:
		if got == nil {
			return ""
		}
		return path + " is set"
	}
	if reflect.DeepEqual(want, got) || number(want) != "" && number(want) == number(got) {
		return ""
	}
	if got == nil {
		return path + " is not set"
	}
	return fmt.Sprintf("%s is %v, not %v", path, got, want)
}

func number(v any) string {
	switch n := v.(type) {
	case float64:
		return strconv.FormatFloat(n, 'g', -1, 64)
	case int64:
		return strconv.FormatInt(n, 10)
	}
	return ""
}

func dig(m map[string]any, path ...string) any {
	var v any = m
	for _, k := range path {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
