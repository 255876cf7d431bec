package kubeconfig

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path"
)

// Minify leaves only what the current context uses.
func (c *Config) Minify() error {
	if c.CurrentContext == "" {
		return errors.New("current-context must exist in order to minify")
	}
	current, ok := c.Contexts[c.CurrentContext]
	if !ok {
		return fmt.Errorf("cannot locate context %v", c.CurrentContext)
	}
	only := New()
	only.Contexts[c.CurrentContext] = current
	if name := current.Cluster; name != "" {
		if only.Clusters[name] = c.Clusters[name]; only.Clusters[name] == nil {
			return fmt.Errorf("cannot locate cluster %v", name)
		}
	}
	if name := current.User; name != "" {
		if only.Users[name] = c.Users[name]; only.Users[name] == nil {
			return fmt.Errorf("cannot locate user %v", name)
		}
	}
	c.Contexts, c.Clusters, c.Users = only.Contexts, only.Clusters, only.Users
	return nil
}

// Flatten puts the contents of files in the place of their names.
func (c *Config) Flatten(files Files) error {
	for _, v := range c.Users {
		if err := flatten(files, v.Origin, &v.ClientCertificate, &v.ClientCertificateData); err != nil {
			return err
		}
		if err := flatten(files, v.Origin, &v.ClientKey, &v.ClientKeyData); err != nil {
			return err
		}
	}
	for _, v := range c.Clusters {
		if err := flatten(files, v.Origin, &v.CertificateAuthority, &v.CertificateAuthorityData); err != nil {
			return err
		}
	}
	return nil
}

func flatten(files Files, origin string, name *string, data *[]byte) error {
	if *name == "" {
		return nil
	}
	if len(*data) > 0 {
		return errors.New("cannot have values for both path and contents")
	}
	p := *name
	if !path.IsAbs(p) {
		p = path.Join(path.Dir(origin), p)
	}
	content, err := files.ReadFile(p)
	if err != nil {
		return err
	}
	*data, *name = content, ""
	return nil
}

// Redact hides secrets and certificates.
func (c *Config) Redact() {
	// Encoded as the bytes that it is, this reads DATA+OMITTED.
	omitted, _ := base64.StdEncoding.DecodeString("DATA+OMITTED")
	hide := func(data *[]byte) {
		if len(*data) > 0 {
			*data = omitted
		}
	}
	for _, v := range c.Users {
		hide(&v.ClientCertificateData)
		hide(&v.ClientKeyData)
		if v.Token != "" {
			v.Token = "REDACTED"
		}
		if v.Password != "" {
			v.Password = "REDACTED"
		}
	}
	for _, v := range c.Clusters {
		hide(&v.CertificateAuthorityData)
	}
}
