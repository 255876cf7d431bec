package terminal

import "strings"

// key takes one key press at the prompt.
func (t *Terminal) key(k key) {
	if t.running { // the key before started something: this one has to wait
		t.ahead = append(t.ahead, raw(k)...)
		return
	}
	if t.asking != nil {
		t.answer(k)
		return
	}
	if t.search != nil && t.searchKey(k) {
		return
	}
	e := &t.edit
	killing, yanked, tabs, args := e.killing, e.yanked, t.tabs, t.history.args
	e.killing, e.yanked, t.tabs, t.history.args = false, 0, 0, 0
	if t.quote {
		t.quote = false
		t.literal(k)
		return
	}
	switch k.name {
	case "":
		t.typed(k.r)
	case "paste":
		e.save()
		e.insert([]rune(clean(k.text)))
		t.draw()
	case "C-i":
		t.tabs = tabs + 1
		t.complete()
	case "M-.", "M-_":
		t.history.args = args
		t.lastArgument()
	case "M-y":
		t.drawIf(e.yankPop(yanked))
	default:
		if t.control(k.name) || t.move(k.name) || t.change(k.name, killing) {
			return
		}
		if strings.HasPrefix(k.name, "C-") {
			t.bell()
		}
	}
}

func (t *Terminal) typed(r rune) {
	e := &t.edit
	if len(e.undo) == 0 || r == ' ' {
		e.save()
	}
	t.insertOne(r)
}

func (t *Terminal) insertOne(r rune) {
	e := &t.edit
	if e.pos < len(e.text) {
		e.insert([]rune{r})
		t.draw()
		return
	}
	e.insert([]rune{r})
	t.append(r)
}

// raw is the bytes that make a key, for keys that have to be read again.
func raw(k key) []byte {
	switch {
	case k.name == "":
		return []byte(string(k.r))
	case k.name == "paste":
		return []byte("\x1b[200~" + k.text + "\x1b[201~")
	case k.name == "backspace":
		return []byte{127}
	case strings.HasPrefix(k.name, "C-"):
		return []byte{k.name[2] & 0x1f}
	case strings.HasPrefix(k.name, "M-"):
		return []byte("\x1b" + k.name[2:])
	}
	for seq, name := range map[string]string{"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "3~": "delete"} {
		if name == k.name {
			return []byte("\x1b[" + seq)
		}
	}
	return nil
}

// clean makes pasted text fit for a line: newlines are kept, other control characters are not.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.ToValidUTF8(s, "")
	return strings.Map(func(r rune) rune {
		if r < 32 && r != '\n' && r != '\t' || r == 127 {
			return -1
		}
		return r
	}, s)
}

func (t *Terminal) literal(k key) {
	switch b := raw(k); {
	case k.name == "":
		t.insertOne(k.r)
	case len(b) > 0:
		t.edit.insert([]rune(string(b)))
		t.draw()
	}
}

// control takes the keys that are about the line as a whole.
func (t *Terminal) control(name string) bool {
	switch name {
	case "C-m", "C-j":
		t.enter()
	case "C-c":
		t.interrupt()
	case "C-d":
		if len(t.edit.text) > 0 {
			return false
		}
		t.endOfInput()
	case "C-l":
		t.clearScreen()
	case "C-r", "C-s":
		t.startSearch(name == "C-s")
	case "C-g":
		t.edit.set("")
		t.bell()
		t.draw()
	case "C-q", "C-v":
		t.quote = true
	case "M-#":
		t.edit.moveTo(0)
		t.edit.insert([]rune("#"))
		t.enter()
	default:
		return false
	}
	return true
}

// move takes the keys that move the cursor, in the line or in the history.
func (t *Terminal) move(name string) bool {
	e := &t.edit
	to := e.pos
	switch name {
	case "C-a", "home":
		to = 0
	case "C-e", "end":
		to = len(e.text)
	case "C-b", "left":
		to--
	case "C-f", "right":
		to++
	case "M-b":
		to = e.wordStart()
	case "M-f":
		to = e.wordEnd()
	case "up", "C-p":
		t.recall(t.history.at - 1)
		return true
	case "down", "C-n":
		t.recall(t.history.at + 1)
		return true
	case "M-<":
		t.recall(0)
		return true
	case "M->":
		t.recall(len(t.history.lines))
		return true
	default:
		return false
	}
	if to < 0 || to > len(e.text) {
		t.bell()
		return true
	}
	e.pos = to
	t.draw()
	return true
}

func (t *Terminal) recall(i int) {
	line, ok := t.history.walk(i, string(t.edit.text))
	if !ok {
		t.bell()
		return
	}
	t.edit.set(line)
	t.edit.undo = nil
	t.draw()
}

// change takes the keys that change the text.
func (t *Terminal) change(name string, killing bool) bool {
	e := &t.edit
	kill := func(from, to int, forward bool) {
		e.kill(from, to, forward, killing)
		e.killing = true
		t.draw()
	}
	switch name {
	case "C-d", "delete":
		if e.pos == len(e.text) {
			t.bell()
			return true
		}
		e.save()
		e.replace(e.pos, e.pos+1, nil)
		t.draw()
	case "backspace", "C-h":
		if e.pos == 0 {
			t.bell()
			return true
		}
		e.save()
		e.replace(e.pos-1, e.pos, nil)
		t.draw()
	case "C-k":
		kill(e.pos, len(e.text), true)
	case "C-u":
		kill(0, e.pos, false)
	case "C-w":
		kill(e.blankStart(), e.pos, false)
	case "M-backspace", "M-C-h":
		kill(e.wordStart(), e.pos, false)
	case "M-d":
		kill(e.pos, e.wordEnd(), true)
	case "C-y":
		t.drawIf(e.yank())
	case "C-t":
		t.drawIf(e.transpose())
	case "C-_":
		t.drawIf(e.undoOne())
	case "M-u":
		e.recase(strings.ToUpper)
		t.draw()
	case "M-l":
		e.recase(strings.ToLower)
		t.draw()
	case "M-c":
		e.recase(capitalize)
		t.draw()
	default:
		return false
	}
	return true
}

func (t *Terminal) drawIf(changed bool) {
	if changed {
		t.draw()
	} else {
		t.bell()
	}
}

// lastArgument is M-.: the last word of the line before, and, pressed again, of the one before that.
func (t *Terminal) lastArgument() {
	h, e := &t.history, &t.edit
	word, ok := h.lastArg(h.args + 1)
	if !ok {
		t.bell()
		return
	}
	from := e.pos
	if h.args > 0 {
		old, _ := h.lastArg(h.args)
		from = max(0, e.pos-len([]rune(old)))
	} else {
		e.save()
	}
	h.args++
	e.replace(from, e.pos, []rune(word))
	t.draw()
}
