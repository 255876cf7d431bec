package kubectl

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"terrarium/sim/kubectl/resource"
)

// A flagset reads the flags of a command by name; their types are those of the help table.
type flagset struct{ *pflag.FlagSet }

func flagsOf(cmd *cobra.Command) flagset { return flagset{cmd.Flags()} }

// text is the value of a string flag, or of any other in its textual form.
func (s flagset) text(name string) string {
	if f := s.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

func (s flagset) is(name string) bool { return s.text(name) == "true" }

func (s flagset) list(name string) []string {
	if v, err := s.GetStringSlice(name); err == nil {
		return v
	}
	v, _ := s.GetStringArray(name)
	return v
}

func (s flagset) number(name string) int64 {
	if v, err := s.GetInt64(name); err == nil {
		return v
	}
	if v, err := s.GetInt32(name); err == nil {
		return int64(v)
	}
	v, _ := s.GetInt(name)
	return int64(v)
}

func (s flagset) duration(name string) time.Duration {
	v, _ := s.GetDuration(name)
	return v
}

// files are the flags -f, -k and -R.
func (s flagset) files() resource.Filenames {
	return resource.Filenames{Names: s.list("filename"), Kustomize: s.text("kustomize"), Recursive: s.is("recursive")}
}
