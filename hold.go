//go:build never

package hold

import (
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/itchyny/gojq"
	_ "github.com/mattn/go-shellwords"
	_ "github.com/spf13/cobra"
	_ "github.com/spf13/pflag"
	_ "github.com/syumai/workers"
	_ "github.com/yuin/goldmark"
	_ "go.yaml.in/yaml/v2"
	_ "k8s.io/api/core/v1"
	_ "k8s.io/apimachinery/pkg/runtime"
	_ "k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	_ "k8s.io/apimachinery/pkg/api/validation"
	_ "k8s.io/client-go/util/jsonpath"
	_ "mvdan.cc/sh/v3/interp"
	_ "golang.org/x/term"
	_ "github.com/andybalholm/brotli"
	_ "sigs.k8s.io/structured-merge-diff/v6/typed"
	_ "sigs.k8s.io/yaml"
)
