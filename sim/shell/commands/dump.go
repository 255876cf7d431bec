package commands

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"terrarium/sim/shell"
)

func od(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "A:bcdj:N:ot:vw::x", long: []string{"address-radix:=A", "format:=t", "read-bytes:=N", "skip-bytes:=j", "width::=w", "output-duplicates=v"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	var data []byte
	exit = eachInput(p, names, func(_ string, r io.Reader) error {
		b, err := io.ReadAll(r)
		data = append(data, b...)
		return err
	})
	if n, err := strconv.Atoi(last(opts, "j", "")); err == nil {
		data = data[min(n, len(data)):]
	}
	if n, err := strconv.Atoi(last(opts, "N", "")); err == nil {
		data = data[:min(n, len(data))]
	}
	format := "o2"
	for _, o := range opts {
		switch o.name {
		case "c":
			format = "c"
		case "b":
			format = "o1"
		case "x":
			format = "x2"
		case "d":
			format = "u2"
		case "t":
			format = o.value
		}
	}
	address := map[string]string{"d": "%07d", "o": "%07o", "x": "%06x", "n": ""}[last(opts, "A", "o")]
	var b strings.Builder
	for at := 0; at < len(data); at += 16 {
		row := data[at:min(at+16, len(data))]
		if address != "" {
			fmt.Fprintf(&b, address, at)
		}
		b.WriteString(dumpRow(row, format) + "\n")
	}
	if address != "" {
		fmt.Fprintf(&b, address+"\n", len(data))
	}
	io.WriteString(p.Stdout, b.String())
	return exit
}

func dumpRow(row []byte, format string) string {
	var b strings.Builder
	size, verb := 1, ""
	if len(format) > 1 {
		size, _ = strconv.Atoi(format[1:2])
	}
	switch format[0] {
	case 'c', 'a':
		for _, c := range row {
			b.WriteString(fmt.Sprintf("%4s", charName(c)))
		}
		return b.String()
	case 'x':
		verb = fmt.Sprintf(" %%0%dx", 2*max(size, 1))
	case 'o':
		verb = map[int]string{1: " %03o", 2: " %06o", 4: " %011o"}[size]
	default:
		verb = map[int]string{1: " %3d", 2: " %5d", 4: " %10d"}[size]
	}
	size = max(size, 1)
	for i := 0; i < len(row); i += size {
		n := uint64(0)
		for j := size - 1; j >= 0; j-- {
			n <<= 8
			if i+j < len(row) {
				n |= uint64(row[i+j])
			}
		}
		fmt.Fprintf(&b, verb, n)
	}
	return b.String()
}

func charName(c byte) string {
	switch {
	case c == 0:
		return `\0`
	case c >= 7 && c <= 13:
		return `\` + string("abtnvfr"[c-7])
	case c < 32 || c >= 127:
		return fmt.Sprintf("%03o", c)
	}
	return string(rune(c))
}

func xxd(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "c:g:l:pruC", usage: []string{"\n       NAME [options] [infile [outfile]]"}}.parse(p)
	if done {
		return exit
	}
	name := "-"
	if len(names) > 0 {
		name = names[0]
	}
	data, err := p.ReadFile(name)
	if err != nil {
		p.Errorf("%s: %s", name, reason(err))
		return 2
	}
	if n, err := strconv.Atoi(last(opts, "l", "")); err == nil {
		data = data[:min(n, len(data))]
	}
	if p.Name() == "hexdump" {
		return hexdump(p, data, has(opts, "C"))
	}
	if has(opts, "r") {
		return unhex(p, string(data), has(opts, "p"))
	}
	if has(opts, "p") {
		for len(data) > 0 {
			n := min(30, len(data))
			fmt.Fprintf(p.Stdout, "%x\n", data[:n])
			data = data[n:]
		}
		return 0
	}
	for at := 0; at < len(data); at += 16 {
		row := data[at:min(at+16, len(data))]
		hex := ""
		for i, c := range row {
			hex += fmt.Sprintf("%02x", c)
			if i%2 == 1 {
				hex += " "
			}
		}
		fmt.Fprintf(p.Stdout, "%08x: %-40s %s\n", at, hex, printable(row))
	}
	return 0
}

func printable(row []byte) string {
	out := make([]byte, len(row))
	for i, c := range row {
		if c < 32 || c > 126 {
			c = '.'
		}
		out[i] = c
	}
	return string(out)
}

func hexdump(p *shell.Proc, data []byte, canonical bool) int {
	for at := 0; at < len(data); at += 16 {
		row := data[at:min(at+16, len(data))]
		if canonical {
			hex := ""
			for i, c := range row {
				if i == 8 {
					hex += " "
				}
				hex += fmt.Sprintf("%02x ", c)
			}
			fmt.Fprintf(p.Stdout, "%08x  %-49s |%s|\n", at, hex, printable(row))
		} else {
			fmt.Fprintf(p.Stdout, "%07x%s\n", at, dumpRow(row, "x2"))
		}
	}
	if len(data) > 0 {
		if canonical {
			fmt.Fprintf(p.Stdout, "%08x\n", len(data))
		} else {
			fmt.Fprintf(p.Stdout, "%07x\n", len(data))
		}
	}
	return 0
}

// unhex is xxd -r: a dump, or with plain only its digits, made bytes again.
func unhex(p *shell.Proc, dump string, plain bool) int {
	var out []byte
	for line := range strings.SplitSeq(dump, "\n") {
		if !plain {
			_, rest, ok := strings.Cut(line, ":")
			if !ok {
				continue
			}
			line, _, _ = strings.Cut(strings.TrimPrefix(rest, " "), "  ")
		}
		digits := strings.Join(strings.Fields(line), "")
		for i := 0; i+1 < len(digits); i += 2 {
			n, err := strconv.ParseUint(digits[i:i+2], 16, 8)
			if err != nil {
				break
			}
			out = append(out, byte(n))
		}
	}
	if _, err := p.Stdout.Write(out); err != nil {
		return 1
	}
	return 0
}
