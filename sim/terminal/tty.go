package terminal

import (
	"bytes"
	"context"
	"io"
	"unicode/utf8"
)

// tty is the terminal as a running command has it: input comes in lines that are echoed and can be corrected, output
// gets its carriage returns.
type tty struct {
	t     *Terminal
	line  []byte // being typed
	ready []byte // entered
	eof   int    // how often Ctrl-D was pressed on an empty line and not yet read
	left  bool   // the last thing written was that the other screen is left: the program knew of the interruption
	col0  bool   // the last thing written was a newline
	raw   bool   // keys go to the command one by one, and what it writes to the screen as it is
}

// tooLong bounds what may be typed ahead.
const tooLong = 16 << 20

func (d *tty) reset() { *d = tty{t: d.t, col0: true} }

// unread is what was typed and not read by the command.
func (d *tty) unread() []byte {
	keys := append(d.ready, d.line...)
	for i, b := range keys {
		if b == '\n' {
			keys[i] = '\r'
		}
	}
	d.ready, d.line = nil, nil
	return keys
}

// Raw leaves everything to the command, or ends that.
func (d *tty) Raw(on bool) { d.raw = on }

func (d *tty) input(keys []byte) {
	if d.raw {
		if len(d.ready) < tooLong {
			d.ready = append(d.ready, keys...)
		}
		return
	}
	for i, b := range keys {
		switch b {
		case 3, 28: // ^C, ^\
			d.echo("^" + string(rune(b+'@')))
			d.line, d.ready = nil, nil
			d.t.cancel()
			d.line = append(d.line, keys[i+1:]...)
			d.t.out.flush()
			return
		case 4:
			if len(d.line) == 0 {
				d.eof++
			} else {
				d.ready, d.line = append(d.ready, d.line...), nil
			}
		case '\r', '\n':
			d.echo("\r\n")
			d.ready, d.line = append(append(d.ready, d.line...), '\n'), nil
		case 8, 127:
			d.erase()
		case 21: // ^U
			for len(d.line) > 0 {
				d.erase()
			}
		case 26: // ^Z
			d.echo("^Z")
			d.line, d.ready = append([]byte(nil), keys[i+1:]...), nil
			d.t.stop()
			d.t.out.flush()
			return
		default:
			if len(d.line)+len(d.ready) >= tooLong {
				d.echo("\a")
				continue
			}
			d.line = append(d.line, b)
			d.echo(visible(b))
		}
	}
	d.t.out.flush()
}

func visible(b byte) string {
	if b < 32 && b != '\t' {
		return "^" + string(rune(b+'@'))
	}
	return string([]byte{b})
}

func (d *tty) erase() {
	if len(d.line) == 0 {
		return
	}
	r, size := utf8.DecodeLastRune(d.line)
	d.line = d.line[:len(d.line)-size]
	n := width(r)
	if r < 32 {
		n = 2
	}
	for range n {
		d.echo("\b \b")
	}
}

func (d *tty) echo(s string) { d.t.out.writeString(s) }

// Read implements io.Reader for the command's task: one line, or the end where Ctrl-D was pressed.
func (d *tty) Read(p []byte) (int, error) { return d.ReadContext(context.Background(), p) }

// ReadContext is Read that ends with ctx.
func (d *tty) ReadContext(ctx context.Context, p []byte) (int, error) {
	d.t.out.flush()
	if err := d.t.c.Tasks.WaitUntil(ctx, func() bool { return len(d.ready) > 0 || d.eof > 0 || d.t.closed }); err != nil {
		return 0, err
	}
	if len(d.ready) == 0 {
		d.eof = max(d.eof-1, 0)
		return 0, io.EOF
	}
	n := len(d.ready)
	for i, b := range d.ready {
		if b == '\n' && !d.raw {
			n = i + 1
			break
		}
	}
	n = copy(p, d.ready[:n])
	d.ready = d.ready[n:]
	return n, nil
}

// Write implements io.Writer.
func (d *tty) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	out := d.t.out.buf
	for _, b := range p {
		if b == '\n' && !d.raw {
			out = append(out, '\r')
		}
		out = append(out, b)
	}
	d.t.out.buf = out
	d.col0 = p[len(p)-1] == '\n'
	d.left = bytes.HasSuffix(p, []byte("\x1b[?1049l"))
	d.t.out.flush()
	return len(p), nil
}

// endLine is what bash does after a command was interrupted: the prompt begins on a line of its own.
func (d *tty) endLine() {
	if d.left {
		return
	}
	d.t.out.writeString("\r\n")
	d.col0 = true
}

// IsTerminal tells commands that they are in front of a person.
func (d *tty) IsTerminal() bool { return true }

// Size is the screen's size.
func (d *tty) Size() (cols, rows int) { return d.t.cols, d.t.rows }
