package kubectl

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"terrarium/sim/kubectl/object"
)

const changeCause = "kubernetes.io/change-cause"

// recordCause notes the command line in the object's annotations where --record asks for it.
func (f *Factory) recordCause(cmd *cobra.Command, o object.Object) {
	if flagBool(cmd, "record") {
		object.Set(o, f.commandLine(cmd), "metadata", "annotations", changeCause)
	}
}

// commandLine is the command as it was typed, words first and flags by their long names behind.
func (f *Factory) commandLine(cmd *cobra.Command) string {
	var flags strings.Builder
	// The flags hold their values already; parsing again only tells their order.
	err := cmd.Flags().ParseAll(f.Args, func(flag *pflag.Flag, value string) error {
		flags.WriteString(" --" + flag.Name + "=" + value)
		return nil
	})
	if err != nil {
		return ""
	}
	return strings.Join(append([]string{"kubectl"}, cmd.Flags().Args()...), " ") + flags.String()
}
