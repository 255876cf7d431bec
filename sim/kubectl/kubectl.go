// Package kubectl is the command line client of Kubernetes 1.36.3: it turns arguments into calls of the HTTP API and prints what
// comes back. It knows no cluster but through http.RoundTripper, and nothing of its process but through Env.
package kubectl

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/rest"
)

// Env is everything that a run of kubectl touches outside itself.
type Env struct {
	Args           []string // without argv[0]
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Dir            string // working directory, absolute
	Files          Files
	Getenv         func(string) string
	// TransportFor makes the transport to the server of cfg. Where it is nil, Transport is used for any server.
	TransportFor func(cfg rest.Config) (http.RoundTripper, error)
	Transport    http.RoundTripper
	Now          func() time.Time
	// Sleep returns ctx.Err() where ctx ends first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Edit runs the editor argv on the file path; nil where there is no editor.
	Edit func(ctx context.Context, argv []string, path string) error
	// Exec runs another program of the machine with the same standard streams; 127 says that there is no such program. It may be nil.
	Exec func(ctx context.Context, argv []string) (exit int)
	// Listen opens a port of this machine, any where port is 0; nil where nobody could connect to it.
	Listen func(port int) (opened int, stop func(), err error)
	TTY    bool // stdout and stderr are a terminal
	Width  int  // of the terminal, in columns; 0 where unknown
	Rand   func() uint64
}

// Files is the file system that kubectl reads and writes. Errors are those of package os (*fs.PathError).
type Files interface {
	ReadFile(name string) ([]byte, error)
	WriteFile(name string, data []byte, perm fs.FileMode) error
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	MkdirAll(name string, perm fs.FileMode) error
	Remove(name string) error
}

// Main runs one command and returns its exit code. The end of ctx interrupts it; the exit code is then 130.
func Main(ctx context.Context, env Env) (exit int) {
	env = env.withDefaults()
	f := newFactory(ctx, env)
	root := newRoot(f)
	root.SetArgs(env.Args)
	if msg := misplacedPluginFlag(root, env.Args); msg != "" {
		io.WriteString(env.Stderr, msg)
		return 1
	}
	if len(env.Args) > 0 && (env.Args[0] == cobra.ShellCompRequestCmd || env.Args[0] == cobra.ShellCompNoDescRequestCmd) {
		defer f.completeWith(root)()
	}
	_, err := root.ExecuteContextC(ctx)
	if ctx.Err() != nil && err != nil {
		return 130
	}
	if err == nil && f.warningsAsErrors && f.warnings > 0 {
		err = warningsError(f.warnings)
	}
	return f.report(err)
}

func (e Env) withDefaults() Env {
	if e.Stdin == nil {
		e.Stdin = emptyReader{}
	}
	if e.Getenv == nil {
		e.Getenv = func(string) string { return "" }
	}
	if e.Now == nil {
		e.Now = func() time.Time { return time.Time{} }
	}
	if e.Sleep == nil {
		e.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	if e.Rand == nil {
		n := uint64(0)
		e.Rand = func() uint64 { n = n*6364136223846793005 + 1442695040888963407; return n }
	}
	e.Files = dirFiles{e.Files, e.Dir}
	return e
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, io.EOF }
