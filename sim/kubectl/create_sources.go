package kubectl

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// addFunc takes one key of a ConfigMap or Secret.
type addFunc func(key string, value []byte, isFile bool) error

func fromLiterals(literals []string, add addFunc) error {
	for _, l := range literals {
		key, value, ok := strings.Cut(l, "=")
		if !ok || key == "" {
			return fmt.Errorf("invalid literal source %v, expected key=value", l)
		}
		if err := add(key, []byte(value), false); err != nil {
			return err
		}
	}
	return nil
}

// splitSource reads [key=]path; the key is the file's name where it is left out.
func splitSource(source string) (key, file string, err error) {
	switch n := strings.Count(source, "="); {
	case n == 0:
		return path.Base(source), source, nil
	case n == 1 && strings.HasPrefix(source, "="):
		return "", "", fmt.Errorf("key name for file path %v missing", strings.TrimPrefix(source, "="))
	case n == 1 && strings.HasSuffix(source, "="):
		return "", "", fmt.Errorf("file path for key name %v missing", strings.TrimSuffix(source, "="))
	case n > 1:
		return "", "", errors.New("key names or file paths cannot contain '='")
	}
	key, file, _ = strings.Cut(source, "=")
	return key, file, nil
}

// bare is what went wrong with a file without the name, which the caller has said.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// fromFiles adds files, and the files directly in directories.
func (f *Factory) fromFiles(sources []string, add addFunc) error {
	addFile := func(key, name string) error {
		data, err := f.Files.ReadFile(name)
		if err != nil {
			return err
		}
		return add(key, data, true)
	}
	for _, source := range sources {
		key, name, err := splitSource(source)
		if err != nil {
			return err
		}
		fi, err := f.Files.Stat(name)
		if err != nil {
			return fmt.Errorf("error reading %s: %v", name, bare(err))
		}
		if !fi.IsDir() {
			if err := addFile(key, name); err != nil {
				return err
			}
			continue
		}
		if strings.Contains(source, "=") {
			return errors.New("cannot give a key name for a directory path")
		}
		entries, err := f.Files.ReadDir(name)
		if err != nil {
			return fmt.Errorf("error listing files in %s: %v", name, err)
		}
		for _, e := range entries {
			if !e.Type().IsRegular() {
				continue
			}
			if err := addFile(e.Name(), path.Join(name, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// fromEnvFiles adds the lines KEY=value of files; a KEY alone takes its value from the environment.
func (f *Factory) fromEnvFiles(names []string, what string, add addFunc) error {
	for _, name := range names {
		fi, err := f.Files.Stat(name)
		if err != nil {
			return fmt.Errorf("error reading %s: %v", name, bare(err))
		}
		if fi.IsDir() {
			return fmt.Errorf("env %s file cannot be a directory", what)
		}
		data, err := f.Files.ReadFile(name)
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		for n := 0; lines.Scan(); n++ {
			key, value, err := f.envLine(lines.Bytes(), name, n)
			if err != nil {
				return err
			}
			if key == "" {
				continue
			}
			if err := add(key, []byte(value), false); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Factory) envLine(line []byte, name string, n int) (key, value string, err error) {
	if !utf8.Valid(line) {
		return "", "", fmt.Errorf("env file %s contains invalid utf8 bytes at line %d: %v", name, n+1, line)
	}
	if n == 0 {
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	line = bytes.TrimLeftFunc(line, unicode.IsSpace)
	if len(line) == 0 || line[0] == '#' {
		return "", "", nil
	}
	key, value, ok := strings.Cut(string(line), "=")
	if errs := validation.IsEnvVarName(key); len(errs) > 0 {
		return "", "", fmt.Errorf("%q is not a valid key name: %s", key, strings.Join(errs, ";"))
	}
	if !ok {
		value = f.Getenv(key)
	}
	return key, value, nil
}

func configMapHash(cm *corev1.ConfigMap) string {
	m := map[string]any{"kind": "ConfigMap", "name": cm.Name, "data": cm.Data}
	if len(cm.BinaryData) > 0 {
		m["binaryData"] = cm.BinaryData
	}
	return contentHash(m)
}

func secretHash(s *corev1.Secret) string {
	return contentHash(map[string]any{"kind": "Secret", "type": s.Type, "name": s.Name, "data": s.Data})
}

// contentHash is ten characters of a digest that form no words.
func contentHash(m map[string]any) string {
	data, _ := json.Marshal(m)
	sum := fmt.Sprintf("%x", sha256.Sum256(data))[:10]
	return strings.NewReplacer("0", "g", "1", "h", "3", "k", "a", "m", "e", "t").Replace(sum)
}
