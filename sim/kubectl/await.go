package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// forever is how long kubectl waits where nobody says how long.
const forever = 168 * time.Hour

// errTimeout says that a time limit passed before what was waited for.
var errTimeout = errors.New("timed out waiting for the condition")

// errPodGone is a pod that disappeared while it was waited for.
var errPodGone = apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "")

// follow shows fn the object that i names as it is now, nil where it is not there, and then after each change, until fn returns true
// or the deadline has passed (errTimeout). The server ends watches at the deadline, so that time is only the server's.
func (f *Factory) follow(i *resource.Info, deadline time.Time, fn func(o object.Object) (done bool, err error)) error {
	for {
		list, err := f.listOne(i)
		if err != nil {
			return err
		}
		var now object.Object
		if items := object.Items(list); len(items) > 0 {
			now = items[0]
		}
		if done, err := fn(now); done || err != nil {
			return err
		}
		left := deadline.Sub(f.Now())
		if left <= 0 {
			return errTimeout
		}
		done, err := f.watchOne(i, object.ResourceVersion(list), left, fn)
		if done || err != nil && !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			return err
		}
		if !f.Now().Before(deadline) {
			return errTimeout
		}
	}
}

func oneQuery(i *resource.Info) url.Values {
	return url.Values{"fieldSelector": {"metadata.name=" + i.Name}}
}

func (f *Factory) listOne(i *resource.Info) (object.Object, error) {
	r, err := i.Resource.Request("GET", i.Namespace, "")
	if err != nil {
		return nil, err
	}
	r.Query = oneQuery(i)
	return i.Client().Object(f.ctx, r)
}

func (f *Factory) watchOne(i *resource.Info, version string, left time.Duration, fn func(object.Object) (bool, error)) (done bool, err error) {
	r, err := i.Resource.Request("GET", i.Namespace, "")
	if err != nil {
		return false, err
	}
	r.Query = oneQuery(i)
	r.Query.Set("resourceVersion", version)
	r.Query.Set("timeoutSeconds", strconv.FormatInt(int64((left+time.Second-1)/time.Second), 10))
	err = i.Client().Watch(f.ctx, r, func(e rest.Event) (bool, error) {
		o := e.Object
		if e.Type == "DELETED" {
			o = nil
		}
		var err error
		done, err = fn(o)
		return !done, err
	})
	return done, err
}

// awaitDeletions waits until the objects are gone, or others of the same names have taken their places.
func (f *Factory) awaitDeletions(infos []*resource.Info, uids map[string]string, timeout time.Duration) error {
	if timeout == 0 {
		timeout = forever
	}
	deadline := f.Now().Add(timeout)
	for _, i := range infos {
		o, err := i.Read()
		uid, known := uids[place(i)]
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return err
		case known && object.UID(o) != uid:
			continue
		}
		err = f.follow(i, deadline, func(o object.Object) (bool, error) {
			return o == nil || known && object.UID(o) != uid, nil
		})
		if errors.Is(err, errTimeout) {
			return fmt.Errorf("%v on %s", err, i.ObjectName())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
