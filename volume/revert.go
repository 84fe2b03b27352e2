package volume

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

// revertVolume makes the volume hold what its snapshot holds. A crash leaves
// volume and snapshot in the states of a revert that runs, and the next attempt
// does all of it once more.
func (w *Worker) revertVolume(ctx context.Context, j *db.Job) error {
	s, v, err := w.snapshotRows(ctx, j)
	if err != nil {
		return err
	}
	if err := w.unexport(w.volume(v).ID); err != nil {
		return err
	}
	if r, ok := driver.As[driver.Reverter](w.Driver); ok {
		err = r.Revert(ctx, w.volume(v), w.snapshot(s, v))
	} else {
		err = w.copyBack(ctx, driver.VolumeSource(w.volume(v)), driver.SnapshotSource(w.snapshot(s, v)))
	}
	if err != nil {
		return fmt.Errorf("revert volume: %w", err)
	}
	return w.Store.VolumeReverted(ctx, j)
}

// copyBack is the way of drivers without a faster one: byte by byte.
func (w *Worker) copyBack(ctx context.Context, to, from driver.Source) (err error) {
	src, err := w.Driver.Open(ctx, from, driver.ReadOnly)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := w.Driver.Open(ctx, to, driver.ReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if src.Size() > dst.Size() {
		return fmt.Errorf("%w: the snapshot has %d bytes, the volume %d", driver.ErrInvalid, src.Size(), dst.Size())
	}
	if err := copyDevice(ctx, dst, src); err != nil {
		return err
	}
	if rest := dst.Size() - src.Size(); rest > 0 {
		if err := dst.Discard(src.Size(), rest); err != nil {
			return err
		}
	}
	return dst.Flush()
}

// revertChunk is what one read and one write move.
const revertChunk = 1 << 20

var zeroes [revertChunk]byte

// copyDevice copies all of src to the start of dst; zeroes become holes.
func copyDevice(ctx context.Context, dst, src driver.Device) error {
	buf := make([]byte, revertChunk)
	for off, size := int64(0), src.Size(); off < size; off += revertChunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := buf[:min(revertChunk, size-off)]
		if n, err := src.ReadAt(p, off); err != nil && (!errors.Is(err, io.EOF) || n < len(p)) {
			return fmt.Errorf("read at %d: %w", off, err)
		}
		var err error
		if bytes.Equal(p, zeroes[:len(p)]) {
			err = dst.Discard(off, int64(len(p)))
		} else {
			_, err = dst.WriteAt(p, off)
		}
		if err != nil {
			return fmt.Errorf("write at %d: %w", off, err)
		}
	}
	return nil
}
