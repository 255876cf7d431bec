package kubelet

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The texts of `kubectl logs` where there is no log.
func TestNoLogs(t *testing.T) {
	c := newCluster(t)
	c.pod("p", `containers: [{name: app, image: ngnix}]`)
	check := func(want string, o corev1.PodLogOptions) {
		t.Helper()
		o.Container = "app"
		if _, err := c.node.Logs(context.Background(), c.get("p"), &o); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	c.clock.Advance(400 * time.Millisecond)
	check(`container "app" in pod "p" is waiting to start: ContainerCreating`, corev1.PodLogOptions{})
	c.clock.Advance(4 * time.Second)
	check(`container "app" in pod "p" is waiting to start: image can't be pulled`, corev1.PodLogOptions{})
	c.clock.Advance(13 * time.Second)
	check(`container "app" in pod "p" is waiting to start: trying and failing to pull image`, corev1.PodLogOptions{})
	check(`previous terminated container "app" in pod "p" not found`, corev1.PodLogOptions{Previous: true})
	_, err := c.node.Exec(context.Background(), c.get("p"), &corev1.PodExecOptions{Container: "app", Command: []string{"ls"}}, nil, nil, nil)
	if err == nil || err.Error() != `container not found ("app")` {
		t.Error(err)
	}
}

func TestLogOptions(t *testing.T) {
	c := newCluster(t)
	c.pod("p", `containers: [{name: app, image: "busybox:1.36", command: [sh, -c, "echo line 0; echo line 1; sleep 10; echo line 2; sleep 3600"]}]`)
	c.clock.Advance(14 * time.Second)
	one, ten, five := int64(1), int64(10), int64(5)
	for _, x := range []struct {
		o    corev1.PodLogOptions
		want string
	}{
		{corev1.PodLogOptions{}, "line 0\nline 1\nline 2\n"},
		{corev1.PodLogOptions{TailLines: &one}, "line 2\n"},
		{corev1.PodLogOptions{LimitBytes: &ten}, "line 0\nlin"},
		{corev1.PodLogOptions{SinceSeconds: &five}, "line 2\n"},
	} {
		x.o.Container = "app"
		r, err := c.node.Logs(context.Background(), c.get("p"), &x.o)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		io.Copy(&b, r)
		r.Close()
		if b.String() != x.want {
			t.Errorf("%+v: %q, want %q", x.o, b.String(), x.want)
		}
	}
}
