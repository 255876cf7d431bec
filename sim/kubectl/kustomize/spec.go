package kustomize

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"sigs.k8s.io/yaml"
)

// kustomization is a kustomization file.
type kustomization struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	MetaData   json.RawMessage `json:"metadata"`

	Resources  []string `json:"resources"`
	Bases      []string `json:"bases"`
	Components []string `json:"components"`

	NamePrefix        string            `json:"namePrefix"`
	NameSuffix        string            `json:"nameSuffix"`
	Namespace         string            `json:"namespace"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	Labels            []labelSpec       `json:"labels"`
	Images            []image           `json:"images"`
	ImageTags         []image           `json:"imageTags"`
	Replicas          []replica         `json:"replicas"`

	Patches               []patchSpec   `json:"patches"`
	PatchesStrategicMerge []string      `json:"patchesStrategicMerge"`
	PatchesJSON6902       []patchSpec   `json:"patchesJson6902"`
	Replacements          []replacement `json:"replacements"`

	ConfigMapGenerator []generator       `json:"configMapGenerator"`
	SecretGenerator    []generator       `json:"secretGenerator"`
	GeneratorOptions   *generatorOptions `json:"generatorOptions"`
	SortOptions        *sortOptions      `json:"sortOptions"`

	// What is recognised and not simulated.
	Configurations json.RawMessage `json:"configurations"`
	CRDs           json.RawMessage `json:"crds"`
	Generators     json.RawMessage `json:"generators"`
	HelmCharts     json.RawMessage `json:"helmCharts"`
	HelmGlobals    json.RawMessage `json:"helmGlobals"`
	HelmInflation  json.RawMessage `json:"helmChartInflationGenerator"`
	OpenAPI        json.RawMessage `json:"openapi"`
	Transformers   json.RawMessage `json:"transformers"`
	Validators     json.RawMessage `json:"validators"`
	Vars           json.RawMessage `json:"vars"`
	BuildMetadata  json.RawMessage `json:"buildMetadata"`
}

type labelSpec struct {
	Pairs            map[string]string `json:"pairs"`
	IncludeSelectors bool              `json:"includeSelectors"`
	IncludeTemplates bool              `json:"includeTemplates"`
	Fields           []field           `json:"fields"`
}

type image struct {
	Name      string `json:"name"`
	NewName   string `json:"newName"`
	TagSuffix string `json:"tagSuffix"`
	NewTag    string `json:"newTag"`
	Digest    string `json:"digest"`
}

type replica struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

type patchSpec struct {
	Path    string    `json:"path"`
	Patch   string    `json:"patch"`
	Target  *selector `json:"target"`
	Options *struct {
		AllowNameChange bool `json:"allowNameChange"`
		AllowKindChange bool `json:"allowKindChange"`
	} `json:"options"`
}

type selector struct {
	Group              string `json:"group"`
	Version            string `json:"version"`
	Kind               string `json:"kind"`
	Name               string `json:"name"`
	Namespace          string `json:"namespace"`
	AnnotationSelector string `json:"annotationSelector"`
	LabelSelector      string `json:"labelSelector"`
}

type generator struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Behavior  string            `json:"behavior"`
	Literals  []string          `json:"literals"`
	Files     []string          `json:"files"`
	Envs      []string          `json:"envs"`
	Env       string            `json:"env"`
	Options   *generatorOptions `json:"options"`
	Type      string            `json:"type"`
}

type generatorOptions struct {
	Labels                map[string]string `json:"labels"`
	Annotations           map[string]string `json:"annotations"`
	DisableNameSuffixHash bool              `json:"disableNameSuffixHash"`
	Immutable             bool              `json:"immutable"`
}

type sortOptions struct {
	Order  string `json:"order"`
	Legacy *struct {
		First []string `json:"orderFirst"`
		Last  []string `json:"orderLast"`
	} `json:"legacySortOptions"`
}

// ErrNotSimulated is a field that is recognised and not simulated.
type ErrNotSimulated string

func (e ErrNotSimulated) Error() string { return "kustomize " + string(e) }

// fileNames are the names that a kustomization file may have.
var fileNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// load reads the kustomization file of a folder.
func (b *Builder) load(dir string) (*kustomization, error) {
	var data []byte
	found := 0
	for _, name := range fileNames {
		if text, err := b.Files.ReadFile(path.Join(dir, name)); err == nil {
			data, found = text, found+1
		}
	}
	switch {
	case found == 0:
		return nil, fmt.Errorf("unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '%s'", dir)
	case found > 1:
		return nil, fmt.Errorf("Found multiple kustomization files under: %s\n", dir)
	}
	text, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, fmt.Errorf("invalid Kustomization: %w", err)
	}
	k := &kustomization{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(k); err != nil {
		return nil, fmt.Errorf("invalid Kustomization: %w", err)
	}
	return k, k.complete(string(bytes.TrimSpace(text)), dir, b.Warn)
}

// complete warns about deprecated fields, moves their content to their successors, and says what cannot be built.
func (k *kustomization) complete(text, dir string, warn io.Writer) error {
	for _, d := range []struct {
		used           bool
		field, instead string
	}{
		{k.Bases != nil, "bases", "resources"},
		{k.CommonLabels != nil, "commonLabels", "labels"},
		{k.ImageTags != nil, "imageTags", "images"},
		{k.PatchesJSON6902 != nil, "patchesJson6902", "patches"},
		{k.PatchesStrategicMerge != nil, "patchesStrategicMerge", "patches"},
	} {
		if d.used {
			fmt.Fprintf(warn, "# Warning: '%s' is deprecated. Please use '%s' instead. Run 'kustomize edit fix' to update your Kustomization automatically.\n", d.field, d.instead)
		}
	}
	if text == "null" || text == "{}" {
		return errors.New("kustomization.yaml is empty")
	}
	k.Resources = append(k.Resources, k.Bases...)
	k.Images = append(k.Images, k.ImageTags...)
	if k.Kind == "" {
		k.Kind = "Kustomization"
	}
	var wrong []string
	want := "kustomize.config.k8s.io/v1beta1"
	switch k.Kind {
	case "Component":
		want = "kustomize.config.k8s.io/v1alpha1"
	case "Kustomization":
	default:
		wrong = append(wrong, "kind should be Kustomization or Component")
	}
	if k.APIVersion != "" && k.APIVersion != want {
		wrong = append(wrong, "apiVersion for "+k.Kind+" should be "+want)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("Failed to read kustomization file under %s:\n%s", dir, strings.Join(wrong, "\n"))
	}
	for _, f := range []struct {
		name  string
		value json.RawMessage
	}{
		{"configurations", k.Configurations}, {"crds", k.CRDs}, {"generators", k.Generators}, {"helmCharts", k.HelmCharts},
		{"helmGlobals", k.HelmGlobals}, {"helmChartInflationGenerator", k.HelmInflation}, {"openapi", k.OpenAPI},
		{"transformers", k.Transformers}, {"validators", k.Validators}, {"vars", k.Vars}, {"buildMetadata", k.BuildMetadata},
	} {
		if len(f.value) > 0 && string(f.value) != "null" {
			return ErrNotSimulated(f.name)
		}
	}
	return nil
}
