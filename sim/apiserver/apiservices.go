package apiserver

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
	"terrarium/sim/resources"
)

// automanaged is the label of the APIServices that the server itself keeps.
const automanaged = "kube-aggregator.kubernetes.io/automanaged"

var apiServicesGR = schema.GroupResource{Group: "apiregistration.k8s.io", Resource: "apiservices"}

// groupPriorities are those of the built-in groups that have an APIService; their versions have 15 where
// versionPriorities says nothing else.
var groupPriorities = map[string]int32{
	"": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
	"autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
	"rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "admissionregistration.k8s.io": 16700,
	"apiextensions.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500, "node.k8s.io": 16300,
	"discovery.k8s.io": 16200, "resource.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100,
}

var versionPriorities = map[schema.GroupVersion]int32{
	{Version: "v1"}: 1, {Group: "autoscaling", Version: "v2"}: 30, {Group: "resource.k8s.io", Version: "v1"}: 21,
	{Group: "flowcontrol.apiserver.k8s.io", Version: "v1"}: 21,
}

// RegisterGroups makes the APIServices be those of the groups that are served now: the built-in ones are created once,
// those of custom kinds come and go with them.
func (s *Server) RegisterGroups() error {
	if s.stored(apiServicesGR) == nil {
		return nil
	}
	client := api.Client{Door: s, User: Loopback()}
	var wanted []string
	for _, r := range s.Resources() {
		a := apiServiceOf(r)
		if a == nil || slices.Contains(wanted, a.Name) {
			continue
		}
		wanted = append(wanted, a.Name)
		if s.store.Get(apiServicesGR, a.Name) != nil {
			continue
		}
		if _, err := api.Create(client, a); err != nil && !errors.IsAlreadyExists(err) {
			return err
		}
	}
	for _, obj := range s.store.List(apiServicesGR, "") {
		a := obj.(*resources.APIService)
		if a.Labels[automanaged] != "true" || slices.Contains(wanted, a.Name) {
			continue
		}
		if err := api.Delete[resources.APIService](client, "", a.Name, nil); err != nil && !errors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// apiServiceOf is the APIService of a resource's group; nil where it has none.
func apiServiceOf(r *resources.Resource) *resources.APIService {
	priority, builtIn := groupPriorities[r.Group]
	a := &resources.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: r.Version + "." + r.Group, Labels: map[string]string{automanaged: "onstart"}},
		Spec:       resources.APIServiceSpec{Group: r.Group, Version: r.Version, GroupPriorityMinimum: priority, VersionPriority: 15},
	}
	if v, ok := versionPriorities[schema.GroupVersion{Group: r.Group, Version: r.Version}]; ok {
		a.Spec.VersionPriority = v
	}
	switch {
	case r.Custom:
		a.Labels[automanaged] = "true"
		a.Spec.GroupPriorityMinimum, a.Spec.VersionPriority = 1000, 100
	case !builtIn:
		return nil
	}
	return a
}
