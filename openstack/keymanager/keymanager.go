// Package keymanager makes, copies, reads and deletes the keys of encrypted volumes, at
// Barbican or as one fixed key of the configuration. Keys are named by the id
// under which a volume stores them; what they are stays with the key manager.
package keymanager

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrNotFound is a key that is not there.
var ErrNotFound = errors.New("the key manager has no such key")

// Who asks: a user by the token of his request, or, as the zero value, the
// service itself.
type Who struct{ token string }

// User asks with a user's token; what he makes belongs to the project of it.
func User(token string) Who { return Who{token: token} }

// Service asks as our own user.
var Service Who

// Manager is where the keys are. Its methods may be used by many at once and
// end by themselves when the peer does not answer.
type Manager interface {
	// Create makes a random key of an algorithm as "aes"; bits may be nil.
	Create(ctx context.Context, who Who, algorithm string, bits *int32) (id string, err error)
	// Copy reads a key as one and stores the same as another, under a new id.
	Copy(ctx context.Context, from, to Who, id string) (newID string, err error)
	// Read returns what a key is.
	Read(ctx context.Context, who Who, id string) ([]byte, error)
	// Delete ends a key; ErrNotFound when there is none.
	Delete(ctx context.Context, who Who, id string) error
	// Certificate reads a certificate, in DER; ErrNotFound when there is none.
	Certificate(ctx context.Context, who Who, id string) ([]byte, error)
}

// Passphrase is what compute hosts give to LUKS for a key.
func Passphrase(key []byte) string { return hex.EncodeToString(key) }

// None is the key manager of a service that has none.
type None struct{}

var errNone = errors.New("no key manager is configured")

// Create refuses.
func (None) Create(context.Context, Who, string, *int32) (string, error) { return "", errNone }

// Copy refuses.
func (None) Copy(context.Context, Who, Who, string) (string, error) { return "", errNone }

// Read refuses.
func (None) Read(context.Context, Who, string) ([]byte, error) { return nil, errNone }

// Delete refuses.
func (None) Delete(context.Context, Who, string) error { return errNone }

// Certificate refuses.
func (None) Certificate(context.Context, Who, string) ([]byte, error) { return nil, errNone }

// FixedID is the id that every volume has whose key is the fixed one.
const FixedID = "00000000-0000-0000-0000-000000000000"

// Fixed has one key, which compute hosts have in their own configuration too:
// for tests, and for clouds that came from it.
type Fixed struct {
	Key string // fixed_key, as bytes; only workers need it
}

// Create gives everybody the same key.
func (Fixed) Create(context.Context, Who, string, *int32) (string, error) { return FixedID, nil }

// Copy gives everybody the same key.
func (Fixed) Copy(_ context.Context, _, _ Who, id string) (string, error) {
	return FixedID, isFixed(id)
}

// Read returns the key of the configuration.
func (f Fixed) Read(_ context.Context, _ Who, id string) ([]byte, error) {
	return []byte(f.Key), isFixed(id)
}

// Delete leaves the key where it is.
func (Fixed) Delete(_ context.Context, _ Who, id string) error { return isFixed(id) }

// Certificate finds none.
func (Fixed) Certificate(context.Context, Who, string) ([]byte, error) { return nil, ErrNotFound }

func isFixed(id string) error {
	if id != FixedID {
		return fmt.Errorf("key %s is of another key manager: the configuration has only one", id)
	}
	return nil
}
