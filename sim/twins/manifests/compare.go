package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strings"
)

// tally counts what is alike.
type tally struct {
	unserved, compared, verdict, message, object int
	accepted                                     int // by the real one
	classes                                      map[string]int
}

var (
	uuid     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	stamp    = regexp.MustCompile(`20[0-9][0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z`)
	token    = regexp.MustCompile(`kube-api-access-[a-z0-9]{5}`)
	quoted   = regexp.MustCompile(`resourceVersion(\\*":\\*")[0-9]+`)
	suffix   = regexp.MustCompile(`(Invalid value: \\*"[^"]{0,58})[bcdfghjklmnpqrstvwxz2456789]{5}(\\*": a )`)
	address  = regexp.MustCompile(`\b10\.(9[6-9]|1[01][0-9])\.[0-9]+\.[0-9]+\b`)
	nodePort = regexp.MustCompile(`odePort(\\*"?:)3[0-9]{4}`)
	drawn    = regexp.MustCompile(`[bcdfghjklmnpqrstvwxz2456789]{5}("? ?)$`)
	random   = regexp.MustCompile(`"(clusterIP|clusterIPs|nodePort|healthCheckNodePort|resourceVersion)":("[^"]*"|\["[^]]*\]|[0-9]+)`)
	hash     = regexp.MustCompile(`resourceVersion: [0-9]+`)
)

func normal(text string) string {
	text = uuid.ReplaceAllString(text, "UUID")
	text = stamp.ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasPrefix(s, "2020-01-01") {
			return s
		}
		return "TIME"
	})
	text = token.ReplaceAllString(text, "kube-api-access-XXXXX")
	text = quoted.ReplaceAllString(text, "resourceVersion${1}N")
	text = suffix.ReplaceAllString(text, "${1}XXXXX$2")
	text = hash.ReplaceAllString(text, "resourceVersion: N")
	text = address.ReplaceAllString(text, "IP")
	text = nodePort.ReplaceAllString(text, "nodePort${1}N")
	return random.ReplaceAllString(text, `"$1":"*"`)
}

func plain(v map[string]any) string {
	if m, ok := v["metadata"].(map[string]any); ok {
		if prefix, ok := m["generateName"].(string); ok && strings.HasPrefix(nameOf(v), prefix) {
			m["name"] = prefix + "XXXXX"
		}
	}
	data, _ := json.MarshalIndent(v, "", " ")
	var compact any
	json.Unmarshal(data, &compact)
	flat, _ := json.Marshal(compact)
	var out any
	if json.Unmarshal([]byte(normal(string(flat))), &out) != nil {
		return normal(string(flat))
	}
	data, _ = json.MarshalIndent(out, "", " ")
	return string(data)
}

func (t *tally) compare(a, b *server, d document, at attempt) {
	ra, rb := a.try(d, at), b.try(d, at)
	if m, ok := at.object["metadata"].(map[string]any); ok {
		_, ra.drawn = m["generateName"]
		rb.drawn = ra.drawn
	}
	if reason(ra) == "AlreadyExists" || reason(rb) == "AlreadyExists" {
		return // the worlds differ, not the servers
	}
	if _, exists := ra.body["metadata"]; at.verb == apply && ra.code != rb.code && exists && ra.code < 300 && rb.code < 300 {
		return
	}
	t.compared++
	if ra.code < 300 {
		t.accepted++
	}
	show := func(class, x, y string) {
		t.classes[class]++
		fmt.Printf("=== %s | %s %s | %s | %s\n%s\n", class, at.verb, at.validation, d.source, at.name, difference(strings.Split(x, "\n"), strings.Split(y, "\n")))
		if os.Getenv("BODY") != "" {
			body := at.raw
			if body == nil {
				body, _ = json.Marshal(at.object)
			}
			fmt.Printf("BODY %s\n", body)
		}
	}
	kind := d.gvk()
	if (ra.code < 300) != (rb.code < 300) {
		show("verdict "+kind, brief(ra), brief(rb))
		return
	}
	t.verdict++
	if ra.code >= 300 {
		x, y := brief(ra), brief(rb)
		if x != y {
			show("message "+kind, x, y)
			return
		}
		t.message++
		return
	}
	x, y := plain(ra.body), plain(rb.body)
	if x != y {
		show("object "+kind, x, y)
		return
	}
	t.object++
	if x, y := strings.Join(ra.warnings, "\n"), strings.Join(rb.warnings, "\n"); x != y {
		show("warning "+kind, x, y)
	}
}

// difference lists the lines that only one of the two has.
func difference(a, b []string) string {
	count := map[string]int{}
	for _, l := range b {
		count[l]++
	}
	var out strings.Builder
	common := 0
	for _, l := range a {
		if count[l] > 0 {
			count[l]--
			common++
			continue
		}
		fmt.Fprintln(&out, "  real", l)
	}
	for _, l := range b {
		if count[l] > 0 {
			count[l]--
			fmt.Fprintln(&out, "  ours", l)
		}
	}
	if out.Len() == 0 {
		fmt.Fprintln(&out, "  another order:\n  real", strings.Join(a, "\n       "), "\n  ours", strings.Join(b, "\n       "))
	}
	return out.String()
}

func reason(a answer) string {
	s, _ := a.body["reason"].(string)
	return s
}

// brief is an answer without the object, its causes one a line.
func brief(a answer) string {
	if a.code < 300 {
		return fmt.Sprint(a.code)
	}
	message, _ := a.body["message"].(string)
	lines := []string{fmt.Sprint(a.code, " ", reason(a))}
	lines = append(lines, strings.Split(normal(message), "\n")...)
	details, _ := a.body["details"].(map[string]any)
	causes, _ := details["causes"].([]any)
	if len(causes) > 0 { // they say the message again, with reasons
		head, _, _ := strings.Cut(normal(message), "is invalid")
		if a.drawn {
			head = drawn.ReplaceAllString(head, "XXXXX$1")
		}
		lines = append(lines[:1], head)
	}
	for _, k := range []string{"name", "group", "kind"} {
		if v, ok := details[k]; ok {
			line := fmt.Sprint("details.", k, "=", v)
			if a.drawn {
				line = drawn.ReplaceAllString(line, "XXXXX$1")
			}
			lines = append(lines, line)
		}
	}
	for _, c := range causes {
		flat, _ := json.Marshal(c)
		lines = append(lines, normal(string(flat)))
	}
	lines = append(lines, a.warnings...)
	return strings.Join(lines, "\n")
}

func (t *tally) report() {
	names := make([]string, 0, len(t.classes))
	for n := range t.classes {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		if t.classes[names[i]] != t.classes[names[j]] {
			return t.classes[names[i]] > t.classes[names[j]]
		}
		return names[i] < names[j]
	})
	for _, n := range names {
		fmt.Printf("%5d %s\n", t.classes[n], n)
	}
	refused := t.compared - t.accepted
	fmt.Printf("documents of kinds that the real server does not serve: %d\n", t.unserved)
	fmt.Printf("compared %d: same verdict %d; of %d refused by the real server the same message %d; of %d accepted the same object %d\n",
		t.compared, t.verdict, refused, t.message, t.accepted, t.object)
}
