package kubectl

import (
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
	"terrarium/sim/patch"
)

var errIdentityChanged = errors.New("At least one of apiVersion, kind and name was changed")

// patcher brings a live object to what a configuration says, leaving alone what neither it nor the last applied one mentions.
type patcher struct {
	*Factory
	info      *resource.Info
	modified  object.Object // the configuration
	overwrite bool
	options   resource.Options
	local     bool // nothing is sent
	force     bool // an object that cannot be patched is deleted and made anew
	del       *deletion
	lock      bool // patch only the revision that was read
}

// patch returns the patch beside the object that came of it. On a conflict it reads the object anew and tries again.
func (p *patcher) patch(live object.Object) (change []byte, patched object.Object, err error) {
	change, patched, err = p.once(live)
	if p.local {
		return change, patched, err
	}
	for try := 1; try <= 5 && apierrors.IsConflict(err); try++ {
		if try > 1 {
			if err := p.Sleep(p.ctx, time.Second); err != nil {
				return nil, nil, err
			}
		}
		var readErr error
		if live, readErr = p.info.Read(); readErr != nil {
			return nil, nil, readErr
		}
		change, patched, err = p.once(live)
	}
	switch {
	case err == nil:
		return change, patched, nil
	case p.force && (apierrors.IsConflict(err) || apierrors.IsInvalid(err)):
		return p.recreate(live)
	}
	return change, patched, withSource("patching", p.info.Source, err)
}

func (p *patcher) once(live object.Object) ([]byte, object.Object, error) {
	kind, change, err := p.compute(live)
	if err != nil {
		return nil, nil, err
	}
	data, err := compact(change)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case string(data) == "{}":
		return data, live, nil
	case p.local:
		patched, err := patchLocally(live, kind, data)
		if err != nil {
			return nil, nil, fmt.Errorf("applying patch locally: %w", err)
		}
		return data, patched, nil
	case p.lock:
		object.Set(change, object.ResourceVersion(live), "metadata", "resourceVersion")
		if data, err = compact(change); err != nil {
			return nil, nil, err
		}
	}
	patched, err := p.info.Patch(kind, data, p.options)
	return data, patched, err
}

// compute is the three-way patch: strategic for built-in kinds, JSON merge for others.
func (p *patcher) compute(live object.Object) (kind string, change map[string]any, err error) {
	original := object.Object{}
	text := object.String(live, "metadata", "annotations", lastApplied)
	if text != "" {
		if original, err = object.Decode([]byte(text)); err != nil {
			return "", nil, p.failed(live, text, errors.New("invalid JSON document"))
		}
	}
	s := schemaFor(p.info.Resource.GVK())
	if s == nil {
		change = patch.ThreeWayJSON(original, object.Copy(p.modified), live)
		if identityChanged(change) {
			return "", nil, p.failed(live, text, errIdentityChanged)
		}
		return rest.MergePatch, change, nil
	}
	change, err = patch.ThreeWay(original, p.modified, live, s, p.overwrite)
	var conflict *patch.ErrConflict
	if errors.As(err, &conflict) {
		ours, _ := yamlOf(conflict.Patch)
		theirs, _ := yamlOf(conflict.Changed)
		err = fmt.Errorf("patch:\n%s\nconflicts with changes made from original to current:\n%s\n", ours, theirs)
	}
	if err != nil {
		// kubectl asks the server's OpenAPI twice before it falls back on the types that it was built with.
		for _, spec := range []string{"openapi v3", "openapi"} {
			fmt.Fprintf(p.ErrOut, "warning: error calculating patch from %s spec: %v\n", spec, err)
		}
		return "", nil, p.failed(live, text, err)
	}
	return rest.StrategicPatch, change, nil
}

func (p *patcher) failed(live object.Object, original string, err error) error {
	modified, _ := object.Encode(p.modified)
	current, _ := object.Encode(live)
	return fmt.Errorf("creating patch with:\noriginal:\n%s\nmodified:\n%s\ncurrent:\n%s\nfor: %w", original, modified, current, err)
}

func identityChanged(change map[string]any) bool {
	_, version := change["apiVersion"]
	_, kind := change["kind"]
	_, name := object.Get(change, "metadata", "name")
	return version || kind || name
}

// recreate deletes the object and makes it as the configuration says; where that fails, as it was.
func (p *patcher) recreate(live object.Object) ([]byte, object.Object, error) {
	modified, err := object.Encode(p.modified)
	if err != nil {
		return nil, nil, err
	}
	if _, err := p.info.Delete(p.del.options()); err != nil {
		return modified, nil, err
	}
	if err := p.pollGone(p.info, p.del.timeout); err != nil {
		return modified, nil, err
	}
	created, err := p.info.Create(p.modified, p.options)
	if err == nil {
		return modified, created, nil
	}
	object.Delete(live, "metadata", "resourceVersion")
	restored, again := p.info.Create(live, p.options)
	if again != nil {
		return modified, nil, fmt.Errorf("An error occurred force-replacing the existing object with the newly provided one:\n\n%v.\n\nAdditionally, an error occurred attempting to restore the original object:\n\n%v", err, strings.TrimSpace(again.Error()))
	}
	return modified, restored, err
}
