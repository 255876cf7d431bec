package lessons

// Template is a small lesson that is whole, by file name, to begin a new one with.
func Template() map[string]string {
	return map[string]string{
		"lesson.md": `---
title: A first Pod
summary: Run a Pod and see it become ready.
duration: 5 min
---

What the reader will be able to do at the end, in two sentences.

## Run it

` + "```sh\nkubectl run web --image=nginx:1.28\n```\n\n```sh\nkubectl wait --for=condition=Ready pod/web --timeout=60s\n```" + `

::: checkpoint running
title: The Pod web runs
hint: |
  ` + "`kubectl run NAME --image=IMAGE`" + ` makes a Pod.
assert:
- match:
    apiVersion: v1
    kind: Pod
    metadata: {name: web}
    status: {phase: Running}
  say: There is no running Pod named web yet.
:::

::: quiz who
Who decides on which node the Pod runs?

- [ ] kubectl
- [x] The scheduler
- [ ] The kubelet

> The scheduler binds the Pod to a node; that node's kubelet then starts its containers.
:::
`,
		"scenario.yaml": "# Nodes, registries, manifests and files of the cluster; nothing here means the default cluster.\n{}\n",
		"solution.sh":   "#!/bin/bash\nset -e\nkubectl run web --image=nginx:1.28\nkubectl wait --for=condition=Ready pod/web --timeout=60s\n",
	}
}
