// Package patch changes JSON documents: by JSON patches, JSON merge patches and strategic merge patches. It also makes
// the patch that leads from one document to another. It knows no objects, only how their fields merge (Schema).
package patch

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// The reasons why a JSON patch does not apply, in the words of the library that the real API server uses.
var (
	errMissing = errors.New("missing value")
	errIndex   = errors.New("invalid index referenced")
	errTest    = errors.New("test failed")
)

// Operations is a JSON patch (RFC 6902).
type Operations []map[string]*json.RawMessage

// ParseOperations reads a JSON patch.
func ParseOperations(data []byte) (Operations, error) {
	var ops Operations
	err := json.Unmarshal(data, &ops)
	return ops, err
}

// Containers are the objects and lists that the operations look into, as maps by key or index.
func (ops Operations) Containers() map[string]any {
	root := map[string]any{}
	for _, raw := range ops {
		for _, field := range []string{"path", "from"} {
			var path string
			if raw[field] == nil || json.Unmarshal(*raw[field], &path) != nil {
				continue
			}
			at, keys := root, strings.Split(path, "/")
			for _, key := range keys[1:max(1, len(keys)-1)] {
				key = unescape.Replace(key)
				next, ok := at[key].(map[string]any)
				if !ok {
					next = map[string]any{}
					at[key] = next
				}
				at = next
			}
		}
	}
	return root
}

// Apply carries out the operations in turn. The document is changed; after an error it is of no use. Values are read
// by decode.
func (ops Operations) Apply(doc any, decode func(data []byte, v any) error) (any, error) {
	d := &document{root: doc}
	for _, raw := range ops {
		op := operation{raw: raw, decode: decode}
		do, ok := operations[op.kind()]
		if !ok {
			return nil, fmt.Errorf("Unexpected kind: %s", op.kind())
		}
		if err := do(d, op); err != nil {
			return nil, err
		}
	}
	return d.root, nil
}

var operations = map[string]func(d *document, op operation) error{
	"add": (*document).add, "remove": (*document).remove, "replace": (*document).replace,
	"move": (*document).move, "copy": (*document).copy, "test": (*document).test,
}

type operation struct {
	raw    map[string]*json.RawMessage
	decode func(data []byte, v any) error
}

func (op operation) text(name string) (string, bool) {
	var s string
	raw := op.raw[name]
	if raw == nil || json.Unmarshal(*raw, &s) != nil {
		return "unknown", false
	}
	return s, true
}

func (op operation) kind() string {
	s, _ := op.text("op")
	return s
}

func (op operation) path() (string, error) {
	s, ok := op.text("path")
	if !ok {
		return s, fmt.Errorf("operation missing path field: %w", errMissing)
	}
	return s, nil
}

func (op operation) from() (string, error) {
	s, ok := op.text("from")
	if !ok {
		return s, fmt.Errorf("operation, missing from field: %w", errMissing)
	}
	return s, nil
}

func (op operation) value() (v any, err error) {
	if raw := op.raw["value"]; raw != nil {
		err = op.decode(*raw, &v)
	}
	return v, err
}

type document struct{ root any }

func (d *document) add(op operation) error {
	path, err := op.path()
	if err != nil {
		return fmt.Errorf("add operation failed to decode path: %w", errMissing)
	}
	value, err := op.value()
	if err != nil {
		return err
	}
	p := d.find(path)
	if p == nil {
		return fmt.Errorf("add operation does not apply: doc is missing path: %q: %w", path, errMissing)
	}
	if err := p.add(value); err != nil {
		return fmt.Errorf("error in add for path: '%s': %w", path, err)
	}
	return nil
}

func (d *document) remove(op operation) error {
	path, err := op.path()
	if err != nil {
		return fmt.Errorf("remove operation failed to decode path: %w", errMissing)
	}
	p := d.find(path)
	if p == nil {
		return fmt.Errorf("remove operation does not apply: doc is missing path: %q: %w", path, errMissing)
	}
	if err := p.remove(); err != nil {
		return fmt.Errorf("error in remove for path: '%s': %w", path, err)
	}
	return nil
}

func (d *document) replace(op operation) error {
	path, err := op.path()
	if err != nil {
		return fmt.Errorf("replace operation failed to decode path: %w", err)
	}
	value, err := op.value()
	if err != nil {
		return err
	}
	if path == "" {
		d.root = value
		return nil
	}
	p := d.find(path)
	if p == nil {
		return fmt.Errorf("replace operation does not apply: doc is missing path: %s: %w", path, errMissing)
	}
	if _, err := p.get(); err != nil {
		return fmt.Errorf("replace operation does not apply: doc is missing key: %s: %w", path, errMissing)
	}
	p.set(value)
	return nil
}

func (d *document) move(op operation) error {
	from, err := op.from()
	if err != nil {
		return fmt.Errorf("move operation failed to decode from: %w", err)
	}
	p := d.find(from)
	if p == nil {
		return fmt.Errorf("move operation does not apply: doc is missing from path: %s: %w", from, errMissing)
	}
	value, err := p.get()
	if err == nil {
		err = p.remove()
	}
	if err != nil {
		return fmt.Errorf("error in move for path: '%s': %w", p.key, err)
	}
	path, err := op.path()
	if err != nil {
		return fmt.Errorf("move operation failed to decode path: %w", err)
	}
	if p = d.find(path); p == nil {
		return fmt.Errorf("move operation does not apply: doc is missing destination path: %s: %w", path, errMissing)
	}
	if err := p.add(value); err != nil {
		return fmt.Errorf("error in move for path: '%s': %w", path, err)
	}
	return nil
}

func (d *document) copy(op operation) error {
	from, err := op.from()
	if err != nil {
		return fmt.Errorf("copy operation failed to decode from: %w", err)
	}
	p := d.find(from)
	if p == nil {
		return fmt.Errorf("copy operation does not apply: doc is missing from path: %s: %w", from, errMissing)
	}
	value, err := p.get()
	if err != nil {
		return fmt.Errorf("error in copy for from: '%s': %w", from, err)
	}
	path, err := op.path()
	if err != nil {
		return fmt.Errorf("copy operation failed to decode path: %w", errMissing)
	}
	if p = d.find(path); p == nil {
		return fmt.Errorf("copy operation does not apply: doc is missing destination path: %s: %w", path, errMissing)
	}
	if err := p.add(copyValue(value)); err != nil {
		return fmt.Errorf("error while adding value during copy: %w", err)
	}
	return nil
}

func (d *document) test(op operation) error {
	path, err := op.path()
	if err != nil {
		return fmt.Errorf("test operation failed to decode path: %w", err)
	}
	want, err := op.value()
	if err != nil {
		return err
	}
	have := d.root
	if path != "" {
		p := d.find(path)
		if p == nil {
			return fmt.Errorf("test operation does not apply: is missing path: %s: %w", path, errMissing)
		}
		if have, err = p.get(); err != nil {
			return fmt.Errorf("error in test for path: '%s': %w", path, err)
		}
	}
	if !reflect.DeepEqual(have, want) {
		return fmt.Errorf("testing value %s failed: %w", path, errTest)
	}
	return nil
}

// place is a member of an object, or an element of a list.
type place struct {
	object map[string]any
	list   []any
	put    func(list []any) // stores the list when its length has changed
	key    string
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// find walks to the holder of a path's last part; nil where there is none.
func (d *document) find(path string) *place {
	parts := strings.Split(path, "/")
	if len(parts) < 2 {
		return nil
	}
	here, put := d.root, func(list []any) { d.root = list }
	for i, part := range parts[1:] {
		p := &place{put: put, key: unescape.Replace(part)}
		switch v := here.(type) {
		case map[string]any:
			p.object = v
		case []any:
			p.list = v
		default:
			return nil
		}
		if i == len(parts)-2 {
			return p
		}
		var err error
		if here, err = p.get(); err != nil {
			return nil
		}
		put = func(list []any) { p.set(list) }
	}
	return nil
}

// index is the element that the key means, among n.
func (p *place) index(n int) (int, error) {
	i, err := strconv.Atoi(p.key)
	if err != nil {
		return 0, err
	}
	if i >= n || i < -n {
		return 0, fmt.Errorf("Unable to access invalid index: %d: %w", i, errIndex)
	}
	if i < 0 {
		i += n
	}
	return i, nil
}

// get reads the value; a member that is not there reads as null.
func (p *place) get() (any, error) {
	if p.object != nil {
		return p.object[p.key], nil
	}
	i, err := p.index(len(p.list))
	if err != nil {
		return nil, err
	}
	return p.list[i], nil
}

// set writes a value where get reads one.
func (p *place) set(value any) {
	if p.object != nil {
		p.object[p.key] = value
		return
	}
	if i, err := p.index(len(p.list)); err == nil {
		p.list[i] = value
	}
}

func (p *place) add(value any) error {
	if p.object != nil {
		p.object[p.key] = value
		return nil
	}
	i := len(p.list)
	if p.key != "-" {
		var err error
		if _, err = strconv.Atoi(p.key); err != nil {
			return fmt.Errorf("value was not a proper array index: '%s': %w", p.key, err)
		}
		if i, err = p.index(len(p.list) + 1); err != nil {
			return err
		}
	}
	p.put(append(p.list[:i:i], append([]any{value}, p.list[i:]...)...))
	return nil
}

func (p *place) remove() error {
	if p.object != nil {
		if _, ok := p.object[p.key]; !ok {
			return fmt.Errorf("Unable to remove nonexistent key: %s: %w", p.key, errMissing)
		}
		delete(p.object, p.key)
		return nil
	}
	i, err := p.index(len(p.list))
	if err != nil {
		return err
	}
	p.put(append(p.list[:i:i], p.list[i+1:]...))
	return nil
}
