package terminal

import "unicode/utf8"

// key is one key press: a character, or a named key.
type key struct {
	r    rune
	name string // "up", "M-b", "C-a", "paste" …; "" for a character
	text string // of a paste
}

// decoder turns bytes into keys. Sequences that it does not know are swallowed whole.
type decoder struct {
	buf   []byte
	paste []byte
	in    bool // in a bracketed paste
}

// longestPaste bounds one paste.
const longestPaste = 4 << 20

var pasteEnd = []byte("\x1b[201~")

func (d *decoder) feed(b byte, emit func(key)) {
	if d.in {
		if len(d.paste) < longestPaste {
			d.paste = append(d.paste, b)
		}
		if n := len(d.paste) - len(pasteEnd); n >= 0 && string(d.paste[n:]) == string(pasteEnd) {
			text := string(d.paste[:n])
			d.in, d.paste = false, nil
			emit(key{name: "paste", text: text})
		}
		return
	}
	d.buf = append(d.buf, b)
	k, n, ok := decode(d.buf)
	if !ok && len(d.buf) < 32 {
		return
	}
	d.buf = d.buf[:0]
	if k.name == "paste-begin" {
		d.in = true
		return
	}
	if n > 0 && (k.name != "" || k.r != 0) {
		emit(k)
	}
}

// settle is called when no more bytes have come: a lone ESC is the Escape key.
func (d *decoder) settle(emit func(key)) {
	if !d.in && len(d.buf) == 1 && d.buf[0] == 27 {
		return // Meta, and the key of it comes later, as readline waits too
	}
}

// decode reads one key from the beginning of b; ok is false where more bytes are needed.
func decode(b []byte) (k key, n int, ok bool) {
	switch c := b[0]; {
	case c == 27:
		return decodeEscape(b)
	case c == 127:
		return key{name: "backspace"}, 1, true
	case c > 26 && c < 32:
		return key{name: "C-" + string(rune(c|0x40))}, 1, true
	case c < 32:
		return key{name: "C-" + string(rune(c|0x60))}, 1, true
	case c < utf8.RuneSelf:
		return key{r: rune(c)}, 1, true
	}
	if !utf8.FullRune(b) {
		return key{}, 0, false
	}
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size == 1 {
		return key{}, 1, true // a byte that is no text
	}
	return key{r: r}, size, true
}

func decodeEscape(b []byte) (k key, n int, ok bool) {
	if len(b) == 1 {
		return key{}, 0, false
	}
	switch b[1] {
	case '[':
		for i := 2; i < len(b); i++ {
			if b[i] >= 0x40 && b[i] <= 0x7e && !(i == 2 && b[i] == '[') {
				return key{name: csi[string(b[2:i+1])]}, i + 1, true
			}
		}
		return key{}, 0, false
	case 'O':
		if len(b) < 3 {
			return key{}, 0, false
		}
		return key{name: csi[string(b[2:3])]}, 3, true
	case 27:
		if len(b) == 2 {
			return key{}, 0, false
		}
		k, n, ok := decodeEscape(b[1:])
		return k, n + 1, ok
	case 127, 8:
		return key{name: "M-backspace"}, 2, true
	}
	if !utf8.FullRune(b[1:]) {
		return key{}, 0, false
	}
	r, size := utf8.DecodeRune(b[1:])
	if r < 32 {
		return key{name: "M-C-" + string(r|0x60)}, 1 + size, true
	}
	return key{name: "M-" + string(r)}, 1 + size, true
}

// csi names the keys by what follows ESC [ or ESC O.
var csi = map[string]string{
	"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end",
	"1~": "home", "4~": "end", "7~": "home", "8~": "end", "3~": "delete", "5~": "page-up", "6~": "page-down",
	"1;5C": "M-f", "1;5D": "M-b", "1;3C": "M-f", "1;3D": "M-b", "5C": "M-f", "5D": "M-b",
	"3;5~": "M-d", "3;3~": "M-d", "Z": "S-tab", "200~": "paste-begin",
	"1;5H": "home", "1;5F": "end", "1;2C": "right", "1;2D": "left", "1;2A": "up", "1;2B": "down",
}
