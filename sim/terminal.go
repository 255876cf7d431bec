package sim

import (
	"context"
	"path"
	"sort"
	"strconv"
	"strings"

	"terrarium/sim/session"
	"terrarium/sim/shell"
	"terrarium/sim/terminal"
)

// TerminalConfig is how a host shows the cluster's terminal.
type TerminalConfig struct {
	Out        func([]byte) // what is to be drawn, in order; called with the cluster's lock held
	Cols, Rows int
	// Exit is called when the login shell has been left; nil starts over with a new prompt.
	Exit func()
}

// Terminal is the keyboard's side of the login shell. While a command waits there, virtual time passes only as the
// host lets it.
type Terminal struct{ c *Cluster }

// Terminal starts the login shell. There is one terminal; a second call puts another screen in its place.
func (c *Cluster) Terminal(config TerminalConfig) *Terminal {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.terminal != nil {
		c.terminal.Close()
	}
	c.login = c.newShell(c.tasks, "login", 1)
	c.login.SetInteractive(true)
	c.login.SetPrompt(prompt)
	c.terminal = terminal.New(terminal.Config{
		Shell: loginShell{c.login}, Tasks: c.tasks, Out: config.Out, Cols: config.Cols, Rows: config.Rows,
		Complete: c.complete,
		Line:     func(line string) { c.record(session.Entry{Line: &line}) },
		Keys:     func(keys []byte) { c.record(session.Entry{Input: append([]byte(nil), keys...)}) },
		Exit:     config.Exit,
	})
	return &Terminal{c}
}

// Input takes keys at the present instant.
func (t *Terminal) Input(keys []byte) {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.c.input(keys)
}

func (c *Cluster) input(keys []byte) {
	c.terminal.Input(keys)
	c.advanceTo(c.clock.Now())
}

// Resize says how large the screen is now.
func (t *Terminal) Resize(cols, rows int) {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.c.terminal.Resize(cols, rows)
}

// Busy reports whether a command runs.
func (t *Terminal) Busy() bool {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	return t.c.terminal.Busy()
}

// loginShell is a shell as the terminal wants it.
type loginShell struct{ *shell.Shell }

// prompt is PS1 as on the machines of lesson sites: `controlplane:~$ `.
const prompt = `\[\e[1;32m\]\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ `

// Prompt is PS1, behind what there is to say about jobs.
func (s loginShell) Prompt() string { return s.JobNotices() + s.Shell.Prompt() }

// complete finds what the word before the cursor could become: a kubectl word, a command, a variable or a file.
func (c *Cluster) complete(ctx context.Context, line string, pos int) terminal.Completion {
	before := string([]rune(line)[:pos])
	words, start := commandWords(before)
	word := words[len(words)-1]
	done := terminal.Completion{Start: len([]rune(before[:start]))}
	switch {
	case strings.HasPrefix(word, "$") && !strings.Contains(word, "/"):
		for _, name := range c.login.VariableNames(strings.TrimPrefix(word, "$")) {
			done.Candidates = append(done.Candidates, terminal.Candidate{Text: "$" + name})
		}
		return done
	case len(words) == 1 && !strings.Contains(word, "/"):
		for _, name := range c.login.CommandNames(word) {
			done.Candidates = append(done.Candidates, terminal.Candidate{Text: name})
		}
		return done
	}
	if args, ok := c.asKubectl(words); ok && !afterRedirect(before[:start]) {
		if c.kubectlWords(ctx, args, &done) {
			return done
		}
	}
	onlyDirs := words[0] == "cd" || words[0] == "pushd" || words[0] == "rmdir"
	c.fileNames(word, onlyDirs, &done)
	return done
}

// asKubectl resolves aliases in front of the words; ok says that they are kubectl's.
func (c *Cluster) asKubectl(words []string) ([]string, bool) {
	for range 5 {
		text, ok := c.login.Alias(words[0])
		if !ok {
			break
		}
		words = append(strings.Fields(text), words[1:]...)
	}
	return words[1:], path.Base(words[0]) == "kubectl" && len(words) > 1
}

// kubectlWords asks kubectl; false where it leaves the word to file names.
func (c *Cluster) kubectlWords(ctx context.Context, args []string, done *terminal.Completion) bool {
	lines := c.completeKubectl(ctx, args)
	directive := 0
	if n := len(lines); n > 0 && strings.HasPrefix(lines[n-1], ":") {
		directive, _ = strconv.Atoi(lines[n-1][1:])
		lines = lines[:n-1]
	}
	const noSpace, noFile, byExtension, onlyDirs = 2, 4, 8, 16
	if directive&(byExtension|onlyDirs) != 0 {
		return false
	}
	// The value of --option=value is completed alone.
	word, option := args[len(args)-1], ""
	if at := strings.IndexByte(word, '='); at >= 0 && strings.HasPrefix(word, "-") {
		option, word = word[:at+1], word[at+1:]
	}
	for _, l := range lines {
		text, description, _ := strings.Cut(l, "\t")
		if strings.HasPrefix(text, word) && text != "" {
			done.Candidates = append(done.Candidates, terminal.Candidate{Text: option + text, Description: description})
		}
	}
	done.NoSpace = directive&noSpace != 0
	return len(done.Candidates) > 0 || directive&noFile != 0
}

func (c *Cluster) fileNames(word string, onlyDirs bool, done *terminal.Completion) {
	prefix := ""
	if at := strings.LastIndexByte(word, '='); at >= 0 && strings.HasPrefix(word, "-") {
		prefix, word = word[:at+1], word[at+1:]
	}
	dir, base := path.Split(word)
	look := dir
	if look == "~/" || strings.HasPrefix(look, "~/") {
		look = home + look[1:]
	}
	if !path.IsAbs(look) {
		look = path.Join(c.login.Dir(), look)
	}
	entries, err := c.fs.ReadDir(look)
	if err != nil {
		return
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || strings.HasPrefix(name, ".") && base == "" {
			continue
		}
		if info, err := c.fs.Stat(path.Join(look, name)); err == nil && info.IsDir() {
			name += "/"
		} else if onlyDirs {
			continue
		}
		done.Candidates = append(done.Candidates, terminal.Candidate{Text: prefix + dir + escape(name), Label: name})
	}
	sort.Slice(done.Candidates, func(i, j int) bool { return done.Candidates[i].Text < done.Candidates[j].Text })
	if len(done.Candidates) == 1 && strings.HasSuffix(done.Candidates[0].Text, "/") {
		done.NoSpace = true
	}
}

// escape writes a file's name as one word of the shell.
func escape(name string) string {
	return strings.NewReplacer(" ", `\ `, "'", `\'`, `"`, `\"`, "&", `\&`, ";", `\;`, "(", `\(`, ")", `\)`, "$", `\$`).Replace(name)
}

// commandWords splits the last simple command of a line into words, the last of which (perhaps empty) is being typed
// and begins at byte start.
func commandWords(line string) (words []string, start int) {
	words = []string{""}
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		b := line[i]
		last := &words[len(words)-1]
		switch {
		case quote != 0 && b == quote:
			quote = 0
		case quote == 0 && (b == '\'' || b == '"'):
			quote = b
		case quote == 0 && b == '\\' && i+1 < len(line):
			i++
			*last += string(line[i])
		case quote == 0 && strings.IndexByte(" \t<>", b) >= 0:
			if *last != "" {
				words = append(words, "")
			}
			start = i + 1
		case quote == 0 && strings.IndexByte("|;&(\n`{", b) >= 0:
			words, start = []string{""}, i+1
		default:
			*last += string(b)
		}
	}
	for len(words) > 1 && leadsOn(words[0]) {
		words = words[1:]
	}
	return words, start
}

// leadsOn tells words that a command follows: a variable in front of it, a keyword, a program that runs another.
func leadsOn(word string) bool {
	switch word {
	case "sudo", "time", "watch", "do", "then", "else", "!", "xargs", "exec":
		return true
	}
	name, _, ok := strings.Cut(word, "=")
	return ok && name != "" && !strings.ContainsAny(name, "-./")
}

func afterRedirect(before string) bool {
	before = strings.TrimRight(before, " \t")
	return strings.HasSuffix(before, ">") || strings.HasSuffix(before, "<")
}
