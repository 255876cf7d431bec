// Package rest speaks HTTP to a Kubernetes API server: requests, Status errors, warnings, watches. It knows no kinds.
package rest

import "time"

// Config is how to reach a server and as whom.
type Config struct {
	Host string // URL of the server, perhaps with a path

	Insecure                  bool
	ServerName                string
	CAData, CertData, KeyData []byte // PEM

	BearerToken        string
	Username, Password string

	Impersonate Impersonate

	Timeout   time.Duration // of one request; 0: none
	UserAgent string
}

// Impersonate is whom to act as; nobody where User is empty.
type Impersonate struct {
	User   string
	UID    string
	Groups []string
	Extra  map[string][]string
}
