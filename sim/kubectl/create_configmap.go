package kubectl

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/discovery"
)

func runCreateConfigMap(f *Factory, cmd *cobra.Command, args []string) error {
	g, err := f.generator(cmd, args)
	if err != nil {
		return err
	}
	if err := checkSources(g); err != nil {
		return err
	}
	cm := &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: g.meta(),
		Data: map[string]string{}, BinaryData: map[string][]byte{},
	}
	add := func(key string, value []byte, isFile bool) error {
		if err := checkConfigMapKey(cm, key); err != nil {
			return err
		}
		if isFile && !utf8.Valid(value) {
			cm.BinaryData[key] = value
		} else {
			cm.Data[key] = string(value)
		}
		return nil
	}
	err = f.fromFiles(flagStrings(cmd, "from-file"), add)
	if err == nil {
		err = fromLiterals(flagArray(cmd, "from-literal"), add)
	}
	if err == nil {
		err = f.fromEnvFiles(flagStrings(cmd, "from-env-file"), "config", add)
	}
	if err != nil {
		return err
	}
	if flagBool(cmd, "append-hash") {
		cm.Name += "-" + configMapHash(cm)
	}
	return g.create(discovery.Resource{Version: "v1", Name: "configmaps", Namespaced: true}, cm, failedTo("configmap"))
}

// checkSources is what configmaps and generic secrets ask of --from-….
func checkSources(g *generator) error {
	if g.name == "" {
		return errNameless
	}
	if len(flagStrings(g.cmd, "from-env-file")) > 0 && (len(flagStrings(g.cmd, "from-file")) > 0 || len(flagArray(g.cmd, "from-literal")) > 0) {
		return errors.New("from-env-file cannot be combined with from-file or from-literal")
	}
	return nil
}

func checkConfigMapKey(cm *corev1.ConfigMap, key string) error {
	if errs := validation.IsConfigMapKey(key); len(errs) > 0 {
		return fmt.Errorf("%q is not a valid key name for a ConfigMap: %s", key, strings.Join(errs, ","))
	}
	if _, exists := cm.Data[key]; exists {
		return fmt.Errorf("cannot add key %q, another key by that name already exists in Data for ConfigMap %q", key, cm.Name)
	}
	if _, exists := cm.BinaryData[key]; exists {
		return fmt.Errorf("cannot add key %q, another key by that name already exists in BinaryData for ConfigMap %q", key, cm.Name)
	}
	return nil
}
