package driver

import "context"

// Kinds of things that a pool holds.
const (
	KindVolume   = "volume"
	KindSnapshot = "snapshot"
)

// Found is something in a pool that bears one of our names.
type Found struct {
	Kind      string // KindVolume or KindSnapshot
	ID        string // UUID
	Name      string // name in the pool, with what marks it as half-made
	SizeBytes int64
	Made      bool // false: half-made, left by a crash or in the making
}

// Lister is a driver that can say what its pools hold, half-made things
// included. What does not bear one of our names is not listed.
type Lister interface {
	List(ctx context.Context) ([]Found, error)
}

// Cleaner is a driver that can remove what a crash left behind. The engine
// calls Sweep at start, before any job runs.
type Cleaner interface {
	// Sweep removes everything half-made, and every volume and snapshot that
	// keep does not know by kind and UUID. What bears none of our names, is
	// open or is in the making stays. It goes on after a failure and returns
	// the names that are gone with all errors joined.
	Sweep(ctx context.Context, keep func(kind, id string) bool) (removed []string, err error)
}
