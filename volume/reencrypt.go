package volume

import (
	"context"
	"errors"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/luks"
)

// A volume is encrypted otherwise by a copy that goes through the encryptions of
// both types: what is read is decrypted, what is written is encrypted, and what is
// read back is compared in clear. A volume without contents stays as a new
// one is: the first server that has it formats it.

// errKept is around every reason for which a volume stays as it is encrypted.
var errKept = errors.New("the volume stays as it is")

func keptf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errKept}, args...)...)
}

// reencrypt puts the encryptions between a copier and its volumes.
func (w *Worker) reencrypt(ctx context.Context, args db.MoveArgs, v db.Volume, c *copier) error {
	blank, err := c.blank(ctx)
	if err != nil || blank {
		return err
	}
	src, err := w.decrypted(ctx, args, v, c.src)
	if err != nil {
		return err
	}
	if args.KeyID == nil {
		c.src = src
		return nil
	}
	dst, err := w.encrypted(ctx, args, src, c.dst)
	if err != nil {
		return err
	}
	// What is a hole in an encrypted volume was never written and is nothing that
	// anybody knows; what is a hole in an open one is zeroes that somebody may need.
	c.zeroes, c.skipHoles = true, v.EncryptionKeyID != nil
	dst.Sparse = c.skipHoles
	c.src, c.dst = src, dst
	return nil
}

// decrypted is the volume in clear.
func (w *Worker) decrypted(ctx context.Context, args db.MoveArgs, v db.Volume, d source) (source, error) {
	if v.EncryptionKeyID == nil {
		return d, nil
	}
	pass, err := w.passphrase(ctx, args.Old)
	if err != nil {
		return nil, err
	}
	u, err := luks.Open(d, pass)
	switch {
	case errors.Is(err, luks.ErrNoHeader), errors.Is(err, luks.ErrUnsupported), errors.Is(err, luks.ErrPassphrase):
		return nil, keptf("its contents cannot be read: %w", err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errSourceLost, err)
	}
	u.Sparse = true
	return u, nil
}

// encrypted formats the copy as the new type says. It is smaller than the volume
// by the header of LUKS: what does not fit must be empty.
func (w *Worker) encrypted(ctx context.Context, args db.MoveArgs, src source, d destination) (*luks.Volume, error) {
	e, err := w.Store.TypeEncryption(ctx, args.TypeID)
	if err != nil {
		return nil, fmt.Errorf("encryption of the new type: %w", err)
	}
	f, err := formatOf(e)
	if err != nil {
		return nil, err
	}
	payload, err := f.Payload()
	if err != nil {
		return nil, keptf("its new type: %w", err)
	}
	if err := fits(ctx, src, d.Size()-payload); err != nil {
		return nil, err
	}
	pass, err := w.passphrase(ctx, args.New)
	if err != nil {
		return nil, err
	}
	u, err := luks.Create(d, f, pass)
	if err != nil {
		return nil, fmt.Errorf("format the copy: %w", err)
	}
	return u, nil
}

// formatOf is what a compute host makes of an encryption of volumes.
func formatOf(e db.VolumeTypeEncryption) (luks.Format, error) {
	if !e.IsLUKS1() {
		return luks.Format{}, keptf("only servers can encrypt for the provider %.64q", e.Provider)
	}
	if e.Cipher == nil || e.KeySize == nil {
		return luks.Format{}, keptf("its new type names no cipher or no key size")
	}
	return luks.Format{Cipher: *e.Cipher, KeyBits: int(*e.KeySize)}, nil
}

// errContents ends a scan at the first thing found.
var errContents = errors.New("there is something")

func found([]byte, int64) error { return errContents }

// blank reports whether the source holds nothing but zeroes.
func (c *copier) blank(ctx context.Context) (bool, error) {
	_, err := c.scan(ctx, "looking", c.sourceHole, c.readSource, found)
	if errors.Is(err, errContents) {
		return false, nil
	}
	return err == nil, err
}

// fits says whether what src holds is in its first size bytes.
func fits(ctx context.Context, src source, size int64) error {
	if src.Size() <= size {
		return nil
	}
	if n := claimed(src); n > size {
		return keptf("its file system takes %d bytes and must have %d at most: extend the volume before", n, size)
	}
	tail := &copier{src: behind{src, size}}
	tail.dst = room(tail.src.Size())
	empty, err := tail.blank(ctx)
	if err == nil && !empty {
		err = keptf("it holds data behind byte %d, where the header of LUKS leaves no room: extend the volume before", size)
	}
	return err
}

// behind is a source from some byte on.
type behind struct {
	source
	from int64
}

func (b behind) Size() int64 { return b.source.Size() - b.from }

func (b behind) ReadAt(p []byte, off int64) (int, error) { return b.source.ReadAt(p, b.from+off) }

func (b behind) Extent(off int64) (int64, bool, error) { return b.source.Extent(b.from + off) }

// room is a destination of a size that nobody writes to.
type room int64

func (r room) Size() int64                          { return int64(r) }
func (room) Flush() error                           { return nil }
func (room) ReadAt([]byte, int64) (int, error)      { return 0, driver.ErrInvalid }
func (room) WriteAt(p []byte, _ int64) (int, error) { return 0, driver.ErrInvalid }
