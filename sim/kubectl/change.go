package kubectl

import (
	"fmt"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
	"terrarium/sim/patch"
)

// A change is what a command makes of one object.
type change struct {
	info  *resource.Info
	patch object.Object // strategic merge patch; empty where nothing differs
	err   error
}

// changes makes the change of each object. A mutation that does not apply to an object says so by false, and the object
// is left out.
func changes(infos []*resource.Info, mutate func(o object.Object) (applies bool, err error)) []change {
	var out []change
	for _, i := range infos {
		before := object.Copy(i.Object)
		applies, err := mutate(i.Object)
		switch {
		case err != nil:
			out = append(out, change{info: i, err: err})
		case applies:
			c := change{info: i}
			c.patch, c.err = twoWay(before, i.Object)
			out = append(out, c)
		}
	}
	return out
}

// twoWay is the patch that makes after of before, strategic where the kind is built in.
func twoWay(before, after object.Object) (object.Object, error) {
	if s := schemaFor(object.GVK(after)); s != nil {
		return patch.TwoWay(before, after, s)
	}
	return difference(before, after), nil
}

// send patches the object on the server and returns what it became.
func (c change) send(opts resource.Options) (object.Object, error) {
	body, err := object.Encode(c.patch)
	if err != nil {
		return nil, err
	}
	kind := rest.StrategicPatch
	if schemaFor(c.info.Resource.GVK()) == nil {
		kind = rest.MergePatch
	}
	return c.info.Patch(kind, body, opts)
}

// failure words why an object could not be changed.
func (c change) failure() error {
	return fmt.Errorf("error: %s %q %v", c.info.Resource.Full(), c.info.Name, c.err)
}

// infosOf reads all objects; what went wrong with some does not keep others from being changed.
func infosOf(r *resource.Result) (infos []*resource.Info, errs []error) {
	infos, err := r.Infos()
	if err != nil {
		if agg, ok := err.(utilerrors.Aggregate); ok {
			return infos, append(errs, agg.Errors()...)
		}
		errs = append(errs, err)
	}
	return infos, errs
}
