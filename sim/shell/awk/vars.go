package awk

import "math"

func (c *cell) toArray() map[string]value {
	if c.array == nil {
		if c.from != nil && c.v.kind == unset {
			c.array = c.from.toArray()
		} else {
			c.array = map[string]value{}
		}
	}
	return c.array
}

func (in *interp) global(name string) *cell {
	c := in.globals[name]
	if c == nil {
		c = &cell{}
		in.globals[name] = c
	}
	return c
}

func (in *interp) setGlobal(name string, v value) {
	switch name {
	case "NF", "NR", "FNR":
		in.store(&variable{name: name, local: -1}, v)
	default:
		in.global(name).v = v
	}
}

func (in *interp) getText(name string) string {
	v := in.globals[name].v
	if v.kind == number {
		return v.str("%.6g")
	}
	return v.s
}

func (in *interp) cell(v *variable) *cell {
	if v.local >= 0 {
		return in.frames[len(in.frames)-1].locals[v.local]
	}
	return in.global(v.name)
}

func (in *interp) array(v *variable) map[string]value {
	c := in.cell(v)
	if c.array == nil && c.v.kind != unset {
		fail("type error: %s is a scalar, and is used as an array", v.name)
	}
	return c.toArray()
}

func (in *interp) load(v *variable) value {
	if v.local < 0 {
		switch v.name {
		case "NF":
			in.splitRecord()
			return num(float64(in.nf))
		case "NR":
			return num(in.nr)
		case "FNR":
			return num(in.fnr)
		}
	}
	c := in.cell(v)
	if c.array != nil {
		fail("type error: %s is an array, and is used as a scalar", v.name)
	}
	return c.v
}

func (in *interp) store(target expr, v value) {
	switch t := target.(type) {
	case *variable:
		if t.local < 0 {
			switch t.name {
			case "NF":
				in.setNF(v.num())
				return
			case "NR":
				in.nr = v.num()
				return
			case "FNR":
				in.fnr = v.num()
				return
			}
		}
		c := in.cell(t)
		if c.array != nil {
			fail("type error: %s is an array, and is used as a scalar", t.name)
		}
		c.v = v
	case *element:
		array := in.array(t.array)
		if len(array) > 1_000_000 {
			fail("program limit exceeded: an array of %d elements", len(array))
		}
		array[in.subscript(t.index)] = v
	case *fieldRef:
		in.setField(in.fieldIndex(t), v)
	}
}

const mostFields = 1_000_000

func (in *interp) fieldIndex(x *fieldRef) int {
	n := in.eval(x.index).num()
	if n < 0 || math.IsNaN(n) {
		fail("negative field index $%d", int(n))
	}
	if n > mostFields {
		fail("program limit exceeded: maximum number of fields size=%d", mostFields)
	}
	return int(n)
}
