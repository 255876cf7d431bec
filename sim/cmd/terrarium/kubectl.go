package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"golang.org/x/term"

	"terrarium/sim/kubectl"
)

// runKubectl is our kubectl as a program, for any kubeconfig.
func runKubectl(ctx context.Context, args []string) (int, error) {
	dir, err := os.Getwd()
	if err != nil {
		return 1, err
	}
	env := kubectl.Env{
		Args: args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Dir: dir, Files: disk{}, Getenv: os.Getenv,
		TransportFor: transportFor,
		Now:          time.Now, Sleep: sleep, Edit: edit,
		TTY:  term.IsTerminal(int(os.Stdout.Fd())),
		Rand: func() uint64 { var b [8]byte; rand.Read(b[:]); return binary.LittleEndian.Uint64(b[:]) },
	}
	if env.TTY {
		env.Width, _, _ = term.GetSize(int(os.Stdout.Fd()))
	}
	return kubectl.Main(ctx, env), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func edit(ctx context.Context, argv []string, path string) error {
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:], path)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

// disk is the machine's own file system.
type disk struct{}

func (disk) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }
func (disk) WriteFile(name string, data []byte, perm fs.FileMode) error {
	return os.WriteFile(name, data, perm)
}
func (disk) Stat(name string) (fs.FileInfo, error)        { return os.Stat(name) }
func (disk) ReadDir(name string) ([]fs.DirEntry, error)   { return os.ReadDir(name) }
func (disk) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }
func (disk) Remove(name string) error                     { return os.Remove(name) }
