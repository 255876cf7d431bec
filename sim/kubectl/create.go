package kubectl

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

func runCreate(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf(cmd, "Unexpected args: %v", args)
	}
	dry, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	validate, err := validateFlag(cmd)
	if err != nil {
		return err
	}
	printer, err := f.printer(cmd, "created"+dry.suffix())
	if err != nil {
		return err
	}
	files := filenames(cmd)
	if err := files.Require(); err != nil {
		return err
	}
	if raw := flagString(cmd, "raw"); raw != "" {
		if err := checkRaw(cmd, raw, files); err != nil {
			return err
		}
		return f.rawBody("POST", raw, files.Names[0])
	}
	if flagBool(cmd, "edit") {
		return f.editBeforeCreate(cmd)
	}
	b := f.Builder()
	if b.Namespace, b.EnforceNamespace, err = f.Namespace(); err != nil {
		return err
	}
	b.Filenames, b.Labels, b.Validate = files, flagString(cmd, "selector"), validate != "Ignore"
	b.ContinueOnError, b.DefaultNamespace, b.Flatten = true, true, true
	r := b.Do()
	if err := r.Err(); err != nil {
		return err
	}
	count := 0
	err = r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		if err := annotate(flagBool(cmd, "save-config"), i.Object); err != nil {
			return withSource("creating", i.Source, err)
		}
		f.recordCause(cmd, i.Object)
		if dry != dryRunClient {
			object.Delete(i.Object, "metadata", "resourceVersion")
			stored, err := i.Create(i.Object, resource.Options{DryRun: dry == dryRunServer, FieldManager: flagString(cmd, "field-manager"), FieldValidation: validate})
			if err != nil {
				return withSource("creating", i.Source, err)
			}
			i.Refresh(stored)
		}
		count++
		return printer.Print(i.Object, f.Out)
	})
	if err == nil && count == 0 {
		err = errors.New("no objects passed to create")
	}
	return err
}

// checkRaw is what --raw of create, replace and delete cannot be combined with.
func checkRaw(cmd *cobra.Command, raw string, files resource.Filenames) error {
	switch {
	case flagBool(cmd, "edit"):
		return errors.New("--raw and --edit are mutually exclusive")
	case len(files.Names) != 1:
		return errors.New("--raw can only use a single local file or stdin")
	case strings.HasPrefix(files.Names[0], "http://") || strings.HasPrefix(files.Names[0], "https://"):
		return errors.New("--raw cannot read from a url")
	case files.Recursive:
		return errors.New("--raw and --recursive are mutually exclusive")
	case flagString(cmd, "selector") != "":
		return errors.New("--raw and --selector (-l) are mutually exclusive")
	case flagString(cmd, "output") != "":
		return errors.New("--raw and --output are mutually exclusive")
	}
	if _, err := url.ParseRequestURI(raw); err != nil {
		return fmt.Errorf("--raw must be a valid URL path: %v", err)
	}
	return nil
}

// rawBody sends a file, or standard input, to uri and copies the answer.
func (f *Factory) rawBody(verb, uri, name string) error {
	data, err := f.readFileOrStdin(name)
	if err != nil {
		return err
	}
	return f.rawRequest(rest.Request{Verb: verb, Body: data}, uri)
}

func (f *Factory) readFileOrStdin(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(f.In)
	}
	return f.Files.ReadFile(name)
}
