package kubectl

import (
	"strings"

	"github.com/spf13/cobra"
)

// clusterCommand is commandFor for the commands that look into a cluster, wait for it and change what is there already.
func clusterCommand(path string) runFunc {
	switch path {
	case "describe":
		return runDescribe
	case "version":
		return runVersion
	case "api-resources":
		return runAPIResources
	case "api-versions":
		return runAPIVersions
	case "cluster-info":
		return runClusterInfo
	case "cluster-info dump":
		return runClusterInfoDump
	case "options":
		return func(_ *Factory, cmd *cobra.Command, _ []string) error { return cmd.Usage() }
	case "alpha":
		return func(_ *Factory, cmd *cobra.Command, _ []string) error { return cmd.Help() }
	case "rollout history":
		return runRolloutHistory
	case "rollout pause":
		return runRolloutPause
	case "rollout restart":
		return runRolloutRestart
	case "rollout resume":
		return runRolloutResume
	case "rollout status":
		return runRolloutStatus
	case "rollout undo":
		return runRolloutUndo
	case "scale":
		return runScale
	case "set env":
		return runSetEnv
	case "set image":
		return runSetImage
	case "set resources":
		return runSetResources
	case "set selector":
		return runSetSelector
	case "set serviceaccount":
		return runSetServiceAccount
	case "set subject":
		return runSetSubject
	case "certificate":
		return runRoot
	case "explain":
		return runExplain
	case "label":
		return runLabel
	case "annotate":
		return runAnnotate
	case "events":
		return runEvents
	case "logs":
		return runLogs
	case "autoscale":
		return runAutoscale
	case "attach":
		return runAttach
	case "cp":
		return runCp
	case "port-forward":
		return runPortForward
	case "top node", "top pod":
		return runTop
	case "debug":
		return runDebug
	case "exec":
		return runExec
	case "auth can-i":
		return runAuthCanI
	case "auth reconcile":
		return runAuthReconcile
	case "auth whoami":
		return runAuthWhoAmI
	case "certificate approve":
		return runCertificate(approval)
	case "certificate deny":
		return runCertificate(denial)
	case "cordon":
		return cordonCommand(true)
	case "uncordon":
		return cordonCommand(false)
	case "drain":
		return runDrain
	case "taint":
		return runTaint
	case "expose":
		return runExpose
	case "wait":
		return runWait
	}
	if name, ok := strings.CutPrefix(path, "config "); ok {
		return configCommand(name)
	}
	return nil
}
