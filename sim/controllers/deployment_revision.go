package controllers

import (
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
)

const (
	revisionAnnotation        = "deployment.kubernetes.io/revision"
	revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history"
	desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas"
	maxReplicasAnnotation     = "deployment.kubernetes.io/max-replicas"

	longestRevisionHistory = 2000
)

// revisionOf is 0 where the replica set has no readable revision.
func revisionOf(rs *appsv1.ReplicaSet) int64 {
	n, err := strconv.ParseInt(rs.Annotations[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func maxRevision(sets []*appsv1.ReplicaSet) int64 {
	most := int64(0)
	for _, rs := range sets {
		most = max(most, revisionOf(rs))
	}
	return most
}

func byRevision(a, b *appsv1.ReplicaSet) int {
	if ra, rb := revisionOf(a), revisionOf(b); ra != rb {
		if ra < rb {
			return -1
		}
		return 1
	}
	return byCreation(a, b)
}

func setRevision(d *appsv1.Deployment, revision string) bool {
	if d.Annotations[revisionAnnotation] == revision {
		return false
	}
	if d.Annotations == nil {
		d.Annotations = map[string]string{}
	}
	d.Annotations[revisionAnnotation] = revision
	return true
}

// annotateReplicaSet copies the deployment's annotations to rs and raises its revision, keeping the former one in
// the history. A replica set that is about to be created also gets the sizes. It tells whether anything changed.
func annotateReplicaSet(d *appsv1.Deployment, rs *appsv1.ReplicaSet, revision int64, exists bool) bool {
	if rs.Annotations == nil {
		rs.Annotations = map[string]string{}
	}
	changed := copyAnnotations(d.Annotations, rs.Annotations)
	old, had := rs.Annotations[revisionAnnotation]
	oldNumber, err := strconv.ParseInt(old, 10, 64)
	if err != nil && old != "" {
		return false
	}
	if oldNumber < revision {
		rs.Annotations[revisionAnnotation] = strconv.FormatInt(revision, 10)
		if had {
			appendHistory(rs.Annotations, old)
		}
		changed = true
	}
	if !exists && annotateSize(rs, d) {
		changed = true
	}
	return changed
}

func appendHistory(annotations map[string]string, old string) {
	history := annotations[revisionHistoryAnnotation]
	if history == "" {
		annotations[revisionHistoryAnnotation] = old
		return
	}
	revisions := strings.Split(history, ",")
	length := len(history) + 1 + len(old)
	for length > longestRevisionHistory && len(revisions) > 0 {
		length -= len(revisions[0]) + 1
		revisions = revisions[1:]
	}
	if length <= longestRevisionHistory {
		annotations[revisionHistoryAnnotation] = strings.Join(append(revisions, old), ",")
	}
}

func copyAnnotations(from, to map[string]string) bool {
	changed := false
	for key, value := range from {
		switch key {
		case v1.LastAppliedConfigAnnotation, revisionAnnotation, revisionHistoryAnnotation,
			desiredReplicasAnnotation, maxReplicasAnnotation, appsv1.DeprecatedRollbackTo:
			continue
		}
		if have, ok := to[key]; !ok || have != value {
			to[key] = value
			changed = true
		}
	}
	return changed
}

// annotateSize notes on rs for which size of the deployment it is sized.
func annotateSize(rs *appsv1.ReplicaSet, d *appsv1.Deployment) bool {
	changed := false
	if rs.Annotations == nil {
		rs.Annotations = map[string]string{}
	}
	for key, n := range map[string]int32{
		desiredReplicasAnnotation: *d.Spec.Replicas,
		maxReplicasAnnotation:     *d.Spec.Replicas + maxSurge(d),
	} {
		if value := strconv.Itoa(int(n)); rs.Annotations[key] != value {
			rs.Annotations[key] = value
			changed = true
		}
	}
	return changed
}

func numberAnnotation(rs *appsv1.ReplicaSet, key string) (int32, bool) {
	n, err := strconv.ParseInt(rs.Annotations[key], 10, 32)
	if err != nil || n < 0 {
		return 0, false
	}
	return int32(n), true
}
