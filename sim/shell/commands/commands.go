// Package commands is the programs of the simulated machine, one file each.
package commands

import "terrarium/sim/shell"

// All are the programs by name. Each call makes a new map.
func All() map[string]shell.Command { return map[string]shell.Command{} }
