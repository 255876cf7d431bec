package kubeconfig

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"strings"

	"terrarium/sim/kubectl/object"
)

// Writer is what saving reads from and writes to.
type Writer interface {
	Files
	WriteFile(name string, data []byte, perm fs.FileMode) error
	MkdirAll(name string, perm fs.FileMode) error
}

// Starting is the merged kubeconfig to be changed; an explicit file that does not exist counts as empty.
func (r Rules) Starting(files Files) (*Config, error) {
	c, err := r.Load(files)
	if errors.Is(err, fs.ErrNotExist) {
		return New(), nil
	}
	return c, err
}

// DefaultFile is where new entries go: the explicit file, else the first of several that exists, else the last.
func (r Rules) DefaultFile(files Files) string {
	if r.Explicit != "" {
		return r.Explicit
	}
	if len(r.Paths) > 1 {
		for _, p := range r.Paths {
			if _, err := files.Stat(p); err == nil {
				return p
			}
		}
	}
	return r.Paths[len(r.Paths)-1]
}

// Save writes each entry of changed that differs from the files to the file that it came from, new ones to the default
// file, and removes what changed lacks. relative makes paths below a file's directory relative to it.
func (r Rules) Save(files Writer, changed *Config, relative bool) error {
	start, err := r.Starting(files)
	if err != nil {
		return err
	}
	if start.CurrentContext != changed.CurrentContext {
		if err := r.saveCurrentContext(files, changed.CurrentContext); err != nil {
			return err
		}
	}
	s := saving{files: files, fallback: r.DefaultFile(files), relative: relative, open: map[string]*Config{}}
	if !reflect.DeepEqual(start.Preferences, changed.Preferences) {
		if err := s.edit("", func(c *Config, _ string) { c.Preferences = changed.Preferences }); err != nil {
			return err
		}
	}
	if err := s.entries(start, changed); err != nil {
		return err
	}
	for _, name := range object.SortedKeys(s.open) {
		if err := write(files, name, s.open[name]); err != nil {
			return err
		}
	}
	return nil
}

// saving collects the changed files.
type saving struct {
	files    Writer
	fallback string
	relative bool
	open     map[string]*Config
}

func (s saving) edit(origin string, change func(c *Config, dir string)) error {
	if origin == "" {
		origin = s.fallback
	}
	c, ok := s.open[origin]
	if !ok {
		var err error
		if c, err = readOne(s.files, origin); err != nil {
			return err
		}
		s.open[origin] = c
	}
	change(c, path.Dir(origin))
	return nil
}

func (s saving) entries(start, changed *Config) error {
	var errs []error
	for name, v := range changed.Clusters {
		if !reflect.DeepEqual(v, start.Clusters[name]) {
			errs = append(errs, s.edit(v.Origin, func(c *Config, dir string) {
				e := *v
				s.makeRelative(dir, &e.CertificateAuthority)
				c.Clusters[name] = &e
			}))
		}
	}
	for name, v := range changed.Contexts {
		if !reflect.DeepEqual(v, start.Contexts[name]) {
			errs = append(errs, s.edit(v.Origin, func(c *Config, _ string) { c.Contexts[name] = v }))
		}
	}
	for name, v := range changed.Users {
		if !reflect.DeepEqual(v, start.Users[name]) {
			errs = append(errs, s.edit(v.Origin, func(c *Config, dir string) {
				e := *v
				s.makeRelative(dir, &e.ClientCertificate)
				s.makeRelative(dir, &e.ClientKey)
				s.makeRelative(dir, &e.TokenFile)
				c.Users[name] = &e
			}))
		}
	}
	for name, v := range start.Clusters {
		if changed.Clusters[name] == nil {
			errs = append(errs, s.edit(v.Origin, func(c *Config, _ string) { delete(c.Clusters, name) }))
		}
	}
	for name, v := range start.Contexts {
		if changed.Contexts[name] == nil {
			errs = append(errs, s.edit(v.Origin, func(c *Config, _ string) { delete(c.Contexts, name) }))
		}
	}
	for name, v := range start.Users {
		if changed.Users[name] == nil {
			errs = append(errs, s.edit(v.Origin, func(c *Config, _ string) { delete(c.Users, name) }))
		}
	}
	return errors.Join(errs...)
}

func (s saving) makeRelative(dir string, p *string) {
	if !s.relative || !path.IsAbs(*p) || !path.IsAbs(dir) {
		return
	}
	if rel, err := filepath.Rel(dir, *p); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
		*p = rel
	}
}

// saveCurrentContext writes the current context to the default file; an empty one clears the first file that has one.
func (r Rules) saveCurrentContext(files Writer, name string) error {
	candidates := []string{r.DefaultFile(files)}
	if name == "" && r.Explicit == "" {
		candidates = r.Paths
	}
	for _, p := range candidates {
		c, err := readOne(files, p)
		if err != nil {
			return err
		}
		if name == "" && c.CurrentContext == "" && r.Explicit == "" {
			continue
		}
		c.CurrentContext = name
		return write(files, p, c)
	}
	return errors.New("no config found to write context")
}

// readOne reads a file as it is, paths unresolved; one that does not exist is empty.
func readOne(files Files, name string) (*Config, error) {
	data, err := files.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return New(), nil
	}
	if err != nil {
		return nil, err
	}
	return Parse(data, name)
}

func write(files Writer, name string, c *Config) error {
	data, err := c.YAML()
	if err != nil {
		return err
	}
	if err := files.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return files.WriteFile(name, data, 0o600)
}
