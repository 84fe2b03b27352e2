package db

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// waiters are the callers of this process that wait for the end of a job.
type waiters struct {
	mu    sync.Mutex
	byJob map[string]chan struct{}
}

// pollEvery bounds how late a waiter notices an end whose wake-up was lost.
const pollEvery = 500 * time.Millisecond

// JobEnded is called by the consumer of this process's reply queue.
func (s *Store) JobEnded(id string) {
	s.waiters.mu.Lock()
	defer s.waiters.mu.Unlock()
	if c, ok := s.waiters.byJob[id]; ok {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// expect registers interest in a job before it can end.
func (s *Store) expect(id string) (c chan struct{}, forget func()) {
	c = make(chan struct{}, 1)
	s.waiters.mu.Lock()
	s.waiters.byJob[id] = c
	s.waiters.mu.Unlock()
	return c, func() {
		s.waiters.mu.Lock()
		delete(s.waiters.byJob, id)
		s.waiters.mu.Unlock()
	}
}

// Wait returns when the job has ended: its result when it was done, an
// Unavailable error with its message when it failed, or when ctx ended first.
// The job itself goes on whatever happens to the one who waits.
func (s *Store) Wait(ctx context.Context, id string) (json.RawMessage, error) {
	c, forget := s.expect(id)
	defer forget()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		r, err := s.jobResult(ctx, id)
		switch {
		case none(err):
			return nil, fmt.Errorf("job %s is unknown", id)
		case err != nil && ctx.Err() == nil:
			return nil, fmt.Errorf("wait for job %s: %w", id, err)
		case err == nil && r.State == "done":
			return r.Result, nil
		case err == nil && r.State == "failed":
			return nil, &Error{Kind: Unavailable, Msg: *r.Error}
		}
		select {
		case <-c:
		case <-tick.C:
		case <-ctx.Done():
			return nil, &Error{Kind: Unavailable, Msg: "Timed out waiting for the volume service.", Err: ctx.Err()}
		}
	}
}
