package commands

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"terrarium/sim/shell"
)

func tac(ctx context.Context, p *shell.Proc) int {
	_, names, exit, done := syntax{short: "brs:", long: []string{"before=b", "regex=r", "separator:=s"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	return eachInput(p, names, func(_ string, r io.Reader) error {
		data, err := io.ReadAll(stepped{ctx, p, r})
		if err != nil {
			return err
		}
		lines := strings.SplitAfter(string(data), "\n")
		slices.Reverse(lines)
		_, err = io.WriteString(p.Stdout, strings.Join(lines, ""))
		return err
	})
}

func rev(ctx context.Context, p *shell.Proc) int {
	_, names, exit, done := syntax{usage: []string{"NAME [options] [<file> ...]"}}.parse(p)
	if done {
		return exit
	}
	return eachInput(p, names, func(_ string, r io.Reader) error {
		return eachLine(ctx, p, r, func(line string, last bool) error {
			rs := []rune(line)
			slices.Reverse(rs)
			if !last {
				rs = append(rs, '\n')
			}
			_, err := io.WriteString(p.Stdout, string(rs))
			return err
		})
	})
}

func nl(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{
		short: "b:d:f:h:i:l:n:ps:v:w:", long: []string{"body-numbering:=b", "line-increment:=i", "number-format:=n", "number-separator:=s", "starting-line-number:=v", "number-width:=w"}, usage: []string{"NAME [OPTION]... [FILE]..."},
	}.parse(p)
	if done {
		return exit
	}
	integer := func(option string, otherwise int) int {
		if n, err := strconv.Atoi(last(opts, option, "")); err == nil {
			return n
		}
		return otherwise
	}
	n, step, width := integer("v", 1), integer("i", 1), integer("w", 6)
	separator := last(opts, "s", "\t")
	format := map[string]string{"ln": "%-*d", "rn": "%*d", "rz": "%0*d"}[last(opts, "n", "rn")]
	style := last(opts, "b", "t")
	return eachInput(p, names, func(_ string, r io.Reader) error {
		return eachLine(ctx, p, r, func(line string, _ bool) error {
			head := strings.Repeat(" ", width+len(separator))
			if style == "a" || style == "t" && line != "" {
				head = fmt.Sprintf(format, width, n) + separator
				n += step
			}
			_, err := io.WriteString(p.Stdout, head+line+"\n")
			return err
		})
	})
}

func paste(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "d:sz", long: []string{"delimiters:=d", "serial=s", "zero-terminated=z"}, usage: []string{"NAME [OPTION]... [FILE]..."}}.parse(p)
	if done {
		return exit
	}
	delims := []rune(strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\0`, "\x00", `\\`, `\`).Replace(last(opts, "d", "\t")))
	between := func(i int) string {
		if len(delims) == 0 || delims[i%len(delims)] == 0 {
			return ""
		}
		return string(delims[i%len(delims)])
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	var columns [][]string
	stdin := -1
	var shared []int
	for i, name := range names {
		if name == "-" && stdin >= 0 && !has(opts, "s") {
			shared = append(shared, i)
			columns = append(columns, nil)
			continue
		}
		data, err := p.ReadFile(name)
		if err != nil {
			p.Errorf("%s: %s", name, reason(err))
			return 1
		}
		var lines []string
		if len(data) > 0 {
			lines = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		}
		if name == "-" {
			stdin = i
		}
		columns = append(columns, lines)
	}
	if len(shared) > 0 {
		// Several dashes take stdin's lines in turn.
		at := append([]int{stdin}, shared...)
		lines := columns[stdin]
		columns[stdin] = nil
		for i, line := range lines {
			c := at[i%len(at)]
			columns[c] = append(columns[c], line)
		}
	}
	if has(opts, "s") {
		for _, lines := range columns {
			for i, line := range lines {
				if i > 0 {
					io.WriteString(p.Stdout, between(i-1))
				}
				io.WriteString(p.Stdout, line)
			}
			io.WriteString(p.Stdout, "\n")
		}
		return 0
	}
	for row := 0; ; row++ {
		more := false
		var b strings.Builder
		for i, lines := range columns {
			if i > 0 {
				b.WriteString(between(i - 1))
			}
			if row < len(lines) {
				b.WriteString(lines[row])
				more = true
			}
		}
		if !more {
			return 0
		}
		if _, err := io.WriteString(p.Stdout, b.String()+"\n"); err != nil || p.Step(ctx) != nil {
			return 1
		}
	}
}

func fold(ctx context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "bsw:", long: []string{"bytes=b", "spaces=s", "width:=w"}, usage: []string{"NAME [OPTION]... [FILE]..."}, number: true}.parse(p)
	if done {
		return exit
	}
	width, err := strconv.Atoi(last(opts, "w", last(opts, "#", "80")))
	if err != nil || width < 1 {
		p.Errorf("invalid number of columns: ‘%s’", last(opts, "w", ""))
		return 1
	}
	return eachInput(p, names, func(_ string, r io.Reader) error {
		return eachLine(ctx, p, r, func(line string, last bool) error {
			var b strings.Builder
			for utf8.RuneCountInString(line) > width {
				rs := []rune(line)
				cut := width
				if has(opts, "s") {
					for i := width - 1; i >= 0; i-- {
						if rs[i] == ' ' || rs[i] == '\t' {
							cut = i + 1
							break
						}
					}
				}
				b.WriteString(string(rs[:cut]) + "\n")
				line = string(rs[cut:])
			}
			b.WriteString(line)
			if !last {
				b.WriteByte('\n')
			}
			_, err := io.WriteString(p.Stdout, b.String())
			return err
		})
	})
}

func column(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{
		short: "c:dJN:no:R:s:tx", long: []string{"output-width:=c", "table-noheadings=d", "json=J", "table-columns:=N", "output-separator:=o", "table-right:=R", "separator:=s", "table=t", "fillrows=x", "table-empty-lines=L"}, usage: []string{"NAME [options] [<file>...]"},
	}.parse(p)
	if done {
		return exit
	}
	var lines []string
	if exit := eachInput(p, names, func(_ string, r io.Reader) error {
		data, err := io.ReadAll(r)
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSuffix(line, "\n"); strings.TrimSpace(line) != "" {
				lines = append(lines, line)
			}
		}
		return err
	}); exit != 0 {
		return exit
	}
	if !has(opts, "t", "N", "J") {
		width, err := strconv.Atoi(last(opts, "c", ""))
		if err != nil {
			width = 80
			if p.TTY {
				width = p.Cols
			}
		}
		io.WriteString(p.Stdout, tabColumns(lines, width, has(opts, "x")))
		return 0
	}
	var rows [][]string
	if names := last(opts, "N", ""); names != "" && !has(opts, "d") {
		rows = append(rows, strings.Split(names, ","))
	}
	for _, line := range lines {
		if has(opts, "s") {
			rows = append(rows, strings.FieldsFunc(line, func(r rune) bool { return false }))
			rows[len(rows)-1] = splitAny(line, last(opts, "s", ""))
		} else {
			rows = append(rows, strings.Fields(line))
		}
	}
	io.WriteString(p.Stdout, table(rows, last(opts, "o", "  "), last(opts, "R", "")))
	return 0
}

// splitAny splits at each of the characters.
func splitAny(line, separators string) []string {
	var out []string
	start := 0
	for i, r := range line {
		if strings.ContainsRune(separators, r) {
			out = append(out, line[start:i])
			start = i + utf8.RuneLen(r)
		}
	}
	return append(out, line[start:])
}

// table aligns the columns of rows.
func table(rows [][]string, separator, right string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	toRight := map[int]bool{}
	for part := range strings.SplitSeq(right, ",") {
		if n, err := strconv.Atoi(part); err == nil {
			toRight[n-1] = true
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i := range widths {
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			fill := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch {
			case toRight[i]:
				b.WriteString(fill + cell)
			case i == len(widths)-1:
				b.WriteString(cell)
			default:
				b.WriteString(cell + fill)
			}
			if i < len(widths)-1 {
				b.WriteString(separator)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// tabColumns lays lines out in columns that are filled with tabs.
func tabColumns(lines []string, width int, across bool) string {
	widest := 0
	for _, l := range lines {
		widest = max(widest, utf8.RuneCountInString(l))
	}
	cell := (widest + 8) / 8 * 8
	cols := max(width/cell, 1)
	rows := (len(lines) + cols - 1) / cols
	var b strings.Builder
	for r := range rows {
		for c := range cols {
			i, next := c*rows+r, (c+1)*rows+r
			if across {
				i, next = r*cols+c, r*cols+c+1
			}
			if i >= len(lines) || !across && c*rows >= len(lines) {
				break
			}
			b.WriteString(lines[i])
			if next < len(lines) && c < cols-1 {
				n := utf8.RuneCountInString(lines[i])
				b.WriteString(strings.Repeat("\t", (cell-n+7)/8))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
