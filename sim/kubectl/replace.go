package kubectl

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
)

// replacer is one `kubectl replace`.
type replacer struct {
	*Factory
	cmd       *cobra.Command
	args      []string
	files     resource.Filenames
	dry       dryRun
	validate  string
	printer   printers.Printer
	del       *deletion
	namespace string
	explicit  bool
}

func runReplace(f *Factory, cmd *cobra.Command, args []string) error {
	r := &replacer{Factory: f, cmd: cmd, args: args, files: filenames(cmd)}
	var err error
	if r.validate, err = validateFlag(cmd); err != nil {
		return err
	}
	if r.dry, err = f.dryRunFlag(cmd); err != nil {
		return err
	}
	if r.printer, err = f.printer(cmd, "replaced"+r.dry.suffix()); err != nil {
		return err
	}
	if r.del, err = f.newDeletion(cmd); err != nil {
		return err
	}
	r.del.ignoreNotFound, r.del.output = true, flagString(cmd, "output")
	if r.del.grace == 0 {
		r.del.grace, r.del.wait = 1, true
	}
	if err := r.files.Require(); err != nil {
		return err
	}
	if r.namespace, r.explicit, err = f.Namespace(); err != nil {
		return err
	}
	raw := flagString(cmd, "raw")
	if err := r.check(raw); err != nil {
		return err
	}
	switch {
	case raw != "":
		return f.rawBody("PUT", raw, r.files.Names[0])
	case r.del.force:
		return r.recreate()
	}
	return r.replace()
}

func (r *replacer) check(raw string) error {
	switch {
	case r.del.grace >= 0 && !r.del.force:
		return errors.New("--grace-period must have --force specified")
	case r.del.timeout != 0 && !r.del.force:
		return errors.New("--timeout must have --force specified")
	case r.del.force && r.dry != dryRunNone:
		return errors.New("--dry-run can not be used when --force is set")
	case raw == "":
		return nil
	case len(r.files.Names) != 1:
		return errors.New("--raw can only use a single local file or stdin")
	case strings.HasPrefix(r.files.Names[0], "http://") || strings.HasPrefix(r.files.Names[0], "https://"):
		return errors.New("--raw cannot read from a url")
	case r.files.Recursive:
		return errors.New("--raw and --recursive are mutually exclusive")
	case flagString(r.cmd, "output") != "":
		return errors.New("--raw and --output are mutually exclusive")
	}
	if _, err := url.ParseRequestURI(raw); err != nil {
		return fmt.Errorf("--raw must be a valid URL path: %v", err)
	}
	return nil
}

func (r *replacer) builder() *resource.Builder {
	b := r.Builder()
	b.ContinueOnError, b.DefaultNamespace, b.Flatten = true, true, true
	b.Namespace, b.EnforceNamespace, b.Filenames, b.Subresource = r.namespace, r.explicit, r.files, flagString(r.cmd, "subresource")
	return b
}

func (r *replacer) options() resource.Options {
	return resource.Options{DryRun: r.dry == dryRunServer, FieldManager: flagString(r.cmd, "field-manager"), FieldValidation: r.validate}
}

func (r *replacer) replace() error {
	b := r.builder()
	b.Validate = r.validate != "Ignore"
	return b.Do().Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		if err := annotate(flagBool(r.cmd, "save-config"), i.Object); err != nil {
			return withSource("replacing", i.Source, err)
		}
		r.recordCause(r.cmd, i.Object)
		if r.dry == dryRunClient {
			return r.printer.Print(i.Object, r.Out)
		}
		i.Subresource = b.Subresource
		stored, err := i.Replace(i.Object, true, r.options())
		if err != nil {
			return withSource("replacing", i.Source, err)
		}
		i.Refresh(stored)
		return r.printer.Print(i.Object, r.Out)
	})
}

// recreate deletes the objects, waits until they are gone, and creates them anew.
func (r *replacer) recreate() error {
	for n, name := range r.files.Names {
		if name != "-" {
			continue
		}
		data, err := io.ReadAll(r.In)
		if err != nil {
			return err
		}
		file, err := r.tempFile("kubectl_replace_", "resource.stdin", data)
		if err != nil {
			return err
		}
		defer r.Files.Remove(file)
		r.files.Names[n] = file
	}
	b := r.builder()
	b.Args, b.SkipRead = r.args, true
	found := b.Do()
	if err := found.Err(); err != nil {
		return err
	}
	if err := r.del.run(found); err != nil {
		return err
	}
	timeout := r.del.timeout
	if timeout == 0 {
		timeout = 5 * time.Minute
	}
	err := found.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		return r.pollGone(i, timeout)
	})
	if err != nil {
		return err
	}
	b = r.builder()
	b.Validate = r.validate != "Ignore"
	count := 0
	err = b.Do().Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		if err := annotate(flagBool(r.cmd, "save-config"), i.Object); err != nil {
			return err
		}
		r.recordCause(r.cmd, i.Object)
		object.Delete(i.Object, "metadata", "resourceVersion")
		i.Subresource = ""
		stored, err := i.Create(i.Object, r.options())
		if err != nil {
			return err
		}
		count++
		i.Refresh(stored)
		return r.printer.Print(i.Object, r.Out)
	})
	if err == nil && count == 0 {
		err = errors.New("no objects passed to replace")
	}
	return err
}

// pollGone asks each second whether the object is still there.
func (f *Factory) pollGone(i *resource.Info, timeout time.Duration) error {
	deadline := f.Now().Add(timeout)
	for {
		_, err := i.Read()
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if !f.Now().Add(time.Second).Before(deadline) && timeout > 0 {
			return errors.New("context deadline exceeded")
		}
		if err := f.Sleep(f.ctx, time.Second); err != nil {
			return err
		}
	}
}
