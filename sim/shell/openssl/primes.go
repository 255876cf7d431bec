package openssl

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"

	"terrarium/sim/pki"
	"terrarium/sim/shell"
)

// primes are of 1024 bits, morePrimes of 2048: every RSA key is made of two of them. Looking for new ones would take a
// browser seconds, and no simulated secret is worth them.
const primes = `
+lwbef29SKePX52VakiX8C8HQPZsdGNLXMr8CFVmP5rAMsrNiSbHwYoBI6Vq0mt/gKIZBLOcnn6kxRssgdUlI4Packx8Oqo4VUwrU2H/b3za6ilxM8/5oMVGha9pyO6pjRiHb6rX/R6lVAxvkKsrvQqAE8/LSr5XFVbIV5gLZH8
wf7Z2qHYl0LEvwWwhUElbtM/Ro5dNdpWP19xsFw9+kAp5nkSOCZL5Zk79y5eAgs6AZ+IVoFcxAqLDKhMrL/957po8O0lth+bDfaTMU3dugUqW2jCW7QsQ2h4tosqFa3/pn4hLIXdau0FyrD1ded+ODceH2n1qqpR2/2KYgmARt8
2rNKEcuT/j+LlEw8tYuOfL2lpi4llmU2hSmnk4118lt2OaMerotD2YsU956dD2AcT+mT1yjSYTIRDZ4tGavsMOegNreJuu6IuiP3oMvHWOILSTifpY3YCqQ737vUxtg2bo+5d0atEAMAefHca1mSdE4HyjEaNOvV6WQP1vyQTW0
0fboApilm3ekmRw+7s554nbk70F8tRTK8bSCi+XcKzUK/vXywT+6ASAg/9Yz0WWvZZFoflUX0FivTyfYiZ0Ruong69JNOmuIkwy4MHA2krmxdAsdZP2r3lOMI28tSAHV2A7WhJLxLrBzPNQmy9J6UdH4YgnqsIsl17fXAP8HPuE
zIvWMfmeJXU+llT0yqiV+QJiPS6tENnpN29NnXYGPPrwvq0wY8H7GKNugTNr2aPhx7GdlL9m44ijSNtcvJs1eXtfYpZnwhXRSagIYV1xU4dxKsseoKCmcEsqiZIFloxMiXBsNkAx+Ml7yTuPw277ag9L265D0USlBTtn6wJxey8
`

const morePrimes = `
8O1808xFPDgnNwOajcobAmQAzLmeVanazwunrM31p2XtJdDBfrkRRFVWNhKu5U4uMvNr7feTlfIl6AlebRnjQjxDAvLkzxAART4+Yfxj8FtDIeLo74wpDgEq6G2IO6KSObSmdu8agjg7kKmF2lHPlQMGQAiL2qqkz2+yxy9Kb6aOWwxFmtopE3O/d7Ya/tO7k0MHRPHOL05yqjb8gUH1HrkiRNel0i0frDWD3YQvSvXJP5H1fYvrdgtI+I0qKB2Rmb1W4DHh8TWr1utNsEe78tDXBq0lOelx6CyI1XteiArASUFLwWwv3mzbPEr26FIdmCQ8YCuLanL5wFc5XHHnvw
2WkRYSwMzJByH8uCcp1byUL1XIqUv7wvfx3cLNHLwVIpRaZTTb953oAOThGcTFSp5x0hBzxznDGaw7imKYyd10LzWCm1KDT/dHNn2tOUjnSMFV9olcNc5wCovcRvgcRKOkohCYci5P+UnzXWKhDuH0gF4glI05w3uZLfcHfMTkfRPsN+vXsITqugtgvAToLMozrg60qH9h0xkco5kexOVcOMQWMY3RbeRy6qxZzxbIkcIRL9wvCgtF/JULFUFiG+x/B1SUbYP4ta+HtGdFapyOtbph6J1SkhI5y1F23Y7qd3wzXq4wZBwAu/zJvN6Rv6yGELHMRHTUGYfdl9fD/m0w
yUk/Ax2B3uii7H5BMKkVPsVobHu0lnhvBOvq3S/FaZjxYhf7+yNC+nZcvn5mT7PI91OtjqJpzJM8NcvnFpgtNpvCKbPbXiCXZUW1RXzZ6+Wk9BDDcOTsEnFuP1IrtGKC4ia4w7xwbgrA3zE7wUR1ib9rveLINBaDmIDJNt6E0ELuoITKhBNuEEv35RVCeWQRF+vB+SGpAZKSwedPs9t3OVFI+Bu96aJNvpIdNEP7rDHV7QtN+ghUK2RPqEEoMMz2Bib4hyz6OE+5BJorBYOl1OUYSklgqUhm+31ZxeK+zexbOaqWim3i+yPykpKmZpx9fk+WwAq7HJBk3PieiAOimQ
`

// rsaKey is an RSA key of 2048 or 4096 bits; nil for other sizes.
func rsaKey(p *shell.Proc, bits int) *rsa.PrivateKey {
	list := strings.Fields(primes)
	switch bits {
	case 2048:
	case 4096:
		list = strings.Fields(morePrimes)
	default:
		return nil
	}
	first := int(p.Random() % uint64(len(list)))
	second := (first + 1 + int(p.Random()%uint64(len(list)-1))) % len(list)
	return pki.RSAKey(prime(list[first]), prime(list[second]))
}

func prime(text string) *big.Int {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		panic("openssl: a prime cannot be read: " + err.Error())
	}
	return new(big.Int).SetBytes(b)
}
