package commands

import (
	"context"
	"io"
	"os"

	"terrarium/sim/shell"
)

func tee(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "aip", long: []string{"append=a", "ignore-interrupts=i", "output-error::=p"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	flag := os.O_CREATE | os.O_TRUNC
	if has(opts, "a") {
		flag = os.O_CREATE | os.O_APPEND
	}
	type sink struct {
		name string
		w    io.WriteCloser
	}
	var files []sink
	for _, name := range names {
		f, err := p.Create(name, flag)
		if err != nil {
			p.Errorf("%s: %s", name, reason(err))
			exit = 1
			continue
		}
		defer f.Close()
		files = append(files, sink{name, f})
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := p.Stdin.Read(buf)
		if n > 0 {
			for i, f := range files {
				if f.w == nil {
					continue
				}
				if _, werr := f.w.Write(buf[:n]); werr != nil {
					p.Errorf("%s: %s", f.name, reason(werr))
					files[i].w = nil
					exit = 1
				}
			}
			if _, werr := p.Stdout.Write(buf[:n]); werr != nil {
				return 1
			}
		}
		if err == io.EOF {
			return exit
		}
		if err != nil || p.Step(ctx) != nil {
			return 1
		}
	}
}
