package patch

import (
	"fmt"
	"reflect"
	"strings"
)

// Schema says how the fields of an object merge.
type Schema interface {
	// Field is the schema of a field that holds an object, and how that object merges.
	Field(key string) (Schema, Strategy, error)
	// Items is the schema of the elements of a field that holds a list, and how that list merges.
	Items(key string) (Schema, Strategy, error)
	// Name is the schema's name in messages.
	Name() string
}

// Strategy is what k8s.io/api's tags say of a field.
type Strategy struct {
	Merge      bool   // lists: element by element
	Replace    bool   // objects: as a whole
	RetainKeys bool   // objects: a change names all keys that stay
	Key        string // what tells the elements of a merged list apart; "" for scalars
}

// ParseStrategy reads the value of a patchStrategy tag, or of the OpenAPI extension of that name.
func ParseStrategy(strategies, key string) (Strategy, error) {
	s := Strategy{Key: key}
	list := strings.Split(strategies, ",")
	if len(list) > 2 || len(list) == 2 && list[0] != "retainKeys" && list[1] != "retainKeys" {
		return s, fmt.Errorf("unexpected patch strategy: %v", list)
	}
	for _, one := range list {
		switch one {
		case "merge":
			s.Merge = true
		case "replace":
			s.Replace = true
		case "retainKeys":
			s.RetainKeys = true
		}
	}
	return s, nil
}

// TypeSchema reads the tags patchStrategy and patchMergeKey of a Go type.
type TypeSchema struct{ Type reflect.Type }

// SchemaOf is the schema of a pointer to a struct.
func SchemaOf(obj any) TypeSchema { return TypeSchema{reflect.TypeOf(obj).Elem()} }

// Name implements Schema.
func (s TypeSchema) Name() string { return s.Type.Kind().String() }

// Field implements Schema.
func (s TypeSchema) Field(key string) (Schema, Strategy, error) {
	f, err := s.lookup(key)
	if err != nil {
		return nil, Strategy{}, err
	}
	strategy, err := ParseStrategy(f.Tag.Get("patchStrategy"), f.Tag.Get("patchMergeKey"))
	return TypeSchema{f.Type}, strategy, err
}

// Items implements Schema.
func (s TypeSchema) Items(key string) (Schema, Strategy, error) {
	f, err := s.lookup(key)
	if err != nil {
		return nil, Strategy{}, err
	}
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
		return nil, Strategy{}, fmt.Errorf("expected slice or array type, but got: %s", s.Type.Kind())
	}
	if t = t.Elem(); t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		return nil, Strategy{}, fmt.Errorf("unexpected slice of slice")
	}
	strategy, err := ParseStrategy(f.Tag.Get("patchStrategy"), f.Tag.Get("patchMergeKey"))
	return TypeSchema{t}, strategy, err
}

// lookup finds the struct field of a JSON key as encoding/json does: by its exact name, else ignoring case.
func (s TypeSchema) lookup(key string) (reflect.StructField, error) {
	t := s.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return reflect.StructField{}, fmt.Errorf("merging an object in json but data type is not struct, instead is: %s", t.Kind())
	}
	if f, ok := fieldNamed(t, key, func(a, b string) bool { return a == b }); ok {
		return f, nil
	}
	if f, ok := fieldNamed(t, key, strings.EqualFold); ok {
		return f, nil
	}
	return reflect.StructField{}, fmt.Errorf("unable to find api field in struct %s for the json field %q", t.Name(), key)
}

func fieldNamed(t reflect.Type, key string, same func(a, b string) bool) (reflect.StructField, bool) {
	var embedded []reflect.Type
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			if f.Anonymous || strings.Contains(options, "inline") {
				embedded = append(embedded, f.Type)
				continue
			}
			name = f.Name
		}
		if same(name, key) {
			return f, true
		}
	}
	for _, e := range embedded {
		if e.Kind() == reflect.Pointer {
			e = e.Elem()
		}
		if e.Kind() != reflect.Struct {
			continue
		}
		if f, ok := fieldNamed(e, key, same); ok {
			return f, true
		}
	}
	return reflect.StructField{}, false
}
