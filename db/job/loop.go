// Package job runs the jobs of one queue: it claims them when a wake-up comes
// and, since wake-ups may be lost, every so often without one; it renews their
// leases while they run, and takes their context away when a lease is lost.
package job

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus"
)

// Handler does one job and ends it in the database. An error means that the
// job is not ended; it is put back and claimed again after a pause.
type Handler func(ctx context.Context, j *db.Job) error

// Loop serves one queue.
type Loop struct {
	Store  *db.Store
	Bus    bus.Bus
	Queue  string
	Owner  string // names this process; no two live ones may share it
	Handle Handler
	Log    *slog.Logger
	Slots  int           // jobs at once
	Poll   time.Duration // how late a job is found whose wake-up was lost
	Grace  time.Duration // how long running jobs may go on after Run's context ends

	slots   chan struct{}
	running sync.WaitGroup

	mu      sync.Mutex
	cancels map[string]context.CancelFunc // of running jobs, by id
}

// retryDelay is the pause before a job whose handler failed is tried again.
const retryDelay = time.Second

// Run serves until ctx ends, then waits up to Grace for running jobs before it
// takes their contexts away; they stay in the database for the next start.
func (l *Loop) Run(ctx context.Context) error {
	l.slots = make(chan struct{}, l.Slots)
	l.cancels = make(map[string]context.CancelFunc)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var polling, beating sync.WaitGroup
	polling.Go(func() { l.poll(ctx, work) })
	beating.Go(func() { l.heartbeat(work) })
	err := l.Bus.Serve(ctx, l.Queue, func(ctx context.Context, id string) error {
		l.start(ctx, work, id)
		return nil
	})
	if err != nil && ctx.Err() == nil {
		l.Log.Error("no wake-ups any more; jobs are found by polling alone", "queue", l.Queue, "err", err)
	}
	<-ctx.Done()
	polling.Wait() // from here on nobody starts a job
	l.drain(stop)
	beating.Wait()
	if errors.Is(err, bus.ErrClosed) {
		return nil
	}
	return err
}

// drain waits for running jobs, at most Grace.
func (l *Loop) drain(stop context.CancelFunc) {
	timer := time.AfterFunc(l.Grace, stop)
	defer timer.Stop()
	l.running.Wait()
	stop()
}

func (l *Loop) poll(ctx, work context.Context) {
	for {
		l.start(ctx, work, "")
		pause := l.Poll/2 + rand.N(l.Poll)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// start takes a free slot and, in it, does the job of that id, or with id ""
// whatever is ready. It waits for a slot, so a flood of wake-ups stays in the bus.
func (l *Loop) start(ctx, work context.Context, id string) {
	select {
	case <-ctx.Done():
		return
	case l.slots <- struct{}{}:
	}
	l.running.Go(func() {
		defer func() { <-l.slots }()
		for ctx.Err() == nil {
			j, err := l.Store.Claim(work, l.Queue, id, l.Owner)
			if err != nil {
				l.Log.Warn("cannot claim a job", "queue", l.Queue, "err", err)
				return
			}
			if j == nil {
				return // another one has it, or it must wait for an older job, whose end wakes us again
			}
			l.run(work, j)
			if id != "" {
				return
			}
		}
	})
}

// run does one claimed job.
func (l *Loop) run(work context.Context, j *db.Job) {
	ctx, cancel := context.WithCancel(work)
	defer cancel()
	l.mu.Lock()
	l.cancels[j.ID] = cancel
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.cancels, j.ID)
		l.mu.Unlock()
	}()
	err := l.Handle(ctx, j)
	log := l.Log.With(j.LogIDs()...).With("job", j.ID, "kind", j.Kind, "volume", j.VolumeID)
	switch {
	case err == nil:
	case errors.Is(err, db.ErrLeaseLost):
		log.Warn("another worker has taken the job over")
	case work.Err() != nil:
		log.Info("stopped in the middle of a job; it goes on at the next start")
	default:
		log.Error("job put back", "attempt", j.Attempts, "err", err)
		if err := l.Store.Retry(work, j, retryDelay); err != nil && !errors.Is(err, db.ErrLeaseLost) {
			log.Error("cannot put the job back; its lease will run out", "err", err)
		}
	}
}

// heartbeat renews the leases; a job whose lease is gone must stop.
func (l *Loop) heartbeat(work context.Context) {
	tick := time.NewTicker(db.Lease / 3)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-work.Done():
			return
		case <-tick.C:
		}
		started := time.Now()
		held := l.held()
		if len(held) == 0 {
			renewed = started
			continue
		}
		ctx, cancel := context.WithTimeout(work, db.Lease/3)
		ids, err := l.Store.Heartbeat(ctx, l.Owner)
		cancel()
		if err == nil {
			renewed = started
			l.cancelLost(held, ids)
		} else if time.Since(renewed) > db.Lease*2/3 {
			l.Log.Error("cannot renew leases; stopping the jobs", "queue", l.Queue, "err", err)
			l.cancelLost(held, nil)
		}
	}
}

func (l *Loop) held() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, 0, len(l.cancels))
	for id := range l.cancels {
		ids = append(ids, id)
	}
	return ids
}

// cancelLost stops those of held that were not renewed.
func (l *Loop) cancelLost(held, renewed []string) {
	kept := make(map[string]bool, len(renewed))
	for _, id := range renewed {
		kept[id] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range held {
		if cancel, ok := l.cancels[id]; ok && !kept[id] {
			cancel()
		}
	}
}
