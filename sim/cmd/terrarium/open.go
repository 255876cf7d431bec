package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"terrarium/sim"
)

// configOf reads a scenario: a folder with scenario.yaml, or such a file; "" is the default cluster.
func configOf(name string, seed uint64) (sim.Config, error) {
	c := sim.Config{Seed: seed}
	if name == "" {
		return c, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return c, err
	}
	dir, file := filepath.Split(name)
	if info.IsDir() {
		dir, file = name, "scenario.yaml"
	}
	if c.Scenario, err = os.ReadFile(filepath.Join(dir, file)); err != nil {
		return c, err
	}
	c.Files, err = folder(dir)
	delete(c.Files, file)
	return c, err
}

// folder reads the files of a folder, by name; what lies deeper is left out, and so is what is larger than any
// manifest.
func folder(dir string) (map[string][]byte, error) {
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 || !wanted(e) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files[e.Name()] = data
	}
	return files, nil
}

// wanted are the files that a scenario or a lesson can name.
func wanted(e fs.DirEntry) bool {
	switch filepath.Ext(e.Name()) {
	case ".yaml", ".yml", ".json", ".sh", ".md", ".svg", ".txt":
		return true
	}
	return picture(e.Name())
}

// picture tells files of a lesson that only the page shows.
func picture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".gif", ".webp":
		return true
	}
	return false
}
