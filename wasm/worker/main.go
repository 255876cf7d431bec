//go:build js

// Command worker is the cluster's API server on Cloudflare Workers: the same http.Handler as everywhere, behind
// github.com/syumai/workers. worker.mjs keeps one program in a Durable Object for as long as that lives.
package main

import (
	"net/http"

	"github.com/syumai/workers"
)

func main() {
	workers.ServeNonBlock(kept{handler()})
	workers.Ready()
	select {}
}

func handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the simulator is not part of this build", http.StatusNotImplemented)
	})
}
