package controllers

import (
	"encoding/json"
	"hash/fnv"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/rand"

	"terrarium/sim/api"
)

// templatePatch is what a ControllerRevision keeps of a workload: a strategic merge patch that restores its template.
func templatePatch(template *v1.PodTemplateSpec) ([]byte, error) {
	data, err := json.Marshal(template)
	if err != nil {
		return nil, err
	}
	var t map[string]any
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	t["$patch"] = "replace"
	return json.Marshal(map[string]any{"spec": map[string]any{"template": t}})
}

// templateOf is the template that a ControllerRevision keeps.
func templateOf(r *appsv1.ControllerRevision) (v1.PodTemplateSpec, error) {
	var patch struct {
		Spec struct {
			Template v1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	err := json.Unmarshal(r.Data.Raw, &patch)
	return patch.Spec.Template, err
}

// revisionHash is the hash in the name of a StatefulSet's revision.
func revisionHash(data []byte, collisions int32) string {
	h := fnv.New32()
	h.Write(data)
	h.Write([]byte(strconv.Itoa(int(collisions))))
	return rand.SafeEncodeString(strconv.FormatUint(uint64(h.Sum32()), 10))
}

func revisionName(owner, hash string) string {
	const longest = 223
	return owner[:min(len(owner), longest)] + "-" + hash
}

// revisions are those of the owner, oldest first.
func (b *base) revisions(owner metav1.Object, kind schema.GroupVersionKind, selector labels.Selector) ([]*appsv1.ControllerRevision, error) {
	all, err := api.List[appsv1.ControllerRevision](b.client, owner.GetNamespace(), nil)
	if err != nil {
		return nil, err
	}
	own, err := claim(b.client, owner, kind, selector, all)
	slices.SortStableFunc(own, func(a, b *appsv1.ControllerRevision) int {
		if a.Revision != b.Revision {
			return int(a.Revision - b.Revision)
		}
		return a.CreationTimestamp.Time.Compare(b.CreationTimestamp.Time)
	})
	return own, err
}

// setRevisionNumber makes a revision that is used again the latest one.
func (b *base) setRevisionNumber(r *appsv1.ControllerRevision, number int64) (*appsv1.ControllerRevision, error) {
	if r.Revision == number {
		return r, nil
	}
	r = r.DeepCopy()
	r.Revision = number
	return api.Update(b.client, r)
}

// truncateHistory deletes the oldest revisions beyond the limit that no pod has.
func (b *base) truncateHistory(old []*appsv1.ControllerRevision, limit *int32, live func(*appsv1.ControllerRevision) bool) error {
	if limit == nil {
		return nil
	}
	old = slices.DeleteFunc(slices.Clone(old), live)
	for len(old) > int(*limit) {
		if err := api.Delete[appsv1.ControllerRevision](b.client, old[0].Namespace, old[0].Name, nil); ignoreMissing(err) != nil {
			return err
		}
		old = old[1:]
	}
	return nil
}

func newRevision(owner metav1.Object, kind schema.GroupVersionKind, name string, labels, annotations map[string]string, data []byte, number int64) *appsv1.ControllerRevision {
	return &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: owner.GetNamespace(), Name: name, Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, kind)},
		},
		Data:     runtime.RawExtension{Raw: data},
		Revision: number,
	}
}
