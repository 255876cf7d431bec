package vfs

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func world(t *testing.T) *FS {
	t.Helper()
	f := New(func() time.Time { return start }, nil, Limits{Bytes: 1000, FileBytes: 600, Nodes: 20})
	must(t, f.MkdirAll("/root/a/b", 0o755))
	must(t, f.WriteFile("/root/a/file", []byte("hello\n"), 0o644))
	must(t, f.Symlink("a/file", "/root/link"))
	must(t, f.Symlink("/root/a", "/root/dir"))
	must(t, f.Symlink("loop2", "/root/loop1"))
	must(t, f.Symlink("loop1", "/root/loop2"))
	must(t, f.Symlink("nosuch", "/root/dangling"))
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestErrorsReadAsTheKernelsDo(t *testing.T) {
	big := make([]byte, 601)
	for name, c := range map[string]struct {
		do   func(f *FS) error
		want string
	}{
		"missing":            {func(f *FS) error { _, err := f.ReadFile("/nosuch"); return err }, "open /nosuch: no such file or directory"},
		"missing on the way": {func(f *FS) error { return f.WriteFile("/no/such", nil, 0o644) }, "open /no/such: no such file or directory"},
		"file on the way":    {func(f *FS) error { _, err := f.Stat("/root/a/file/x"); return err }, "stat /root/a/file/x: not a directory"},
		"slash after file":   {func(f *FS) error { _, err := f.Stat("/root/a/file/"); return err }, "stat /root/a/file/: not a directory"},
		"read directory":     {func(f *FS) error { _, err := f.ReadFile("/root"); return err }, "read /root: is a directory"},
		"write directory":    {func(f *FS) error { return f.WriteFile("/root", nil, 0o644) }, "open /root: is a directory"},
		"list file":          {func(f *FS) error { _, err := f.ReadDir("/root/link"); return err }, "readdirent /root/link: not a directory"},
		"loop":               {func(f *FS) error { _, err := f.Stat("/root/loop1"); return err }, "stat /root/loop1: too many levels of symbolic links"},
		"mkdir again":        {func(f *FS) error { return f.Mkdir("/root", 0o755) }, "mkdir /root: file exists"},
		"mkdir over link":    {func(f *FS) error { return f.Mkdir("/root/dangling", 0o755) }, "mkdir /root/dangling: file exists"},
		"remove full":        {func(f *FS) error { return f.Remove("/root/a") }, "remove /root/a: directory not empty"},
		"remove root":        {func(f *FS) error { return f.RemoveAll("/") }, "unlinkat /: device or resource busy"},
		"into itself":        {func(f *FS) error { return f.Rename("/root/a", "/root/a/b/c") }, "rename /root/a /root/a/b/c: invalid argument"},
		"file over dir":      {func(f *FS) error { return f.Rename("/root/link", "/root/a") }, "rename /root/link /root/a: is a directory"},
		"file too large":     {func(f *FS) error { return f.WriteFile("/root/big", big, 0o644) }, "write /root/big: file too large"},
		"disk full": {func(f *FS) error {
			must(t, f.WriteFile("/root/1", big[1:], 0o644))
			return f.WriteFile("/root/2", big[1:], 0o644)
		}, "write /root/2: no space left on device"},
		"no nodes": {func(f *FS) error {
			for i := range 30 {
				if err := f.Mkdir("/"+strings.Repeat("x", i+1), 0o755); err != nil {
					return errors.Unwrap(err)
				}
			}
			return nil
		}, "no space left on device"},
		"long name": {func(f *FS) error { return errors.Unwrap(f.Mkdir("/"+strings.Repeat("x", 300), 0o755)) }, "file name too long"},
		"relative":  {func(f *FS) error { return f.Mkdir("x", 0o755) }, "mkdir x: invalid argument"},
	} {
		if err := c.do(world(t)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestLinksLeadToTheirFile(t *testing.T) {
	f := world(t)
	for _, name := range []string{"/root/link", "/root/dir/file", "/root/dir/../link", "/root/./a//file", "/../root/link"} {
		data, err := f.ReadFile(name)
		if err != nil || string(data) != "hello\n" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	if at, err := f.Resolve("/root/dir/b/../../link"); err != nil || at != "/root/a/file" {
		t.Errorf("resolved to %s, %v", at, err)
	}
	must(t, f.WriteFile("/root/dangling", []byte("new"), 0o600))
	if data, err := f.ReadFile("/root/nosuch"); err != nil || string(data) != "new" {
		t.Errorf("written through a dangling link: %q, %v", data, err)
	}
	must(t, f.Link("/root/a/file", "/root/hard"))
	must(t, f.Remove("/root/a/file"))
	if data, err := f.ReadFile("/root/hard"); err != nil || string(data) != "hello\n" {
		t.Errorf("hard link: %q, %v", data, err)
	}
	if _, err := f.Stat("/root/link"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("link to a removed file: %v", err)
	}
}

func TestFilesGrowShrinkAndAppend(t *testing.T) {
	f := world(t)
	h, err := f.OpenFile("/root/log", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	must(t, err)
	h.Write([]byte("one\n"))
	must(t, f.WriteFile("/root/log", []byte("0\n"), 0o644))
	h.Write([]byte("two\n"))
	h.Close()
	if data, _ := f.ReadFile("/root/log"); string(data) != "0\ntwo\n" {
		t.Errorf("got %q", data)
	}
	before, _, _, _ := f.Usage()
	must(t, f.Truncate("/root/log", 100))
	must(t, f.Truncate("/root/log", 1))
	must(t, f.Truncate("/root/log", 3))
	if data, _ := f.ReadFile("/root/log"); string(data) != "0\x00\x00" {
		t.Errorf("got %q", data)
	}
	if after, _, _, _ := f.Usage(); after != before-3 {
		t.Errorf("usage %d, before %d", after, before)
	}
	must(t, f.RemoveAll("/root"))
	if bytes, _, nodes, _ := f.Usage(); bytes != 0 || nodes != 1 {
		t.Errorf("%d bytes, %d nodes are left", bytes, nodes)
	}
}

func TestReasonIsTheCLibrarysText(t *testing.T) {
	_, err := New(time.Now, nil, Limits{}).Stat("/x")
	if got := Reason(err); got != "No such file or directory" {
		t.Errorf("got %q", got)
	}
}

func TestDirIsAnIOFS(t *testing.T) {
	f := New(func() time.Time { return start }, nil, Limits{})
	must(t, f.MkdirAll("/w/a/b", 0o755))
	must(t, f.WriteFile("/w/a/file", []byte("hello\n"), 0o644))
	must(t, f.WriteFile("/w/top", []byte("x"), 0o644))
	for _, name := range []string{"a/file", "a/b", "top"} {
		if _, err := fs.Stat(Dir{f, "/w"}, name); err != nil {
			t.Error(err)
		}
	}
	data, err := fs.ReadFile(Dir{f, "/w"}, "a/file")
	if err != nil || string(data) != "hello\n" {
		t.Errorf("%q, %v", data, err)
	}
}
