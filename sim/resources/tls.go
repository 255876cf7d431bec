package resources

import (
	"encoding/pem"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// secretWarnings tells of a certificate and key that a server could not use, as far as their PEM form shows it.
func secretWarnings(s, _ *v1.Secret) []string {
	if s.Type != v1.SecretTypeTLS {
		return nil
	}
	if text := keyPairProblem(s.Data[v1.TLSCertKey], s.Data[v1.TLSPrivateKeyKey]); text != "" {
		return []string{text}
	}
	return nil
}

// keyPairProblem is what crypto/tls says of the pair. It does not look into the keys and certificates themselves.
func keyPairProblem(certificate, key []byte) string {
	found, skipped := false, []string(nil)
	for {
		var block *pem.Block
		if block, certificate = pem.Decode(certificate); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			found = true
		} else {
			skipped = append(skipped, block.Type)
		}
	}
	switch {
	case found:
	case len(skipped) == 0:
		return "tls: failed to find any PEM data in certificate input"
	case len(skipped) == 1 && strings.HasSuffix(skipped[0], "PRIVATE KEY"):
		return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"
	default:
		return "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [" + strings.Join(skipped, " ") + "]"
	}
	skipped = nil
	for {
		var block *pem.Block
		if block, key = pem.Decode(key); block == nil {
			break
		}
		if block.Type == "PRIVATE KEY" || strings.HasSuffix(block.Type, " PRIVATE KEY") {
			return ""
		}
		skipped = append(skipped, block.Type)
	}
	switch {
	case len(skipped) == 0:
		return "tls: failed to find any PEM data in key input"
	case len(skipped) == 1 && skipped[0] == "CERTIFICATE":
		return "tls: found a certificate rather than a key in the PEM for the private key"
	}
	return "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [" + strings.Join(skipped, " ") + "]"
}
