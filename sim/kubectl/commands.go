package kubectl

import corev1 "k8s.io/api/core/v1"

// commandFor names the function of the command at path ("create secret generic"); nil where it is not simulated. Commands that only
// hold others need no entry.
func commandFor(path string) runFunc {
	switch path {
	case "":
		return runRoot
	case "apply":
		return runApply
	case "apply edit-last-applied":
		return runApplyEditLastApplied
	case "apply set-last-applied":
		return runApplySetLastApplied
	case "apply view-last-applied":
		return runApplyViewLastApplied
	case "delete":
		return runDelete
	case "diff":
		return runDiff
	case "edit":
		return runEdit
	case "get":
		return runGet
	case "patch":
		return runPatch
	case "completion":
		return runCompletion
	case "kustomize":
		return runKustomize
	case "plugin list":
		return runPluginList
	case "replace":
		return runReplace
	case "run":
		return runRun
	}
	if fn := createCommand(path); fn != nil {
		return fn
	}
	return clusterCommand(path)
}

// createCommand is commandFor for create and the kinds below it.
func createCommand(path string) runFunc {
	switch path {
	case "create":
		return runCreate
	case "create clusterrole":
		return runCreateClusterRole
	case "create clusterrolebinding":
		return runCreateClusterRoleBinding
	case "create configmap":
		return runCreateConfigMap
	case "create cronjob":
		return runCreateCronJob
	case "create deployment":
		return runCreateDeployment
	case "create ingress":
		return runCreateIngress
	case "create job":
		return runCreateJob
	case "create namespace":
		return runCreateNamespace
	case "create poddisruptionbudget":
		return runCreatePodDisruptionBudget
	case "create priorityclass":
		return runCreatePriorityClass
	case "create quota":
		return runCreateQuota
	case "create role":
		return runCreateRole
	case "create rolebinding":
		return runCreateRoleBinding
	case "create secret docker-registry":
		return runCreateSecretDockerRegistry
	case "create secret generic":
		return runCreateSecretGeneric
	case "create secret tls":
		return runCreateSecretTLS
	case "create service clusterip":
		return createService(corev1.ServiceTypeClusterIP)
	case "create service externalname":
		return createService(corev1.ServiceTypeExternalName)
	case "create service loadbalancer":
		return createService(corev1.ServiceTypeLoadBalancer)
	case "create service nodeport":
		return createService(corev1.ServiceTypeNodePort)
	case "create serviceaccount":
		return runCreateServiceAccount
	case "create token":
		return runCreateToken
	}
	return nil
}
