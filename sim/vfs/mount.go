package vfs

// Bind makes name show the directory dir of another file system, in place of what is there: both see the same files
// from then on. What is written counts against the limits of the file system through which it is written. ".." inside
// leads back to where name is. readOnly keeps the directory itself, not those below, from being changed through name.
func (f *FS) Bind(name string, from *FS, dir string, readOnly bool) error {
	source, err := from.find("bind", dir, true)
	if err != nil {
		return err
	}
	if source.children == nil {
		return pathError("bind", dir, ErrNotDir)
	}
	if err := f.MkdirAll(name, 0o755); err != nil {
		return err
	}
	at, base, n, _ := f.walk(name, true)
	if base == "" || n == nil {
		return pathError("bind", name, ErrBusy)
	}
	alias := *source
	alias.parent = at
	alias.sealed = readOnly
	at.children[base] = &alias
	return nil
}

// Seal makes the file or directory name, with all that is below it, read-only; with false it is writable again.
func (f *FS) Seal(name string, sealed bool) error {
	n, err := f.find("seal", name, true)
	if err != nil {
		return err
	}
	n.seal(sealed)
	return nil
}

func (n *node) seal(sealed bool) {
	n.sealed = sealed
	for _, child := range n.children {
		child.seal(sealed)
	}
}
