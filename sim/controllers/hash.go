package controllers

import (
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"io"
	"reflect"
	"sort"
	"strconv"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/rand"
)

// templateHash is the label pod-template-hash of a pod template: FNV-1a over the template as spew's %#v writes it,
// then over the count of collisions where there were any.
func templateHash(template *v1.PodTemplateSpec, collisions *int32) string {
	h := fnv.New32a()
	writeSpew(h, reflect.ValueOf(asRead(template)), true)
	if collisions != nil {
		var b [8]byte
		binary.LittleEndian.PutUint32(b[:], uint32(*collisions))
		h.Write(b[:])
	}
	return rand.SafeEncodeString(strconv.FormatUint(uint64(h.Sum32()), 10))
}

// spewHash orders ports and subsets as the endpoint controllers do.
func spewHash(v any) string {
	h := fnv.New128a()
	writeSpew(h, reflect.ValueOf(v), true)
	return string(h.Sum(nil))
}

// asRead is the template as a client reads it: quantities as they are parsed, what is empty absent.
func asRead(template *v1.PodTemplateSpec) v1.PodTemplateSpec {
	var read v1.PodTemplateSpec
	data, err := json.Marshal(template)
	if err == nil {
		err = json.Unmarshal(data, &read)
	}
	if err != nil {
		return *template
	}
	return read
}

// writeSpew writes v as go-spew's formatter does for %#v with methods disabled and map keys sorted; typed says
// whether v's own type is shown.
func writeSpew(w io.Writer, v reflect.Value, typed bool) {
	if !v.IsValid() {
		io.WriteString(w, "<invalid>")
		return
	}
	if v.Kind() == reflect.Pointer {
		writeSpewPointer(w, v, typed)
		return
	}
	if typed {
		io.WriteString(w, "("+v.Type().String()+")")
	}
	switch v.Kind() {
	case reflect.Bool:
		io.WriteString(w, strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		io.WriteString(w, strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		io.WriteString(w, strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		io.WriteString(w, strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()))
	case reflect.String:
		io.WriteString(w, v.String())
	case reflect.Slice, reflect.Array:
		writeSpewList(w, v)
	case reflect.Map:
		writeSpewMap(w, v)
	case reflect.Struct:
		io.WriteString(w, "{")
		for i := range v.NumField() {
			if i > 0 {
				io.WriteString(w, " ")
			}
			io.WriteString(w, v.Type().Field(i).Name+":")
			writeSpew(w, inside(v.Field(i)), true)
		}
		io.WriteString(w, "}")
	case reflect.Interface:
		io.WriteString(w, "<nil>")
	}
}

func writeSpewPointer(w io.Writer, v reflect.Value, typed bool) {
	if v.IsNil() && !typed {
		io.WriteString(w, "<nil>")
		return
	}
	stars, target := "", v
	for target.Kind() == reflect.Pointer && !target.IsNil() {
		stars, target = stars+"*", target.Elem()
	}
	switch null := target.Kind() == reflect.Pointer; {
	case typed:
		io.WriteString(w, "("+stars+target.Type().String()+")")
	case null:
		io.WriteString(w, "<"+stars+"*>")
	default:
		io.WriteString(w, "<"+stars+">")
	}
	if target.Kind() == reflect.Pointer {
		io.WriteString(w, "<nil>")
		return
	}
	writeSpew(w, target, false)
}

func writeSpewList(w io.Writer, v reflect.Value) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		io.WriteString(w, "<nil>")
		return
	}
	io.WriteString(w, "[")
	for i := range v.Len() {
		if i > 0 {
			io.WriteString(w, " ")
		}
		writeSpew(w, inside(v.Index(i)), false)
	}
	io.WriteString(w, "]")
}

func writeSpewMap(w io.Writer, v reflect.Value) {
	if v.IsNil() {
		io.WriteString(w, "<nil>")
		return
	}
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	io.WriteString(w, "map[")
	for i, key := range keys {
		if i > 0 {
			io.WriteString(w, " ")
		}
		writeSpew(w, key, false)
		io.WriteString(w, ":")
		writeSpew(w, inside(v.MapIndex(key)), false)
	}
	io.WriteString(w, "]")
}

func inside(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface && !v.IsNil() {
		return v.Elem()
	}
	return v
}
