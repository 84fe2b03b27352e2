package scsi

import "sync"

// gate makes COMPARE AND WRITE atomic: it runs when no task that changes the
// medium runs, and those that come later wait for it. Tasks pass in the order
// in which they came, and nobody blocks: who has to wait is continued by the
// one who leaves.
type gate struct {
	mu      sync.Mutex
	inside  int
	alone   bool // the one inside is exclusive
	first   *Task
	last    *Task
	letting bool // one goroutine is letting tasks in
}

// enter is false when the task has to wait; it then goes on by itself later.
func (g *gate) enter(t *Task) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil && g.fits(t) {
		g.admit(t)
		return true
	}
	if g.last == nil {
		g.first = t
	} else {
		g.last.waiting = t
	}
	g.last = t
	return false
}

func (g *gate) fits(t *Task) bool {
	return !g.alone && (t.cmd.flags&exclusive == 0 || g.inside == 0)
}

func (g *gate) admit(t *Task) {
	g.inside++
	g.alone = t.cmd.flags&exclusive != 0
}

// leave lets in who waits. A task that ends at once leaves from within; the
// loop that runs already sees to the rest, so that the stack stays flat.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.alone = false
	if g.letting {
		return
	}
	g.letting = true
	for g.first != nil && g.fits(g.first) {
		t := g.first
		g.first, t.waiting = t.waiting, nil
		if g.first == nil {
			g.last = nil
		}
		g.admit(t)
		g.mu.Unlock()
		if t.advance(nil) {
			t.Owner.TaskDone(t)
		}
		g.mu.Lock()
	}
	g.letting = false
}
