package kubectl

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/spf13/cobra"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/help"
	"terrarium/sim/kubectl/kubeconfig"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
)

// configCommand names the function of the subcommand of config; nil where there is none.
func configCommand(name string) runFunc {
	switch name {
	case "current-context":
		return runConfigCurrentContext
	case "delete-cluster":
		return runConfigDeleteCluster
	case "delete-context":
		return runConfigDeleteContext
	case "delete-user":
		return runConfigDeleteUser
	case "get-clusters":
		return runConfigGetClusters
	case "get-contexts":
		return runConfigGetContexts
	case "get-users":
		return runConfigGetUsers
	case "rename-context":
		return runConfigRenameContext
	case "set":
		return runConfigSet
	case "set-cluster":
		return runConfigSetCluster
	case "set-context":
		return runConfigSetContext
	case "set-credentials":
		return runConfigSetCredentials
	case "unset":
		return runConfigUnset
	case "use-context":
		return runConfigUseContext
	case "view":
		return runConfigView
	}
	return nil
}

// configFiles are the rules of the command's own --kubeconfig, and the kubeconfig to be read or changed.
func (f *Factory) configFiles(cmd *cobra.Command) (kubeconfig.Rules, *kubeconfig.Config, error) {
	rules := kubeconfig.RulesFor(flagString(cmd, "kubeconfig"), f.Getenv)
	c, err := rules.Starting(f.Files)
	return rules, c, err
}

// helpError is a mistake in arguments that shows the command's help first.
func (f *Factory) helpError(cmd *cobra.Command, format string, args ...any) error {
	io.WriteString(f.Out, help.Text(cmd, 0))
	return fmt.Errorf(format, args...)
}

func runConfigCurrentContext(f *Factory, cmd *cobra.Command, _ []string) error {
	_, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	if c.CurrentContext == "" {
		return errors.New("current-context is not set")
	}
	fmt.Fprintln(f.Out, c.CurrentContext)
	return nil
}

func runConfigGetClusters(f *Factory, cmd *cobra.Command, _ []string) error {
	_, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	fmt.Fprintln(f.Out, "NAME")
	for _, name := range object.SortedKeys(c.Clusters) {
		fmt.Fprintln(f.Out, name)
	}
	return nil
}

func runConfigGetUsers(f *Factory, cmd *cobra.Command, _ []string) error {
	_, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	fmt.Fprintln(f.Out, "NAME")
	for _, name := range object.SortedKeys(c.Users) {
		fmt.Fprintln(f.Out, name)
	}
	return nil
}

func runConfigGetContexts(f *Factory, cmd *cobra.Command, args []string) error {
	format := flagString(cmd, "output")
	if format != "" && format != "name" {
		return fmt.Errorf("--output %v is not available in kubectl config get-contexts; resetting to default output format", format)
	}
	_, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	var errs []error
	wanted := map[string]bool{}
	for _, name := range args {
		if c.Contexts[name] == nil {
			errs = append(errs, fmt.Errorf("context %v not found", name))
		}
		wanted[name] = true
	}
	w := printers.NewTabWriter(f.Out)
	if format == "" && !flagBool(cmd, "no-headers") {
		fmt.Fprintln(w, "CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE")
	}
	for _, name := range object.SortedKeys(c.Contexts) {
		if len(args) > 0 && !wanted[name] {
			continue
		}
		if format == "name" {
			fmt.Fprintln(w, name)
			continue
		}
		mark, x := " ", c.Contexts[name]
		if name == c.CurrentContext {
			mark = "*"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", mark, name, x.Cluster, x.User, x.Namespace)
	}
	w.Flush()
	return utilerrors.NewAggregate(errs)
}

func runConfigUseContext(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return f.helpError(cmd, "Unexpected args: %v", args)
	}
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	if args[0] == "" {
		return errors.New("empty context names are not allowed")
	}
	if c.Contexts[args[0]] == nil {
		return fmt.Errorf("no context exists with the name: %q", args[0])
	}
	c.CurrentContext = args[0]
	if err := rules.Save(f.Files, c, true); err != nil {
		return err
	}
	fmt.Fprintf(f.Out, "Switched to context %q.\n", args[0])
	return nil
}

func runConfigRenameContext(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return f.helpError(cmd, "Unexpected args: %v", args)
	}
	from, to := args[0], args[1]
	if to == "" {
		return errors.New("You must specify a new non-empty context name")
	}
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	file := rules.DefaultFile(f.Files)
	if c.Contexts[from] == nil {
		return fmt.Errorf("cannot rename the context %q, it's not in %s", from, file)
	}
	if c.Contexts[to] != nil {
		return fmt.Errorf("cannot rename the context %q, the context %q already exists in %s", from, to, file)
	}
	c.Contexts[to] = c.Contexts[from]
	delete(c.Contexts, from)
	if c.CurrentContext == from {
		c.CurrentContext = to
	}
	if err := rules.Save(f.Files, c, true); err != nil {
		return err
	}
	fmt.Fprintf(f.Out, "Context %q renamed to %q.\n", from, to)
	return nil
}

func runConfigDeleteContext(f *Factory, cmd *cobra.Command, args []string) error {
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return cmd.Help()
	}
	name, file := args[0], rules.DefaultFile(f.Files)
	if c.Contexts[name] == nil {
		return fmt.Errorf("cannot delete context %s, not in %s", name, file)
	}
	if c.CurrentContext == name {
		fmt.Fprint(f.ErrOut, "warning: this removed your active context, use \"kubectl config use-context\" to select a different one\n")
	}
	delete(c.Contexts, name)
	return f.deleted(rules, c, "context", name, file)
}

func (f *Factory) deleted(rules kubeconfig.Rules, c *kubeconfig.Config, what, name, file string) error {
	if err := rules.Save(f.Files, c, true); err != nil {
		return err
	}
	fmt.Fprintf(f.Out, "deleted %s %s from %s\n", what, name, file)
	return nil
}

func runConfigDeleteCluster(f *Factory, cmd *cobra.Command, args []string) error {
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return cmd.Help()
	}
	file := rules.DefaultFile(f.Files)
	if c.Clusters[args[0]] == nil {
		return fmt.Errorf("cannot delete cluster %s, not in %s", args[0], file)
	}
	delete(c.Clusters, args[0])
	return f.deleted(rules, c, "cluster", args[0], file)
}

func runConfigDeleteUser(f *Factory, cmd *cobra.Command, args []string) error {
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return usageErrorf(cmd, "user to delete is required")
	}
	file := rules.DefaultFile(f.Files)
	if c.Users[args[0]] == nil {
		return fmt.Errorf("cannot delete user %s, not in %s", args[0], file)
	}
	delete(c.Users, args[0])
	return f.deleted(rules, c, "user", args[0], file)
}

func runConfigSetContext(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return f.helpError(cmd, "Unexpected args: %v", args)
	}
	name, current := strings.Join(args, ""), flagBool(cmd, "current")
	switch {
	case name == "" && !current:
		return errors.New("you must specify a non-empty context name or --current")
	case name != "" && current:
		return errors.New("you cannot specify both a context name and --current")
	}
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	if current {
		if name = c.CurrentContext; name == "" {
			return errors.New("no current context is set")
		}
	}
	var x kubeconfig.Context
	old := c.Contexts[name]
	if old != nil {
		x = *old
	}
	take(cmd, "cluster", &x.Cluster)
	take(cmd, "user", &x.User)
	take(cmd, "namespace", &x.Namespace)
	c.Contexts[name] = &x
	if err := rules.Save(f.Files, c, true); err != nil {
		return err
	}
	done := "created"
	if old != nil {
		done = "modified"
	}
	fmt.Fprintf(f.Out, "Context %q %s.\n", name, done)
	return nil
}

// take stores the value of a flag that was given.
func take(cmd *cobra.Command, flag string, into *string) bool {
	if !flagChanged(cmd, flag) {
		return false
	}
	*into = cmd.Flags().Lookup(flag).Value.String()
	return true
}

// isSet is the value of a flag that knows true, false and unset.
func isSet(cmd *cobra.Command, flag string) bool {
	return cmd.Flags().Lookup(flag).Value.String() == "true"
}

func runConfigSetCluster(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return f.helpError(cmd, "Unexpected args: %v", args)
	}
	ca, embed, insecure := flagString(cmd, "certificate-authority"), isSet(cmd, "embed-certs"), isSet(cmd, "insecure-skip-tls-verify")
	switch {
	case args[0] == "":
		return errors.New("you must specify a non-empty cluster name")
	case insecure && ca != "":
		return errors.New("you cannot specify a certificate authority and insecure mode at the same time")
	case embed && ca == "":
		return errors.New("you must specify a --certificate-authority to embed")
	}
	if embed {
		if err := f.mustStat("certificate-authority", ca); err != nil {
			return err
		}
	}
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	var x kubeconfig.Cluster
	if old := c.Clusters[args[0]]; old != nil {
		x = *old
	}
	if take(cmd, "server", &x.Server) {
		x.TLSServerName = ""
	}
	take(cmd, "tls-server-name", &x.TLSServerName)
	take(cmd, "proxy-url", &x.ProxyURL)
	if flagChanged(cmd, "insecure-skip-tls-verify") {
		if x.InsecureSkipTLSVerify = insecure; insecure {
			x.CertificateAuthority, x.CertificateAuthorityData = "", nil
		}
	}
	if flagChanged(cmd, "certificate-authority") {
		f.certificate(ca, embed, &x.CertificateAuthority, &x.CertificateAuthorityData)
		if embed || ca != "" {
			x.InsecureSkipTLSVerify = false
		}
	}
	c.Clusters[args[0]] = &x
	if err := rules.Save(f.Files, c, true); err != nil {
		return err
	}
	fmt.Fprintf(f.Out, "Cluster %q set.\n", args[0])
	return nil
}

func (f *Factory) mustStat(flag, name string) error {
	if _, err := f.Files.Stat(name); err != nil {
		return fmt.Errorf("could not stat %s file %s: %v", flag, name, err)
	}
	return nil
}

// certificate notes a file, or what is in it.
func (f *Factory) certificate(name string, embed bool, file *string, data *[]byte) {
	if embed {
		*data, _ = f.Files.ReadFile(name)
		*file = ""
		return
	}
	if !path.IsAbs(name) {
		name = path.Join(f.Dir, name)
	}
	*file, *data = name, nil
}

func runConfigView(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf(cmd, "unexpected arguments: %v", args)
	}
	out := outputOf(cmd)
	if out.format == "" && out.template == "" {
		out.format = "yaml"
	}
	p, err := f.printerFor(out, "")
	if err != nil {
		return err
	}
	explicit := flagString(cmd, "kubeconfig")
	merge := isSet(cmd, "merge")
	if !merge && explicit == "" {
		return errors.New("if merge==false a precise file must be specified")
	}
	var c *kubeconfig.Config
	if merge {
		_, c, err = f.configFiles(cmd)
	} else {
		c, err = f.configFile(explicit)
	}
	if err != nil {
		return err
	}
	if flagBool(cmd, "minify") {
		if name := flagString(cmd, "context"); name != "" {
			c.CurrentContext = name
		}
		if err := c.Minify(); err != nil {
			return err
		}
	}
	if flagBool(cmd, "flatten") {
		if err := c.Flatten(f.Files); err != nil {
			return err
		}
	} else if !flagBool(cmd, "raw") {
		c.Redact()
	}
	return p.Print(c.File(), f.Out)
}

// configFile reads one kubeconfig as it is.
func (f *Factory) configFile(name string) (*kubeconfig.Config, error) {
	data, err := f.Files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return kubeconfig.Parse(data, name)
}
