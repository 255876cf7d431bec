package kubelet

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// pull-secrets-02 and 04: what is seen of a private image without a secret, and with one that is not there.
func TestPrivateImageWithoutSecret(t *testing.T) {
	c := newCluster(t)
	c.pod("private", `containers: [{name: app, image: "registry.example.com/myapp:1.0"}]
imagePullSecrets: [{name: regcerd}, {name: ""}]`)
	c.clock.Advance(200 * time.Millisecond)
	c.want("private", "0/1 ContainerCreating 0", "")
	c.clock.Advance(2 * time.Second)
	c.want("private", "0/1 ErrImagePull 0", "FailedToRetrieveImagePullSecretx2 Pulling Failed(Failed to pull) Failed(ErrImagePull) BackOff Failed(ImagePullBackOff)")
	c.clock.Advance(15 * time.Second)
	c.want("private", "0/1 ImagePullBackOff 0", "FailedToRetrieveImagePullSecretx3 Pullingx2 Failed(Failed to pull)x2 Failed(ErrImagePull)x2 BackOff Failed(ImagePullBackOff)")
	s := c.get("private").Status
	want := `Back-off pulling image "registry.example.com/myapp:1.0": ErrImagePull: failed to pull and unpack image "registry.example.com/myapp:1.0": failed to resolve reference "registry.example.com/myapp:1.0": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`
	if got := s.ContainerStatuses[0].State.Waiting.Message; got != want {
		t.Error(cmp.Diff(want, got))
	}
	if s.PodIP == "" {
		t.Error("a pod whose image cannot be pulled has no address")
	}
}

// The back-off is 10 s, doubled up to 300 s, and each pull finds the registry as it is then.
func TestBackOffDoubles(t *testing.T) {
	c := newCluster(t)
	c.pod("p", `containers: [{name: app, image: "nginx:nosuchtag"}]`)
	var pulls, waits []time.Duration
	began := c.clock.Now()
	for range 1800 {
		c.clock.Advance(time.Second)
		for _, e := range c.node.images.backOff.entries {
			if at := e.updated.Sub(began); len(pulls) == 0 || pulls[len(pulls)-1] != at {
				pulls, waits = append(pulls, at), append(waits, e.wait/time.Second)
			}
		}
	}
	if d := cmp.Diff([]time.Duration{10, 20, 40, 80, 160, 300, 300, 300}, waits[:8]); d != "" {
		t.Error(d)
	}
	for i := 1; i < len(pulls); i++ {
		gap, least := pulls[i]-pulls[i-1], waits[i-1]*time.Second
		if gap < least || gap > least+17*time.Second {
			t.Errorf("pull %d came %v after the one before, want %v and the time until the next sync", i+1, gap, least)
		}
	}
}

// pull-secrets-05: the secret is repaired, and the next pull succeeds.
func TestRepairedSecret(t *testing.T) {
	c := newCluster(t)
	c.secret("cred", "registry.example.com", "myuser", "oops")
	c.pod("p", `containers: [{name: app, image: "registry.example.com/wrongapp:1.0"}]
imagePullSecrets: [{name: cred}]`)
	c.clock.Advance(3 * time.Second)
	c.want("p", "0/1 ErrImagePull 0", "")
	if err := api.Delete[corev1.Secret](c.client, "default", "cred", nil); err != nil {
		t.Fatal(err)
	}
	c.secret("cred", "registry.example.com", "myuser", "mypassword")
	c.clock.Advance(30 * time.Second)
	c.want("p", "1/1 Running 0", "")
}

// pull-secrets-10: an image that came with a secret is only for pods that have it too.
func TestAccessToCachedImages(t *testing.T) {
	c := newCluster(t)
	c.secret("cred", "registry.example.com", "myuser", "mypassword")
	c.secret("same", "registry.example.com", "myuser", "mypassword")
	spec := func(policy, secret string) string {
		s := `containers: [{name: app, image: "registry.example.com/policy:1.0", imagePullPolicy: ` + policy + `}]`
		if secret != "" {
			s += "\nimagePullSecrets: [{name: " + secret + "}]"
		}
		return s
	}
	c.pod("first", spec("IfNotPresent", "cred"))
	c.clock.Advance(10 * time.Second)
	c.want("first", "1/1 Running 0", "Pulling Pulled Created Started")
	c.pod("without", spec("IfNotPresent", ""))
	c.pod("never-without", spec("Never", ""))
	c.pod("never-with", spec("Never", "cred"))
	c.pod("other-name", spec("IfNotPresent", "same"))
	c.pod("always-with", spec("Always", "cred"))
	c.clock.Advance(5 * time.Second)
	c.want("without", "0/1 ErrImagePull 0", "Pulling Failed(Failed to pull) Failed(ErrImagePull) BackOff Failed(ImagePullBackOff)")
	c.want("never-without", "0/1 ErrImageNeverPull 0", "ErrImageNeverPullx2 Failed(ErrImageNeverPull)x2")
	c.want("never-with", "1/1 Running 0", "Pulled Created Started")
	c.want("other-name", "1/1 Running 0", "Pulled Created Started")
	c.want("always-with", "1/1 Running 0", "Pulling Pulled Created Started")
	for _, line := range c.events("never-with") {
		if strings.Contains(line, "Pulled") && !strings.HasSuffix(line, `Container image "registry.example.com/policy:1.0" already present on machine and can be accessed by the pod`) {
			t.Error(line)
		}
	}
	c.pod("preloaded", `containers: [{name: app, image: "registry.k8s.io/pause:3.10.1", imagePullPolicy: Never}]`)
	c.clock.Advance(2 * time.Second)
	c.want("preloaded", "1/1 Running 0", "Pulled Created Started")
}

// pull-secrets-06: what is wrong with a secret's content becomes the reason.
func TestGarbageSecret(t *testing.T) {
	c := newCluster(t)
	if _, err := api.Create(c.client, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "garbage", Namespace: "default"}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{"registry.example.com":{"auth":"%%%"}}}`)},
	}); err != nil {
		t.Fatal(err)
	}
	c.pod("p", `containers: [{name: app, image: "registry.example.com/team/app:1.0"}]
imagePullSecrets: [{name: garbage}]`)
	c.clock.Advance(2 * time.Second)
	c.want("p", "0/1 illegal base64 data at input byte 0 0", "Failed(illegal base64 data at input byte 0)x2")
}

func TestInvalidImageName(t *testing.T) {
	c := newCluster(t)
	c.pod("p", `containers: [{name: app, image: "FAILED_IMAGE"}]`)
	c.clock.Advance(2 * time.Second)
	c.want("p", "0/1 InvalidImageName 0", "InspectFailedx2 Failed(InvalidImageName)x2")
	want := `Failed to apply default image tag "FAILED_IMAGE": couldn't parse image name "FAILED_IMAGE": invalid reference format: repository name (library/FAILED_IMAGE) must be lowercase`
	if got := c.get("p").Status.ContainerStatuses[0].State.Waiting.Message; got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// Several credentials are tried in order; where all fail, each different failure is told.
func TestSeveralSecrets(t *testing.T) {
	c := newCluster(t)
	c.secret("wrong", "registry.example.com", "myuser", "nope")
	c.secret("right", "registry.example.com", "myuser", "mypassword")
	c.pod("p", `containers: [{name: app, image: "registry.example.com/team/app:1.0"}]
imagePullSecrets: [{name: wrong}, {name: right}]`)
	c.pod("both-wrong", `containers: [{name: app, image: "registry.example.com/team/app:1.0", imagePullPolicy: Always}]
imagePullSecrets: [{name: wrong}, {name: wrong}]`)
	c.clock.Advance(8 * time.Second)
	c.want("p", "1/1 Running 0", "Pulling Pulled Created Started")
	if m := c.get("both-wrong").Status.ContainerStatuses[0].State.Waiting.Message; strings.Contains(m, "[") || !strings.Contains(m, "401 Unauthorized") {
		t.Error(m)
	}
}
