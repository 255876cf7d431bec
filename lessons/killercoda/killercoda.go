// Package killercoda turns scenario folders as killercoda.com reads them into lesson folders, and says what it could
// not carry over.
//
// It knows files and their formats; it knows no cluster and runs nothing.
package killercoda

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Options are what the importer must be told of its surroundings.
type Options struct {
	// Name is the imported folder's own name; a course at the root is called after it.
	Name string
	// Unsimulated reports whether a program is known by name and not simulated. nil: none is.
	Unsimulated func(program string) bool
}

// Lesson is one scenario, carried over.
type Lesson struct {
	From   string // the scenario's folder in the imported tree; "." is its root
	Folder string // where the lesson belongs: COURSE/NN-NAME; "" for a scenario that was imported alone
	Title  string
	Files  map[string][]byte // by name in the lesson's folder
	Notes  []string          // what could not be carried over, in the order of the scenario
}

// maxDepth is how deep courses may lie in each other.
const maxDepth = 8

// Import reads a scenario (a folder with index.json), or a course: a folder whose structure.json, or else whose
// subfolders, lead to scenarios. An error is about the folder as a whole, or names the file that cannot be read.
func Import(root fs.FS, o Options) ([]Lesson, error) {
	im := &importer{root: root, options: o, counts: map[string]int{}}
	if im.has("index.json") {
		l, err := im.scenario(".", item{}, "")
		if err != nil {
			return nil, err
		}
		return []Lesson{*l}, nil
	}
	if err := im.course(".", item{}, 0); err != nil {
		return nil, err
	}
	if len(im.lessons) == 0 {
		return nil, errors.New("there is no scenario: a scenario is a folder with an index.json")
	}
	return im.lessons, nil
}

type importer struct {
	root    fs.FS
	options Options
	lessons []Lesson
	counts  map[string]int // lessons by course
}

// item is an entry of structure.json; its words go before the scenario's own.
type item struct {
	Path        string `json:"path"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// structure is structure.json.
type structure struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Items       []item `json:"items"`
}

// course reads the scenarios of a folder and of the folders in it.
func (im *importer) course(dir string, as item, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: courses lie more than %d deep in each other", dir, maxDepth)
	}
	title := as.Title
	var items []item
	if name := path.Join(dir, "structure.json"); im.has(name) {
		var s structure
		if err := im.json(name, &s); err != nil {
			return err
		}
		if title == "" {
			title = s.Title
		}
		items = s.Items
	} else {
		items = im.subfolders(dir)
	}
	if title == "" {
		title = spoken(im.name(dir))
	}
	for _, it := range items {
		at := path.Join(dir, it.Path)
		if !fs.ValidPath(at) {
			return fmt.Errorf("%s: the path %q leads out of the imported folder", path.Join(dir, "structure.json"), it.Path)
		}
		if im.has(path.Join(at, "index.json")) {
			l, err := im.scenario(at, it, title)
			if err != nil {
				return err
			}
			course := slug(im.name(dir))
			if dir != "." {
				course = slug(dir)
			}
			im.counts[course]++
			l.Folder = fmt.Sprintf("%s/%02d-%s", course, im.counts[course], slug(path.Base(at)))
			im.lessons = append(im.lessons, *l)
			continue
		}
		if info, err := fs.Stat(im.root, at); err != nil || !info.IsDir() {
			return fmt.Errorf("%s: there is no folder %s", path.Join(dir, "structure.json"), at)
		}
		if err := im.course(at, it, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// subfolders are those that may hold scenarios.
func (im *importer) subfolders(dir string) (items []item) {
	entries, _ := fs.ReadDir(im.root, dir)
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && e.Name() != "assets" && e.Name() != "node_modules" {
			items = append(items, item{Path: e.Name()})
		}
	}
	return items
}

func (im *importer) name(dir string) string {
	if dir != "." {
		return path.Base(dir)
	}
	if im.options.Name != "" {
		return im.options.Name
	}
	return "course"
}

func (im *importer) has(name string) bool {
	info, err := fs.Stat(im.root, name)
	return err == nil && info.Mode().IsRegular()
}

// maxFile is the largest file that is read.
const maxFile = 1 << 20

// read reads a file of the tree as text.
func (im *importer) read(name string) (string, error) {
	data, err := im.readRaw(name)
	return strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n"), err
}

func (im *importer) readRaw(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, errors.New("it leads out of the imported folder")
	}
	info, err := fs.Stat(im.root, name)
	switch {
	case err != nil:
		return nil, errors.New("there is no such file")
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case info.Size() > maxFile:
		return nil, errors.New("it is larger than 1 MiB")
	}
	return fs.ReadFile(im.root, name)
}

var notInSlugs = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a name that is fit for a folder.
func slug(s string) string {
	s = strings.Trim(notInSlugs.ReplaceAllString(strings.ToLower(s), "-"), "-")
	if s == "" {
		return "lesson"
	}
	return s
}

// spoken makes a title of a folder's name.
func spoken(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' })
	s := strings.Join(words, " ")
	if s == "" {
		return name
	}
	r := []rune(s)
	return string(append([]rune{unicode.ToUpper(r[0])}, r[1:]...))
}

// unique keeps the first of equal strings.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
