package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/kubeconfig"
	"terrarium/sim/kubectl/object"
)

func runConfigSetCredentials(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return f.helpError(cmd, "unexpected args: %v", args)
	}
	provider, dropProvider, err := parsePairs(flagStrings(cmd, "auth-provider-arg"), "auth-provider-arg", true)
	if err != nil {
		return f.helpError(cmd, "%v", err)
	}
	env, dropEnv, err := parsePairs(flagArray(cmd, "exec-env"), "exec-env", true)
	if err != nil {
		return f.helpError(cmd, "%v", err)
	}
	if err := f.checkCredentials(cmd, args[0]); err != nil {
		return err
	}
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	var x kubeconfig.User
	if old := c.Users[args[0]]; old != nil {
		x = *old
	}
	embed := isSet(cmd, "embed-certs")
	if flagChanged(cmd, "client-certificate") {
		f.certificate(flagString(cmd, "client-certificate"), embed, &x.ClientCertificate, &x.ClientCertificateData)
	}
	if flagChanged(cmd, "client-key") {
		f.certificate(flagString(cmd, "client-key"), embed, &x.ClientKey, &x.ClientKeyData)
	}
	setLogin(cmd, &x)
	setProvider(cmd, &x, provider, dropProvider)
	setExec(cmd, &x, env, dropEnv)
	c.Users[args[0]] = &x
	if err := rules.Save(f.Files, c, true); err != nil {
		return err
	}
	fmt.Fprintf(f.Out, "User %q set.\n", args[0])
	return nil
}

func (f *Factory) checkCredentials(cmd *cobra.Command, name string) error {
	if name == "" {
		return errors.New("you must specify a non-empty user name")
	}
	if flagString(cmd, "token") != "" && flagString(cmd, "username")+flagString(cmd, "password") != "" {
		return errors.New("you cannot specify more than one authentication method at the same time: --token, --username/--password")
	}
	if isSet(cmd, "embed-certs") {
		certificate, key := flagString(cmd, "client-certificate"), flagString(cmd, "client-key")
		if certificate == "" && key == "" {
			return errors.New("you must specify a --client-certificate or --client-key to embed")
		}
		if certificate != "" {
			if err := f.mustStat("client-certificate", certificate); err != nil {
				return err
			}
		}
		if key != "" {
			if err := f.mustStat("client-key", key); err != nil {
				return err
			}
		}
	}
	if flagChanged(cmd, "exec-interactive-mode") && !slices.Contains([]string{"IfAvailable", "Always", "Never"}, flagString(cmd, "exec-interactive-mode")) {
		return errors.New("invalid interactive mode type, can be only IfAvailable, Never, Always")
	}
	return nil
}

// setLogin takes over a token or a password; the one given clears the other.
func setLogin(cmd *cobra.Command, x *kubeconfig.User) {
	token := take(cmd, "token", &x.Token) && x.Token != ""
	basic := take(cmd, "username", &x.Username) && x.Username != ""
	basic = take(cmd, "password", &x.Password) && x.Password != "" || basic
	if basic && !token {
		x.Token = ""
	}
	if token && !basic {
		x.Username, x.Password = "", ""
	}
}

func setProvider(cmd *cobra.Command, x *kubeconfig.User, set map[string]string, drop []string) {
	name := ""
	if take(cmd, "auth-provider", &name) && (x.AuthProvider == nil || x.AuthProvider.Name != name) {
		x.AuthProvider = &kubeconfig.AuthProvider{Name: name}
	}
	if x.AuthProvider == nil {
		return
	}
	p := kubeconfig.AuthProvider{Name: x.AuthProvider.Name, Config: map[string]string{}}
	for k, v := range x.AuthProvider.Config {
		p.Config[k] = v
	}
	for _, k := range drop {
		delete(p.Config, k)
	}
	for k, v := range set {
		p.Config[k] = v
	}
	x.AuthProvider = &p
}

func setExec(cmd *cobra.Command, x *kubeconfig.User, env map[string]string, drop []string) {
	command := ""
	if take(cmd, "exec-command", &command) {
		old := kubeconfig.Exec{}
		if x.Exec != nil {
			old = *x.Exec
			old.Args = nil
		}
		old.Command = command
		x.Exec = &old
	}
	if x.Exec == nil {
		return
	}
	e := *x.Exec
	take(cmd, "exec-api-version", &e.APIVersion)
	if args := flagStrings(cmd, "exec-arg"); len(args) > 0 {
		e.Args = args
	}
	take(cmd, "exec-interactive-mode", &e.InteractiveMode)
	if flagChanged(cmd, "exec-provide-cluster-info") {
		e.ProvideClusterInfo = isSet(cmd, "exec-provide-cluster-info")
	}
	var kept []any
	seen := map[string]bool{}
	for _, v := range e.Env {
		m, _ := v.(map[string]any)
		name := object.String(m, "name")
		if slices.Contains(drop, name) {
			continue
		}
		if value, ok := env[name]; ok {
			seen[name] = true
			v = map[string]any{"name": name, "value": value}
		}
		kept = append(kept, v)
	}
	for _, name := range object.SortedKeys(env) {
		if !seen[name] {
			kept = append(kept, map[string]any{"name": name, "value": env[name]})
		}
	}
	e.Env = kept
	x.Exec = &e
}

// A property is one place in a kubeconfig that `config set` can reach: a structure of named fields, a map of structures,
// or a value. Its name is that of upstream's type, which error messages show.
type property struct {
	kind   string // struct, map, string, bool, bytes, other
	name   string
	fields map[string]*property
}

func leaf(kind, name string) *property { return &property{kind: kind, name: name} }

// configProperties is the shape of a kubeconfig as upstream's types have it.
func configProperties() *property {
	text, yes, data := leaf("string", "string"), leaf("bool", "bool"), leaf("bytes", "[]uint8")
	extensions := leaf("other", "map[string]runtime.Object")
	cluster := &property{"struct", "*api.Cluster", map[string]*property{
		"server": text, "tls-server-name": text, "insecure-skip-tls-verify": yes, "certificate-authority": text,
		"certificate-authority-data": data, "proxy-url": text, "disable-compression": yes, "extensions": extensions,
	}}
	provider := &property{"struct", "*api.AuthProviderConfig", map[string]*property{"name": text, "config": leaf("other", "map[string]string")}}
	exec := &property{"struct", "*api.ExecConfig", map[string]*property{
		"command": text, "args": leaf("strings", "[]string"), "env": leaf("other", "[]api.ExecEnvVar"), "apiVersion": text, "installHint": text,
		"provideClusterInfo": yes, "interactiveMode": leaf("string", "api.ExecInteractiveMode"),
	}}
	user := &property{"struct", "*api.AuthInfo", map[string]*property{
		"client-certificate": text, "client-certificate-data": data, "client-key": text, "client-key-data": data, "token": text, "tokenFile": text,
		"act-as": text, "act-as-uid": text, "act-as-groups": leaf("strings", "[]string"), "act-as-user-extra": leaf("other", "map[string][]string"),
		"username": text, "password": text, "auth-provider": provider, "exec": exec, "extensions": extensions,
	}}
	context := &property{"struct", "*api.Context", map[string]*property{"cluster": text, "user": text, "namespace": text, "extensions": extensions}}
	preferences := &property{"struct", "api.Preferences", map[string]*property{"colors": yes, "extensions": extensions}}
	entries := func(name string, of *property) *property {
		return &property{"map", name, map[string]*property{"": of}}
	}
	return &property{"struct", "api.Config", map[string]*property{
		"kind": text, "apiVersion": text, "preferences": preferences, "current-context": text, "extensions": extensions,
		"clusters": entries("map[string]*api.Cluster", cluster), "users": entries("map[string]*api.AuthInfo", user),
		"contexts": entries("map[string]*api.Context", context),
	}}
}

// configSteps splits a dotted path; a name in a map may hold dots and ends where a field of its structure follows.
func configSteps(path string) (steps []string, last *property, err error) {
	parts := strings.Split(path, ".")
	at := configProperties()
	var shown []string
	for len(parts) > 0 {
		step := parts[0]
		switch at.kind {
		case "map":
			of, n := at.fields[""], len(parts)
			for i := 1; i < len(parts); i++ {
				if of.fields[parts[i]] != nil {
					n = i
					break
				}
			}
			step, parts = strings.Join(parts[:n], "."), parts[n:]
			at = &property{"entry", of.name, of.fields}
			if len(parts) > 0 {
				at = of
			}
		case "struct":
			next := at.fields[step]
			if next == nil {
				return nil, nil, fmt.Errorf("unable to parse %v after [%s] at %s", path, strings.Join(shown, " "), at.name)
			}
			at, parts = next, parts[1:]
		default:
			return nil, nil, fmt.Errorf("unable to parse one or more field values of %v", path)
		}
		steps = append(steps, step)
		shown = append(shown, "{"+step+" "+at.name+"}")
	}
	return steps, at, nil
}
