package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"terrarium/sim/shell"
)

// The machine is a node of the recorded cluster: 2 processors, 4015872 KiB of memory, 20145724 KiB of disk.
const (
	processors = 2
	memoryKiB  = 4015872
	diskKiB    = 20145724
)

func nproc(_ context.Context, p *shell.Proc) int {
	_, names, exit, done := syntax{long: []string{"all", "ignore:"}, usage: []string{"NAME [OPTION]..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) > 0 {
		return missing(p, "extra operand ‘%s’", names[0])
	}
	fmt.Fprintln(p.Stdout, processors)
	return 0
}

func uptime(_ context.Context, p *shell.Proc) int {
	up := p.Now().Sub(p.Booted())
	text := fmt.Sprintf("%d min", int(up.Minutes()))
	if up >= time.Hour {
		text = fmt.Sprintf("%2d:%02d", int(up.Hours())%24, int(up.Minutes())%60)
	}
	if days := int(up.Hours()) / 24; days > 0 {
		text = fmt.Sprintf("%d day%s, %s", days, map[bool]string{true: "", false: "s"}[days == 1], text)
	}
	if len(p.Args) > 1 && p.Args[1] == "-p" {
		fmt.Fprintf(p.Stdout, "up %d minutes\n", int(up.Minutes()))
		return 0
	}
	fmt.Fprintf(p.Stdout, " %s up %s,  1 user,  load average: 0.08, 0.03, 0.01\n", p.Now().UTC().Format("15:04:05"), text)
	return 0
}

func free(_ context.Context, p *shell.Proc) int {
	opts, _, exit, done := syntax{short: "bkmghltwVs:c:", long: []string{"bytes=b", "kibi=k", "mebi=m", "gibi=g", "human=h", "total=t", "wide=w"}, usage: []string{"\n NAME [options]"}}.parse(p)
	if done {
		return exit
	}
	const usedKiB, freeKiB, sharedKiB, cacheKiB = 1203140, 1102344, 3980, 1710388
	show := func(kib int64) string {
		switch {
		case has(opts, "b"):
			return fmt.Sprint(kib * 1024)
		case has(opts, "m"):
			return fmt.Sprint(kib / 1024)
		case has(opts, "g"):
			return fmt.Sprint(kib / 1024 / 1024)
		case has(opts, "h"):
			if kib == 0 {
				return "0B"
			}
			return human(kib*1024, 1024) + "i"
		}
		return fmt.Sprint(kib)
	}
	fmt.Fprintf(p.Stdout, "               total        used        free      shared  buff/cache   available\n")
	fmt.Fprintf(p.Stdout, "Mem:     %11s %11s %11s %11s %11s %11s\n", show(memoryKiB), show(usedKiB), show(freeKiB), show(sharedKiB), show(cacheKiB), show(memoryKiB-usedKiB))
	fmt.Fprintf(p.Stdout, "Swap:    %11s %11s %11s\n", show(0), show(0), show(0))
	return 0
}

func df(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "ahHiklPt:Tx:", long: []string{"all=a", "human-readable=h", "inodes=i", "print-type=T", "portability=P", "local=l", "type:=t"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	for _, name := range names {
		if _, err := p.FS.Stat(p.Path(name)); err != nil {
			p.Errorf("%s: %s", name, reason(err))
			return 1
		}
	}
	bytes, _, _, _ := p.FS.Usage()
	taken := int64(7340032) + bytes/1024
	size, unit := fmt.Sprint, "1K-blocks"
	if has(opts, "h") {
		size = func(a ...any) string { return human(a[0].(int64)*1024, 1024) }
		unit = "Size"
	}
	rows := [][]string{{"Filesystem", unit, "Used", map[bool]string{true: "Avail", false: "Available"}[has(opts, "h")], "Use%", "Mounted on"},
		{"/dev/vda1", size(int64(diskKiB)), size(taken), size(diskKiB - taken), fmt.Sprintf("%d%%", taken*100/diskKiB+1), "/"}}
	widths := make([]int, 6)
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], len(c))
		}
	}
	widths[0] = max(widths[0], 14)
	for _, r := range rows {
		fmt.Fprintf(p.Stdout, "%-*s %*s %*s %*s %*s %s\n", widths[0], r[0], widths[1], r[1], widths[2], r[2], widths[3], r[3], widths[4], r[4], r[5])
	}
	return 0
}

func tty(_ context.Context, p *shell.Proc) int {
	if !p.StdinTTY {
		fmt.Fprintln(p.Stdout, "not a tty")
		return 1
	}
	fmt.Fprintln(p.Stdout, "/dev/pts/0")
	return 0
}

func groups(_ context.Context, p *shell.Proc) int {
	fmt.Fprintln(p.Stdout, p.User())
	return 0
}

func arch(_ context.Context, p *shell.Proc) int {
	fmt.Fprintln(p.Stdout, "x86_64")
	return 0
}

// getent looks into the files of /etc.
func getent(_ context.Context, p *shell.Proc) int {
	if len(p.Args) < 2 {
		fmt.Fprintln(p.Stderr, "Usage: getent [OPTION...] database [key ...]")
		return 1
	}
	data, err := p.FS.ReadFile("/etc/" + p.Args[1])
	if err != nil {
		fmt.Fprintf(p.Stderr, "Unknown database: %s\nTry `getent --help' or `getent --usage' for more information.\n", p.Args[1])
		return 1
	}
	found := len(p.Args) == 2
	for line := range strings.Lines(string(data)) {
		if len(p.Args) == 2 {
			fmt.Fprint(p.Stdout, line)
			continue
		}
		for _, key := range p.Args[2:] {
			fields := strings.FieldsFunc(line, func(r rune) bool { return r == ':' || r == ' ' || r == '\t' || r == '\n' })
			for _, f := range fields {
				if f == key {
					fmt.Fprint(p.Stdout, line)
					found = true
					break
				}
			}
		}
	}
	if !found {
		return 2
	}
	return 0
}
