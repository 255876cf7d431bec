package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/pflag"
)

func page(ctx context.Context, args []string) (int, error) {
	flags := pflag.NewFlagSet("page", pflag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "address to listen on")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		return 2, errors.Join(errUsage, err)
	}
	dir := flags.Arg(0)
	if info, err := os.Stat(dir); err != nil {
		return 1, err
	} else if !info.IsDir() {
		return 1, fmt.Errorf("%s is not a folder", dir)
	}
	return serveHTTP(ctx, *listen, static{dir}, func(url string) { fmt.Println("Terrarium is at", url) })
}

// serveHTTP serves until ctx ends. ready is called with the URL once connections are taken.
func serveHTTP(ctx context.Context, listen string, h http.Handler, ready func(url string)) (int, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return 1, err
	}
	ready("http://" + l.Addr().String() + "/")
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return 1, err
	}
	return 0, nil
}
