package channels

import (
	"bytes"
	"io"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	var b bytes.Buffer
	io.WriteString(Writer{&b, Stdin}, "one ")
	io.WriteString(Writer{&b, Resize}, `{"Width":80}`)
	io.WriteString(Writer{&b, Stdin}, "two")
	Write(&b, Stdin, nil)
	io.WriteString(Writer{&b, Stdin}, "never")
	got, err := io.ReadAll(&Reader{From: &b})
	if err != nil || string(got) != "one two" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestBadFrames(t *testing.T) {
	for _, data := range []string{"", "\x01", "\x01\xff\xff\xff\xff", "\x01\x00\x00\x00\x05abc"} {
		if _, _, err := Read(bytes.NewReader([]byte(data))); err == nil {
			t.Errorf("%q was read", data)
		}
	}
}
