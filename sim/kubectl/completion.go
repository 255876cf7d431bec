package kubectl

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// boilerplate stands above the completion scripts.
const boilerplate = `
# Copyright 2016 The Kubernetes Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
`

// runCompletion prints the script that teaches a shell to complete kubectl's command lines.
func runCompletion(f *Factory, cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usageErrorf(cmd, "Shell not specified.")
	case len(args) > 1:
		return usageErrorf(cmd, "Too many arguments. Expected only the shell type.")
	}
	root := cmd.Root()
	switch args[0] {
	case "bash":
		io.WriteString(f.Out, boilerplate)
		return root.GenBashCompletionV2(f.Out, true)
	case "zsh":
		fmt.Fprintf(f.Out, "#compdef %s\ncompdef _%[1]s %[1]s\n", root.Name())
		io.WriteString(f.Out, boilerplate)
		return root.GenZshCompletion(f.Out)
	case "fish", "powershell":
		return notSimulated("kubectl completion " + args[0])
	}
	return usageErrorf(cmd, "Unsupported shell type %q.", args[0])
}
