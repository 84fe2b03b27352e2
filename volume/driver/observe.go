package driver

import "context"

type progressKey struct{}

type stepKey struct{}

type momentKey struct{}

// WithProgress asks the drivers called with the returned context to report how
// far a copy is. f is called from one goroutine at a time and must not block.
func WithProgress(ctx context.Context, f func(doneBytes, totalBytes int64)) context.Context {
	return context.WithValue(ctx, progressKey{}, f)
}

// Progress reports how far a copy is to whoever asked WithProgress.
func Progress(ctx context.Context, doneBytes, totalBytes int64) {
	if f, ok := ctx.Value(progressKey{}).(func(int64, int64)); ok {
		f(doneBytes, totalBytes)
	}
}

// WithSteps has f called at every named point of the operations that run with
// the returned context. Tests use it to stop or kill an operation there.
func WithSteps(ctx context.Context, f func(point string)) context.Context {
	return context.WithValue(ctx, stepKey{}, f)
}

// Step marks a point between two changes to the pool: a process that dies here
// leaves what was done before the point and nothing after it. It is never
// called where it could hold up reads or writes of a device.
func Step(ctx context.Context, point string) {
	if f, ok := ctx.Value(stepKey{}).(func(string)); ok {
		f(point)
	}
}

// WithMoment has f called when the moment that a Snapshot or Clone keeps has
// passed: writes that begin afterwards are not in it, though the copy may
// still run. A driver that cannot tell does not call it; the moment has passed
// when its method returns. f may be called more than once.
func WithMoment(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, momentKey{}, f)
}

// Moment says that the moment has passed.
func Moment(ctx context.Context) {
	if f, ok := ctx.Value(momentKey{}).(func()); ok {
		f()
	}
}
