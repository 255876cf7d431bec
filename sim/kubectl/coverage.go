package kubectl

import (
	"strings"

	"terrarium/sim/kubectl/help"
)

// Coverage lists kubectl's commands in upstream's order: those that are simulated, and those that are recognised only.
// A command that does nothing but hold others is in neither list.
func Coverage() (simulated, recognised []string) {
	paths := help.Paths()
	for i, path := range paths {
		switch {
		case commandFor(path) != nil:
			simulated = append(simulated, path)
		case i+1 < len(paths) && strings.HasPrefix(paths[i+1], path+" "):
		default:
			recognised = append(recognised, path)
		}
	}
	return simulated, recognised
}
