//go:build !js

package apiserver

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

// parametersText is lines of name, key and quoted description, separated by tabs.
//
//go:embed parameters.txt
var parametersText string

// queryParameters is what is said of the parameters that queries have.
var queryParameters = sync.OnceValue(func() map[string]about {
	out := map[string]about{}
	for line := range strings.Lines(parametersText) {
		f := strings.SplitN(strings.TrimSpace(line), "\t", 3)
		text, err := strconv.Unquote(f[2])
		if err != nil {
			panic(err) // embedded
		}
		out[f[0]] = about{f[1], text}
	}
	return out
})
