package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"terrarium/lessons"
	"terrarium/sim"
)

// lesson is the tools of those who write lessons.
func lesson(ctx context.Context, args []string) (int, error) {
	if len(args) == 0 {
		return 2, errUsage
	}
	switch args[0] {
	case "check":
		return lessonCheck(args[1:])
	case "new":
		return lessonNew(args[1:])
	case "import":
		return lessonImport(args[1:], os.Stdout)
	case "serve":
		return lessonServe(ctx, args[1:])
	case "build":
		return lessonBuild(args[1:])
	}
	return 2, errUsage
}

// lessonCheck proves each lesson.
func lessonCheck(dirs []string) (int, error) {
	if len(dirs) == 0 {
		return 2, errors.New("lesson check: name one folder of a lesson or more")
	}
	bad := 0
	for _, dir := range dirs {
		problems, err := prove(dir)
		if err != nil {
			problems = append(problems, lessons.Problem{Text: err.Error()})
		}
		for _, p := range problems {
			fmt.Printf("%s: %s\n", strings.TrimRight(dir, "/"), p)
		}
		if len(problems) == 0 {
			fmt.Printf("%s: ok\n", strings.TrimRight(dir, "/"))
		} else {
			bad++
		}
	}
	if bad > 0 {
		return 1, nil
	}
	return 0, nil
}

func prove(dir string) ([]lessons.Problem, error) {
	files, err := folder(dir)
	if err != nil {
		return nil, err
	}
	l, err := lessons.Parse(files)
	if err != nil {
		return nil, err
	}
	return l.Prove(files, func() (lessons.Terminal, error) {
		c, err := sim.New(sim.Config{Scenario: l.Scenario, Files: files})
		if err != nil {
			return nil, err
		}
		return c.Player(), nil
	})
}

// lessonNew writes a small lesson that is whole.
func lessonNew(args []string) (int, error) {
	if len(args) != 1 {
		return 2, errors.New("lesson new: name the new folder")
	}
	dir := args[0]
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return 1, fmt.Errorf("%s is not empty", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 1, err
	}
	for name, text := range lessons.Template() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return 1, err
		}
	}
	fmt.Printf("Wrote %s. Prove it with: terrarium lesson check %s\n", dir, dir)
	return 0, nil
}

// lessonBuild writes a site's lessons: of each folder its files and lesson.json, and index.json.
func lessonBuild(args []string) (int, error) {
	flags := pflag.NewFlagSet("lesson build", pflag.ContinueOnError)
	out := flags.String("out", "", "folder to write to")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 || *out == "" {
		return 2, errors.Join(errUsage, err)
	}
	root := flags.Arg(0)
	found, err := filepath.Glob(filepath.Join(root, "*", "*", "lesson.md"))
	if err != nil {
		return 1, err
	}
	if len(found) == 0 {
		return 1, fmt.Errorf("%s has no COURSE/LESSON/lesson.md", root)
	}
	index := lessons.Index{}
	for _, name := range found {
		dir := filepath.Dir(name)
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			return 1, err
		}
		l, err := buildOne(dir, filepath.Join(*out, rel))
		if err != nil {
			return 1, fmt.Errorf("%s: %w", dir, err)
		}
		index.Add(filepath.ToSlash(rel), l)
	}
	return 0, writeJSON(filepath.Join(*out, "index.json"), index)
}

func buildOne(dir, out string) (*lessons.Lesson, error) {
	files, err := folder(dir)
	if err != nil {
		return nil, err
	}
	l, err := lessons.Parse(files)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return nil, err
		}
	}
	return l, writeJSON(filepath.Join(out, "lesson.json"), built(l, files))
}

// built is lesson.json: the parsed lesson, and the files that its cluster reads.
func built(l *lessons.Lesson, files map[string][]byte) map[string]any {
	texts := map[string]string{}
	for name, data := range files {
		if !picture(name) && name != "lesson.json" {
			texts[name] = string(data)
		}
	}
	return map[string]any{"lesson": l, "files": texts}
}

func writeJSON(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}
