package kubectl

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/kubeconfig"
)

// errExit ends a command with exit code 1 and no message.
var errExit = errors.New("exit")

// verbatim is printed as it is, without "error: ".
type verbatim string

func (v verbatim) Error() string { return string(v) }

// exitError ends a command with a code of its own; an empty message prints nothing.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// usageErrorf is a mistake in the arguments of cmd, with the hint where to read on.
func usageErrorf(cmd *cobra.Command, format string, args ...any) error {
	return fmt.Errorf("%s\nSee '%s -h' for help and examples", fmt.Sprintf(format, args...), cmd.CommandPath())
}

// notSimulated is the answer to what is recognised and not simulated.
func notSimulated(what string) error {
	return fmt.Errorf("terrarium recognises %q but does not simulate it", what)
}

// withSource prefixes a refusal with what was being done to which file, where there is one.
func withSource(doing, source string, err error) error {
	if source == "" {
		return err
	}
	if se, ok := err.(apierrors.APIStatus); ok {
		status := se.Status()
		status.Message = fmt.Sprintf("error when %s %q: %v", doing, source, status.Message)
		return &apierrors.StatusError{ErrStatus: status}
	}
	return fmt.Errorf("error when %s %q: %v", doing, source, err)
}

// report prints err as kubectl does and returns the exit code.
func (f *Factory) report(err error) int {
	if err == nil {
		return 0
	}
	code := 1
	if e, ok := err.(exitError); ok {
		code = e.code
		if e.err == nil {
			return code
		}
		err = e.err
	}
	if err == errExit {
		return code
	}
	f.traceError(err)
	msg := errorText(err)
	if msg != "" && !strings.HasSuffix(msg, "\n") {
		msg += "\n"
	}
	io.WriteString(f.ErrOut, msg)
	return code
}

func errorText(err error) string {
	if agg, ok := err.(utilerrors.Aggregate); ok && len(agg.Errors()) == 1 {
		err = agg.Errors()[0]
	}
	if invalid, ok := err.(kubeconfig.InvalidError); ok && len(invalid) == 1 {
		err = invalid[0]
	}
	switch e := err.(type) {
	case verbatim:
		return string(e)
	case *apierrors.StatusError:
		if e.ErrStatus.Reason == metav1.StatusReasonInvalid {
			return invalidText(e.ErrStatus)
		}
	case *meta.NoResourceMatchError:
		return noResourceText(e.PartialResource)
	case kubeconfig.InvalidError:
		return multilineError("Error in configuration: ", e)
	case kubeconfig.ContextNotFoundError:
		return "Error in configuration: " + e.Error()
	case utilerrors.Aggregate:
		var b strings.Builder
		for _, err := range e.Errors() {
			fmt.Fprintln(&b, messageFor(err))
		}
		return b.String()
	}
	if msg, ok := standardMessage(err); ok {
		return msg
	}
	msg := err.Error()
	if !strings.HasPrefix(msg, "error: ") {
		msg = "error: " + msg
	}
	return msg
}

func noResourceText(r schema.GroupVersionResource) string {
	text := fmt.Sprintf("the server doesn't have a resource type %q", r.Resource)
	switch {
	case r.Group != "" && r.Version != "":
		text += fmt.Sprintf(" in group %q and version %q", r.Group, r.Version)
	case r.Group != "":
		text += fmt.Sprintf(" in group %q", r.Group)
	case r.Version != "":
		text += fmt.Sprintf(" in version %q", r.Version)
	}
	return text
}

// invalidText is the form of a validation error: one line, or a list of causes.
func invalidText(s metav1.Status) string {
	text := "The request is invalid"
	d := s.Details
	if d == nil {
		if s.Message != "" {
			text += ": " + s.Message
		}
		return text
	}
	if d.Kind != "" || d.Name != "" {
		text = fmt.Sprintf("The %s %q is invalid", d.Kind, d.Name)
	} else if s.Message != "" && len(d.Causes) == 0 {
		text += ": " + s.Message
	}
	if len(d.Causes) == 0 {
		return text
	}
	seen := map[string]bool{}
	var errs []error
	for _, c := range d.Causes {
		if line := c.Field + ": " + c.Message; !seen[line] {
			seen[line] = true
			errs = append(errs, errors.New(line))
		}
	}
	return multilineError(text+": ", utilerrors.NewAggregate(errs))
}

// multilineError gives each of several errors a line of its own, and one error the line of the prefix.
func multilineError(prefix string, err error) string {
	agg, ok := err.(interface{ Errors() []error })
	if !ok {
		return fmt.Sprintf("%s%s\n", prefix, err)
	}
	errs := agg.Errors()
	if len(errs) == 1 {
		return fmt.Sprintf("%s%v\n", prefix, messageFor(errs[0]))
	}
	var b strings.Builder
	fmt.Fprintln(&b, prefix)
	for _, e := range errs {
		fmt.Fprintf(&b, "* %v\n", messageFor(e))
	}
	return b.String()
}

func messageFor(err error) string {
	if msg, ok := standardMessage(err); ok {
		return msg
	}
	return err.Error()
}

// standardMessage words what a server said, and that it could not be reached.
func standardMessage(err error) (string, bool) {
	switch e := err.(type) {
	case apierrors.APIStatus:
		switch s := e.Status(); {
		case s.Reason == metav1.StatusReasonUnauthorized:
			return fmt.Sprintf("error: You must be logged in to the server (%s)", s.Message), true
		case s.Reason != "":
			return fmt.Sprintf("Error from server (%s): %s", s.Reason, err.Error()), true
		}
		return "Error from server: " + err.Error(), true
	case *url.Error:
		if strings.Contains(e.Err.Error(), "connection refused") {
			host := e.URL
			if u, err := url.Parse(e.URL); err == nil {
				host = u.Host
			}
			return fmt.Sprintf("The connection to the server %s was refused - did you specify the right host or port?", host), true
		}
		return fmt.Sprintf("Unable to connect to the server: %v", e.Err), true
	}
	return "", false
}

func warningsError(n int) error {
	if n == 1 {
		return fmt.Errorf("%d warning received", n)
	}
	return fmt.Errorf("%d warnings received", n)
}
