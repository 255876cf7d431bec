package terminal

// startSearch is Ctrl-R (or Ctrl-S) at the prompt.
func (t *Terminal) startSearch(forward bool) {
	e := &t.edit
	t.search = &search{at: len(t.history.lines), forward: forward, prompt: e.prompt, before: snapshot{append([]rune(nil), e.text...), e.pos}}
	t.showSearch()
}

func (t *Terminal) showSearch() {
	s := t.search
	name := "reverse-i-search"
	if s.forward {
		name = "i-search"
	}
	if s.failed {
		name = "failed " + name
	}
	t.edit.prompt = "(" + name + ")`" + string(s.query) + "': "
	t.draw()
}

// searchKey takes a key during a search; false where the search has ended and the key means what it means otherwise.
func (t *Terminal) searchKey(k key) bool {
	s := t.search
	switch k.name {
	case "":
		s.query = append(s.query, k.r)
		t.searchFrom(s.at)
	case "backspace", "C-h":
		if len(s.query) > 0 {
			s.query = s.query[:len(s.query)-1]
		}
		t.searchFrom(len(t.history.lines) - 1)
	case "C-r", "C-s":
		s.forward = k.name == "C-s"
		step := -1
		if s.forward {
			step = 1
		}
		t.searchFrom(s.at + step)
	case "C-g":
		t.edit.text, t.edit.pos = s.before.text, s.before.pos
		t.endSearch()
	case "C-c":
		t.endSearch()
		return false
	default:
		t.endSearch()
		return k.name == "C-["
	}
	return true
}

func (t *Terminal) searchFrom(from int) {
	s := t.search
	if from >= len(t.history.lines) {
		from = len(t.history.lines) - 1
	}
	if len(s.query) == 0 {
		s.failed = false
		t.showSearch()
		return
	}
	if t.history.find(s, from) {
		t.edit.set(t.history.lines[s.at])
		t.edit.pos = index(t.edit.text, s.query)
	} else {
		t.bell()
	}
	t.showSearch()
}

func index(text, part []rune) int {
	for i := 0; i+len(part) <= len(text); i++ {
		if string(text[i:i+len(part)]) == string(part) {
			return i
		}
	}
	return 0
}

func (t *Terminal) endSearch() {
	t.edit.prompt = t.search.prompt
	if t.search.at < len(t.history.lines) {
		t.history.at = t.search.at
	}
	t.search = nil
	t.draw()
}
