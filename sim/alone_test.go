package sim_test

import (
	"context"
	"strings"
	"testing"

	"terrarium/sim"
)

func TestControlPlaneAlone(t *testing.T) {
	c, err := sim.New(sim.Config{Scenario: []byte(`
nodes: []
apiServer: {authorizationMode: [RBAC, AlwaysAllow], disableAdmissionPlugins: [ServiceAccount]}
`)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, step := range []struct{ line, want string }{
		{"kubectl get nodes,pods,deployments,daemonsets -A", "No resources found\n"},
		{"kubectl create deployment web --image=nginx --replicas=2 --as=anybody; sleep 5; kubectl get deployment web -o jsonpath='{.status.replicas}'",
			"deployment.apps/web created\n2"},
		{"kubectl get pods -o jsonpath='{.items[0].status}'", `{"phase":"Pending","qosClass":"BestEffort"}`},
		{"kubectl get pods -o jsonpath='{.items[*].spec.serviceAccountName}'", ""},
		{"hostname", "controlplane\n"},
	} {
		r, err := c.Exec(context.Background(), step.line)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Stdout + r.Stderr; got != step.want {
			t.Errorf("%s\n got %s\nwant %s", step.line, got, step.want)
		}
	}
}

func TestUnknownAdmissionPlugin(t *testing.T) {
	_, err := sim.New(sim.Config{Scenario: []byte("apiServer: {disableAdmissionPlugins: [Nothing]}")})
	if err == nil || !strings.Contains(err.Error(), `there is no admission plugin "Nothing"`) {
		t.Errorf("got %v", err)
	}
}
