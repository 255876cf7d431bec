package killercoda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// index is a scenario's index.json.
type index struct {
	Title       word `json:"title"`
	Description word `json:"description"`
	Difficulty  word `json:"difficulty"`
	Time        word `json:"time"`
	Details     struct {
		Intro  *page              `json:"intro"`
		Steps  []page             `json:"steps"`
		Finish *page              `json:"finish"`
		Assets map[string][]asset `json:"assets"`
	} `json:"details"`
	Backend struct {
		ImageID string `json:"imageid"`
	} `json:"backend"`
}

// page is the introduction, a step or the end.
type page struct {
	Title      word   `json:"title"`
	Text       string `json:"text"`
	Verify     string `json:"verify"`
	Background string `json:"background"`
	Foreground string `json:"foreground"`
	Answer     string `json:"answer"`

	// CourseData and Code are Background and Foreground as Katacoda called them.
	CourseData string `json:"courseData"`
	Code       string `json:"code"`
}

func (p *page) scripts() (background, foreground string) {
	if background = p.Background; background == "" {
		background = p.CourseData
	}
	if foreground = p.Foreground; foreground == "" {
		foreground = p.Code
	}
	return background, foreground
}

// asset is a file, or with * several, that is put on a machine.
type asset struct {
	File   string `json:"file"`
	Target string `json:"target"`
	Chmod  string `json:"chmod"`
}

// word is a string that people also write as a number.
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*w = word(strings.TrimSpace(s))
		return nil
	}
	if len(b) > 0 && (b[0] == '{' || b[0] == '[') {
		return fmt.Errorf("%s stands where a text should", b)
	}
	if string(b) != "null" {
		*w = word(b)
	}
	return nil
}

// json reads a JSON file; errors name it and the line.
func (im *importer) json(name string, into any) error {
	text, err := im.read(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	err = json.Unmarshal([]byte(text), into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s:%d: %w", name, lineAt(text, syntax.Offset), err)
	case errors.As(err, &kind):
		return fmt.Errorf("%s:%d: %s cannot be of the kind %s", name, lineAt(text, kind.Offset), kind.Field, kind.Value)
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func lineAt(text string, offset int64) int {
	return 1 + strings.Count(text[:min(int(offset), len(text))], "\n")
}

// known are the keys of index.json that are carried over, or whose absence nobody notices.
var known = map[string][]string{
	"":             {"title", "description", "difficulty", "time", "details", "backend", "icon", "private", "pathwayTitle"},
	"details":      {"intro", "steps", "finish", "assets"},
	"details page": {"title", "text", "verify", "background", "foreground", "answer", "courseData", "code"},
	"backend":      {"imageid"},
}

// dropped are keys that are known and carried over by nobody, with the reason.
var dropped = map[string]string{
	"interface":      "there is one layout: text beside the terminal; nano and vi take an IDE's place",
	"environment":    "there is one layout: text beside the terminal; nano and vi take an IDE's place",
	"files":          "no editor is open at the beginning: nano and vi open files",
	"backend.port":   "nothing listens on a port for browsers",
	"credits":        "a lesson has no field for it: name those whom you thank in the text",
	"visibility":     "who sees a lesson is up to the site that shows it",
	"show_cleartext": "",
}

// leftOver notes the keys that are not carried over.
func leftOver(text string) (notes []string) {
	var m map[string]any
	if json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&m) != nil {
		return nil
	}
	look := func(m map[string]any, in, as string) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			full := strings.TrimPrefix(in+"."+k, ".")
			if slices.Contains(known[as], k) || m[k] == nil || m[k] == "" {
				continue
			}
			why, ok := dropped[full]
			if !ok {
				why, ok = dropped[k]
			}
			switch {
			case !ok:
				notes = append(notes, fmt.Sprintf("index.json: %s is not known", full))
			case why != "":
				notes = append(notes, fmt.Sprintf("index.json: %s: %s", full, why))
			}
		}
	}
	look(m, "", "")
	details, _ := m["details"].(map[string]any)
	look(details, "details", "details")
	for _, k := range []string{"intro", "finish"} {
		p, _ := details[k].(map[string]any)
		look(p, "details."+k, "details page")
	}
	steps, _ := details["steps"].([]any)
	for i, s := range steps {
		p, _ := s.(map[string]any)
		look(p, fmt.Sprintf("details.steps[%d]", i), "details page")
	}
	backend, _ := m["backend"].(map[string]any)
	look(backend, "backend", "backend")
	return notes
}

// matching lists the files below dir that an asset names, relative to dir.
func (im *importer) matching(dir, pattern string) (names []string, err error) {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}, nil
	}
	sub, err := fs.Sub(im.root, dir)
	if err != nil {
		return nil, err
	}
	if pattern == "**" {
		pattern = "*"
	}
	found, err := fs.Glob(sub, pattern)
	if err != nil {
		return nil, err
	}
	for _, name := range found {
		if info, err := fs.Stat(sub, name); err == nil && info.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	return names, nil
}
