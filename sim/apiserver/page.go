package apiserver

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/api"
	"terrarium/sim/store"
)

// token is what a continue parameter says: list on, at a revision, from a key.
type token struct {
	Version  string `json:"v"`
	Revision int64  `json:"rv"`
	Start    string `json:"start"`
}

const (
	tokenVersion   = "meta.k8s.io/v1"
	continueTooOld = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
)

func encodeToken(t token) string {
	data, err := json.Marshal(t)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func decodeToken(text string) (token, error) {
	var t token
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	switch {
	case err != nil:
		return t, fmt.Errorf("continue key is not valid: %v", err)
	case t.Version != tokenVersion:
		return t, fmt.Errorf("continue key is not valid: server does not recognize this encoded version %v", t.Version)
	case t.Revision == 0:
		return t, errors.New("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
	case t.Start == "":
		return t, errors.New("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)")
	}
	key := t.Start
	if !strings.HasPrefix(key, "/") {
		key = "/" + key
	}
	if path.Clean(key) != key {
		return t, fmt.Errorf("continue key is not valid: %v", t.Start)
	}
	t.Start = key[1:]
	return t, nil
}

// where is the revision and the key at which a list begins.
type where struct {
	revision uint64
	start    string
}

// place finds where the list of this request begins.
func (c *call) place() (where, error) {
	now := where{revision: c.store.Revision()}
	if c.page.token != "" {
		t, err := decodeToken(c.page.token)
		if err != nil {
			return now, apierrors.NewBadRequest(fmt.Sprintf("invalid continue token: %v", err))
		}
		if c.page.version != "" && c.page.version != "0" {
			return now, apierrors.NewBadRequest("specifying resource version is not allowed when using continue")
		}
		now.start = c.prefix() + t.Start
		if t.Revision > 0 {
			now.revision = uint64(t.Revision)
		}
		return now, nil
	}
	version := c.page.version
	exact := c.page.match == metav1.ResourceVersionMatchExact || c.page.match == "" && c.page.limit > 0
	if version == "" {
		version, exact = c.req.ResourceVersion, true
	}
	if version == "" || version == "0" {
		return now, nil
	}
	revision, err := parseVersion(version)
	if err != nil {
		return now, apierrors.NewBadRequest(fmt.Sprintf("invalid resource version: %v", err))
	}
	if exact {
		return where{revision: revision}, nil
	}
	if revision > now.revision {
		return now, tooLarge(revision, now.revision)
	}
	return now, nil
}

// parseVersion reads a resourceVersion.
func parseVersion(text string) (uint64, error) {
	revision, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, field.Invalid(field.NewPath("resourceVersion"), text, err.Error())
	}
	return revision, nil
}

// more says that the list goes on behind its last item.
func (c *call) more(out *api.Listed, last metav1.Object, revision uint64, left int64) {
	key := strings.TrimPrefix(store.Key(last.GetNamespace(), last.GetName()), c.prefix())
	out.Continue = encodeToken(token{Version: tokenVersion, Revision: int64(revision), Start: key + "\x00"})
	if (c.req.LabelSelector == nil || c.req.LabelSelector.Empty()) && (c.req.FieldSelector == nil || c.req.FieldSelector.Empty()) {
		out.RemainingItemCount = &left
	}
}
