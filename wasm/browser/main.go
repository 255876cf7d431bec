//go:build js

// Command browser is the cluster in a web page: package bridge behind one JavaScript function each way.
//
// The worker (web/src/worker.ts) defines terrariumSend(type, id, json, bytes) before it starts the program, which
// then sets terrariumReceive of the same form.
package main

import "syscall/js"

func main() {
	js.Global().Set("terrariumReceive", js.FuncOf(func(js.Value, []js.Value) any { return nil }))
	js.Global().Call("terrariumSend", "hello", 0, `{"version":"0.1.0"}`, js.Null())
	select {}
}
