package shell

import (
	iofs "io/fs"
	"maps"
)

// options are what set and shopt change.
type options struct {
	set      map[string]bool // by long name
	shopt    map[string]bool
	typed    bool // commands come from a person: messages carry no line
	umask    iofs.FileMode
	disabled map[string]bool // builtins, by enable -n
	extra    string          // letters of $- that are no options of set
}

// setOptions are set's options in the order in which `set -o` lists them.
var setOptions = []struct {
	name string
	flag byte
}{
	{"allexport", 'a'}, {"braceexpand", 'B'}, {"emacs", 0}, {"errexit", 'e'}, {"errtrace", 'E'}, {"functrace", 'T'},
	{"hashall", 'h'}, {"histexpand", 'H'}, {"history", 0}, {"ignoreeof", 0}, {"interactive-comments", 0}, {"keyword", 'k'},
	{"monitor", 'm'}, {"noclobber", 'C'}, {"noexec", 'n'}, {"noglob", 'f'}, {"nolog", 0}, {"notify", 'b'}, {"nounset", 'u'},
	{"onecmd", 't'}, {"physical", 'P'}, {"pipefail", 0}, {"posix", 0}, {"privileged", 'p'}, {"verbose", 'v'}, {"vi", 0}, {"xtrace", 'x'},
}

// shoptNames are shopt's options with their defaults.
var shoptNames = []struct {
	name string
	on   bool
}{
	{"autocd", false}, {"assoc_expand_once", false}, {"cdable_vars", false}, {"cdspell", false}, {"checkhash", false}, {"checkjobs", false},
	{"checkwinsize", true}, {"cmdhist", true}, {"compat31", false}, {"complete_fullquote", true}, {"direxpand", false}, {"dirspell", false},
	{"dotglob", false}, {"execfail", false}, {"expand_aliases", false}, {"extdebug", false}, {"extglob", false}, {"extquote", true},
	{"failglob", false}, {"force_fignore", true}, {"globasciiranges", true}, {"globskipdots", true}, {"globstar", false}, {"gnu_errfmt", false},
	{"histappend", false}, {"histreedit", false}, {"histverify", false}, {"hostcomplete", true}, {"huponexit", false}, {"inherit_errexit", false},
	{"interactive_comments", true}, {"lastpipe", false}, {"lithist", false}, {"localvar_inherit", false}, {"localvar_unset", false},
	{"login_shell", false}, {"mailwarn", false}, {"no_empty_cmd_completion", false}, {"nocaseglob", false}, {"nocasematch", false},
	{"noexpand_translation", false}, {"nullglob", false}, {"patsub_replacement", true}, {"progcomp", true}, {"progcomp_alias", false},
	{"promptvars", true}, {"restricted_shell", false}, {"shift_verbose", false}, {"sourcepath", true}, {"varredir_close", false}, {"xpg_echo", false},
}

func defaultOptions() options {
	o := options{set: map[string]bool{"braceexpand": true, "hashall": true, "interactive-comments": true}, shopt: map[string]bool{}, typed: true, umask: 0o022, extra: "is"}
	for _, s := range shoptNames {
		o.shopt[s.name] = s.on
	}
	return o
}

func (o options) clone() options {
	o.set, o.shopt, o.disabled = maps.Clone(o.set), maps.Clone(o.shopt), maps.Clone(o.disabled)
	return o
}

// letters is $-.
func (o options) letters() string {
	out := []byte{}
	for _, c := range []byte("abefhkmnptuvxBCEHPT") {
		for _, s := range setOptions {
			if s.flag == c && o.set[s.name] {
				out = append(out, c)
			}
		}
	}
	return string(out) + o.extra
}
