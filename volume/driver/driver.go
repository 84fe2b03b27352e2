package driver

import "context"

// Volume names a volume in a pool.
type Volume struct {
	ID        string // UUID
	Name      string // name in the pool, made by volume_name_template: "volume-<uuid>"
	SizeBytes int64  // size that Create and Clone give it
	Pool      string // pool within the backend; drivers with one pool ignore it
}

// Snapshot names a snapshot and the volume that it was or will be taken of.
type Snapshot struct {
	ID         string // UUID
	Name       string // name in the pool, made by snapshot_name_template: "snapshot-<uuid>"
	VolumeID   string
	VolumeName string
	SizeBytes  int64 // size of the volume when the snapshot was asked for
	Pool       string
}

// Source is what can be read or cloned: exactly one field is set.
type Source struct {
	Volume   *Volume
	Snapshot *Snapshot
}

// Mode says what a Device is opened for.
type Mode int

// A snapshot opens ReadOnly only.
const (
	ReadOnly Mode = iota + 1
	ReadWrite
)

// Driver makes and finds volumes in the pools of one backend. Every method may
// be called again after a crash: the second call finds the work done and
// returns nil. Something half-made never looks made: it is not found by Open
// and is remade by the next call or removed by a [Cleaner].
//
// Methods may be called at the same time; on one volume the engine runs one
// operation at a time, while devices of it stay open and busy. A cancelled
// context ends a long copy with the context's error and leaves nothing behind.
type Driver interface {
	// Check says whether the backend is configured, reachable and permitted.
	// The engine calls it before anything else and again from time to time.
	Check(ctx context.Context) error

	// Stats reports capacity in bytes and what the backend can do.
	Stats(ctx context.Context) (Stats, error)

	// Create makes an empty volume that reads as zeroes. ErrExists when a
	// volume of that name with another size is there.
	Create(ctx context.Context, v Volume) error

	// Delete removes a volume and gives its space back. One that is absent is
	// a success. ErrInUse when it is open, or when clones need it.
	Delete(ctx context.Context, v Volume) error

	// Extend grows a volume, open or not; all its devices see the new size.
	// A smaller size than the present one is ErrInvalid.
	Extend(ctx context.Context, v Volume, sizeBytes int64) error

	// Snapshot keeps the volume as it is at one moment of the call, also while
	// it is being written to: every write acknowledged before the call is in
	// it, and none without all those acknowledged before it was issued.
	Snapshot(ctx context.Context, s Snapshot) error

	// DeleteSnapshot removes a snapshot; absent is success, ErrInUse as Delete.
	DeleteSnapshot(ctx context.Context, s Snapshot) error

	// Clone makes v a writable copy of src as it is at one moment of the call.
	// v may be larger than its source, and then ends in zeroes; a smaller one
	// is ErrInvalid.
	Clone(ctx context.Context, v Volume, src Source) error

	// Open gives the bytes of a volume or snapshot. One volume may be open
	// several times; the devices share its contents and size.
	Open(ctx context.Context, src Source, m Mode) (Device, error)

	// Close lets go of the backend. ErrInUse while devices are open or
	// operations run; then nothing is closed.
	Close() error
}

// As finds an optional power of d or of a driver that d wraps. A wrapper shows
// what it wraps with a method Unwrap() Driver.
func As[T any](d Driver) (T, bool) {
	for d != nil {
		if t, ok := d.(T); ok {
			return t, true
		}
		w, ok := d.(interface{ Unwrap() Driver })
		if !ok {
			break
		}
		d = w.Unwrap()
	}
	var none T
	return none, false
}
