package podsecurity

// newest is the version that last changed a rule: what is later than it is the same.
const newest = 35

// rule is one demand of a level, which may have changed over the versions.
type rule struct {
	id       string
	level    Level
	replaces string // the baseline's rule that need not be checked where this one is
	reason   func(s subject) string
	editions []edition // the oldest first
}

// edition is a rule as of a minor version. Its check says what in the pod breaks the rule, nothing if it is kept.
type edition struct {
	since int
	check func(s subject) string
}

func (r rule) edition(minor int) *edition {
	var last *edition
	for i := range r.editions {
		if r.editions[i].since <= minor {
			last = &r.editions[i]
		}
	}
	return last
}

func called(reason string) func(subject) string { return func(subject) string { return reason } }

// rules are all of them in the order in which violations are told: by level, then by id.
var rules = []rule{
	{id: "appArmorProfile", level: Baseline, reason: appArmorReason, editions: []edition{{0, appArmorProfile}}},
	{id: "capabilities_baseline", level: Baseline, reason: called("non-default capabilities"), editions: []edition{{0, addedCapabilities}}},
	{id: "hostNamespaces", level: Baseline, reason: called("host namespaces"), editions: []edition{{0, hostNamespaces}}},
	{id: "hostPathVolumes", level: Baseline, reason: called("hostPath volumes"), editions: []edition{{0, hostPathVolumes}}},
	{id: "hostPorts", level: Baseline, reason: called("hostPort"), editions: []edition{{0, hostPorts}}},
	{id: "hostProbesAndHostLifecycle", level: Baseline, reason: called("probe or lifecycle host"), editions: []edition{{34, hostProbes}}},
	{id: "privileged", level: Baseline, reason: called("privileged"), editions: []edition{{0, privileged}}},
	{id: "procMount", level: Baseline, reason: called("procMount"), editions: []edition{{0, procMount}, {35, unlessApart(procMount)}}},
	{id: "seLinuxOptions", level: Baseline, reason: called("seLinuxOptions"), editions: []edition{{0, seLinuxOptions}, {31, seLinuxOptions31}}},
	{id: "seccompProfile_baseline", level: Baseline, reason: called("seccompProfile"), editions: []edition{{0, seccompAnnotations}, {19, seccompProfile}}},
	{id: "sysctls", level: Baseline, reason: called("forbidden sysctls"), editions: []edition{{0, sysctls(0)}, {27, sysctls(27)}, {29, sysctls(29)}, {32, sysctls(32)}}},
	{id: "windowsHostProcess", level: Baseline, reason: called("hostProcess"), editions: []edition{{0, windowsHostProcess}}},

	{id: "allowPrivilegeEscalation", level: Restricted, reason: called("allowPrivilegeEscalation != false"),
		editions: []edition{{8, privilegeEscalation}, {25, unlessWindows(privilegeEscalation)}}},
	{id: "capabilities_restricted", level: Restricted, replaces: "capabilities_baseline", reason: called("unrestricted capabilities"),
		editions: []edition{{22, droppedCapabilities}, {25, unlessWindows(droppedCapabilities)}}},
	{id: "procMount_restricted", level: Restricted, replaces: "procMount", reason: called("procMount"), editions: []edition{{35, procMount}}},
	{id: "restrictedVolumes", level: Restricted, replaces: "hostPathVolumes", reason: called("restricted volume types"),
		editions: []edition{{0, restrictedVolumes}}},
	{id: "runAsNonRoot", level: Restricted, reason: called("runAsNonRoot != true"),
		editions: []edition{{0, runAsNonRoot}, {35, unlessApart(runAsNonRoot)}}},
	{id: "runAsUser", level: Restricted, reason: called("runAsUser=0"), editions: []edition{{23, runAsUser}, {35, unlessApart(runAsUser)}}},
	{id: "seccompProfile_restricted", level: Restricted, replaces: "seccompProfile_baseline", reason: called("seccompProfile"),
		editions: []edition{{19, seccompProfileSet}, {25, unlessWindows(seccompProfileSet)}}},
}

func unlessApart(check func(subject) string) func(subject) string {
	return func(s subject) string {
		if s.apart() {
			return ""
		}
		return check(s)
	}
}

func unlessWindows(check func(subject) string) func(subject) string {
	return func(s subject) string {
		if s.windows() {
			return ""
		}
		return check(s)
	}
}
