package shell

import (
	"path"
	"strconv"
	"strings"
)

// Prompt is the text that asks for a line: PS1 with its escapes, or "host:dir$ " where PS1 is not set.
func (sh *Shell) Prompt() string {
	if ps1, ok := sh.main.lookup("PS1"); ok {
		return sh.promptText(ps1)
	}
	return sh.promptText(`\h:\w\$ `)
}

// SetPrompt sets PS1.
func (sh *Shell) SetPrompt(ps1 string) {
	v := sh.main.vars.make("PS1")
	v.set, v.str = true, ps1
}

// Prompt2 is the text that asks for the rest of a command.
func (sh *Shell) Prompt2() string {
	if ps2, ok := sh.main.lookup("PS2"); ok {
		return sh.promptText(ps2)
	}
	return "> "
}

// promptText expands the escapes of a prompt; \[ and \] vanish.
func (sh *Shell) promptText(s string) string {
	p := sh.main
	now := sh.machine.Now()
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'h':
			host, _, _ := strings.Cut(sh.hostname, ".")
			b.WriteString(host)
		case 'H':
			b.WriteString(sh.hostname)
		case 'u':
			b.WriteString(sh.user)
		case 'w':
			b.WriteString(p.shortHome(p.dir))
		case 'W':
			if dir := p.shortHome(p.dir); dir == "~" {
				b.WriteString("~")
			} else {
				b.WriteString(path.Base(p.dir))
			}
		case '$':
			// The learner is root, but the prompt is that of the lesson sites.
			b.WriteByte('$')
		case 's':
			b.WriteString("bash")
		case 'v':
			b.WriteString("5.2")
		case 'V':
			b.WriteString("5.2.21")
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'a':
			b.WriteByte(7)
		case 'e':
			b.WriteByte(27)
		case 't':
			b.WriteString(now.Format("15:04:05"))
		case 'T':
			b.WriteString(now.Format("03:04:05"))
		case '@':
			b.WriteString(now.Format("03:04 PM"))
		case 'A':
			b.WriteString(now.Format("15:04"))
		case 'd':
			b.WriteString(now.Format("Mon Jan 02"))
		case 'j':
			b.WriteString(strconv.Itoa(sh.Jobs()))
		case 'l':
			b.WriteString("pts/0")
		case '!', '#':
			b.WriteString(strconv.Itoa(len(sh.history) + 1))
		case '[', ']':
		case '0', '1', '2', '3':
			n, digits := number(s[i:], 8, 3)
			b.WriteByte(byte(n))
			i += digits - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return p.promptVars(b.String())
}

// promptVars expands parameters and substitutions in a prompt.
func (p *process) promptVars(s string) string {
	if !strings.ContainsAny(s, "$`") {
		return s
	}
	f, err := parse("x=\"" + strings.ReplaceAll(s, `"`, `\"`) + "\"")
	if err != nil || !p.sh.machine.Running() {
		return p.simpleVars(s)
	}
	out := s
	p.catch(func() {
		if as := assignOf(f); as != nil {
			out = p.word(as.Value)
		}
	})
	return out
}

// simpleVars replaces $NAME and ${NAME} alone.
func (p *process) simpleVars(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '$' && i+1 < len(s) && isNameByte(s[i+1], true) {
			end := i + 1
			for end < len(s) && isNameByte(s[end], false) {
				end++
			}
			b.WriteString(p.get(s[i+1 : end]))
			i = end - 1
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
