package shell

import (
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
)

type varKind uint8

const (
	scalar varKind = iota
	indexed
	associative
)

// variable is a shell variable with its attributes. One that is declared but not set has set == false.
type variable struct {
	kind varKind
	set  bool

	exported, readonly, integer, lower, upper, nameref, trace bool

	str   string
	list  []element         // sorted by index
	assoc map[string]string // keys in insertion order are kept in order
	order []string
}

type element struct {
	index int
	value string
}

func (v *variable) clone() *variable {
	c := *v
	c.list = slices.Clone(v.list)
	c.assoc = maps.Clone(v.assoc)
	c.order = slices.Clone(v.order)
	return &c
}

// size is about the memory that the value takes.
func (v *variable) size() int {
	n := len(v.str)
	for _, e := range v.list {
		n += len(e.value) + 24
	}
	for k, s := range v.assoc {
		n += len(k) + len(s) + 48
	}
	return n
}

// value is what $name expands to; for an array the element at 0.
func (v *variable) value() (string, bool) {
	if v == nil || !v.set {
		return "", false
	}
	switch v.kind {
	case indexed:
		return v.at(0)
	case associative:
		s, ok := v.assoc["0"]
		return s, ok
	}
	return v.str, true
}

func (v *variable) find(index int) (int, bool) {
	return sort.Find(len(v.list), func(i int) int { return index - v.list[i].index })
}

func (v *variable) at(index int) (string, bool) {
	if i, ok := v.find(index); ok {
		return v.list[i].value, true
	}
	return "", false
}

// next is one past the greatest index.
func (v *variable) next() int {
	if len(v.list) == 0 {
		return 0
	}
	return v.list[len(v.list)-1].index + 1
}

func (v *variable) setAt(index int, value string) {
	v.set = true
	i, ok := v.find(index)
	if ok {
		v.list[i].value = value
		return
	}
	v.list = slices.Insert(v.list, i, element{index, value})
}

func (v *variable) deleteAt(index int) {
	if i, ok := v.find(index); ok {
		v.list = slices.Delete(v.list, i, i+1)
	}
}

func (v *variable) setKey(key, value string) {
	v.set = true
	if v.assoc == nil {
		v.assoc = map[string]string{}
	}
	if _, ok := v.assoc[key]; !ok {
		v.order = append(v.order, key)
	}
	v.assoc[key] = value
}

func (v *variable) deleteKey(key string) {
	delete(v.assoc, key)
	if i := slices.Index(v.order, key); i >= 0 {
		v.order = slices.Delete(v.order, i, i+1)
	}
}

// keys lists an associative array's keys in the order of bash's hash table: 1024 buckets of FNV-1, each with the
// latest key first.
func (v *variable) keys() []string {
	buckets := 1024
	for len(v.order) >= 2*buckets {
		buckets *= 4
	}
	hash := func(s string) int {
		h := uint32(2166136261)
		for i := range len(s) {
			h *= 16777619
			h ^= uint32(s[i])
		}
		return int(h) & (buckets - 1)
	}
	keys := slices.Clone(v.order)
	slices.Reverse(keys)
	slices.SortStableFunc(keys, func(a, b string) int { return hash(a) - hash(b) })
	return keys
}

// subscripts are the indexes or keys that are set.
func (v *variable) subscripts() []string {
	switch {
	case v == nil || !v.set:
		return nil
	case v.kind == indexed:
		out := make([]string, len(v.list))
		for i, e := range v.list {
			out[i] = strconv.Itoa(e.index)
		}
		return out
	case v.kind == associative:
		return v.keys()
	}
	return []string{"0"}
}

// elements are the values, in the order of subscripts.
func (v *variable) elements() []string {
	switch {
	case v == nil || !v.set:
		return nil
	case v.kind == indexed:
		out := make([]string, len(v.list))
		for i, e := range v.list {
			out[i] = e.value
		}
		return out
	case v.kind == associative:
		keys := v.keys()
		for i, k := range keys {
			keys[i] = v.assoc[k]
		}
		return keys
	}
	return []string{v.str}
}

// flags are the attributes as `declare` takes them, "-" where there are none.
func (v *variable) flags() string {
	var b strings.Builder
	for _, f := range []struct {
		on   bool
		flag byte
	}{
		{v.kind == indexed, 'a'}, {v.kind == associative, 'A'}, {v.integer, 'i'}, {v.lower, 'l'}, {v.nameref, 'n'},
		{v.readonly, 'r'}, {v.trace, 't'}, {v.upper, 'u'}, {v.exported, 'x'},
	} {
		if f.on {
			b.WriteByte(f.flag)
		}
	}
	if b.Len() == 0 {
		return "-"
	}
	return b.String()
}

// declaration is the line that `declare -p` prints.
func (v *variable) declaration(name string) string {
	line := "declare -" + strings.TrimPrefix(v.flags(), "-")
	if v.flags() == "-" {
		line = "declare --"
	}
	line += " " + name
	if !v.set {
		return line
	}
	return line + "=" + v.literal()
}

// literal is the value as declare -p and set print it.
func (v *variable) literal() string {
	if v.kind == scalar {
		return doubleQuote(v.str)
	}
	var b strings.Builder
	b.WriteByte('(')
	for i, sub := range v.subscripts() {
		var value string
		if v.kind == indexed {
			value = v.list[i].value
		} else {
			value = v.assoc[sub]
			sub = quoteKey(sub)
		}
		if i > 0 && v.kind == indexed {
			b.WriteByte(' ')
		}
		b.WriteString("[" + sub + "]=" + doubleQuote(value))
		if v.kind == associative {
			b.WriteByte(' ')
		}
	}
	b.WriteByte(')')
	return b.String()
}

// variables is a stack of scopes: the global one and one for each function that runs.
type variables struct {
	order  []string // exported names that come first in an environment
	global map[string]*variable
	locals []map[string]*variable
	bytes  int
}

func newVariables() *variables { return &variables{global: map[string]*variable{}} }

// fork copies everything for a subshell.
func (vs *variables) fork() *variables {
	c := &variables{global: make(map[string]*variable, len(vs.global)), bytes: vs.bytes}
	for name, v := range vs.global {
		c.global[name] = v.clone()
	}
	for _, scope := range vs.locals {
		copied := make(map[string]*variable, len(scope))
		for name, v := range scope {
			copied[name] = v.clone()
		}
		c.locals = append(c.locals, copied)
	}
	return c
}

// find is the variable that name means here, nil where there is none.
func (vs *variables) find(name string) *variable {
	for i := len(vs.locals) - 1; i >= 0; i-- {
		if v, ok := vs.locals[i][name]; ok {
			return v
		}
	}
	return vs.global[name]
}

// make is find, but adds an unset variable to the global scope where there is none.
func (vs *variables) make(name string) *variable {
	if v := vs.find(name); v != nil {
		return v
	}
	v := &variable{}
	vs.global[name] = v
	return v
}

// local makes a variable in the innermost function's scope.
func (vs *variables) local(name string) *variable {
	scope := vs.locals[len(vs.locals)-1]
	if v, ok := scope[name]; ok {
		return v
	}
	v := &variable{}
	scope[name] = v
	return v
}

// unset removes the variable that name means here; what an outer scope holds then shows again.
func (vs *variables) unset(name string) {
	for i := len(vs.locals) - 1; i >= 0; i-- {
		if v, ok := vs.locals[i][name]; ok {
			// A local stays local after unset in its own function.
			if i == len(vs.locals)-1 {
				*v = variable{}
			} else {
				delete(vs.locals[i], name)
			}
			return
		}
	}
	delete(vs.global, name)
}

// names lists the declared variables, sorted.
func (vs *variables) names() []string {
	seen := map[string]bool{}
	for _, scope := range append([]map[string]*variable{vs.global}, vs.locals...) {
		for name := range scope {
			seen[name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// environ lists the exported variables as NAME=value, sorted by name.
func (vs *variables) environ() []string {
	var out []string
	names := vs.names()
	if len(vs.order) > 0 {
		names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(vs.order, name) })
		names = append(slices.Clone(vs.order), names...)
	}
	for _, name := range names {
		if v := vs.find(name); v.exported && v.set && v.kind == scalar {
			out = append(out, name+"="+v.str)
		}
	}
	return out
}
