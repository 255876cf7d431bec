package vfs

import (
	"errors"
	"io/fs"
	"strings"
)

// Errno is the reason of a failed operation, in the words of Go's os package on Linux.
type Errno string

const (
	ErrNotExist  Errno = "no such file or directory"
	ErrExist     Errno = "file exists"
	ErrIsDir     Errno = "is a directory"
	ErrNotDir    Errno = "not a directory"
	ErrNotEmpty  Errno = "directory not empty"
	ErrInvalid   Errno = "invalid argument"
	ErrPerm      Errno = "operation not permitted"
	ErrAccess    Errno = "permission denied"
	ErrLoop      Errno = "too many levels of symbolic links"
	ErrNoSpace   Errno = "no space left on device"
	ErrTooLarge  Errno = "file too large"
	ErrNameLong  Errno = "file name too long"
	ErrBadFile   Errno = "bad file descriptor"
	ErrBusy      Errno = "device or resource busy"
	ErrReadOnly  Errno = "read-only file system"
	ErrCrossLink Errno = "invalid cross-device link"
)

func (e Errno) Error() string { return string(e) }

// Is makes errors.Is(err, fs.ErrNotExist) and its sisters work.
func (e Errno) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e == ErrNotExist
	case fs.ErrExist:
		return e == ErrExist || e == ErrNotEmpty
	case fs.ErrPermission:
		return e == ErrPerm || e == ErrAccess
	case fs.ErrInvalid:
		return e == ErrInvalid
	}
	return false
}

// Reason is why err came about, in the words of the C library: "No such file or directory".
func Reason(err error) string {
	var no Errno
	if !errors.As(err, &no) {
		return err.Error()
	}
	return strings.ToUpper(string(no[:1])) + string(no[1:])
}

func pathError(op, path string, err Errno) error {
	return &fs.PathError{Op: op, Path: path, Err: err}
}
