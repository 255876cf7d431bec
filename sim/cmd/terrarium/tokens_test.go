package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/api"
)

func TestParseTokens(t *testing.T) {
	got, err := parseTokens(strings.NewReader("secret,admin,7,\"system:masters,ops\"\nplain,jane,\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := tokens{
		"secret": {Name: "admin", UID: "7", Groups: []string{"system:masters", "ops", "system:authenticated"}},
		"plain":  {Name: "jane", Groups: []string{"system:authenticated"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"token,user\n", ",user,1\n", "a,\"b\n"} {
		if got, err := parseTokens(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

func TestTokensNameTheirBearer(t *testing.T) {
	known := tokens{"secret": api.User{Name: "admin"}}
	for header, named := range map[string]bool{"Bearer secret": true, "bearer  secret": true, "Bearer other": false, "Basic secret": false, "": false} {
		r := httptest.NewRequest("GET", "/api", nil)
		r.Header.Set("Authorization", header)
		if known.named(r) != r != named {
			t.Errorf("%q: named is not %v", header, named)
		}
	}
}
