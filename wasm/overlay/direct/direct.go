// Package direct stands, in the browser's and the Worker's build, in the place of
// k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct, without which nothing there needs a CBOR library (430 KB of
// code). No client asks for CBOR unless the server offers it, and ours does not.
package direct

import "errors"

var errCBOR = errors.New("CBOR is not part of this build")

// Marshal always fails.
func Marshal(any) ([]byte, error) { return nil, errCBOR }

// Unmarshal always fails.
func Unmarshal([]byte, any) error { return errCBOR }

// Diagnose always fails.
func Diagnose([]byte) (string, error) { return "", errCBOR }
