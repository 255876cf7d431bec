// Package vfs is a file system in memory: directories, regular files, symbolic and hard links, a few devices, with
// modes, owners and times from the clock that it is given. It knows no working directory, no users' rights (whoever
// asks is root) and no processes.
//
// Paths are absolute and separated by slashes; "." and ".." and symbolic links are followed as the kernel follows
// them. Errors are *fs.PathError around an Errno. An operation that fails leaves everything as it was. An FS is not
// safe for concurrent use.
package vfs

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Limits bound what a file system holds. A zero field takes the default.
type Limits struct {
	Bytes     int64 // of all files together; 256 MiB
	FileBytes int64 // of one file; 64 MiB
	Nodes     int   // files, directories and links; 50,000
}

// FS is one file system.
type FS struct {
	root   *node
	now    func() time.Time
	random func([]byte)
	limits Limits
	bytes  int64
	nodes  int
	inode  uint64
}

// New returns a file system that holds only "/". now gives the times of files; random fills the bytes that are read
// from a Random device, nil makes them zero.
func New(now func() time.Time, random func([]byte), limits Limits) *FS {
	if limits.Bytes == 0 {
		limits.Bytes = 256 << 20
	}
	if limits.FileBytes == 0 {
		limits.FileBytes = 64 << 20
	}
	if limits.Nodes == 0 {
		limits.Nodes = 50_000
	}
	if random == nil {
		random = func(b []byte) { clear(b) }
	}
	f := &FS{now: now, random: random, limits: limits}
	f.root = f.node(fs.ModeDir | 0o755)
	f.root.parent = f.root
	return f
}

// Device is what a character device does.
type Device int

const (
	Null   Device = iota + 1 // reads end at once, writes vanish
	Zero                     // reads zero bytes
	Full                     // writes fail with ErrNoSpace
	Random                   // reads random bytes
)

type node struct {
	mode     fs.FileMode
	uid, gid int
	mtime    time.Time
	ctime    time.Time
	links    int
	inode    uint64
	sealed   bool // may not be changed

	data     []byte
	target   string // of a symbolic link
	device   Device
	parent   *node // of a directory
	children map[string]*node
}

func (f *FS) node(mode fs.FileMode) *node {
	f.nodes++
	f.inode++
	n := &node{mode: mode, links: 1, inode: f.inode, mtime: f.now()}
	n.ctime = n.mtime
	if mode.IsDir() {
		n.children = map[string]*node{}
	}
	return n
}

const maxLinks = 40

// walk follows name to its node. Where follow is false a last symbolic link is not followed. The directory that
// holds, or would hold, the last element comes with it; node is nil where only that element is missing.
func (f *FS) walk(name string, follow bool) (dir *node, base string, n *node, err Errno) {
	if !strings.HasPrefix(name, "/") {
		return nil, "", nil, ErrInvalid
	}
	if len(name) > 4096 {
		return nil, "", nil, ErrNameLong
	}
	left := strings.Split(name, "/")
	mustDir := strings.HasSuffix(name, "/")
	dir, n, base = f.root, f.root, ""
	followed := 0
	for len(left) > 0 {
		elem := left[0]
		left = left[1:]
		if elem == "" || elem == "." {
			continue
		}
		if n == nil {
			return nil, "", nil, ErrNotExist
		}
		if n.children == nil {
			return nil, "", nil, ErrNotDir
		}
		if elem == ".." {
			n = n.parent
			dir, base = n.parent, ""
			continue
		}
		if len(elem) > 255 {
			return nil, "", nil, ErrNameLong
		}
		dir, base = n, elem
		n = dir.children[elem]
		last := !slices.ContainsFunc(left, func(s string) bool { return s != "" && s != "." })
		if n != nil && n.mode&fs.ModeSymlink != 0 && (follow || !last || mustDir) {
			if followed++; followed > maxLinks {
				return nil, "", nil, ErrLoop
			}
			if strings.HasPrefix(n.target, "/") {
				n = f.root
			} else {
				n = dir
			}
			left = append(strings.Split(dir.children[base].target, "/"), left...)
		}
	}
	if mustDir && n != nil && n.children == nil {
		return nil, "", nil, ErrNotDir
	}
	return dir, base, n, ""
}

// find is walk for a node that must be there.
func (f *FS) find(op, name string, follow bool) (*node, error) {
	_, _, n, err := f.walk(name, follow)
	if err == "" && n == nil {
		err = ErrNotExist
	}
	if err != "" {
		return nil, pathError(op, name, err)
	}
	return n, nil
}

// place is walk for a node that is to be made: the directory and the name in it.
func (f *FS) place(op, name string) (*node, string, error) {
	dir, base, n, err := f.walk(name, false)
	switch {
	case err != "":
	case n != nil:
		err = ErrExist
	case dir.sealed:
		err = ErrReadOnly
	case f.nodes >= f.limits.Nodes:
		err = ErrNoSpace
	}
	if err != "" {
		return nil, "", pathError(op, name, err)
	}
	return dir, base, nil
}

func (f *FS) attach(dir *node, base string, n *node) {
	dir.children[base] = n
	dir.mtime = f.now()
	dir.ctime = dir.mtime
	if n.children != nil {
		n.parent = dir
	}
}

func (f *FS) detach(dir *node, base string) {
	n := dir.children[base]
	delete(dir.children, base)
	dir.mtime = f.now()
	dir.ctime = dir.mtime
	n.ctime = dir.mtime
	if n.links--; n.links == 0 {
		f.nodes--
		f.bytes -= int64(len(n.data))
	}
}

// Stat tells about the file that name leads to.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	n, err := f.find("stat", name, true)
	if err != nil {
		return nil, err
	}
	return n.info(path.Base(name)), nil
}

// Lstat is Stat, but does not follow a last symbolic link.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	n, err := f.find("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return n.info(path.Base(name)), nil
}

// ReadDir lists a directory, sorted by name; each entry's info is that of Lstat.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.find("open", name, true)
	if err != nil {
		return nil, err
	}
	if n.children == nil {
		return nil, pathError("readdirent", name, ErrNotDir)
	}
	entries := make([]fs.DirEntry, 0, len(n.children))
	for base, child := range n.children {
		entries = append(entries, fs.FileInfoToDirEntry(child.info(base)))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Mkdir makes one directory.
func (f *FS) Mkdir(name string, perm fs.FileMode) error {
	dir, base, err := f.place("mkdir", name)
	if err != nil {
		return err
	}
	f.attach(dir, base, f.node(fs.ModeDir|perm.Perm()))
	return nil
}

// MkdirAll makes a directory and those above it; one that is there already is no error.
func (f *FS) MkdirAll(name string, perm fs.FileMode) error {
	if n, err := f.find("mkdir", name, true); err == nil {
		if n.children == nil {
			return pathError("mkdir", name, ErrNotDir)
		}
		return nil
	}
	if up := path.Dir(path.Clean(name)); up != "/" {
		if err := f.MkdirAll(up, perm); err != nil {
			return err
		}
	}
	err := f.Mkdir(name, perm)
	if info, statErr := f.Stat(name); err != nil && statErr == nil && info.IsDir() {
		return nil
	}
	return err
}

// Mknod makes a character device.
func (f *FS) Mknod(name string, d Device, perm fs.FileMode) error {
	dir, base, err := f.place("mknod", name)
	if err != nil {
		return err
	}
	n := f.node(fs.ModeDevice | fs.ModeCharDevice | perm.Perm())
	n.device = d
	f.attach(dir, base, n)
	return nil
}

// Symlink makes name a symbolic link to target, which need not exist.
func (f *FS) Symlink(target, name string) error {
	dir, base, err := f.place("symlink", name)
	if err != nil {
		return err
	}
	n := f.node(fs.ModeSymlink | 0o777)
	n.target = target
	f.attach(dir, base, n)
	return nil
}

// Link makes name another name of the file old.
func (f *FS) Link(old, name string) error {
	n, err := f.find("link", old, false)
	if err != nil {
		return err
	}
	if n.children != nil {
		return pathError("link", old, ErrPerm)
	}
	dir, base, err := f.place("link", name)
	if err != nil {
		return err
	}
	n.links++
	f.attach(dir, base, n)
	return nil
}

// Readlink is the target of a symbolic link.
func (f *FS) Readlink(name string) (string, error) {
	n, err := f.find("readlink", name, false)
	if err != nil {
		return "", err
	}
	if n.mode&fs.ModeSymlink == 0 {
		return "", pathError("readlink", name, ErrInvalid)
	}
	return n.target, nil
}

// Remove takes away a file, a link or an empty directory.
func (f *FS) Remove(name string) error {
	dir, base, n, reason := f.walk(name, false)
	switch {
	case reason != "":
	case n == nil:
		reason = ErrNotExist
	case base == "":
		reason = ErrBusy
	case dir.sealed:
		reason = ErrReadOnly
	case len(n.children) > 0:
		reason = ErrNotEmpty
	}
	if reason != "" {
		return pathError("remove", name, reason)
	}
	f.detach(dir, base)
	return nil
}

// RemoveAll takes away whatever name is, with all that it holds; nothing there is no error.
func (f *FS) RemoveAll(name string) error {
	dir, base, n, reason := f.walk(name, false)
	if reason == ErrNotExist || reason == "" && n == nil {
		return nil
	}
	if reason == "" && base == "" {
		reason = ErrBusy
	}
	if reason == "" && dir.sealed {
		reason = ErrReadOnly
	}
	if reason != "" {
		return pathError("unlinkat", name, reason)
	}
	f.empty(n)
	f.detach(dir, base)
	return nil
}

func (f *FS) empty(n *node) {
	for base, child := range n.children {
		f.empty(child)
		f.detach(n, base)
	}
}

// Rename moves old to name, in place of a file or an empty directory that was there.
func (f *FS) Rename(old, name string) error {
	fail := func(err Errno) error { return &fs.PathError{Op: "rename", Path: old + " " + name, Err: err} }
	fromDir, fromBase, n, reason := f.walk(old, false)
	if reason == "" && n == nil {
		reason = ErrNotExist
	}
	if reason != "" {
		return fail(reason)
	}
	dir, base, there, reason := f.walk(name, false)
	switch {
	case reason != "":
		return fail(reason)
	case fromBase == "" || base == "":
		return fail(ErrBusy)
	case fromDir.sealed || dir.sealed:
		return fail(ErrReadOnly)
	case there == n:
		return nil
	case there != nil && there.children != nil && n.children == nil:
		return fail(ErrIsDir)
	case there != nil && there.children == nil && n.children != nil:
		return fail(ErrNotDir)
	case there != nil && len(there.children) > 0:
		return fail(ErrNotEmpty)
	}
	for up := dir; n.children != nil; up = up.parent {
		if up == n {
			return fail(ErrInvalid)
		}
		if up == f.root {
			break
		}
	}
	if there != nil {
		f.detach(dir, base)
	}
	delete(fromDir.children, fromBase)
	fromDir.mtime = f.now()
	f.attach(dir, base, n)
	return nil
}

// Chmod sets the permission, setuid, setgid and sticky bits.
func (f *FS) Chmod(name string, mode fs.FileMode) error {
	n, err := f.find("chmod", name, true)
	if err == nil && n.sealed {
		err = pathError("chmod", name, ErrReadOnly)
	}
	if err != nil {
		return err
	}
	const bits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	n.mode = n.mode&^bits | mode&bits
	n.ctime = f.now()
	return nil
}

// Chown sets the owners; -1 keeps one.
func (f *FS) Chown(name string, uid, gid int) error {
	n, err := f.find("chown", name, true)
	if err == nil && n.sealed {
		err = pathError("chown", name, ErrReadOnly)
	}
	if err != nil {
		return err
	}
	if uid >= 0 {
		n.uid = uid
	}
	if gid >= 0 {
		n.gid = gid
	}
	n.ctime = f.now()
	return nil
}

// Chtimes sets the time of the last change.
func (f *FS) Chtimes(name string, mtime time.Time) error {
	n, err := f.find("chtimes", name, true)
	if err == nil && n.sealed {
		err = pathError("chtimes", name, ErrReadOnly)
	}
	if err != nil {
		return err
	}
	n.mtime = mtime
	n.ctime = f.now()
	return nil
}

// Resolve is the path of the file that name leads to, free of symbolic links, "." and "..".
func (f *FS) Resolve(name string) (string, error) {
	n, err := f.find("lstat", name, true)
	if err != nil {
		return "", err
	}
	if n.children != nil {
		return n.path(), nil
	}
	dir, base, n, _ := f.walk(name, false)
	for n.mode&fs.ModeSymlink != 0 {
		at := n.target
		if !strings.HasPrefix(at, "/") {
			at = dir.path() + "/" + at
		}
		dir, base, n, _ = f.walk(at, false)
	}
	return path.Join(dir.path(), base), nil
}

// path is where a directory is.
func (n *node) path() string {
	if n.parent == n {
		return "/"
	}
	for base, child := range n.parent.children {
		if child == n {
			return path.Join(n.parent.path(), base)
		}
	}
	return "/"
}

// Usage is how many bytes and nodes there are, and how many there may be.
func (f *FS) Usage() (bytes, maxBytes int64, nodes, maxNodes int) {
	return f.bytes, f.limits.Bytes, f.nodes, f.limits.Nodes
}
