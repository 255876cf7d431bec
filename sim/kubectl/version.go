package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/yaml"
)

// clientVersion is what kubectl 1.36.3 says of itself.
func clientVersion() version.Info {
	return version.Info{
		Major: "1", Minor: "36", GitVersion: "v1.36.3", GitCommit: "$Format:%H$", GitTreeState: "clean",
		BuildDate: "2026-07-22T18:07:38Z", GoVersion: "go1.26.8", Compiler: "gc", Platform: "linux/amd64",
	}
}

func runVersion(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 0 && !flagBool(cmd, "client") {
		return fmt.Errorf("extra arguments: %v", args)
	}
	format := flagString(cmd, "output")
	if format != "" && format != "yaml" && format != "json" {
		return errors.New("--output must be 'yaml' or 'json'")
	}
	var all struct {
		ClientVersion    version.Info  `json:"clientVersion"`
		KustomizeVersion string        `json:"kustomizeVersion"`
		ServerVersion    *version.Info `json:"serverVersion,omitempty"`
	}
	all.ClientVersion, all.KustomizeVersion = clientVersion(), "v5.8.1"
	var serverErr error
	if !flagBool(cmd, "client") {
		all.ServerVersion, serverErr = f.serverVersion()
	}
	switch format {
	case "yaml":
		data, err := yaml.Marshal(all)
		if err != nil {
			return err
		}
		fmt.Fprintln(f.Out, string(data))
	case "json":
		data, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(f.Out, string(data))
	default:
		fmt.Fprintf(f.Out, "Client Version: %s\nKustomize Version: %s\n", all.ClientVersion.GitVersion, all.KustomizeVersion)
		if all.ServerVersion != nil {
			fmt.Fprintf(f.Out, "Server Version: %s\n", all.ServerVersion.GitVersion)
		}
	}
	if all.ServerVersion != nil {
		if warning := skewWarning(all.ClientVersion, *all.ServerVersion); warning != "" {
			if flagBool(cmd, "warnings-as-errors") {
				return errors.New(warning)
			}
			fmt.Fprintf(f.ErrOut, "Warning: %s\n", warning)
		}
	}
	return serverErr
}

func (f *Factory) serverVersion() (*version.Info, error) {
	client, err := f.Client()
	if err != nil {
		return nil, err
	}
	o, err := client.Get(f.ctx, "/version", map[string][]string{"timeout": {"32s"}})
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var v version.Info
	return &v, json.Unmarshal(data, &v)
}

// skewWarning says that client and server are more than one minor version apart, or "".
func skewWarning(client, server version.Info) string {
	minor := func(v version.Info) (int, bool) {
		n, err := strconv.Atoi(strings.TrimRight(v.Minor, "+"))
		return n, err == nil
	}
	c, ok := minor(client)
	s, ok2 := minor(server)
	if !ok || !ok2 || client.Major == server.Major && c-s <= 1 && s-c <= 1 {
		return ""
	}
	return fmt.Sprintf("version difference between client (%s.%d) and server (%s.%d) exceeds the supported minor version skew of +/-1", client.Major, c, server.Major, s)
}
