//go:build js

// Command browser is the cluster in a web page: package bridge behind one JavaScript function each way.
//
// The worker (web/src/worker.ts) defines terrariumSend(type, id, json, bytes) and terrariumTurn(done) before it
// starts the program, which then sets terrariumReceive(type, id, json, bytes) and says hello.
package main

import (
	"syscall/js"

	"terrarium/wasm/bridge"
)

func main() {
	b := bridge.New(world{}, send, turn)
	js.Global().Set("terrariumReceive", js.FuncOf(func(_ js.Value, args []js.Value) any {
		b.Receive(bridge.Frame{
			Type:  args[0].String(),
			ID:    args[1].Int(),
			Data:  text(args[2]),
			Bytes: content(args[3]),
		})
		return nil
	}))
	send(bridge.Frame{Type: "hello", Data: []byte(`{"version":"` + version + `"}`)})
	select {}
}

// version is set by the build.
var version = "0"

func send(f bridge.Frame) {
	data, bytes := js.Undefined(), js.Undefined()
	if f.Data != nil {
		data = js.ValueOf(string(f.Data))
	}
	if f.Bytes != nil {
		bytes = js.Global().Get("Uint8Array").New(len(f.Bytes))
		js.CopyBytesToJS(bytes, f.Bytes)
	}
	js.Global().Call("terrariumSend", f.Type, f.ID, data, bytes)
}

// turn lets the worker's event loop take one message, so that keys arrive while a loop is computing.
func turn() {
	done := make(chan struct{})
	var back js.Func
	back = js.FuncOf(func(js.Value, []js.Value) any {
		close(done)
		return nil
	})
	js.Global().Call("terrariumTurn", back)
	<-done
	back.Release()
}

func text(v js.Value) []byte {
	if v.Type() != js.TypeString {
		return nil
	}
	return []byte(v.String())
}

// content is nil where there are no bytes, and not nil where there are none in it.
func content(v js.Value) []byte {
	if v.Type() != js.TypeObject {
		return nil
	}
	p := make([]byte, v.Get("byteLength").Int())
	js.CopyBytesToGo(p, v)
	return p
}
