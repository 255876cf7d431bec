package kubelet

import (
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/reference"
	"terrarium/sim/registry"
)

// storedImage is an image on the node.
type storedImage struct {
	ID      string
	Size    int64
	Tags    []string // "docker.io/library/nginx:1.28"
	Digests []string // "docker.io/library/nginx@sha256:…"

	Repository, Tag string
}

// imageStore holds the images of a node.
type imageStore struct {
	images map[string]*storedImage // by id
	names  map[string]string       // by tag or digest, in full -> id
}

func newImageStore() *imageStore {
	return &imageStore{images: map[string]*storedImage{}, names: map[string]string{}}
}

// find returns the image of a name, nil where it is not on the node.
func (s *imageStore) find(ref reference.Reference) *storedImage {
	return s.images[s.names[ref.String()]]
}

func (s *imageStore) hasDigest(digest string) bool {
	for _, img := range s.images {
		for _, d := range img.Digests {
			if strings.HasSuffix(d, "@"+digest) {
				return true
			}
		}
	}
	return false
}

// add puts an image that was pulled as ref into the store.
func (s *imageStore) add(ref reference.Reference, from registry.Image) *storedImage {
	img := s.images[from.ID]
	if img == nil {
		img = &storedImage{ID: from.ID, Size: from.Size, Repository: from.Repository, Tag: from.Tag}
		s.images[from.ID] = img
	}
	s.name(img, &img.Digests, ref.Repository()+"@"+from.Digest)
	if ref.Digest == "" {
		s.name(img, &img.Tags, ref.Repository()+":"+ref.Tag)
	}
	return img
}

func (s *imageStore) name(img *storedImage, names *[]string, name string) {
	if s.names[name] != img.ID {
		s.names[name] = img.ID
		*names = append(*names, name)
	}
}

// list is what a node's status says of its images: the largest fifty.
func (s *imageStore) list() []corev1.ContainerImage {
	all := make([]*storedImage, 0, len(s.images))
	for _, img := range s.images {
		all = append(all, img)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].Size != all[j].Size {
			return all[i].Size > all[j].Size
		}
		return all[i].ID < all[j].ID
	})
	var out []corev1.ContainerImage
	for _, img := range all[:min(len(all), 50)] {
		names := append(append([]string{}, img.Digests...), img.Tags...)
		out = append(out, corev1.ContainerImage{Names: names[:min(len(names), 5)], SizeBytes: img.Size})
	}
	return out
}

// shownImage is the image of a container's status, in the runtime's words.
func (i *storedImage) shownImage(runtime registry.Runtime, asked string) string {
	if runtime == registry.Docker {
		return asked
	}
	if len(i.Tags) > 0 {
		return i.Tags[0]
	}
	return i.Digests[0]
}

// shownID is the imageID of a container's status.
func (i *storedImage) shownID(runtime registry.Runtime) string {
	if runtime != registry.Docker {
		return i.Digests[0]
	}
	familiar := strings.TrimPrefix(strings.TrimPrefix(i.Digests[0], "docker.io/"), "library/")
	return "docker-pullable://" + familiar
}
