package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

func runScale(f *Factory, cmd *cobra.Command, args []string) error {
	run, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	p, err := f.printer(cmd, "scaled"+run.suffix())
	if err != nil {
		return err
	}
	namespace, enforce, err := f.Namespace()
	if err != nil {
		return err
	}
	replicas, current := flagInt(cmd, "replicas"), flagInt(cmd, "current-replicas")
	switch {
	case replicas < 0:
		return errors.New("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
	case current < -1:
		return errors.New("The --current-replicas must specify an integer of -1 or greater")
	}
	b := f.Builder()
	b.ContinueOnError, b.DefaultNamespace, b.Flatten = true, true, true
	b.Namespace, b.EnforceNamespace, b.Filenames = namespace, enforce, filenames(cmd)
	b.Labels, b.Args, b.AllowEmptySelector = flagString(cmd, "selector"), args, flagBool(cmd, "all")
	r := b.Do()
	if r.Err() != nil {
		return r.Err()
	}
	infos, infosErr := r.Infos()
	if len(infos) > 1 && flagString(cmd, "resource-version") != "" {
		return errors.New("cannot use --resource-version with multiple resources")
	}
	if len(infos) == 0 {
		if infosErr != nil {
			return infosErr
		}
		return errors.New("no objects passed to scale")
	}
	s := scaling{f: f, replicas: replicas, current: current, version: flagString(cmd, "resource-version"), run: run, timeout: flagDuration(cmd, "timeout")}
	for _, i := range infos {
		size := int64(replicas)
		if run != dryRunClient {
			if size, err = s.scale(i); err != nil {
				return err
			}
		}
		if gvk := object.GVK(i.Object); gvk.Group == "" || gvk.Group == "apps" {
			object.Set(i.Object, size, "spec", "replicas")
		}
		if run != dryRunClient {
			before := object.Copy(i.Object)
			if f.recordCause(cmd, i.Object); flagBool(cmd, "record") {
				_, _ = mergePatch(i, before, i.Object, resource.Options{})
			}
		}
		if err := p.Print(i.Object, f.Out); err != nil {
			return err
		}
	}
	return infosErr
}

type scaling struct {
	f                 *Factory
	replicas, current int // current is -1 where it does not matter
	version           string
	run               dryRun
	timeout           time.Duration
}

// scale sets the size through the scale subresource, again while others are in the way, and returns what it became.
func (s scaling) scale(i *resource.Info) (int64, error) {
	sub := *i
	sub.Subresource = "scale"
	deadline := s.f.Now().Add(5 * time.Minute)
	for {
		size, err := s.once(&sub)
		switch {
		case err == nil:
			if s.timeout != 0 && s.run == dryRunNone {
				return size, s.wait(&sub)
			}
			return size, nil
		case !apierrors.IsConflict(err):
			return 0, err
		case !s.f.Now().Before(deadline):
			return 0, errors.New("context deadline exceeded")
		}
		if err := s.f.Sleep(s.f.ctx, time.Second); err != nil {
			return 0, err
		}
	}
}

func (s scaling) once(i *resource.Info) (int64, error) {
	opts := resource.Options{DryRun: s.run == dryRunServer}
	var o object.Object
	if s.current == -1 && s.version == "" {
		body, err := json.Marshal(map[string]any{"spec": map[string]any{"replicas": s.replicas}})
		if err != nil {
			return 0, err
		}
		if o, err = i.Patch(rest.MergePatch, body, opts); err != nil {
			return 0, err
		}
	} else {
		now, err := s.read(i)
		if err != nil {
			return 0, err
		}
		size, _ := object.Int(now, "spec", "replicas")
		if s.current != -1 && int(size) != s.current {
			return 0, expected("replicas", strconv.Itoa(s.current), strconv.Itoa(int(size)))
		}
		if have := object.ResourceVersion(now); s.version != "" && have != s.version {
			return 0, expected("resource version", s.version, have)
		}
		object.Set(now, int64(s.replicas), "spec", "replicas")
		if o, err = i.Replace(now, false, opts); err != nil {
			return 0, err
		}
	}
	size, _ := object.Int(o, "spec", "replicas")
	return size, nil
}

func expected(what, want, have string) error {
	return fmt.Errorf("Expected %s to be %s, was %s", what, want, have)
}

func (s scaling) read(i *resource.Info) (object.Object, error) {
	r, err := i.Resource.Request("GET", i.Namespace, i.Name, "scale")
	if err != nil {
		return nil, err
	}
	return i.Client().Object(s.f.ctx, r)
}

// wait waits until the workload has the size, or somebody has asked for another.
func (s scaling) wait(i *resource.Info) error {
	deadline := s.f.Now().Add(s.timeout)
	for {
		o, err := s.read(i)
		if err != nil {
			return err
		}
		want, _ := object.Int(o, "spec", "replicas")
		have, _ := object.Int(o, "status", "replicas")
		if want != int64(s.replicas) || want == have {
			return nil
		}
		if !s.f.Now().Before(deadline) {
			return fmt.Errorf("timed out waiting for %q to be synced", i.Name)
		}
		if err := s.f.Sleep(s.f.ctx, time.Second); err != nil {
			return err
		}
	}
}
