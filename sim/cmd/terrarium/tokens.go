package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
)

// tokens is who may come with which static bearer token.
type tokens map[string]api.User

// readTokens reads a file as kube-apiserver's --token-auth-file does: lines of token, user name, UID and, quoted where
// there are several, groups. "" is no file.
func readTokens(file string) (tokens, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := parseTokens(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

func parseTokens(r io.Reader) (tokens, error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = -1
	t := tokens{}
	for {
		fields, err := lines.Read()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		n, _ := lines.FieldPos(0)
		if len(fields) < 3 || fields[0] == "" {
			return nil, fmt.Errorf("line %d: a token, a user name and a UID are needed", n)
		}
		user := api.User{Name: fields[1], UID: fields[2]}
		if len(fields) > 3 && fields[3] != "" {
			user.Groups = strings.Split(fields[3], ",")
		}
		user.Groups = append(user.Groups, "system:authenticated")
		t[fields[0]] = user
	}
}

// named says who a request is from where it brings one of the tokens.
func (t tokens) named(r *http.Request) *http.Request {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if user, ok := t[strings.TrimSpace(token)]; ok && strings.EqualFold(kind, "Bearer") {
		return r.WithContext(apiserver.WithUser(r.Context(), user))
	}
	return r
}
