// Command rbac condenses the default RBAC policy of a Kubernetes release into the lines of sim/bootstrap/rbac.txt.
//
//	go run ./scripts/rbac "$(go list -m -f '{{.Dir}}' k8s.io/kubernetes@v1.36.3)" >sim/bootstrap/rbac.txt
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

const policy = "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata"

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: rbac KUBERNETES-SOURCE")
	}
	fmt.Printf("# made by scripts/rbac from %s of %s\n", policy, filepath.Base(os.Args[1]))
	for _, name := range []string{
		"cluster-roles", "controller-roles", "cluster-role-bindings", "controller-role-bindings", "namespace-roles", "namespace-role-bindings",
	} {
		data, err := os.ReadFile(filepath.Join(os.Args[1], policy, name+".yaml"))
		if err != nil {
			log.Fatal(err)
		}
		var list struct{ Items []runtime.RawExtension }
		if err := yaml.Unmarshal(data, &list); err != nil {
			log.Fatal(err)
		}
		for _, item := range list.Items {
			condense(item.Raw)
		}
	}
}

func condense(raw []byte) {
	var kind struct{ Kind string }
	read(raw, &kind)
	switch kind.Kind {
	case "ClusterRole":
		var r rbacv1.ClusterRole
		read(raw, &r)
		fmt.Println("clusterrole", r.Name)
		labels(r.Labels)
		if r.AggregationRule != nil {
			for _, s := range r.AggregationRule.ClusterRoleSelectors {
				for k, v := range s.MatchLabels {
					fmt.Printf(" aggregate %s=%s\n", k, v)
				}
			}
		}
		rules(r.Rules)
	case "Role":
		var r rbacv1.Role
		read(raw, &r)
		fmt.Printf("role %s/%s\n", r.Namespace, r.Name)
		labels(r.Labels)
		rules(r.Rules)
	case "ClusterRoleBinding":
		var b rbacv1.ClusterRoleBinding
		read(raw, &b)
		fmt.Printf("clusterrolebinding %s %s/%s\n", b.Name, b.RoleRef.Kind, b.RoleRef.Name)
		subjects(b.Subjects)
	case "RoleBinding":
		var b rbacv1.RoleBinding
		read(raw, &b)
		fmt.Printf("rolebinding %s/%s %s/%s\n", b.Namespace, b.Name, b.RoleRef.Kind, b.RoleRef.Name)
		subjects(b.Subjects)
	default:
		log.Fatalf("a %s is new here", kind.Kind)
	}
}

func read(raw []byte, into any) {
	if err := yaml.Unmarshal(raw, into); err != nil {
		log.Fatal(err)
	}
}

func labels(all map[string]string) {
	var lines []string
	for k, v := range all {
		if k != "kubernetes.io/bootstrapping" {
			lines = append(lines, fmt.Sprintf(" label %s=%s", k, v))
		}
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
}

func rules(all []rbacv1.PolicyRule) {
	for _, r := range all {
		var groups []string
		for _, g := range r.APIGroups {
			if g == "" {
				g = "core"
			}
			groups = append(groups, g)
		}
		line := fmt.Sprintf(" rule %s %s %s %s %s", field(r.Verbs), field(groups), field(r.Resources), field(r.ResourceNames), field(r.NonResourceURLs))
		for strings.HasSuffix(line, " -") {
			line = strings.TrimSuffix(line, " -")
		}
		fmt.Println(line)
	}
}

func field(values []string) string {
	if len(values) == 0 {
		return "-"
	}
	return strings.Join(values, ",")
}

func subjects(all []rbacv1.Subject) {
	for _, s := range all {
		name := s.Name
		if s.Namespace != "" {
			name = s.Namespace + "/" + name
		}
		fmt.Printf(" subject %s/%s\n", s.Kind, name)
	}
}
