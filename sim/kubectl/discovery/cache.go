package discovery

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// maxAge is how long what is in a cache is believed.
const maxAge = 6 * time.Hour

// Cache keeps what a server has in files, laid out as kubectl lays them out: DIR/servergroups.json and DIR/GROUP/VERSION/serverresources.json.
type Cache struct {
	Files Files
	Dir   string
	Now   func() time.Time

	stale bool
}

// Files is the file system that a cache lives in.
type Files interface {
	ReadFile(name string) ([]byte, error)
	WriteFile(name string, data []byte, perm fs.FileMode) error
	Stat(name string) (fs.FileInfo, error)
	MkdirAll(name string, perm fs.FileMode) error
}

var unsafeInNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^(\w/.)]`) })

// CacheDir is the directory below parent for the server at host.
func CacheDir(parent, host string) string {
	host = strings.TrimPrefix(strings.TrimPrefix(host, "https://"), "http://")
	return path.Join(parent, unsafeInNames().ReplaceAllString(host, "_"))
}

func (c *Cache) read(name string, v any) bool {
	name = path.Join(c.Dir, name)
	fi, err := c.Files.Stat(name)
	if err != nil || c.Now().After(fi.ModTime().Add(maxAge)) {
		return false
	}
	data, err := c.Files.ReadFile(name)
	return err == nil && json.Unmarshal(data, v) == nil
}

// load is all or nothing: where a file is missing or old, the server is asked.
func (c *Cache) load() ([]Group, []metav1.APIResourceList, bool) {
	var list metav1.APIGroupList
	if c.stale || !c.read("servergroups.json", &list) {
		return nil, nil, false
	}
	groups := fromList(list)
	var lists []metav1.APIResourceList
	for _, g := range groups {
		for _, v := range g.Versions {
			var l metav1.APIResourceList
			if !c.read(path.Join(g.Name, v, "serverresources.json"), &l) {
				return nil, nil, false
			}
			lists = append(lists, l)
		}
	}
	return groups, lists, len(groups) > 0
}

// save is best effort: a cache that cannot be written costs time, nothing else.
func (c *Cache) save(groups []Group, lists []metav1.APIResourceList) {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, g := range groups {
		group := metav1.APIGroup{Name: g.Name}
		for _, v := range g.Versions {
			gv := metav1.GroupVersionForDiscovery{GroupVersion: schema.GroupVersion{Group: g.Name, Version: v}.String(), Version: v}
			group.Versions = append(group.Versions, gv)
			if v == g.Preferred {
				group.PreferredVersion = gv
			}
		}
		list.Groups = append(list.Groups, group)
	}
	c.write("servergroups.json", list)
	for _, l := range lists {
		if len(l.APIResources) > 0 {
			l.TypeMeta = metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}
			c.write(path.Join(l.GroupVersion, "serverresources.json"), l)
		}
	}
}

func (c *Cache) write(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return
	}
	name = path.Join(c.Dir, name)
	if c.Files.MkdirAll(path.Dir(name), 0o750) == nil {
		c.Files.WriteFile(name, append(data, '\n'), 0o660)
	}
}
