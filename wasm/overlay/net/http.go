// Package net stands, in the browser's and the Worker's build, in the place of http.go of
// k8s.io/apimachinery/pkg/util/net. That file keeps an *http.Transport in a variable, and with it the linker keeps
// TLS, X.509 and HTTP/2: 2.3 MB of code that a page, which has fetch, never runs. Of the package's functions these
// are the ones that the rest of apimachinery calls.
package net

import (
	"errors"
	"io"
	"net"
)

// IsTimeout reports whether err is a network's time-out.
func IsTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// IsProbableEOF reports whether err is the end of a stream.
func IsProbableEOF(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
