package driver

import "context"

// Reference names something in a pool as an administrator does, by keys that
// the driver knows: {"source-name": "file.img"}.
type Reference map[string]string

// Manageable is something whole in a pool, under one of our names or not.
type Manageable struct {
	Reference Reference
	SizeBytes int64
	// ID is the UUID that its name bears as one of ours; "" for a foreign name.
	ID string
	// Unsafe says why it must not be taken over; "" when it may.
	Unsafe string
	// Source is the volume of a snapshot; nil when the pool does not tell.
	Source Reference
}

// Manager is a driver whose pools hold things that were not made through it,
// and that can take them over and let them go. Its methods may be called again
// after a crash as those of [Driver].
type Manager interface {
	// Manageable lists what could be a volume or a snapshot, by kind, what
	// bears our names for that kind included.
	Manageable(ctx context.Context, kind string) ([]Manageable, error)

	// Measure is the size in bytes of what from refers to, or of to where it
	// was adopted already. ErrNotFound when there is neither; ErrInvalid when it
	// cannot be taken over; ErrInUse while somebody writes to it.
	Measure(ctx context.Context, to Source, from Reference) (int64, error)

	// Adopt gives what from refers to the name of to and grows it to the size
	// of to with zeroes. Its data stays. Errors as Measure; until the name has
	// changed, it can be found by from.
	Adopt(ctx context.Context, to Source, from Reference) error

	// Release gives a volume or snapshot a name that is none of ours, by which
	// it can be adopted again, as by its old name. Absent is a success, ErrInUse
	// when it is open.
	Release(ctx context.Context, src Source) error
}

// Reverter is a driver that can make a volume what its snapshot is in less
// than the time of copying it.
type Reverter interface {
	// Revert makes the volume hold exactly what the snapshot holds, and zeroes
	// after it. ErrInUse when the volume is open; ErrInvalid when the snapshot
	// is larger. Until it returns the volume holds all of the one or all of the
	// other, also after a crash.
	Revert(ctx context.Context, v Volume, s Snapshot) error
}
