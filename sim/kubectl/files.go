package kubectl

import (
	"errors"
	"io/fs"
	"path"
)

// dirFiles resolves relative names against a working directory, and keeps the names that were typed in errors.
type dirFiles struct {
	files Files
	dir   string
}

func (d dirFiles) abs(name string) string {
	if path.IsAbs(name) || d.dir == "" {
		return name
	}
	return path.Join(d.dir, name)
}

func asTyped(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &fs.PathError{Op: pe.Op, Path: name, Err: pe.Err}
	}
	return err
}

func (d dirFiles) ReadFile(name string) ([]byte, error) {
	data, err := d.files.ReadFile(d.abs(name))
	return data, asTyped(name, err)
}

func (d dirFiles) WriteFile(name string, data []byte, perm fs.FileMode) error {
	return asTyped(name, d.files.WriteFile(d.abs(name), data, perm))
}

func (d dirFiles) Stat(name string) (fs.FileInfo, error) {
	fi, err := d.files.Stat(d.abs(name))
	return fi, asTyped(name, err)
}

func (d dirFiles) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := d.files.ReadDir(d.abs(name))
	return list, asTyped(name, err)
}

func (d dirFiles) MkdirAll(name string, perm fs.FileMode) error {
	return asTyped(name, d.files.MkdirAll(d.abs(name), perm))
}

func (d dirFiles) Remove(name string) error {
	return asTyped(name, d.files.Remove(d.abs(name)))
}
