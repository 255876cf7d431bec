package containers

import "io"

// Input is the standard input of a container's first process: what those write who are attached to it, one after the
// other. Reading waits where nobody is.
type Input struct {
	// Once says that the first who is attached is the last: when they have no more, it ends.
	Once bool
	// Wait parks the reader until signal can be received from. Whoever starts a process that reads sets it; without, there
	// is nothing to read.
	Wait func(signal <-chan struct{}) error

	// Attached is called when somebody has been attached, where it is not nil.
	Attached func()

	source  io.Reader
	ended   bool
	changed chan struct{}
}

// Attach lets the process read from r until detach is called or r ends. Who was attached before is no more.
func (in *Input) Attach(r io.Reader) (detach func()) {
	in.source = r
	in.tell()
	if in.Attached != nil {
		in.Attached()
	}
	return func() {
		if in.source == r {
			in.end()
		}
	}
}

func (in *Input) end() {
	in.source = nil
	in.ended = in.ended || in.Once
	in.tell()
}

func (in *Input) tell() {
	select {
	case in.signal() <- struct{}{}:
	default:
	}
}

func (in *Input) signal() chan struct{} {
	if in.changed == nil {
		in.changed = make(chan struct{}, 1)
	}
	return in.changed
}

// Read implements io.Reader.
func (in *Input) Read(p []byte) (int, error) {
	for {
		switch source := in.source; {
		case in.ended:
			return 0, io.EOF
		case source != nil:
			n, err := source.Read(p)
			if err != nil && in.source == source {
				in.end()
			}
			if n > 0 {
				return n, nil
			}
		case in.Wait == nil:
			return 0, io.EOF
		default:
			if err := in.Wait(in.signal()); err != nil {
				return 0, err
			}
		}
	}
}
