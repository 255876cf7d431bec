package vfs

import (
	"io/fs"
	"path"
)

// Dir is a directory as an io/fs file system: names are relative to it.
type Dir struct {
	FS   *FS
	Path string
}

func (d Dir) at(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", pathError(op, name, ErrInvalid)
	}
	return path.Join(d.Path, name), nil
}

// Open implements fs.FS.
func (d Dir) Open(name string) (fs.File, error) {
	at, err := d.at("open", name)
	if err != nil {
		return nil, err
	}
	return d.FS.OpenFile(at, 0, 0)
}

// ReadFile implements fs.ReadFileFS.
func (d Dir) ReadFile(name string) ([]byte, error) {
	at, err := d.at("open", name)
	if err != nil {
		return nil, err
	}
	return d.FS.ReadFile(at)
}

// ReadDir implements fs.ReadDirFS.
func (d Dir) ReadDir(name string) ([]fs.DirEntry, error) {
	at, err := d.at("open", name)
	if err != nil {
		return nil, err
	}
	return d.FS.ReadDir(at)
}

// Stat implements fs.StatFS.
func (d Dir) Stat(name string) (fs.FileInfo, error) {
	at, err := d.at("stat", name)
	if err != nil {
		return nil, err
	}
	return d.FS.Stat(at)
}
