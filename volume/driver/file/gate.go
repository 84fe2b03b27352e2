package file

import "sync"

// gate lets writers through and can be held shut for a moment in which none is
// under way. Readers do not pass it.
type gate struct {
	mu     sync.Mutex
	change sync.Cond // of anything below; made by newGate
	inside int       // writers under way
	shut   bool
	copies []*pointCopy // copies under way that writers must save chunks for; replaced, never changed
}

func newGate() *gate {
	g := &gate{}
	g.change.L = &g.mu
	return g
}

// enter waits while the gate is shut. The caller writes only after it has saved
// what it overwrites into each of the copies, and then calls leave.
func (g *gate) enter() []*pointCopy {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.shut {
		g.change.Wait()
	}
	g.inside++
	return g.copies
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.shut {
		g.change.Broadcast()
	}
}

// hold runs f while no writer is inside. Writes under way end before, new ones
// wait. f may replace copies.
func (g *gate) hold(f func()) {
	g.mu.Lock()
	for g.shut {
		g.change.Wait()
	}
	g.shut = true
	for g.inside > 0 {
		g.change.Wait()
	}
	g.mu.Unlock()

	f() // a system call may be in it; being shut and not the mutex keeps writers out

	g.mu.Lock()
	g.shut = false
	g.change.Broadcast()
	g.mu.Unlock()
}
