// Package commands is the programs of the simulated machine: GNU's coreutils, grep, sed and others that lessons use.
// It knows no cluster; kubectl comes from elsewhere.
//
// One program is one file. Options, messages and exit statuses are the real programs'.
package commands

import (
	"terrarium/sim/shell"
)

// All are the programs by name. Each call makes a new map.
func All() map[string]shell.Command {
	return map[string]shell.Command{
		"awk": awkCommand, "base64": base64Command, "basename": basename, "cat": cat, "clear": clearScreen, "cp": cp, "cut": cut, "date": date,
		"dirname": dirname, "echo": echo, "egrep": grep, "env": env, "false": falseCommand, "fgrep": grep, "gawk": awkCommand, "grep": grep, "head": head,
		"hostname": hostname, "id": id, "jq": jq, "ls": ls, "mkdir": mkdir, "mv": mv, "printenv": printenv, "printf": printfCommand,
		"pwd": pwd, "rm": rm, "rmdir": rmdir, "sed": sed, "seq": seq, "sleep": sleep, "sort": sortCommand, "tail": tail, "tee": tee,
		"touch": touch, "tr": tr, "true": trueCommand, "uname": uname, "uniq": uniq, "watch": watch, "wc": wc, "which": which,
		"whoami": whoami, "xargs": xargs,
	}
}
