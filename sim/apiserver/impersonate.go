package apiserver

import (
	"net/url"
	"strings"

	"terrarium/sim/api"
	"terrarium/sim/auth"
)

// impersonate lets those who may act as somebody else, by the Impersonate- headers.
func (x *exchange) impersonate() error {
	h := x.r.Header
	name := h.Get("Impersonate-User")
	groups := h.Values("Impersonate-Group")
	if name == "" {
		return nil
	}
	check := func(a auth.Attributes) error {
		a.User, a.Verb = x.user, "impersonate"
		if allowed, reason := x.authorizer.Authorize(a); !allowed {
			return auth.Denied(a, reason)
		}
		return nil
	}
	u := api.User{Name: name, UID: h.Get("Impersonate-Uid"), Groups: groups, Extra: map[string][]string{}}
	a := auth.Attributes{Version: "v1", Resource: "users", Name: name}
	if rest, ok := strings.CutPrefix(name, "system:serviceaccount:"); ok {
		if ns, account, ok := strings.Cut(rest, ":"); ok {
			a.Resource, a.Namespace, a.Name = "serviceaccounts", ns, account
			if len(groups) == 0 {
				u.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + ns}
			}
		}
	}
	if err := check(a); err != nil {
		return err
	}
	for _, group := range groups {
		if err := check(auth.Attributes{Version: "v1", Resource: "groups", Name: group}); err != nil {
			return err
		}
	}
	for key, values := range h {
		extra, ok := strings.CutPrefix(strings.ToLower(key), "impersonate-extra-")
		if !ok {
			continue
		}
		if plain, err := url.PathUnescape(extra); err == nil {
			extra = plain
		}
		for _, value := range values {
			if err := check(auth.Attributes{Group: "authentication.k8s.io", Version: "v1", Resource: "userextras", Subresource: extra, Name: value}); err != nil {
				return err
			}
		}
		u.Extra[extra] = values
	}
	if name == "system:anonymous" {
		u.Groups = append(u.Groups, "system:unauthenticated")
	} else {
		u.Groups = append(u.Groups, "system:authenticated")
	}
	x.user = u
	return nil
}
