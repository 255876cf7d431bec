package cron

import (
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	const layout = "2006-01-02 15:04:05"
	for _, test := range []struct{ spec, after, want string }{
		{"* * * * *", "2026-11-22 09:00:00", "2026-11-22 09:01:00"},
		{"*/5 * * * *", "2026-11-22 09:03:10", "2026-11-22 09:05:00"},
		{"0 0 * * *", "2026-11-22 09:03:10", "2026-11-23 00:00:00"},
		{"30 8-10/2 * * *", "2026-11-22 08:30:00", "2026-11-22 10:30:00"},
		{"0 9 1 * *", "2026-12-31 23:59:59", "2027-01-01 09:00:00"},
		{"0 9 * * mon", "2026-11-22 09:00:00", "2026-11-23 09:00:00"},
		{"0 9 1 * mon", "2026-11-24 09:00:00", "2026-11-30 09:00:00"},
		{"0 0 29 2 *", "2026-11-22 09:00:00", "2028-02-29 00:00:00"},
		{"0 0 30 2 *", "2026-11-22 09:00:00", "0001-01-01 00:00:00"},
		{"5,50 * * * *", "2026-11-22 23:50:00", "2026-11-23 00:05:00"},
		{"@hourly", "2026-11-22 09:00:00", "2026-11-22 10:00:00"},
		{"@weekly", "2026-11-22 09:00:00", "2026-11-29 00:00:00"},
		{"@yearly", "2026-11-22 09:00:00", "2027-01-01 00:00:00"},
		{"@every 90s", "2026-11-22 09:00:00", "2026-11-22 09:01:30"},
	} {
		s, err := Parse(test.spec)
		if err != nil {
			t.Errorf("%s: %v", test.spec, err)
			continue
		}
		after, _ := time.Parse(layout, test.after)
		if got := s.Next(after).Format(layout); got != test.want {
			t.Errorf("%s after %s: %s, want %s", test.spec, test.after, got, test.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for spec, want := range map[string]string{
		"":              "empty spec string",
		"x":             "expected exactly 5 fields, found 1: [x]",
		"60 * * * *":    "end of range (60) above maximum (59): 60",
		"* * 0 * *":     "beginning of range (0) below minimum (1): 0",
		"* * * * 7":     "end of range (7) above maximum (6): 7",
		"5-1 * * * *":   "beginning of range (5) beyond end of range (1): 5-1",
		"*/0 * * * *":   "step of range should be a positive number: */0",
		"a * * * *":     `failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax`,
		"1-2-3 * * * *": "too many hyphens: 1-2-3",
		"1/2/3 * * * *": "too many slashes: 1/2/3",
		"@often":        "unrecognized descriptor: @often",
		"@every x":      `failed to parse duration @every x: time: invalid duration "x"`,
	} {
		if _, err := Parse(spec); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", spec, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, spec := range []string{"* * * * *", "*/5 1-3 ? jan,feb sun", "@every 1h", "TZ=UTC 0 0 * * *"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		if s, err := Parse(spec); err == nil {
			s.Next(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
		}
	})
}
