package kubectl

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/discovery"
)

func (g *generator) secret(kind corev1.SecretType) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: g.meta(), Type: kind, Data: map[string][]byte{},
	}
}

func (g *generator) createSecret(s *corev1.Secret) error {
	if flagBool(g.cmd, "append-hash") {
		s.Name += "-" + secretHash(s)
	}
	return g.create(discovery.Resource{Version: "v1", Name: "secrets", Namespaced: true}, s, func(err error) error {
		return fmt.Errorf("failed to create secret %v", err)
	})
}

func addToSecret(s *corev1.Secret) addFunc {
	return func(key string, value []byte, _ bool) error {
		if errs := validation.IsConfigMapKey(key); len(errs) > 0 {
			return fmt.Errorf("%q is not valid key name for a Secret %s", key, strings.Join(errs, ";"))
		}
		if _, exists := s.Data[key]; exists {
			return fmt.Errorf("cannot add key %s, another key by that name already exists", key)
		}
		s.Data[key] = value
		return nil
	}
}

func runCreateSecretGeneric(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	if err := checkSources(g); err != nil {
		return err
	}
	s := g.secret(corev1.SecretType(flagString(cmd, "type")))
	add := addToSecret(s)
	err = fromLiterals(flagArray(cmd, "from-literal"), add)
	if err == nil {
		err = f.fromFiles(flagStrings(cmd, "from-file"), add)
	}
	if err == nil {
		err = f.fromEnvFiles(flagStrings(cmd, "from-env-file"), "secret", add)
	}
	if err != nil {
		return err
	}
	return g.createSecret(s)
}

func runCreateSecretDockerRegistry(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	if g.name == "" {
		return errNameless
	}
	user, password, server := flagString(cmd, "docker-username"), flagString(cmd, "docker-password"), flagString(cmd, "docker-server")
	sources := flagStrings(cmd, "from-file")
	if len(sources) == 0 && (user == "" || password == "" || server == "") {
		return errors.New("either --from-file or the combination of --docker-username, --docker-password and --docker-server is required")
	}
	s := g.secret(corev1.SecretTypeDockerConfigJson)
	if len(sources) == 0 {
		s.Data[corev1.DockerConfigJsonKey], err = dockerConfig(user, password, flagString(cmd, "docker-email"), server)
		if err != nil {
			return err
		}
		return g.createSecret(s)
	}
	for i, source := range sources {
		if !strings.Contains(source, "=") {
			sources[i] = corev1.DockerConfigJsonKey + "=" + source
		}
	}
	if err := f.fromFiles(sources, addToSecret(s)); err != nil {
		return err
	}
	return g.createSecret(s)
}

// dockerConfig is what `docker login` would have written.
func dockerConfig(user, password, email, server string) ([]byte, error) {
	type entry struct {
		Username string `json:"username,omitempty"`
		Password string `json:"password,omitempty"`
		Email    string `json:"email,omitempty"`
		Auth     string `json:"auth,omitempty"`
	}
	return json.Marshal(struct {
		Auths map[string]entry `json:"auths"`
	}{map[string]entry{server: {user, password, email, base64.StdEncoding.EncodeToString([]byte(user + ":" + password))}}})
}

func runCreateSecretTLS(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	certFile, keyFile := flagString(cmd, "cert"), flagString(cmd, "key")
	if certFile == "" || keyFile == "" {
		return errors.New("key and cert must be specified")
	}
	cert, err := f.Files.ReadFile(certFile)
	if err != nil {
		return fmt.Errorf("Cannot read file %v, %v", certFile, err)
	}
	key, err := f.Files.ReadFile(keyFile)
	if err != nil {
		return fmt.Errorf("Cannot read file %v, %v", keyFile, err)
	}
	if err := checkKeyPair(cert, key); err != nil {
		return err
	}
	s := g.secret(corev1.SecretTypeTLS)
	s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey] = cert, key
	return g.createSecret(s)
}
