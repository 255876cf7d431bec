package kubectl

// clusterCommand is commandFor for the commands that look into a cluster, wait for it and change what is there already.
func clusterCommand(path string) runFunc {
	switch path {
	case "describe":
		return runDescribe
	case "label":
		return runLabel
	case "annotate":
		return runAnnotate
	case "events":
		return runEvents
	case "logs":
		return runLogs
	}
	return nil
}
