//go:build !js

package apiserver

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)

// Typed Go clients speak protobuf. The browser's build goes without: its size would grow by all the types' codecs.

type protobufWire struct{ s *protobuf.Serializer }

func binaryWire(s *Server) wire { return protobufWire{protobuf.NewSerializer(scheme{s}, scheme{s})} }

func (protobufWire) media() string { return "application/vnd.kubernetes.protobuf" }

func (w protobufWire) decode(data []byte, gvk *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	return w.s.Decode(data, gvk, into)
}

func (w protobufWire) speaks(obj runtime.Object) bool {
	_, ok := obj.(runtime.ProtobufMarshaller)
	return ok
}

func (w protobufWire) encode(obj any) ([]byte, error) {
	o, ok := obj.(runtime.Object)
	if !ok {
		return nil, fmt.Errorf("%T cannot be written as protobuf", obj)
	}
	var b bytes.Buffer
	err := w.s.Encode(o, &b)
	return b.Bytes(), err
}

// list fills the Go list type with the items.
func (w protobufWire) list(into runtime.Object, l *collection) runtime.Object {
	v := reflect.ValueOf(into).Elem()
	items := v.FieldByName("Items")
	items.Set(reflect.MakeSlice(items.Type(), len(l.Items), len(l.Items)))
	for i, item := range l.Items {
		items.Index(i).Set(reflect.ValueOf(item).Elem())
	}
	v.FieldByName("TypeMeta").Set(reflect.ValueOf(l.TypeMeta))
	v.FieldByName("ListMeta").Set(reflect.ValueOf(l.ListMeta))
	return into
}

// event is one frame of a watch: its length and a WatchEvent.
func (w protobufWire) event(kind string, obj runtime.Object) ([]byte, error) {
	data, err := w.encode(obj)
	if err != nil {
		return nil, err
	}
	e := metav1.WatchEvent{Type: kind, Object: runtime.RawExtension{Raw: data}}
	frame, err := e.Marshal()
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...), nil
}
