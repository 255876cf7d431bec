package cel

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// convert makes a value of another type; ok is false where name is no conversion.
func convert(name string, v any) (out any, ok bool) {
	switch name {
	case "int":
		return toInt(v), true
	case "uint":
		return toUint(v), true
	case "double":
		return toDouble(v), true
	case "string":
		return toString(v), true
	case "bool":
		return toBool(v), true
	case "bytes":
		switch v := v.(type) {
		case Bytes:
			return v, true
		case string:
			return Bytes(v), true
		}
	case "timestamp":
		return toTime(v), true
	case "duration":
		return toDuration(v), true
	default:
		return nil, false
	}
	return noOverload, true
}

func wrongConversion(v any, to string) error {
	return failf("type conversion error from '%s' to '%s'", called(v), to)
}

func toInt(v any) any {
	switch v := v.(type) {
	case int64:
		return v
	case uint64:
		if v > math.MaxInt64 {
			return intOverflow
		}
		return int64(v)
	case float64:
		if math.IsNaN(v) || v <= math.MinInt64 || v >= math.MaxInt64 {
			return intOverflow
		}
		return int64(v)
	case time.Time:
		return v.Unix()
	case time.Duration:
		return int64(v)
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n
		}
	}
	return wrongConversion(v, "int")
}

func toUint(v any) any {
	switch v := v.(type) {
	case uint64:
		return v
	case int64:
		if v < 0 {
			return uintOverflow
		}
		return uint64(v)
	case float64:
		if math.IsNaN(v) || v < 0 || v >= math.MaxUint64 {
			return uintOverflow
		}
		return uint64(v)
	case string:
		if n, err := strconv.ParseUint(v, 10, 64); err == nil {
			return n
		}
	}
	return wrongConversion(v, "uint")
}

func toDouble(v any) any {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return n
		}
	}
	return wrongConversion(v, "double")
}

func toBool(v any) any {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		switch v {
		case "true", "t", "True", "TRUE", "T", "1":
			return true
		case "false", "f", "False", "FALSE", "F", "0":
			return false
		}
	}
	return wrongConversion(v, "bool")
}

func toString(v any) any {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return plainFloat(v)
	case Bytes:
		if !utf8.ValidString(string(v)) {
			return fault("invalid UTF-8 in bytes, cannot convert to string")
		}
		return string(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case time.Duration:
		return strconv.FormatFloat(v.Seconds(), 'f', -1, 64) + "s"
	case typeName:
		return string(v)
	case netip.Addr:
		return v.String()
	case netip.Prefix:
		return v.String()
	}
	return wrongConversion(v, "string")
}

// plainFloat is a float as %g.
func plainFloat(v float64) string {
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func toTime(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v
	case int64:
		return timeInRange(time.Unix(v, 0).UTC())
	case string:
		t, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return wrongConversion(v, "google.protobuf.Timestamp")
		}
		if bad, ok := timeInRange(t).(error); ok {
			return bad
		}
		return t
	}
	return wrongConversion(v, "google.protobuf.Timestamp")
}

func toDuration(v any) any {
	switch v := v.(type) {
	case time.Duration:
		return v
	case int64:
		return time.Duration(v)
	case string:
		if d, err := time.ParseDuration(v); err == nil {
			return d
		}
	}
	return wrongConversion(v, "google.protobuf.Duration")
}

// zone is a time zone by its offset, or UTC. Names of places are not known.
func zone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" || name == "GMT" || name == "Etc/UTC" {
		return time.UTC, nil
	}
	hours, minutes, ok := strings.Cut(name, ":")
	if !ok {
		return time.LoadLocation(name)
	}
	h, err := strconv.Atoi(hours)
	if err != nil {
		return nil, err
	}
	m, err := strconv.Atoi(minutes)
	if err != nil {
		return nil, err
	}
	if h < 0 || strings.HasPrefix(hours, "-") {
		m = -m
	}
	return time.FixedZone("", h*3600+m*60), nil
}

func timePart(name string, t time.Time, args []any) any {
	t = t.UTC()
	if len(args) == 1 {
		loc, err := zone(args[0].(string))
		if err != nil {
			return fault(err.Error())
		}
		t = t.In(loc)
	}
	n := 0
	switch name {
	case "getFullYear":
		n = t.Year()
	case "getMonth":
		n = int(t.Month()) - 1
	case "getDayOfYear":
		n = t.YearDay() - 1
	case "getDayOfMonth":
		n = t.Day() - 1
	case "getDate":
		n = t.Day()
	case "getDayOfWeek":
		n = int(t.Weekday())
	case "getHours":
		n = t.Hour()
	case "getMinutes":
		n = t.Minute()
	case "getSeconds":
		n = t.Second()
	case "getMilliseconds":
		n = t.Nanosecond() / 1e6
	}
	return int64(n)
}

func durationPart(name string, d time.Duration) any {
	switch name {
	case "getHours":
		return int64(d.Hours())
	case "getMinutes":
		return int64(d.Minutes())
	case "getSeconds":
		return int64(d.Seconds())
	}
	return d.Milliseconds()
}
