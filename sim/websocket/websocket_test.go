package websocket

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"terrarium/sim/channels"
)

// TestConversation has a handler that shouts back what is typed.
func TestConversation(t *testing.T) {
	s := httptest.NewServer(Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/exec") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", channels.ContentType)
		w.WriteHeader(http.StatusOK)
		typed, _ := io.ReadAll(&channels.Reader{From: r.Body})
		io.WriteString(channels.Writer{To: w, Channel: channels.Stdout}, strings.ToUpper(string(typed)))
		channels.Write(w, channels.Status, []byte("{}"))
	})))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /x/exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n")
	masked := func(data string) {
		b := []byte{0x82, 0x80 | byte(len(data)), 1, 2, 3, 4}
		for i := range data {
			b = append(b, data[i]^byte(i%4+1))
		}
		conn.Write(b)
	}
	go func() {
		masked("\x00hello")
		masked("\x04{}")
		masked("\xff\x00")
	}()
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("%v, %v", resp, err)
	}
	for _, want := range []string{"\x01HELLO", "\x03{}", "\x03\xe8"} {
		_, _, payload, err := frame(r)
		if err != nil || string(payload) != want {
			t.Fatalf("got %q, %v, want %q", payload, err, want)
		}
	}
}
