package driver

import (
	"errors"
	"fmt"
	"syscall"
)

// What a driver's errors are, found with errors.Is.
var (
	ErrInUse      = errors.New("in use")
	ErrNotFound   = errors.New("not found")
	ErrExists     = errors.New("exists and is another one")
	ErrInvalid    = errors.New("invalid argument")
	ErrReadOnly   = errors.New("read-only")
	ErrOutOfRange = errors.New("beyond the end of the device")

	// ErrNoSpace is ENOSPC too, whatever the backend calls a full pool.
	ErrNoSpace = fmt.Errorf("the pool is full: %w", syscall.ENOSPC)
)

// ConfigError says which option is wrong and what it may be.
type ConfigError struct {
	Option  string // "file_pool_path"
	Value   string // what was configured; never of an option that is secret
	Allowed string // "an absolute path"
	Err     error  // cause, may be nil
}

func (e *ConfigError) Error() string {
	msg := fmt.Sprintf("option %s = %q: must be %s", e.Option, e.Value, e.Allowed)
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

// Unwrap gives the cause.
func (e *ConfigError) Unwrap() error { return e.Err }
