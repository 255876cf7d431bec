package commands

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"strconv"
	"time"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

func touch(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "acd:fhmr:t:", long: []string{"no-create=c", "date:=d", "no-dereference=h", "reference:=r", "time:"}, usage: []string{"NAME [OPTION]... FILE..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		return missing(p, "missing file operand")
	}
	at := p.Now()
	switch {
	case has(opts, "d"):
		var ok bool
		if at, ok = parseDate(last(opts, "d", ""), p.Now()); !ok {
			p.Errorf("invalid date format ‘%s’", last(opts, "d", ""))
			return 1
		}
	case has(opts, "t"):
		var ok bool
		if at, ok = stamp(last(opts, "t", ""), p.Now()); !ok {
			p.Errorf("invalid date format ‘%s’", last(opts, "t", ""))
			return 1
		}
	case has(opts, "r"):
		info, err := p.FS.Stat(p.Path(last(opts, "r", "")))
		if err != nil {
			p.Errorf("failed to get attributes of '%s': %s", last(opts, "r", ""), vfs.Reason(err))
			return 1
		}
		at = info.ModTime()
	}
	for _, name := range names {
		_, err := p.FS.Stat(p.Path(name))
		if errors.Is(err, iofs.ErrNotExist) {
			if has(opts, "c") {
				continue
			}
			var w interface{ Close() error }
			if w, err = p.Create(name, os.O_CREATE); err == nil {
				w.Close()
			}
		}
		if err == nil {
			err = p.FS.Chtimes(p.Path(name), at)
		}
		if err != nil {
			p.Errorf("cannot touch '%s': %s", name, vfs.Reason(err))
			exit = 1
		}
	}
	return exit
}

// stamp reads [[CC]YY]MMDDhhmm[.ss].
func stamp(s string, now time.Time) (time.Time, bool) {
	layout := map[int]string{8: "01021504", 10: "0601021504", 12: "200601021504"}
	sec := 0
	if len(s) > 3 && s[len(s)-3] == '.' {
		n, err := strconv.Atoi(s[len(s)-2:])
		if err != nil {
			return now, false
		}
		sec, s = n, s[:len(s)-3]
	}
	t, err := time.ParseInLocation(layout[len(s)], s, now.Location())
	if err != nil || layout[len(s)] == "" {
		return now, false
	}
	if len(s) == 8 {
		t = t.AddDate(now.Year(), 0, 0)
	}
	return t.Add(time.Duration(sec) * time.Second), true
}
