package commands

import (
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"path"
	"strconv"
	"strings"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

func mktemp(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "dp:qtu", long: []string{"directory=d", "tmpdir::=p", "quiet=q", "dry-run=u", "suffix:"}, usage: []string{"NAME [OPTION]... [TEMPLATE]"}}.parse(p)
	if done {
		return exit
	}
	template := "tmp.XXXXXXXXXX"
	dir := ""
	switch {
	case len(names) > 1:
		return missing(p, "too many templates")
	case len(names) == 1:
		template = names[0]
	default:
		dir = "/tmp"
	}
	if has(opts, "p", "t") {
		if dir = last(opts, "p", ""); dir == "" {
			dir = "/tmp"
		}
	}
	stem := strings.TrimRight(template, "X")
	n := len(template) - len(stem)
	if n < 3 {
		p.Errorf("too few X's in template ‘%s’", template)
		return 1
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for range 100 {
		name := stem
		for range n {
			name += string(letters[p.Random()%uint64(len(letters))])
		}
		name += last(opts, "suffix", "")
		if dir != "" {
			name = strings.TrimSuffix(dir, "/") + "/" + name
		}
		at := p.Path(name)
		if _, err := p.FS.Lstat(at); err == nil {
			continue
		}
		var err error
		switch {
		case has(opts, "u"):
		case has(opts, "d"):
			err = p.FS.Mkdir(at, 0o700)
		default:
			err = p.FS.WriteFile(at, nil, 0o600)
		}
		if err != nil {
			kind := "file"
			if has(opts, "d") {
				kind = "directory"
			}
			p.Errorf("failed to create %s via template ‘%s’: %s", kind, strings.TrimSuffix(dir+"/", "//")+template, reason(err))
			return 1
		}
		fmt.Fprintln(p.Stdout, name)
		return 0
	}
	return 1
}

func realpath(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "eEfmLPnqsvz", long: []string{"canonicalize-existing=e", "canonicalize-missing=m", "canonicalize=f", "no-newline=n", "quiet=q", "strip=s", "no-symlinks=s", "relative-to:", "relative-base:", "zero=z", "silent=q", "verbose=v"}, usage: []string{"NAME [OPTION]... FILE..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		return missing(p, "missing operand")
	}
	readlink := p.Name() == "readlink"
	for i, name := range names {
		at := p.Path(name)
		out := ""
		var err error
		switch {
		case readlink && !has(opts, "e", "f", "m"):
			if out, err = p.FS.Readlink(at); err != nil {
				exit = 1
				continue
			}
		case has(opts, "s"):
			out = path.Clean(at)
		default:
			out, err = p.FS.Resolve(at)
			if err != nil && !has(opts, "e") {
				// The last element may be missing.
				if up, upErr := p.FS.Resolve(path.Dir(path.Clean(at))); upErr == nil {
					out, err = path.Join(up, path.Base(at)), nil
				} else if has(opts, "m") {
					out, err = path.Clean(at), nil
				}
			}
		}
		if err != nil {
			if !readlink && !has(opts, "q") {
				p.Errorf("%s: %s", name, reason(err))
			}
			exit = 1
			continue
		}
		if to := last(opts, "relative-to", ""); to != "" {
			out = relative(p.Path(to), out)
		}
		io.WriteString(p.Stdout, out)
		if !(readlink && has(opts, "n") && i == len(names)-1) {
			io.WriteString(p.Stdout, "\n")
		}
	}
	return exit
}

func stat(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "c:fLt", long: []string{"format:=c", "printf:", "file-system=f", "dereference=L", "terse=t"}, usage: []string{"NAME [OPTION]... FILE..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		return missing(p, "missing operand")
	}
	for _, name := range names {
		at := p.Path(name)
		get := p.FS.Lstat
		if has(opts, "L") {
			get = p.FS.Stat
		}
		info, err := get(at)
		if err != nil {
			p.Errorf("cannot statx '%s': %s", name, reason(err))
			exit = 1
			continue
		}
		switch {
		case has(opts, "c"):
			io.WriteString(p.Stdout, statFormat(p, last(opts, "c", ""), name, info, false)+"\n")
		case has(opts, "printf"):
			io.WriteString(p.Stdout, statFormat(p, last(opts, "printf", ""), name, info, true))
		default:
			io.WriteString(p.Stdout, statDefault(p, name, info))
		}
	}
	return exit
}

// fileKind is a file's type in words.
func fileKind(info iofs.FileInfo) string {
	mode := info.Mode()
	switch {
	case mode.IsDir():
		return "directory"
	case mode&iofs.ModeSymlink != 0:
		return "symbolic link"
	case mode&iofs.ModeCharDevice != 0:
		return "character special file"
	case mode&iofs.ModeNamedPipe != 0:
		return "fifo"
	case info.Size() == 0:
		return "regular empty file"
	}
	return "regular file"
}

// octal is a mode's bits with the special ones.
func octal(mode iofs.FileMode) uint32 {
	n := uint32(mode.Perm())
	for m, bit := range map[iofs.FileMode]uint32{iofs.ModeSticky: 0o1000, iofs.ModeSetgid: 0o2000, iofs.ModeSetuid: 0o4000} {
		if mode&m != 0 {
			n |= bit
		}
	}
	return n
}

func ownerName(id int) string {
	if id == 0 {
		return "root"
	}
	return "UNKNOWN"
}

const statTime = "2006-01-02 15:04:05.000000000 -0700"

func statDefault(p *shell.Proc, name string, info iofs.FileInfo) string {
	sys := info.Sys().(*vfs.Sys)
	shown := name
	if info.Mode()&iofs.ModeSymlink != 0 {
		target, _ := p.FS.Readlink(p.Path(name))
		shown += " -> " + target
	}
	mtime := info.ModTime().UTC().Format(statTime)
	return fmt.Sprintf("  File: %s\n  Size: %-15d Blocks: %-10d IO Block: 4096   %s\nDevice: 252,1\tInode: %-11d Links: %d\nAccess: (%04o/%s)  Uid: (%5d/%8s)   Gid: (%5d/%8s)\nAccess: %s\nModify: %s\nChange: %s\n Birth: %s\n",
		shown, info.Size(), blocks(info)*2, fileKind(info), sys.Inode, sys.Links, octal(info.Mode()), modeString(info.Mode()),
		sys.UID, ownerName(sys.UID), sys.GID, ownerName(sys.GID), mtime, mtime, sys.Changed.UTC().Format(statTime), mtime)
}

func statFormat(p *shell.Proc, format, name string, info iofs.FileInfo, escapes bool) string {
	sys := info.Sys().(*vfs.Sys)
	mtime := info.ModTime().UTC()
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if escapes && format[i] == '\\' && i+1 < len(format) {
			i++
			if at := strings.IndexByte("abfnrtv\\", format[i]); at >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v\\"[at])
			} else {
				b.WriteByte(format[i])
			}
			continue
		}
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		start := i
		i++
		for i < len(format)-1 && strings.IndexByte("-+ 0#123456789.", format[i]) >= 0 {
			i++
		}
		spec := format[start:i]
		text := ""
		switch format[i] {
		case '%':
			text = "%"
		case 'a':
			text = strconv.FormatUint(uint64(octal(info.Mode())), 8)
		case 'A':
			text = modeString(info.Mode())
		case 'b':
			text = strconv.FormatInt(blocks(info)*2, 10)
		case 'B':
			text = "512"
		case 'F':
			text = fileKind(info)
		case 'g':
			text = strconv.Itoa(sys.GID)
		case 'G':
			text = ownerName(sys.GID)
		case 'h':
			text = strconv.Itoa(sys.Links)
		case 'i':
			text = strconv.FormatUint(sys.Inode, 10)
		case 'n':
			text = name
		case 'N':
			text = "'" + name + "'"
			if info.Mode()&iofs.ModeSymlink != 0 {
				target, _ := p.FS.Readlink(p.Path(name))
				text += " -> '" + target + "'"
			}
		case 'o':
			text = "4096"
		case 's':
			text = strconv.FormatInt(info.Size(), 10)
		case 'u':
			text = strconv.Itoa(sys.UID)
		case 'U':
			text = ownerName(sys.UID)
		case 'x', 'y', 'w':
			text = mtime.Format(statTime)
		case 'X', 'Y', 'W':
			text = strconv.FormatInt(mtime.Unix(), 10)
		case 'z':
			text = sys.Changed.UTC().Format(statTime)
		case 'Z':
			text = strconv.FormatInt(sys.Changed.Unix(), 10)
		default:
			text = "?"
		}
		fmt.Fprintf(&b, spec+"s", text)
	}
	return b.String()
}

func file(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "bihkLz", long: []string{"brief=b", "mime=i", "mime-type", "dereference=L"}, usage: []string{"NAME [OPTION...] [FILE...]"}}.parse(p)
	if done {
		return exit
	}
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	for _, name := range names {
		text := describeFile(p, name)
		if !has(opts, "b") {
			text = fmt.Sprintf("%-*s %s", width+1, name+":", text)
		}
		fmt.Fprintln(p.Stdout, text)
	}
	return exit
}

func describeFile(p *shell.Proc, name string) string {
	info, err := p.FS.Lstat(p.Path(name))
	if err != nil {
		return fmt.Sprintf("cannot open `%s' (%s)", name, reason(err))
	}
	switch mode := info.Mode(); {
	case mode.IsDir() && mode&iofs.ModeSticky != 0:
		return "sticky, directory"
	case mode.IsDir():
		return "directory"
	case mode&iofs.ModeSymlink != 0:
		target, _ := p.FS.Readlink(p.Path(name))
		if _, err := p.FS.Stat(p.Path(name)); err != nil {
			return "broken symbolic link to " + target
		}
		return "symbolic link to " + target
	case mode&iofs.ModeDevice != 0:
		return "character special"
	case info.Size() == 0:
		return "empty"
	}
	data, _ := p.FS.ReadFile(p.Path(name))
	text := string(data)
	kind := "ASCII text"
	if strings.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
		kind = "Unicode text, UTF-8 text"
	}
	trimmed := strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "\x7fELF"):
		return "ELF 64-bit LSB executable, x86-64, version 1 (SYSV), statically linked, stripped"
	case strings.HasPrefix(text, "#!"):
		line, _, _ := strings.Cut(text[2:], "\n")
		program := strings.TrimSpace(line)
		if strings.HasSuffix(program, "bash") {
			return "Bourne-Again shell script, " + kind + " executable"
		}
		if strings.HasSuffix(program, "/sh") {
			return "POSIX shell script, " + kind + " executable"
		}
		return "a " + program + " script, " + kind + " executable"
	case strings.Contains(text, "\x00"):
		return "data"
	case strings.HasPrefix(trimmed, "-----BEGIN CERTIFICATE-----"):
		return "PEM certificate"
	case (strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")) && validJSON(data):
		return "JSON text data"
	}
	if !strings.HasSuffix(text, "\n") {
		kind += ", with no line terminators"
	}
	return kind
}

func validJSON(data []byte) bool {
	_, err := decodeJSON(data)
	return err == nil
}

func cmpCommand(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "bi:ln:s", long: []string{"print-bytes=b", "verbose=l", "bytes:=n", "quiet=s", "silent=s"}, usage: []string{"NAME [OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]"}, exit: 2}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		missing(p, "missing operand after '%s'", p.Name())
		return 2
	}
	if len(names) == 1 {
		names = append(names, "-")
	}
	var data [2][]byte
	for i := range data {
		var err error
		if data[i], err = p.ReadFile(names[i]); err != nil {
			if !has(opts, "s") {
				p.Errorf("%s: %s", names[i], reason(err))
			}
			return 2
		}
	}
	line := 1
	for i := range min(len(data[0]), len(data[1])) {
		a, b := data[0][i], data[1][i]
		if a != b {
			switch {
			case has(opts, "s"):
				return 1
			case has(opts, "l"):
				fmt.Fprintf(p.Stdout, "%d %3o %3o\n", i+1, a, b)
				exit = 1
			default:
				fmt.Fprintf(p.Stdout, "%s %s differ: byte %d, line %d\n", names[0], names[1], i+1, line)
				return 1
			}
		}
		if a == '\n' {
			line++
		}
	}
	if len(data[0]) != len(data[1]) {
		short, n := names[0], len(data[0])
		if len(data[1]) < n {
			short, n = names[1], len(data[1])
		}
		if !has(opts, "s") {
			where := fmt.Sprintf("after byte %d, line %d", n, max(line-1, 1))
			if n > 0 && data[0][n-1] != '\n' {
				where = fmt.Sprintf("after byte %d, in line %d", n, line)
			}
			if n == 0 {
				fmt.Fprintf(p.Stderr, "%s: EOF on %s which is empty\n", p.Name(), short)
			} else {
				fmt.Fprintf(p.Stderr, "%s: EOF on %s %s\n", p.Name(), short, where)
			}
		}
		return 1
	}
	return exit
}

func comm(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "123z", long: []string{"check-order", "nocheck-order", "output-delimiter:", "total"}, usage: []string{"NAME [OPTION]... FILE1 FILE2"}}.parse(p)
	if done {
		return exit
	}
	if len(names) < 2 {
		if len(names) == 0 {
			return missing(p, "missing operand")
		}
		return missing(p, "missing operand after ‘%s’", names[0])
	}
	var lines [2][]string
	for i := range lines {
		data, err := p.ReadFile(names[i])
		if err != nil {
			p.Errorf("%s: %s", names[i], reason(err))
			return 1
		}
		if len(data) > 0 {
			lines[i] = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		}
	}
	tab := last(opts, "output-delimiter", "\t")
	show := func(column int, line string) {
		if has(opts, strconv.Itoa(column)) {
			return
		}
		indent := ""
		for c := 1; c < column; c++ {
			if !has(opts, strconv.Itoa(c)) {
				indent += tab
			}
		}
		fmt.Fprintln(p.Stdout, indent+line)
	}
	a, b := lines[0], lines[1]
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			show(1, a[0])
			a = a[1:]
		case len(a) == 0 || b[0] < a[0]:
			show(2, b[0])
			b = b[1:]
		default:
			show(3, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return 0
}

func truncateCommand(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "cor:s:", long: []string{"no-create=c", "reference:=r", "size:=s"}, usage: []string{"NAME OPTION... FILE..."}}.parse(p)
	if done {
		return exit
	}
	if !has(opts, "s") {
		return missing(p, "you must specify either ‘--size’ or ‘--reference’")
	}
	if len(names) == 0 {
		return missing(p, "missing file operand")
	}
	n, sign, ok := count(last(opts, "s", ""))
	if !ok {
		p.Errorf("Invalid number: ‘%s’", last(opts, "s", ""))
		return 1
	}
	for _, name := range names {
		size := n
		info, err := p.FS.Stat(p.Path(name))
		switch {
		case err == nil && sign == '+':
			size = info.Size() + n
		case err == nil && sign == '-':
			size = max(info.Size()-n, 0)
		case err != nil && !has(opts, "c"):
			err = p.FS.WriteFile(p.Path(name), nil, 0o644)
		}
		if err == nil {
			err = p.FS.Truncate(p.Path(name), size)
		}
		if err != nil {
			p.Errorf("cannot open '%s' for writing: %s", name, reason(err))
			exit = 1
		}
	}
	return exit
}
