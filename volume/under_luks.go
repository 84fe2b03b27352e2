package volume

import (
	"bytes"
	"context"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/luks"
)

// encryptedDevice is a volume in clear, to write an image to: what a server finds
// there when it has opened LUKS. It has no holes, since they would not be zeroes.
type encryptedDevice struct {
	ctx context.Context
	v   *luks.Volume
	end int64 // of the image: behind it nothing is zeroed, which would fill the volume
}

// underLUKS formats d for its row, anew on each attempt.
func (w *Worker) underLUKS(ctx context.Context, key *string, row db.Volume, d driver.Device) (driver.Device, error) {
	e, err := w.Store.TypeEncryption(ctx, row.VolumeTypeID)
	if err != nil {
		return d, fmt.Errorf("encryption of the type: %w", err)
	}
	f, err := formatOf(e)
	if err != nil {
		return d, err
	}
	if _, err := f.Payload(); err != nil {
		return d, keptf("its type: %w", err)
	}
	pass, err := w.passphrase(ctx, key)
	if err != nil {
		return d, err
	}
	v, err := luks.Create(d, f, pass)
	if err != nil {
		return d, fmt.Errorf("format the volume: %w", err)
	}
	return &encryptedDevice{ctx, v, v.Size()}, nil
}

// upTo says how large the image is that is written to d.
func upTo(d driver.Device, size int64) driver.Device {
	if e, ok := d.(*encryptedDevice); ok {
		return &encryptedDevice{e.ctx, e.v, min(size, e.v.Size())}
	}
	return d
}

func (e *encryptedDevice) Size() int64                             { return e.v.Size() }
func (e *encryptedDevice) Flush() error                            { return e.v.Flush() }
func (*encryptedDevice) Close() error                              { return nil } // what it is on is closed
func (e *encryptedDevice) ReadAt(p []byte, off int64) (int, error) { return e.v.ReadAt(p, off) }

// WriteAt fills the last sector of an image up with zeroes.
func (e *encryptedDevice) WriteAt(p []byte, off int64) (int, error) {
	whole := p
	if n := len(p) % 512; n != 0 {
		whole = append(bytes.Clone(p), make([]byte, 512-n)...)
	}
	if _, err := e.v.WriteAt(whole, off); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Discard writes zeroes as far as the image goes.
func (e *encryptedDevice) Discard(off, n int64) error {
	end := min(off+n, e.end)
	zeroes := make([]byte, copyChunk)
	for off = (off + 511) / 512 * 512; off < end; off += copyChunk {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		if _, err := e.WriteAt(zeroes[:min(copyChunk, end-off)], off); err != nil {
			return err
		}
	}
	return nil
}
