package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/shell"
)

func date(_ context.Context, p *shell.Proc) int {
	opts, args, exit, done := syntax{
		short: "d:f:I::r:Rs:u", long: []string{"date:=d", "iso-8601::=I", "reference:=r", "rfc-email=R", "rfc-2822=R", "rfc-3339:", "set:=s", "utc=u", "universal=u"},
		usage: []string{"NAME [OPTION]... [+FORMAT]", "NAME [-u|--utc|--universal] [MMDDhhmm[[CC]YY][.ss]]"},
	}.parse(p)
	if done {
		return exit
	}
	now := p.Now().UTC()
	t := now
	switch {
	case has(opts, "s"):
		p.Errorf("cannot set date: Operation not permitted")
		return 1
	case has(opts, "d"):
		var ok bool
		if t, ok = parseDate(last(opts, "d", ""), now); !ok {
			p.Errorf("invalid date ‘%s’", last(opts, "d", ""))
			return 1
		}
	case has(opts, "r"):
		name := last(opts, "r", "")
		info, err := p.FS.Stat(p.Path(name))
		if err != nil {
			if n, numErr := strconv.ParseInt(name, 10, 64); numErr == nil {
				t = time.Unix(n, 0).UTC()
				break
			}
			p.Errorf("%s: %s", name, reason(err))
			return 1
		}
		t = info.ModTime().UTC()
	}
	format := "%a %b %e %H:%M:%S %Z %Y"
	switch {
	case has(opts, "R"):
		format = "%a, %d %b %Y %H:%M:%S %z"
	case has(opts, "I"):
		format = isoFormat(last(opts, "I", ""), "T")
	case has(opts, "rfc-3339"):
		format = strings.Replace(isoFormat(last(opts, "rfc-3339", ""), " "), "%:z", "%:z", 1)
	}
	if format == "" {
		p.Errorf("invalid argument ‘%s’ for ‘--iso-8601’", last(opts, "I", ""))
		return 1
	}
	for i, arg := range args {
		switch {
		case i > 0:
			return missing(p, "extra operand ‘%s’", arg)
		case strings.HasPrefix(arg, "+"):
			format = arg[1:]
		default:
			p.Errorf("invalid date ‘%s’", arg)
			return 1
		}
	}
	fmt.Fprintln(p.Stdout, shell.Strftime(format, t))
	return 0
}

func isoFormat(precision, sep string) string {
	switch precision {
	case "", "date":
		return "%Y-%m-%d"
	case "hours":
		return "%Y-%m-%d" + sep + "%H%:z"
	case "minutes":
		return "%Y-%m-%d" + sep + "%H:%M%:z"
	case "seconds":
		return "%Y-%m-%d" + sep + "%H:%M:%S%:z"
	case "ns":
		return "%Y-%m-%d" + sep + "%H:%M:%S,%N%:z"
	}
	return ""
}

var dateLayouts = []string{
	time.RFC3339Nano, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04",
	"2006-01-02", "2006/01/02", "20060102", "01/02/2006", "Jan 2 2006", "Jan 2, 2006", "2 Jan 2006", "Jan 2 15:04:05 2006", "2 January 2006", "January 2, 2006",
	"Mon Jan _2 15:04:05 MST 2006", "Mon Jan _2 15:04:05 2006", time.RFC1123, time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", "2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999",
}

// parseDate reads a date as GNU date does, as far as people write it: a point in time, @seconds, words such as
// yesterday, and distances such as "2 days ago" or "+1 hour".
func parseDate(s string, now time.Time) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return midnight(now), true
	}
	if strings.HasPrefix(s, "@") {
		x, err := strconv.ParseFloat(s[1:], 64)
		return time.Unix(0, 0).Add(time.Duration(x * float64(time.Second))).UTC(), err == nil
	}
	for _, layout := range dateLayouts {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil {
			return t.UTC(), true
		}
	}
	words := strings.Fields(strings.NewReplacer("+ ", "+", "- ", "-").Replace(strings.ToLower(s)))
	// A date may stand before a distance.
	for n := min(len(words), 2); n > 0; n-- {
		if n == len(words) {
			continue
		}
		head := strings.Join(strings.Fields(s)[:n], " ")
		for _, layout := range dateLayouts {
			if t, err := time.ParseInLocation(layout, head, time.UTC); err == nil {
				return distance(words[n:], t.UTC())
			}
		}
	}
	return distance(words, now)
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

func distance(words []string, t time.Time) (time.Time, bool) {
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch w {
		case "now", "today":
			continue
		case "yesterday":
			t = t.AddDate(0, 0, -1)
			continue
		case "tomorrow":
			t = t.AddDate(0, 0, 1)
			continue
		case "midnight":
			t = midnight(t)
			continue
		case "noon":
			t = midnight(t).Add(12 * time.Hour)
			continue
		case "utc", "z":
			continue
		}
		if clock, err := time.Parse("15:04:05", w); err == nil {
			t = midnight(t).Add(clock.Sub(midnight(clock)))
			continue
		}
		if clock, err := time.Parse("15:04", w); err == nil {
			t = midnight(t).Add(clock.Sub(midnight(clock)))
			continue
		}
		n, unit, used, ok := amount(words[i:])
		if !ok {
			return t, false
		}
		i += used - 1
		if i+1 < len(words) && words[i+1] == "ago" {
			n, i = -n, i+1
		}
		if t, ok = shift(t, n, unit); !ok {
			return t, false
		}
	}
	return t, true
}

// amount reads "2 days", "+1hour", "next week", "last friday", "friday" or "day".
func amount(words []string) (n int, unit string, used int, ok bool) {
	w := words[0]
	switch {
	case (w == "next" || w == "last") && len(words) > 1:
		n = 1
		if w == "last" {
			n = -1
		}
		return n, words[1], 2, true
	}
	digits := 0
	for digits < len(w) && (w[digits] >= '0' && w[digits] <= '9' || digits == 0 && (w[0] == '+' || w[0] == '-')) {
		digits++
	}
	if digits == 0 {
		return 1, w, 1, true
	}
	n, err := strconv.Atoi(w[:digits])
	switch {
	case err != nil:
		return 0, "", 0, false
	case digits < len(w):
		return n, w[digits:], 1, true
	case len(words) > 1:
		return n, words[1], 2, true
	}
	return 0, "", 0, false
}

func shift(t time.Time, n int, unit string) (time.Time, bool) {
	for i, day := range weekdays {
		if unit == day || unit == day[:3] {
			delta := (i - int(t.Weekday()) + 7) % 7
			if n > 0 && delta == 0 {
				delta = 7
			}
			if n < 0 {
				delta -= 7
			}
			return midnight(t).AddDate(0, 0, delta), true
		}
	}
	switch strings.TrimSuffix(unit, "s") {
	case "sec", "second":
		return t.Add(time.Duration(n) * time.Second), true
	case "min", "minute":
		return t.Add(time.Duration(n) * time.Minute), true
	case "hour":
		return t.Add(time.Duration(n) * time.Hour), true
	case "day":
		return t.AddDate(0, 0, n), true
	case "week":
		return t.AddDate(0, 0, 7*n), true
	case "fortnight":
		return t.AddDate(0, 0, 14*n), true
	case "month":
		return t.AddDate(0, n, 0), true
	case "year":
		return t.AddDate(n, 0, 0), true
	}
	return t, false
}
