package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"terrarium/lessons/killercoda"
	"terrarium/sim/shell"
)

// lessonImport makes lesson folders of Killercoda's and says what could not be carried over.
func lessonImport(args []string, w io.Writer) (int, error) {
	flags := pflag.NewFlagSet("lesson import", pflag.ContinueOnError)
	out := flags.String("out", "", "folder to write to; by default NAME-lesson, or NAME-lessons for a course")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		return 2, errors.Join(errUsage, err)
	}
	dir := flags.Arg(0)
	if info, err := os.Stat(dir); err != nil {
		return 1, err
	} else if !info.IsDir() {
		return 1, fmt.Errorf("%s is not a folder", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 1, err
	}
	defer root.Close()
	whole, err := filepath.Abs(dir)
	if err != nil {
		return 1, err
	}
	unsimulated := shell.Unsimulated()
	found, err := killercoda.Import(root.FS(), killercoda.Options{
		Name:        filepath.Base(whole),
		Unsimulated: func(name string) bool { return slices.Contains(unsimulated, name) },
	})
	if err != nil {
		return 1, fmt.Errorf("%s: %w", dir, err)
	}
	if *out == "" {
		*out = filepath.Base(whole) + "-lesson"
		if found[0].Folder != "" {
			*out += "s"
		}
	}
	return writeImported(found, *out, w)
}

func writeImported(found []killercoda.Lesson, out string, w io.Writer) (int, error) {
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return 1, fmt.Errorf("%s is not empty: name another folder with --out", out)
	}
	for _, l := range found {
		dir := filepath.Join(out, filepath.FromSlash(l.Folder))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return 1, err
		}
		for _, name := range slices.Sorted(maps.Keys(l.Files)) {
			if err := os.WriteFile(filepath.Join(dir, name), l.Files[name], 0o644); err != nil {
				return 1, err
			}
		}
		fmt.Fprintf(w, "Wrote %s: %s\n", dir, l.Title)
		if len(l.Notes) > 0 {
			fmt.Fprintf(w, "  Not carried over:\n  - %s\n", strings.Join(l.Notes, "\n  - "))
		}
	}
	fmt.Fprintf(w, "See it with: terrarium lesson serve %[1]s\nProve it with: terrarium lesson check %[1]s\n", filepath.Join(out, filepath.FromSlash(found[0].Folder)))
	return 0, nil
}
