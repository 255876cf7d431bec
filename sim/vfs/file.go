package vfs

import (
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"
)

// Sys is what FileInfo.Sys returns.
type Sys struct {
	UID, GID int
	Links    int
	Inode    uint64
	Changed  time.Time
	Device   Device
}

type info struct {
	name  string
	size  int64
	mode  fs.FileMode
	mtime time.Time
	sys   *Sys
}

func (i *info) Name() string       { return i.name }
func (i *info) Size() int64        { return i.size }
func (i *info) Mode() fs.FileMode  { return i.mode }
func (i *info) ModTime() time.Time { return i.mtime }
func (i *info) IsDir() bool        { return i.mode.IsDir() }
func (i *info) Sys() any           { return i.sys }

func (n *node) info(name string) fs.FileInfo {
	i := &info{name: name, mode: n.mode, mtime: n.mtime, size: int64(len(n.data))}
	links := n.links
	switch {
	case n.children != nil:
		i.size, links = 4096, 2
		for _, child := range n.children {
			if child.children != nil {
				links++
			}
		}
	case n.mode&fs.ModeSymlink != 0:
		i.size = int64(len(n.target))
	}
	i.sys = &Sys{UID: n.uid, GID: n.gid, Links: links, Inode: n.inode, Changed: n.ctime, Device: n.device}
	return i
}

// SameFile reports whether two infos of this file system tell about one file.
func SameFile(a, b fs.FileInfo) bool {
	x, xok := a.Sys().(*Sys)
	y, yok := b.Sys().(*Sys)
	return xok && yok && x.Inode == y.Inode
}

// File is an open file.
type File struct {
	fs     *FS
	name   string
	node   *node
	flag   int
	at     int64
	closed bool
}

// OpenFile opens a file as os.OpenFile does, with its flags. A directory can be opened for reading only.
func (f *FS) OpenFile(name string, flag int, perm fs.FileMode) (*File, error) {
	fail := func(err Errno) (*File, error) { return nil, pathError("open", name, err) }
	_, _, n, reason := f.walk(name, true)
	if reason != "" {
		return fail(reason)
	}
	writes := flag&(os.O_WRONLY|os.O_RDWR) != 0
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return fail(ErrNotExist)
	case n == nil:
		dir, base, err := f.create(name)
		if err != "" {
			return fail(err)
		}
		n = f.node(perm.Perm())
		f.attach(dir, base, n)
	case flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		return fail(ErrExist)
	case n.children != nil && (writes || flag&os.O_CREATE != 0):
		return fail(ErrIsDir)
	case writes && n.sealed:
		return fail(ErrReadOnly)
	}
	if flag&os.O_TRUNC != 0 && writes && n.device == 0 {
		f.resize(n, 0)
	}
	return &File{fs: f, name: name, node: n, flag: flag}, nil
}

// create finds where a new file goes; name may be a symbolic link to a file that does not exist yet.
func (f *FS) create(name string) (dir *node, base string, err Errno) {
	dir, base, n, err := f.walk(name, false)
	for hops := 0; err == "" && n != nil; hops++ {
		if hops > maxLinks {
			return nil, "", ErrLoop
		}
		at := n.target
		if !path.IsAbs(at) {
			at = dir.path() + "/" + at
		}
		dir, base, n, err = f.walk(at, false)
	}
	switch {
	case err != "":
	case dir.sealed:
		err = ErrReadOnly
	case f.nodes >= f.limits.Nodes:
		err = ErrNoSpace
	}
	return dir, base, err
}

// resize sets a file's length; it does not ask the limits.
func (f *FS) resize(n *node, size int) {
	f.bytes += int64(size - len(n.data))
	if size <= len(n.data) {
		n.data = n.data[:size:size]
	} else {
		n.data = slices.Grow(n.data, size-len(n.data))[:size]
	}
	n.mtime = f.now()
	n.ctime = n.mtime
}

// room reports why a file cannot have size bytes, "" where it can.
func (f *FS) room(n *node, size int64) Errno {
	switch {
	case size > f.limits.FileBytes:
		return ErrTooLarge
	case f.bytes+size-int64(len(n.data)) > f.limits.Bytes:
		return ErrNoSpace
	}
	return ""
}

// Name is the path that the file was opened by.
func (h *File) Name() string { return h.name }

// Stat tells about the open file.
func (h *File) Stat() (fs.FileInfo, error) { return h.node.info(path.Base(h.name)), nil }

// Close ends the use of the file.
func (h *File) Close() error {
	if h.closed {
		return pathError("close", h.name, ErrBadFile)
	}
	h.closed = true
	return nil
}

// Read implements io.Reader.
func (h *File) Read(p []byte) (int, error) {
	switch {
	case h.closed || h.flag&os.O_WRONLY != 0:
		return 0, pathError("read", h.name, ErrBadFile)
	case h.node.children != nil:
		return 0, pathError("read", h.name, ErrIsDir)
	}
	switch h.node.device {
	case Null:
		return 0, io.EOF
	case Zero, Full:
		clear(p)
		return len(p), nil
	case Random:
		h.fs.random(p)
		return len(p), nil
	}
	if h.at >= int64(len(h.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.node.data[h.at:])
	h.at += int64(n)
	return n, nil
}

// Write implements io.Writer. What does not fit is not written at all.
func (h *File) Write(p []byte) (int, error) {
	if h.closed || h.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return 0, pathError("write", h.name, ErrBadFile)
	}
	switch h.node.device {
	case Null, Zero, Random:
		return len(p), nil
	case Full:
		return 0, pathError("write", h.name, ErrNoSpace)
	}
	if h.flag&os.O_APPEND != 0 {
		h.at = int64(len(h.node.data))
	}
	end := h.at + int64(len(p))
	if end > int64(len(h.node.data)) {
		if err := h.fs.room(h.node, end); err != "" {
			return 0, pathError("write", h.name, err)
		}
		old := len(h.node.data)
		h.fs.resize(h.node, int(end))
		if h.at > int64(old) {
			clear(h.node.data[old:h.at])
		}
	}
	copy(h.node.data[h.at:], p)
	h.node.mtime = h.fs.now()
	h.at = end
	return len(p), nil
}

// Seek implements io.Seeker.
func (h *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += h.at
	case io.SeekEnd:
		offset += int64(len(h.node.data))
	}
	if offset < 0 {
		return 0, pathError("seek", h.name, ErrInvalid)
	}
	h.at = offset
	return offset, nil
}

// ReadDir lists an open directory; n is not heeded: all entries come at once.
func (h *File) ReadDir(n int) ([]fs.DirEntry, error) { return h.fs.ReadDir(h.name) }

// ReadFile is the content of a file.
func (f *FS) ReadFile(name string) ([]byte, error) {
	n, err := f.find("open", name, true)
	if err != nil {
		return nil, err
	}
	switch {
	case n.children != nil:
		return nil, pathError("read", name, ErrIsDir)
	case n.device > Null:
		return nil, pathError("read", name, ErrInvalid)
	}
	return slices.Clone(n.data), nil
}

// WriteFile makes a file hold data; perm is for a new one.
func (f *FS) WriteFile(name string, data []byte, perm fs.FileMode) error {
	if _, _, n, reason := f.walk(name, true); reason == "" && n != nil && n.device == 0 {
		if reason := f.room(n, int64(len(data))); reason != "" {
			return pathError("write", name, reason)
		}
	}
	h, err := f.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer h.Close()
	_, err = h.Write(data)
	return err
}

// Truncate sets the length of a file; new bytes are zero.
func (f *FS) Truncate(name string, size int64) error {
	n, err := f.find("truncate", name, true)
	if err != nil {
		return err
	}
	reason := Errno("")
	switch {
	case n.children != nil:
		reason = ErrIsDir
	case n.sealed:
		reason = ErrReadOnly
	case size < 0 || n.device != 0:
		reason = ErrInvalid
	default:
		reason = f.room(n, size)
	}
	if reason != "" {
		return pathError("truncate", name, reason)
	}
	old := len(n.data)
	f.resize(n, int(size))
	if int(size) > old {
		clear(n.data[old:])
	}
	return nil
}
