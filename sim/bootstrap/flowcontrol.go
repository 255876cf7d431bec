package bootstrap

import (
	"fmt"
	"strings"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// autoUpdate marks what the API server keeps as it is.
const autoUpdate = "apf.kubernetes.io/autoupdate-spec"

// flowControl creates the priority levels and the flow schemas that the API server has. Nothing obeys them: requests
// do not wait here.
func flowControl(c Config) error {
	if !served[flowcontrolv1.FlowSchema](c.Client) {
		return nil
	}
	for _, level := range priorityLevels() {
		if err := put(c, level); err != nil {
			return err
		}
	}
	for _, schema := range flowSchemas() {
		if err := putFlowSchema(c, schema); err != nil {
			return err
		}
	}
	return nil
}

// putFlowSchema creates a schema and says that its level is there.
func putFlowSchema(c Config, schema *flowcontrolv1.FlowSchema) error {
	if err := put(c, schema); err != nil {
		return err
	}
	schema, err := api.Get[flowcontrolv1.FlowSchema](c.Client, "", schema.Name)
	if err != nil || len(schema.Status.Conditions) > 0 {
		return err
	}
	schema = schema.DeepCopy()
	schema.Status.Conditions = []flowcontrolv1.FlowSchemaCondition{{
		Type: flowcontrolv1.FlowSchemaConditionDangling, Status: flowcontrolv1.ConditionFalse, LastTransitionTime: metav1.NewTime(c.Now), Reason: "Found",
		Message: fmt.Sprintf("This FlowSchema references the PriorityLevelConfiguration object named %q and it exists", schema.Spec.PriorityLevelConfiguration.Name),
	}}
	_, err = api.UpdateStatus(c.Client, schema)
	return err
}

func autoUpdated(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Annotations: map[string]string{autoUpdate: "true"}}
}

func priorityLevels() []*flowcontrolv1.PriorityLevelConfiguration {
	const longest = 50
	zero := int32(0)
	levels := []*flowcontrolv1.PriorityLevelConfiguration{{ObjectMeta: autoUpdated("exempt"), Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
		Type:   flowcontrolv1.PriorityLevelEnablementExempt,
		Exempt: &flowcontrolv1.ExemptPriorityLevelConfiguration{NominalConcurrencyShares: &zero, LendablePercent: &zero},
	}}}
	for _, l := range []struct {
		name                         string
		shares, lends, queues, hands int32 // queues == 0: rejects
	}{
		{"catch-all", 5, 0, 0, 0}, {"system", 30, 33, 64, 6}, {"node-high", 40, 25, 64, 6}, {"leader-election", 10, 0, 16, 4},
		{"workload-high", 40, 50, 128, 6}, {"workload-low", 100, 90, 128, 6}, {"global-default", 20, 50, 128, 6},
	} {
		response := flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject}
		if l.queues > 0 {
			response = flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeQueue,
				Queuing: &flowcontrolv1.QueuingConfiguration{Queues: l.queues, HandSize: l.hands, QueueLengthLimit: longest}}
		}
		levels = append(levels, &flowcontrolv1.PriorityLevelConfiguration{ObjectMeta: autoUpdated(l.name), Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
			Type: flowcontrolv1.PriorityLevelEnablementLimited,
			Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{NominalConcurrencyShares: &l.shares, LendablePercent: &l.lends,
				LimitResponse: response},
		}})
	}
	return levels
}

func flowSchemas() []*flowcontrolv1.FlowSchema {
	var schemas []*flowcontrolv1.FlowSchema
	for _, s := range []struct {
		name, level string
		precedence  int32
		by          flowcontrolv1.FlowDistinguisherMethodType
		subjects    string // group:…, user:… or account:… of kube-system
	}{
		{"exempt", "exempt", 1, "", "group:system:masters"},
		{"probes", "exempt", 2, "", "group:system:unauthenticated group:system:authenticated"},
		{"system-leader-election", "leader-election", 100, "ByUser", "user:system:kube-controller-manager user:system:kube-scheduler account:*"},
		{"system-node-high", "node-high", 400, "ByUser", "group:system:nodes"},
		{"system-nodes", "system", 500, "ByUser", "group:system:nodes"},
		{"kube-controller-manager", "workload-high", 800, "ByNamespace", "user:system:kube-controller-manager"},
		{"kube-scheduler", "workload-high", 800, "ByNamespace", "user:system:kube-scheduler"},
		{"kube-system-service-accounts", "workload-high", 900, "ByNamespace", "account:*"},
		{"service-accounts", "workload-low", 9000, "ByUser", "group:system:serviceaccounts"},
		{"global-default", "global-default", 9900, "ByUser", "group:system:unauthenticated group:system:authenticated"},
		{"catch-all", "catch-all", 10000, "ByUser", "group:system:unauthenticated group:system:authenticated"},
	} {
		schema := &flowcontrolv1.FlowSchema{ObjectMeta: autoUpdated(s.name), Spec: flowcontrolv1.FlowSchemaSpec{
			PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: s.level}, MatchingPrecedence: s.precedence,
			Rules: []flowcontrolv1.PolicyRulesWithSubjects{flowRule(s.name)},
		}}
		if s.by != "" {
			schema.Spec.DistinguisherMethod = &flowcontrolv1.FlowDistinguisherMethod{Type: s.by}
		}
		for subject := range strings.FieldsSeq(s.subjects) {
			schema.Spec.Rules[0].Subjects = append(schema.Spec.Rules[0].Subjects, flowSubject(subject))
		}
		schemas = append(schemas, schema)
	}
	return schemas
}

func flowSubject(text string) flowcontrolv1.Subject {
	switch kind, name, _ := strings.Cut(text, ":"); kind {
	case "group":
		return flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindGroup, Group: &flowcontrolv1.GroupSubject{Name: name}}
	case "user":
		return flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: name}}
	default:
		return flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindServiceAccount,
			ServiceAccount: &flowcontrolv1.ServiceAccountSubject{Name: name, Namespace: metav1.NamespaceSystem}}
	}
}

// flowRule is what the named schema is about: everything, but for a few.
func flowRule(name string) flowcontrolv1.PolicyRulesWithSubjects {
	resources := func(verbs, group, resources string, cluster bool) flowcontrolv1.ResourcePolicyRule {
		return flowcontrolv1.ResourcePolicyRule{Verbs: strings.Fields(verbs), APIGroups: []string{group}, Resources: strings.Fields(resources),
			Namespaces: []string{"*"}, ClusterScope: cluster}
	}
	paths := func(verbs, paths string) []flowcontrolv1.NonResourcePolicyRule {
		return []flowcontrolv1.NonResourcePolicyRule{{Verbs: strings.Fields(verbs), NonResourceURLs: strings.Fields(paths)}}
	}
	const leases = "coordination.k8s.io"
	switch name {
	case "probes":
		return flowcontrolv1.PolicyRulesWithSubjects{NonResourceRules: paths("get", "/healthz /readyz /livez")}
	case "system-leader-election":
		return flowcontrolv1.PolicyRulesWithSubjects{ResourceRules: []flowcontrolv1.ResourcePolicyRule{resources("get create update", leases, "leases", false)}}
	case "system-node-high":
		return flowcontrolv1.PolicyRulesWithSubjects{ResourceRules: []flowcontrolv1.ResourcePolicyRule{
			resources("*", "", "nodes nodes/status", true), resources("*", leases, "leases", false)}}
	}
	return flowcontrolv1.PolicyRulesWithSubjects{
		ResourceRules:    []flowcontrolv1.ResourcePolicyRule{resources("*", "*", "*", true)},
		NonResourceRules: paths("*", "*"),
	}
}
