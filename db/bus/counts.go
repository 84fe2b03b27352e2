package bus

import "sync/atomic"

// Counts is what became of the wake-ups of one bus.
type Counts struct {
	Sent     uint64 // handed over to whoever keeps the queue
	Served   uint64 // f returned nil
	Dropped  uint64 // no room to keep it
	Returned uint64 // nobody ever served the queue
	Retried  uint64 // put back to be served once more, since f failed
	Resent   uint64 // put back to be sent once more, since the broker failed
	GivenUp  uint64 // served or sent MaxAttempts times without success
}

// Counters is Counts while it is being counted; for implementations.
type Counters struct {
	Sent, Served, Dropped, Returned, Retried, Resent, GivenUp atomic.Uint64
}

// Counts reads the counters, each for itself.
func (c *Counters) Counts() Counts {
	return Counts{
		Sent:     c.Sent.Load(),
		Served:   c.Served.Load(),
		Dropped:  c.Dropped.Load(),
		Returned: c.Returned.Load(),
		Retried:  c.Retried.Load(),
		Resent:   c.Resent.Load(),
		GivenUp:  c.GivenUp.Load(),
	}
}
