package vfs

import (
	"testing"
	"time"
)

func TestBind(t *testing.T) {
	now := func() time.Time { return time.Time{} }
	disk, a, b := New(now, nil, Limits{}), New(now, nil, Limits{}), New(now, nil, Limits{})
	disk.MkdirAll("/shared", 0o755)
	for _, f := range []*FS{a, b} {
		if err := f.Bind("/mnt/data", disk, "/shared", false); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.WriteFile("/mnt/data/now", []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := a.MkdirAll("/mnt/data/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := b.ReadFile("/mnt/data/now"); err != nil || string(got) != "x" {
		t.Errorf("%q %v", got, err)
	}
	if at, err := b.Resolve("/mnt/data/.."); err != nil || at != "/mnt" {
		t.Errorf("%q %v", at, err)
	}
	if err := b.Remove("/mnt/data/now"); err != nil {
		t.Fatal(err)
	}
	if _, err := disk.Stat("/shared/now"); err == nil {
		t.Error("removed in one place, there in the other")
	}
	if err := a.Bind("/", disk, "/shared", false); err == nil {
		t.Error("bound over the root")
	}
}

func TestSeal(t *testing.T) {
	f := New(func() time.Time { return time.Time{} }, nil, Limits{})
	f.MkdirAll("/etc/sec/..data", 0o755)
	f.WriteFile("/etc/sec/..data/name", []byte("admin"), 0o400)
	f.Symlink("..data/name", "/etc/sec/name")
	f.Seal("/etc/sec", true)
	for what, err := range map[string]error{
		"write":     f.WriteFile("/etc/sec/name", nil, 0o644),
		"create":    f.WriteFile("/etc/sec/new", nil, 0o644),
		"mkdir":     f.Mkdir("/etc/sec/dir", 0o755),
		"remove":    f.Remove("/etc/sec/name"),
		"removeAll": f.RemoveAll("/etc/sec/..data"),
		"rename":    f.Rename("/etc/sec/name", "/tmp"),
		"chmod":     f.Chmod("/etc/sec/name", 0o777),
		"truncate":  f.Truncate("/etc/sec/name", 0),
	} {
		if err == nil || Reason(err) != "Read-only file system" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, _ := f.ReadFile("/etc/sec/name"); string(got) != "admin" {
		t.Errorf("%q", got)
	}
	f.Seal("/etc/sec", false)
	if err := f.WriteFile("/etc/sec/name", []byte("x"), 0o644); err != nil {
		t.Error(err)
	}
}
