package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/pflag"

	"terrarium/sim"
	"terrarium/sim/websocket"
)

// serve serves the Kubernetes API to any client, over HTTPS and HTTP on one port.
func serve(ctx context.Context, args []string) (int, error) {
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:6443", "address to listen on")
	kubeconfig := flags.String("write-kubeconfig", "", "write a kubeconfig for this server to this file")
	scenario := flags.String("scenario", "", "folder with a scenario.yaml, or such a file")
	seed := flags.Uint64("seed", 0, "seed of the cluster's chance")
	speed := flags.Float64("speed", 1, "virtual seconds per second")
	tokenFile := flags.String("token-auth-file", "", "CSV file of static tokens: token,user,uid,\"group1,group2\"")
	clientCA := flags.String("client-ca-file", "", "PEM file of authorities whose client certificates count, besides the cluster's own")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return 2, errors.Join(errUsage, err)
	}
	if *speed < 0 || *speed > 1e6 {
		return 2, fmt.Errorf("--speed %g is not between 0 and 1000000", *speed)
	}
	known, err := readTokens(*tokenFile)
	if err != nil {
		return 1, err
	}
	var authorities []byte
	if *clientCA != "" {
		if authorities, err = os.ReadFile(*clientCA); err != nil {
			return 1, err
		}
	}
	config, err := configOf(*scenario, *seed)
	if err != nil {
		return 1, err
	}
	config.Start = time.Now() // clients compare the server's certificates and tokens with their own clock
	c, err := sim.New(config)
	if err != nil {
		return 1, err
	}
	defer c.Close()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return 1, err
	}
	url := "https://" + l.Addr().String()
	if *kubeconfig != "" {
		data, err := c.Kubeconfig(url)
		if err != nil {
			return 1, err
		}
		if err := os.WriteFile(*kubeconfig, data, 0o600); err != nil {
			return 1, err
		}
	}
	fmt.Fprintln(os.Stderr, "Serving the Kubernetes API at", url)
	go pace(ctx, c, *speed)
	return serveAPI(ctx, c, l, known, authorities)
}

// pace lets virtual time follow the wall clock.
func pace(ctx context.Context, c *sim.Cluster, speed float64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			c.Advance(time.Duration(float64(now.Sub(last)) * speed))
			last = now
		}
	}
}

func serveAPI(ctx context.Context, c *sim.Cluster, l net.Listener, known tokens, authorities []byte) (int, error) {
	host, _, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 1, err
	}
	config, err := serverTLS(c, host, authorities)
	if err != nil {
		return 1, err
	}
	h := websocket.Handler(c.Handler())
	s := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, known.named(withPeer(r))) }),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
		TLSConfig:         config,
	}
	go func() {
		<-ctx.Done()
		s.Close()
	}()
	if err := s.Serve(&either{Listener: l, config: config}); !errors.Is(err, http.ErrServerClosed) {
		return 1, err
	}
	return 0, nil
}
