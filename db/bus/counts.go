package bus

import "sync/atomic"

// Counts is what became of the wake-ups of one bus.
type Counts struct {
	Sent     uint64 // handed over to whoever keeps the queue
	Served   uint64 // f returned nil
	Dropped  uint64 // no room to keep it
	Returned uint64 // nobody ever served the queue
	Retried  uint64 // served or sent once more after a failure
	GivenUp  uint64 // failed MaxAttempts times
}

// Counters is Counts while it is being counted; for implementations.
type Counters struct {
	Sent, Served, Dropped, Returned, Retried, GivenUp atomic.Uint64
}

// Counts reads the counters, each for itself.
func (c *Counters) Counts() Counts {
	return Counts{
		Sent:     c.Sent.Load(),
		Served:   c.Served.Load(),
		Dropped:  c.Dropped.Load(),
		Returned: c.Returned.Load(),
		Retried:  c.Retried.Load(),
		GivenUp:  c.GivenUp.Load(),
	}
}
