package kubelet

import (
	"slices"

	"terrarium/sim/credentials"
	"terrarium/sim/reference"
)

// pullRecords remembers with which credentials images came to the node, so that an image that is there is only used by
// pods that may have it: anonymous pulls open it to all, a pull with a Secret to pods that present the same Secret or the
// same credentials. Images that the kubelet did not pull are open.
type pullRecords struct {
	records map[string]map[string]access // image id -> repository as pods name it, without tag and digest
	intents map[string]int               // pulls in flight, by image as pods name it
}

// access is who may use an image.
type access struct {
	everybody bool
	secrets   []pullSecret
}

type pullSecret struct {
	source credentials.Source
	hash   string
}

// moreSecrets bounds the secrets that are remembered only because they matched.
const moreSecrets = 10

func newPullRecords() *pullRecords {
	return &pullRecords{records: map[string]map[string]access{}, intents: map[string]int{}}
}

// intend notes that a pull begins; pulled or failed must follow.
func (p *pullRecords) intend(image string) { p.intents[image]++ }

func (p *pullRecords) failed(image string) {
	if p.intents[image]--; p.intents[image] <= 0 {
		delete(p.intents, image)
	}
}

// pulled notes that the image came with login; nil is an anonymous pull.
func (p *pullRecords) pulled(image, id string, login *credentials.Login) {
	a := access{everybody: login == nil}
	if login != nil {
		a.secrets = []pullSecret{{login.Source, login.Hash}}
	}
	p.add(image, id, a)
	p.failed(image)
}

func (p *pullRecords) add(image, id string, by access) {
	name, ok := repositoryOf(image)
	if !ok {
		return
	}
	r := p.records[id]
	if r == nil {
		r = map[string]access{}
		p.records[id] = r
	}
	a := r[name]
	switch {
	case a.everybody:
		return
	case by.everybody:
		a = by
	default:
		for _, s := range by.secrets {
			if i := slices.IndexFunc(a.secrets, func(t pullSecret) bool { return t.source == s.source }); i >= 0 {
				a.secrets = slices.Clone(a.secrets)
				a.secrets[i] = s
			} else {
				a.secrets = append(slices.Clone(a.secrets), s)
			}
		}
	}
	r[name] = a
}

// mustPull reports whether a pod has to pull an image that is on the node. logins returns the pod's credentials for it; it
// is called only if they matter, and its error is passed on.
func (p *pullRecords) mustPull(image, id string, logins func() ([]credentials.Login, error)) (bool, error) {
	r, recorded := p.records[id]
	if !recorded && p.intents[image] == 0 {
		return false, nil // preloaded
	}
	name, ok := repositoryOf(image)
	if !ok {
		return true, nil
	}
	a, ok := r[name]
	switch {
	case !ok:
		return true, nil
	case a.everybody:
		return false, nil
	case len(a.secrets) == 0:
		return true, nil
	}
	mine, err := logins()
	if err != nil {
		return true, err
	}
	for _, l := range mine {
		for _, s := range a.secrets {
			sameHash, sameSecret := s.hash != "" && s.hash == l.Hash, s.source == l.Source
			if !sameHash && !sameSecret {
				continue
			}
			if sameHash != sameSecret && len(a.secrets) < moreSecrets {
				p.add(image, id, access{secrets: []pullSecret{{l.Source, l.Hash}}})
			} else if !sameHash {
				continue // new credentials that there is no room for
			}
			return false, nil
		}
	}
	return true, nil
}

// repositoryOf is the repository of an image as a pod names it.
func repositoryOf(image string) (string, bool) {
	r, err := reference.Parse(image)
	if err != nil {
		return "", false
	}
	return r.Repository(), true
}
