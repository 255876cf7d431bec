package kubectl

import (
	"bytes"
	"fmt"
	"strings"

	shellwords "github.com/mattn/go-shellwords"
	"sigs.k8s.io/yaml"
)

// launch puts text into a temporary file, runs the user's editor on it, and returns what is in the file then.
func (e *editor) launch(text []byte) (edited []byte, file string, err error) {
	file, err = e.tempFile("kubectl-edit-", e.extension(), text)
	if err != nil {
		return nil, "", err
	}
	argv, shown := e.editorCommand()
	if e.Edit == nil {
		return nil, file, fmt.Errorf("unable to launch the editor %q", shown)
	}
	if err := e.Edit(e.ctx, argv, file); err != nil {
		if e.ctx.Err() != nil {
			return nil, file, err
		}
		if strings.Contains(err.Error(), "executable file not found") {
			return nil, file, fmt.Errorf("unable to launch the editor %q", shown)
		}
		return nil, file, fmt.Errorf("there was a problem with the editor %q", shown)
	}
	edited, err = e.Files.ReadFile(file)
	return edited, file, err
}

// editorCommand is $KUBE_EDITOR, else $EDITOR, else vi; shown is what errors call it. A line with quotes is a shell's matter.
func (f *Factory) editorCommand() (argv []string, shown string) {
	line := f.Getenv("KUBE_EDITOR")
	if line == "" {
		line = f.Getenv("EDITOR")
	}
	if line == "" {
		line = "vi"
	}
	if !strings.ContainsAny(line, "\"'\\") {
		return strings.Split(line, " "), line
	}
	shell := f.Getenv("SHELL")
	if shell == "" {
		shell = "/bin/bash"
	}
	words, err := shellwords.Parse(line)
	if err != nil || len(words) == 0 {
		words = strings.Fields(line)
	}
	return words, shell + " -c " + line
}

// stripComments is the JSON of a YAML text; where it is no YAML, the text without the lines that are comments.
func stripComments(text []byte) []byte {
	if out, err := yaml.YAMLToJSON(text); err == nil {
		return out
	}
	return manualStrip(text)
}

func manualStrip(text []byte) []byte {
	var out []byte
	lines := bytes.SplitAfter(text, []byte("\n"))
	for _, line := range lines {
		trimmed := bytes.TrimSpace(line)
		if bytes.HasPrefix(trimmed, []byte("#")) && !bytes.HasPrefix(trimmed, []byte("#!")) {
			continue
		}
		out = append(out, line...)
	}
	return out
}

// hasLines says whether there is anything but blanks and comments.
func hasLines(text []byte) bool {
	for _, line := range bytes.Split(text, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return true
		}
	}
	return false
}
