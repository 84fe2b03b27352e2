package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Bus wakes whoever serves a queue.
type Bus interface {
	// Wake tells whoever serves queue that job id waits; an empty id says that
	// some job does. It hands the wake-up over and returns: an error means a
	// name that cannot be, a bus that is closed or a context that has ended.
	// A wake-up that is lost later is counted.
	Wake(ctx context.Context, queue, id string) error

	// Serve calls f for each wake-up of queue, one at a time, until ctx ends,
	// which gives nil, or the bus is closed, which gives ErrClosed. When f
	// fails the wake-up comes again, to anybody who serves the queue, at most
	// MaxAttempts times in all. The same wake-up may come twice. f is to hand
	// the job on quickly: what runs for minutes must not run inside it.
	Serve(ctx context.Context, queue string, f func(ctx context.Context, id string) error) error

	// Counts says what became of the wake-ups so far.
	Counts() Counts

	// Close ends every Serve and waits for it; it must not be called by f.
	// A second call does nothing.
	Close() error
}

const (
	// MaxAttempts bounds how often one wake-up is served or sent.
	MaxAttempts = 5

	maxQueueName = 200 // AMQP 0-9-1 short strings end at 255 bytes, and a prefix comes before
	maxID        = 64

	privatePrefix = "api."
	firstPause    = 50 * time.Millisecond
)

// ErrClosed is what a closed bus answers.
var ErrClosed = errors.New("the message bus is closed")

// Private reports whether queue belongs to one process alone and goes away
// with it, as the reply queue of an API process does.
func Private(queue string) bool { return strings.HasPrefix(queue, privatePrefix) }

// CheckQueue says what is wrong with the name of a queue.
func CheckQueue(queue string) error {
	if queue == "" || len(queue) > maxQueueName {
		return fmt.Errorf("queue name %.40q has %d bytes, allowed are 1 to %d", queue, len(queue), maxQueueName)
	}
	return nil
}

// CheckID says what is wrong with the id of a job.
func CheckID(id string) error {
	if len(id) > maxID {
		return fmt.Errorf("job id %.40q has %d bytes, allowed are %d", id, len(id), maxID)
	}
	return nil
}

// Check is what every Wake does first.
func Check(ctx context.Context, queue, id string) error {
	if err := CheckQueue(queue); err != nil {
		return err
	}
	if err := CheckID(id); err != nil {
		return err
	}
	return ctx.Err()
}

// Pause waits before attempt (1 is the first, which waits for nothing) and
// reports whether ctx is still good. f usually fails because the database is
// away, so that the whole queue waits is what is wanted.
func Pause(ctx context.Context, attempt int) bool {
	if attempt <= 1 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(firstPause << min(attempt-2, MaxAttempts))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
