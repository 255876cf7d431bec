// Package cron reads the schedules of cron jobs, in the dialect and with the error messages of Kubernetes, and says
// when they are due.
//
// It knows no clock: it is asked for the instant that follows another.
package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Schedule is a set of instants.
type Schedule interface {
	// Next is the first instant of the schedule after t; zero where there is none within five years.
	Next(t time.Time) time.Time
}

// star marks a field that was written as * or ?: then day of month and day of week must both match.
const star = 1 << 63

type field struct {
	min, max uint
	names    string // from min on, separated by blanks
}

var fields = [...]field{
	{0, 59, ""},
	{0, 23, ""},
	{1, 31, ""},
	{1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"},
	{0, 6, "sun mon tue wed thu fri sat"},
}

type calendar struct {
	minute, hour, day, month, weekday uint64
	location                          *time.Location
}

type interval time.Duration

// Parse reads a schedule: five fields, a name such as @daily, or @every and a duration. A prefix TZ=ZONE or
// CRON_TZ=ZONE sets its time zone, which is UTC otherwise.
func Parse(spec string) (Schedule, error) {
	if spec == "" {
		return nil, fmt.Errorf("empty spec string")
	}
	location := time.UTC
	if strings.HasPrefix(spec, "TZ=") || strings.HasPrefix(spec, "CRON_TZ=") {
		zone, rest, found := strings.Cut(spec[strings.IndexByte(spec, '=')+1:], " ")
		if !found {
			return nil, fmt.Errorf("invalid schedule format")
		}
		l, err := time.LoadLocation(zone)
		if err != nil {
			return nil, fmt.Errorf("provided bad location %s: %v", zone, err)
		}
		location, spec = l, strings.TrimSpace(rest)
	}
	if strings.HasPrefix(spec, "@") {
		return parseName(spec, location)
	}
	parts := strings.Fields(spec)
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("expected exactly %d fields, found %d: %s", len(fields), len(parts), parts)
	}
	var sets [len(fields)]uint64
	for i, part := range parts {
		set, err := fields[i].parse(part)
		if err != nil {
			return nil, err
		}
		sets[i] = set
	}
	return &calendar{sets[0], sets[1], sets[2], sets[3], sets[4], location}, nil
}

func parseName(spec string, location *time.Location) (Schedule, error) {
	c := &calendar{1, 1, 1 << 1, 1 << 1, fields[4].all(), location}
	switch spec {
	case "@yearly", "@annually":
	case "@monthly":
		c.month = fields[3].all()
	case "@weekly":
		c.day, c.month, c.weekday = fields[2].all(), fields[3].all(), 1
	case "@daily", "@midnight":
		c.day, c.month = fields[2].all(), fields[3].all()
	case "@hourly":
		c.hour, c.day, c.month = fields[1].all(), fields[2].all(), fields[3].all()
	default:
		text, ok := strings.CutPrefix(spec, "@every ")
		if !ok {
			return nil, fmt.Errorf("unrecognized descriptor: %s", spec)
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, fmt.Errorf("failed to parse duration %s: %s", spec, err)
		}
		return interval(max(d, time.Second).Truncate(time.Second)), nil
	}
	return c, nil
}

func (f field) all() uint64 { return span(f.min, f.max, 1) | star }

func span(from, to, step uint) (set uint64) {
	for i := from; i <= to; i += step {
		set |= 1 << i
	}
	return set
}

func (f field) parse(text string) (set uint64, err error) {
	for _, expr := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		one, err := f.parseRange(expr)
		if err != nil {
			return 0, err
		}
		set |= one
	}
	return set, nil
}

func (f field) parseRange(expr string) (uint64, error) {
	parts := strings.Split(expr, "/")
	ends := strings.Split(parts[0], "-")
	var from, to, mark = uint(0), uint(0), uint64(0)
	var err error
	if ends[0] == "*" || ends[0] == "?" {
		from, to, mark = f.min, f.max, star
	} else {
		if from, err = f.number(ends[0]); err != nil {
			return 0, err
		}
		switch len(ends) {
		case 1:
			to = from
		case 2:
			if to, err = f.number(ends[1]); err != nil {
				return 0, err
			}
		default:
			return 0, fmt.Errorf("too many hyphens: %s", expr)
		}
	}
	step := uint(1)
	switch len(parts) {
	case 1:
	case 2:
		if step, err = number(parts[1]); err != nil {
			return 0, err
		}
		if len(ends) == 1 {
			to = f.max
		}
		if step > 1 {
			mark = 0
		}
	default:
		return 0, fmt.Errorf("too many slashes: %s", expr)
	}
	switch {
	case from < f.min:
		return 0, fmt.Errorf("beginning of range (%d) below minimum (%d): %s", from, f.min, expr)
	case to > f.max:
		return 0, fmt.Errorf("end of range (%d) above maximum (%d): %s", to, f.max, expr)
	case from > to:
		return 0, fmt.Errorf("beginning of range (%d) beyond end of range (%d): %s", from, to, expr)
	case step == 0:
		return 0, fmt.Errorf("step of range should be a positive number: %s", expr)
	}
	return span(from, to, step) | mark, nil
}

func (f field) number(text string) (uint, error) {
	for i, name := range strings.Fields(f.names) {
		if strings.EqualFold(name, text) {
			return f.min + uint(i), nil
		}
	}
	return number(text)
}

func number(text string) (uint, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("failed to parse int from %s: %s", text, err)
	}
	if n < 0 {
		return 0, fmt.Errorf("negative number (%d) not allowed: %s", n, text)
	}
	return uint(n), nil
}

// Next implements Schedule.
func (i interval) Next(t time.Time) time.Time {
	return t.Add(time.Duration(i) - time.Duration(t.Nanosecond()))
}

// Next implements Schedule.
func (c *calendar) Next(after time.Time) time.Time {
	t := after.In(c.location).Truncate(time.Minute).Add(time.Minute)
	for limit := t.AddDate(5, 0, 0); t.Before(limit); {
		switch {
		case c.month>>uint(t.Month())&1 == 0:
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, c.location)
		case !c.matches(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, c.location)
		case c.hour>>uint(t.Hour())&1 == 0:
			t = t.Truncate(time.Minute).Add(time.Duration(60-t.Minute()) * time.Minute)
		case c.minute>>uint(t.Minute())&1 == 0:
			wait := bits.TrailingZeros64(c.minute &^ star >> uint(t.Minute()))
			t = t.Add(time.Duration(min(wait, 60-t.Minute())) * time.Minute)
		default:
			return t.In(after.Location())
		}
	}
	return time.Time{}
}

// matches says whether day of month and day of week are right: both, or, where both were given, one of them.
func (c *calendar) matches(t time.Time) bool {
	day, weekday := c.day>>uint(t.Day())&1 == 1, c.weekday>>uint(t.Weekday())&1 == 1
	if c.day&star != 0 || c.weekday&star != 0 {
		return day && weekday
	}
	return day || weekday
}
