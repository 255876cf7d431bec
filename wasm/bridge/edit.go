package bridge

import (
	"context"
	"fmt"
	"sync"
)

// edits are the editors that are open in the page.
type edits struct {
	send func(Frame)

	mu   sync.Mutex
	last int
	open map[int]chan EditResult
}

// edit opens an editor in the page and waits until it is closed or ctx ends.
func (e *edits) edit(ctx context.Context, r EditRequest) (EditResult, error) {
	e.mu.Lock()
	e.last++
	id, done := e.last, make(chan EditResult, 1)
	if e.open == nil {
		e.open = map[int]chan EditResult{}
	}
	e.open[id] = done
	e.mu.Unlock()
	e.send(event("edit", map[string]any{
		"edit": id, "program": r.Program, "name": r.Name, "path": r.Path, "line": r.Line, "fresh": r.Fresh,
	}, r.Content))
	select {
	case result := <-done:
		return result, nil
	case <-ctx.Done():
		e.forget(id)
		e.send(event("editClosed", map[string]int{"edit": id}, nil))
		return EditResult{}, ctx.Err()
	}
}

func (e *edits) forget(id int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, id)
}

func (e *edits) close(id int, r EditResult) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	done := e.open[id]
	if done == nil {
		return fmt.Errorf("editor %d is not open", id)
	}
	delete(e.open, id)
	done <- r
	return nil
}

// closeAll tells the page to put its editors away; their programs have been ended with the cluster.
func (e *edits) closeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id := range e.open {
		e.send(event("editClosed", map[string]int{"edit": id}, nil))
	}
	e.open = nil
}
