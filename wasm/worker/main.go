//go:build js

// Command worker is the cluster's API server on Cloudflare Workers: the same http.Handler as everywhere, behind
// github.com/syumai/workers. worker.mjs keeps one program in a Durable Object for as long as that lives.
package main

import (
	"fmt"
	"os"

	"github.com/syumai/workers"

	"terrarium/sim"
)

func main() {
	c, err := sim.New(sim.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	workers.ServeNonBlock(kept{paced(c, c.AdminHandler())})
	workers.Ready()
	select {}
}
