package kubectl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
	"terrarium/sim/patch"
)

type editMode int

const (
	editLive        editMode = iota // edit
	editLastApplied                 // apply edit-last-applied
	editNew                         // create --edit
)

// editor is one command that opens objects in an editor.
type editor struct {
	*Factory
	cmd         *cobra.Command
	mode        editMode
	namespace   string
	validate    string
	subresource string
	manager     string
	managed     map[string]any // managedFields by UID; they are not shown

	file    string     // with the last edit
	reasons [][]string // why the file is opened again
}

func runEdit(f *Factory, cmd *cobra.Command, args []string) error {
	return f.edit(cmd, args, editLive, flagString(cmd, "field-manager"))
}

func runApplyEditLastApplied(f *Factory, cmd *cobra.Command, args []string) error {
	return f.edit(cmd, args, editLastApplied, flagString(cmd, "field-manager"))
}

// editBeforeCreate opens the objects in the editor and creates what comes of them.
func (f *Factory) editBeforeCreate(cmd *cobra.Command) error {
	return f.edit(cmd, nil, editNew, "kubectl-create")
}

func (f *Factory) edit(cmd *cobra.Command, args []string, mode editMode, manager string) error {
	e := &editor{Factory: f, cmd: cmd, mode: mode, manager: manager, subresource: flagString(cmd, "subresource")}
	if flagBool(cmd, "output-patch") && mode != editLive {
		return errors.New("the edit mode doesn't support output the patch")
	}
	b := f.Builder()
	var err error
	if b.Namespace, b.EnforceNamespace, err = f.Namespace(); err != nil {
		return err
	}
	e.namespace = b.Namespace
	if mode != editNew {
		b.Args, b.AllowEmptySelector, b.Latest = args, true, true
	}
	b.Filenames, b.Subresource, b.DefaultNamespace, b.ContinueOnError, b.Flatten = filenames(cmd), e.subresource, true, true, true
	r := b.Do()
	if err := r.Err(); err != nil {
		return err
	}
	if e.validate, err = validateFlag(cmd); err != nil {
		return err
	}
	if mode == editNew {
		return r.Visit(func(i *resource.Info, err error) error {
			if err != nil {
				return err
			}
			return e.run([]*resource.Info{i})
		})
	}
	infos, err := r.Infos()
	if err != nil {
		return err
	}
	if mode == editLastApplied {
		if infos, err = e.lastApplied(infos); err != nil {
			return err
		}
	}
	if len(infos) == 0 {
		return errors.New("edit cancelled, no objects found")
	}
	return e.run(infos)
}

// lastApplied are the configurations that the objects carry.
func (e *editor) lastApplied(infos []*resource.Info) ([]*resource.Info, error) {
	var out []*resource.Info
	for _, i := range infos {
		text := object.String(i.Object, "metadata", "annotations", lastApplied)
		if text == "" {
			continue
		}
		parsed, err := e.parse([]byte(text))
		if err != nil {
			return nil, err
		}
		out = append(out, parsed[0])
	}
	if len(out) == 0 {
		return nil, errors.New("no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`")
	}
	return out, nil
}

func (e *editor) parse(data []byte) ([]*resource.Info, error) {
	b := e.Builder()
	b.Stream, b.StreamName, b.ContinueOnError, b.Flatten, b.Subresource = bytes.NewReader(data), "edited-file", true, true, e.subresource
	return b.Do().Infos()
}

// run opens the objects again and again until the server takes what was saved, or nothing more is changed.
func (e *editor) run(infos []*resource.Info) error {
	var original, edited []byte
	again := false
	e.file, e.reasons = "", nil
	for {
		var text bytes.Buffer
		if e.extension() == ".yaml" {
			e.header(&text)
		}
		if again {
			text.Write(manualStrip(edited))
		} else {
			if err := e.show(infos, &text); err != nil {
				return e.preserved(err, e.file)
			}
			original = append([]byte(nil), text.Bytes()...)
		}
		before := edited
		var file string
		var err error
		edited, file, err = e.launch(text.Bytes())
		if err != nil {
			return e.preserved(err, e.file)
		}
		if again && bytes.Equal(stripComments(before), stripComments(edited)) {
			return e.preserved(errors.New("Edit cancelled, no valid changes were saved."), file)
		}
		if e.file != "" {
			e.Files.Remove(e.file)
		}
		e.file, e.reasons = file, nil
		done, err := e.take(infos, original, edited)
		if done || err != nil {
			return err
		}
		again = true
	}
}

// take carries out what was saved; done is false where the file has to be opened again.
func (e *editor) take(infos []*resource.Info, original, edited []byte) (done bool, err error) {
	if e.validate != "Ignore" {
		if err := resource.Validate(stripComments(edited)); err != nil {
			invalid := apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{field.Invalid(nil, "The edited file failed validation", err.Error())})
			fmt.Fprintln(e.ErrOut, e.refused(invalid, infos[0], new(outcome)))
			return false, nil
		}
	}
	if bytes.Equal(stripComments(original), stripComments(edited)) {
		e.Files.Remove(e.file)
		fmt.Fprintln(e.ErrOut, "Edit cancelled, no changes made.")
		return true, nil
	}
	if !hasLines(edited) {
		e.Files.Remove(e.file)
		fmt.Fprintln(e.ErrOut, "Edit cancelled, saved file was empty.")
		return true, nil
	}
	updated, err := e.parse(edited)
	if err != nil {
		e.reasons = append(e.reasons, []string{fmt.Sprintf("The edited file had a syntax error: %v", err)})
		return false, nil
	}
	e.restoreManagedFields(updated)
	e.restoreManagedFields(infos)
	var got outcome
	if err := e.carryOut(infos, updated, &got); err != nil {
		return false, e.preserved(err, e.file)
	}
	switch {
	case got.retryable > 0:
		fmt.Fprintf(e.ErrOut, "You can run `kubectl replace -f %s` to try this update again.\n", e.file)
		return true, errExit
	case got.missing > 0:
		fmt.Fprintf(e.ErrOut, "The edits you made on deleted resources have been saved to %q\n", e.file)
		return true, errExit
	case got.invalid == 0:
		e.Files.Remove(e.file)
		return true, nil
	}
	return false, nil
}

// outcome counts what the server refused.
type outcome struct{ invalid, missing, retryable int }

func (e *editor) carryOut(infos, updated []*resource.Info, got *outcome) error {
	for _, i := range updated {
		if err := i.RequireNamespace(e.namespace); err != nil {
			return err
		}
	}
	for _, i := range updated {
		if flagBool(e.cmd, "save-config") {
			if err := annotate(true, i.Object); err != nil {
				return err
			}
		}
		e.recordCause(e.cmd, i.Object)
	}
	for _, i := range updated {
		var err error
		if e.mode == editNew {
			err = e.create(i)
		} else {
			err = e.change(infos, i, got)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *editor) options() resource.Options {
	return resource.Options{FieldManager: e.manager, FieldValidation: e.validate}
}

func (e *editor) create(i *resource.Info) error {
	object.Delete(i.Object, "metadata", "resourceVersion")
	stored, err := i.Create(i.Object, e.options())
	if err != nil {
		return err
	}
	i.Refresh(stored)
	return e.print(i, "created")
}

func (e *editor) print(i *resource.Info, done string) error {
	p, err := e.printer(e.cmd, done)
	if err != nil {
		return err
	}
	return p.Print(i.Object, e.Out)
}

// change patches the live object, or its last applied configuration, to what was saved.
func (e *editor) change(infos []*resource.Info, i *resource.Info, got *outcome) error {
	var was *resource.Info
	for _, o := range infos {
		if object.UID(o.Object) == object.UID(i.Object) {
			was = o
			break
		}
	}
	if was == nil {
		return fmt.Errorf("no original object found for &unstructured.Unstructured{Object:%#v}", i.Object)
	}
	before, err := object.Encode(was.Object)
	if err != nil {
		return err
	}
	after, err := object.Encode(i.Object)
	if err != nil {
		return err
	}
	if bytes.Equal(before, after) {
		return e.print(i, "skipped")
	}
	i.Subresource = e.subresource
	if e.mode == editLastApplied {
		change, _, err := lastAppliedPatch(i.Object)
		if err != nil {
			return err
		}
		if i.Namespaced() {
			i.Namespace = e.namespace
		}
		if _, err := i.Patch(rest.MergePatch, change, e.options()); err != nil {
			return err
		}
		return e.print(i, "edited")
	}
	kind, change, err := editPatch(was.Object, i)
	if err != nil {
		return err
	}
	if flagBool(e.cmd, "output-patch") {
		fmt.Fprintf(e.Out, "Patch: %s\n", change)
	}
	patched, err := i.Patch(kind, change, e.options())
	if err != nil {
		if e.ctx.Err() != nil {
			return err
		}
		fmt.Fprintln(e.ErrOut, e.refused(err, i, got))
		return nil
	}
	i.Refresh(patched)
	return e.print(i, "edited")
}

// editPatch is the patch from one state of an object to another.
func editPatch(was object.Object, i *resource.Info) (kind string, change []byte, err error) {
	var m map[string]any
	if s := schemaFor(i.Resource.GVK()); s != nil {
		kind = rest.StrategicPatch
		if m, err = patch.TwoWay(was, i.Object, s); err != nil {
			return "", nil, err
		}
	} else {
		kind, m = rest.MergePatch, patch.DiffJSON(was, i.Object)
	}
	if _, managed := m["managedFields"]; managed || identityChanged(m) {
		return "", nil, errIdentityChanged
	}
	change, err = json.Marshal(m)
	return kind, change, err
}

// refused notes why the server did not take a change, and words it.
func (e *editor) refused(err error, i *resource.Info, got *outcome) string {
	what := fmt.Sprintf("%s %q", i.Resource.Full(), i.Name)
	switch {
	case apierrors.IsInvalid(err):
		got.invalid++
		reason := []string{what + " was not valid"}
		if se, ok := err.(apierrors.APIStatus); ok && se.Status().Details != nil {
			for _, c := range se.Status().Details.Causes {
				reason = append(reason, c.Field+": "+c.Message)
			}
		}
		e.reasons = append(e.reasons, reason)
		return "error: " + what + " is invalid"
	case apierrors.IsNotFound(err):
		got.missing++
		return "error: " + what + " could not be found on the server"
	}
	got.retryable++
	return fmt.Sprintf("error: %s could not be patched: %v", what, err)
}

func (e *editor) extension() string {
	if flagString(e.cmd, "output") == "json" {
		return ".json"
	}
	return ".yaml"
}

// show writes the objects as they are edited: without managedFields, several as a list.
func (e *editor) show(infos []*resource.Info, text *bytes.Buffer) error {
	e.managed = map[string]any{}
	var items []any
	for _, i := range infos {
		meta := object.Map(i.Object, "metadata")
		if fields, has := meta["managedFields"]; has {
			e.managed[object.UID(i.Object)] = fields
			delete(meta, "managedFields")
		}
		items = append(items, i.Object)
	}
	o := infos[0].Object
	if len(infos) > 1 {
		o = object.Object{"kind": "List", "apiVersion": "v1", "metadata": object.Object{}, "items": items}
	}
	format := flagString(e.cmd, "output")
	if format == "" {
		format = "yaml"
	}
	var p printers.Printer = e.structured(output{managedFields: true}, format)
	if p == nil {
		return noPrinter(format, []string{"json", "yaml", "kyaml"})
	}
	return p.Print(o, text)
}

func (e *editor) restoreManagedFields(infos []*resource.Info) {
	for _, i := range infos {
		if fields, has := e.managed[object.UID(i.Object)]; has {
			object.Set(i.Object, fields, "metadata", "managedFields")
		}
	}
}

func (e *editor) header(w *bytes.Buffer) {
	if e.mode == editLastApplied {
		w.WriteString("# Please edit the 'last-applied-configuration' annotations below.\n" +
			"# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n#\n")
	} else {
		w.WriteString("# Please edit the object below. Lines beginning with a '#' will be ignored,\n" +
			"# and an empty file will abort the edit. If an error occurs while saving this file will be\n" +
			"# reopened with the relevant failures.\n#\n")
	}
	for _, r := range e.reasons {
		end := ""
		if len(r) > 1 {
			end = ":"
		}
		fmt.Fprintf(w, "# %s%s\n", commented(r[0]), end)
		for _, other := range r[1:] {
			fmt.Fprintf(w, "# * %s\n", commented(other))
		}
		w.WriteString("#\n")
	}
}

// commented puts # before the further lines of a text.
func commented(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r == '\n' && i+1 < len(s) && s[i+1] != '#' {
			b.WriteString("\n# ")
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// preserved tells where the edited file is, if it still is.
func (e *editor) preserved(err error, file string) error {
	if file != "" {
		if _, statErr := e.Files.Stat(file); statErr == nil {
			fmt.Fprintf(e.ErrOut, "A copy of your changes has been stored to %q\n", file)
		}
	}
	return err
}
