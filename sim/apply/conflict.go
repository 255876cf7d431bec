package apply

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
)

// without drops the conflicts about fields that may be taken.
func without(conflicts merge.Conflicts, allowed *fieldpath.Set) merge.Conflicts {
	return slices.DeleteFunc(slices.Clone(conflicts), func(c merge.Conflict) bool { return allowed.Has(c.Path) })
}

// conflictError tells a client what it would take from whom.
func conflictError(conflicts merge.Conflicts) error {
	var causes []metav1.StatusCause
	for _, c := range conflicts {
		causes = append(causes, metav1.StatusCause{
			Type: metav1.CauseTypeFieldManagerConflict, Message: "conflict with " + spell(c.Manager), Field: c.Path.String(),
		})
	}
	return apierrors.NewApplyConflict(causes, describe(conflicts))
}

func describe(conflicts merge.Conflicts) string {
	if len(conflicts) == 1 {
		return fmt.Sprintf("Apply failed with 1 conflict: conflict with %v: %v", spell(conflicts[0].Manager), conflicts[0].Path)
	}
	paths := map[string][]fieldpath.Path{}
	var managers []string
	for _, c := range conflicts {
		if paths[c.Manager] == nil {
			managers = append(managers, c.Manager)
		}
		paths[c.Manager] = append(paths[c.Manager], c.Path)
	}
	sort.Strings(managers)
	var lines []string
	for _, manager := range managers {
		lines = append(lines, fmt.Sprintf("conflicts with %v:", spell(manager)))
		for _, path := range paths[manager] {
			lines = append(lines, fmt.Sprintf("- %v", path))
		}
	}
	return fmt.Sprintf("Apply failed with %d conflicts: %s", len(conflicts), strings.Join(lines, "\n"))
}

// spell names a manager by its identity.
func spell(id string) string {
	var e metav1.ManagedFieldsEntry
	if err := json.Unmarshal([]byte(id), &e); err != nil {
		return fmt.Sprintf("%q", id)
	}
	text := fmt.Sprintf("%q", e.Manager)
	if e.Subresource != "" {
		text += fmt.Sprintf(" with subresource %q", e.Subresource)
	}
	if e.Operation != metav1.ManagedFieldsOperationUpdate {
		return text
	}
	text += " using " + e.APIVersion
	if e.Time != nil {
		text += " at " + e.Time.UTC().Format(time.RFC3339)
	}
	return text
}
