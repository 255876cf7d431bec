// Command terrarium is the simulator as a program: a terminal, an API server for real clients, kubectl, and the tools
// of those who write lessons.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

// command is one subcommand. run gets the arguments behind its name and returns the exit code; an error is printed
// and exits with 1.
type command struct {
	name, args, short string
	run               func(ctx context.Context, args []string) (int, error)
}

func commands() []command {
	return []command{
		{"sh", "[--scenario DIR|FILE] [--seed N] [--transcript] [--json] [--log FILE] [-c LINE | SCRIPT]", "run lines in the simulated terminal", sh},
		{"replay", "FILE", "play a session's log", replayLog},
		{"serve", "[--listen 127.0.0.1:6443] [--write-kubeconfig FILE] [--scenario DIR|FILE] [--speed N] [--token-auth-file FILE] [--client-ca-file FILE]", "serve the Kubernetes API", serve},
		{"lesson", "check DIR… | new DIR | import [--out DIR] DIR | serve [--listen 127.0.0.1:8081] [--page DIR] DIR | build --out DIR LESSONS", "prove, begin, import, preview and build lessons", lesson},
		{"kubectl", "ARGS…", "our kubectl, for any kubeconfig", runKubectl},
		{"page", "DIR", "serve the built page, or any folder, over HTTP", page},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		usage(os.Stderr)
		return 2
	}
	switch args[0] {
	case "help", "-h", "--help":
		usage(os.Stdout)
		return 0
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		code, err := c.run(ctx, args[1:])
		if errors.Is(err, errUsage) {
			fmt.Fprintf(os.Stderr, "Usage: terrarium %s %s\n", c.name, c.args)
			return 2
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "terrarium:", err)
			return max(code, 1)
		}
		return code
	}
	fmt.Fprintf(os.Stderr, "terrarium: there is no command %q\n\n", args[0])
	usage(os.Stderr)
	return 2
}

// errUsage asks for the command's usage line.
var errUsage = errors.New("usage")

func usage(w io.Writer) {
	fmt.Fprint(w, "terrarium simulates a Kubernetes cluster.\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-16s %s\n", c.name, c.short)
		fmt.Fprintf(w, "  %-16s   terrarium %s\n", "", strings.TrimSpace(c.name+" "+c.args))
	}
}
