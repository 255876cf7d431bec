package kubectl

// commandFor names the function of the command at path ("create secret generic"); nil where it is not simulated. Commands that only
// hold others need no entry.
func commandFor(path string) runFunc {
	switch path {
	case "":
		return runRoot
	case "get":
		return runGet
	}
	return clusterCommand(path)
}
