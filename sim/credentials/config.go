package credentials

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// The types have upstream's names, because the errors of a decoder name them.
type (
	// DockerConfigJSON is the content of .dockerconfigjson.
	DockerConfigJSON struct {
		Auths       DockerConfig      `json:"auths"`
		HTTPHeaders map[string]string `json:"HttpHeaders,omitempty"`
	}

	// DockerConfig is the content of .dockercfg: locations and their logins.
	DockerConfig map[string]DockerConfigEntry

	// DockerConfigEntry is a login; its JSON may give user and password, or both in auth, which wins.
	DockerConfigEntry struct{ Username, Password, Email string }

	dockerConfigEntryWithAuth struct {
		Username string `json:"username,omitempty"`
		Password string `json:"password,omitempty"`
		Email    string `json:"email,omitempty"`
		Auth     string `json:"auth,omitempty"`
	}
)

// read returns the logins of a secret, none where it is not a docker secret.
func read(s *corev1.Secret) (DockerConfig, error) {
	switch {
	case s.Type == corev1.SecretTypeDockerConfigJson && len(s.Data[corev1.DockerConfigJsonKey]) > 0:
		var c DockerConfigJSON
		err := decode(s.Data[corev1.DockerConfigJsonKey], &c)
		return c.Auths, err
	case s.Type == corev1.SecretTypeDockercfg && len(s.Data[corev1.DockerConfigKey]) > 0:
		var c DockerConfig
		err := decode(s.Data[corev1.DockerConfigKey], &c)
		return c, err
	}
	return nil, nil
}

func decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return errors.New(strings.ReplaceAll(err.Error(), "credentials.", "credentialprovider."))
	}
	return err
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *DockerConfigEntry) UnmarshalJSON(data []byte) error {
	var in dockerConfigEntryWithAuth
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*e = DockerConfigEntry{Username: in.Username, Password: in.Password, Email: in.Email}
	if in.Auth == "" {
		return nil
	}
	var err error
	e.Username, e.Password, err = decodeAuth(in.Auth)
	return err
}

// decodeAuth reads base64 of user:password, padded or not.
func decodeAuth(auth string) (user, password string, err error) {
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(strings.TrimSpace(auth), "=") {
		encoding = base64.StdEncoding
	}
	decoded, err := encoding.DecodeString(auth)
	if err != nil {
		return "", "", err
	}
	user, password, ok := strings.Cut(string(decoded), ":")
	if !ok {
		return "", "", errors.New("unable to parse auth field, must be formatted as base64(username:password)")
	}
	return user, password, nil
}
