package kubectl

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"terrarium/sim/kubectl/resource"
)

// The flags of a command are in the help table; a name that is not there reads as the zero value.

func flagString(cmd *cobra.Command, name string) string {
	v, _ := cmd.Flags().GetString(name)
	return v
}

func flagBool(cmd *cobra.Command, name string) bool {
	v, _ := cmd.Flags().GetBool(name)
	return v
}

func flagInt(cmd *cobra.Command, name string) int {
	v, _ := cmd.Flags().GetInt(name)
	return v
}

func flagInt32(cmd *cobra.Command, name string) int32 {
	v, _ := cmd.Flags().GetInt32(name)
	return v
}

func flagInt64(cmd *cobra.Command, name string) int64 {
	v, _ := cmd.Flags().GetInt64(name)
	return v
}

func flagDuration(cmd *cobra.Command, name string) time.Duration {
	v, _ := cmd.Flags().GetDuration(name)
	return v
}

// flagStrings is a list given as a,b or by repeating the flag.
func flagStrings(cmd *cobra.Command, name string) []string {
	return flagArray(cmd, name)
}

// flagArray is a list given by repeating the flag.
func flagArray(cmd *cobra.Command, name string) []string {
	f := cmd.Flags().Lookup(name)
	if f == nil {
		return nil
	}
	list, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return nil
	}
	return list.GetSlice()
}

// flagMap is a map given as a=b,c=d.
func flagMap(cmd *cobra.Command, name string) map[string]string {
	f := cmd.Flags().Lookup(name)
	if f == nil || f.Value.String() == "" {
		return nil
	}
	out := map[string]string{}
	for _, pair := range strings.Split(f.Value.String(), ",") {
		k, v, _ := strings.Cut(pair, "=")
		out[strings.TrimSpace(k)] = strings.TrimSpace(v)
	}
	return out
}

func flagChanged(cmd *cobra.Command, name string) bool { return cmd.Flags().Changed(name) }

// filenames are -f, -k and -R.
func filenames(cmd *cobra.Command) resource.Filenames {
	return resource.Filenames{Names: flagStrings(cmd, "filename"), Kustomize: flagString(cmd, "kustomize"), Recursive: flagBool(cmd, "recursive")}
}

// dryRun is how far a change is carried.
type dryRun int

const (
	dryRunNone   dryRun = iota
	dryRunClient        // nothing is sent
	dryRunServer        // the server does all but keep it
)

// suffix is what the dry run adds to the word for what was done.
func (d dryRun) suffix() string {
	switch d {
	case dryRunClient:
		return " (dry run)"
	case dryRunServer:
		return " (server dry run)"
	}
	return ""
}

// dryRunFlag reads --dry-run, with the warnings about its old forms.
func (f *Factory) dryRunFlag(cmd *cobra.Command) (dryRun, error) {
	value := flagString(cmd, "dry-run")
	if b, err := strconv.ParseBool(value); err == nil {
		if b {
			f.logf('W', "helpers.go:733", "--dry-run=%v is deprecated (boolean value) and can be replaced with --dry-run=%s.", value, "client")
			return dryRunClient, nil
		}
		f.logf('W', "helpers.go:736", "--dry-run=%v is deprecated (boolean value) and can be replaced with --dry-run=%s.", value, "none")
		return dryRunNone, nil
	}
	switch value {
	case "unchanged":
		f.logf('W', "helpers.go:719", "--dry-run is deprecated and can be replaced with --dry-run=client.")
		return dryRunClient, nil
	case "client":
		return dryRunClient, nil
	case "server":
		return dryRunServer, nil
	case "none":
		return dryRunNone, nil
	}
	return dryRunNone, fmt.Errorf(`Invalid dry-run value (%v). Must be "none", "server", or "client".`, value)
}

// validateFlag reads --validate as a directive of field validation: Strict, Warn or Ignore.
func validateFlag(cmd *cobra.Command) (string, error) {
	value := flagString(cmd, "validate")
	if b, err := strconv.ParseBool(value); err == nil {
		if b {
			return "Strict", nil
		}
		return "Ignore", nil
	}
	switch value {
	case "strict":
		return "Strict", nil
	case "warn":
		return "Warn", nil
	case "ignore":
		return "Ignore", nil
	}
	return "Strict", fmt.Errorf(`invalid - validate option %q; must be one of: strict (or true), warn, ignore (or false)`, value)
}
