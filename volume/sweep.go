package volume

import (
	"context"
	"fmt"

	"github.com/clinker-io/clinker/volume/driver"
)

// sweep removes what a crash left half-made. A whole volume or snapshot that
// the database does not know is somebody's data until an administrator says
// otherwise: it stays, with a line in the log.
func (w *Worker) sweep(ctx context.Context) error {
	cleaner, ok := driver.As[driver.Cleaner](w.Driver)
	if !ok {
		return nil
	}
	known, err := w.known(ctx)
	if err != nil {
		return err
	}
	removed, err := cleaner.Sweep(ctx, func(kind, id string) bool {
		if !known[kind+id] {
			w.Log.Warn("the pool holds something that the database does not know", "kind", kind, "id", id)
		}
		return true
	})
	if len(removed) > 0 {
		w.Log.Info("removed what a crash had left half-made", "names", removed)
	}
	if err != nil {
		return fmt.Errorf("sweep %s: %w", w.Host, err)
	}
	return nil
}

// known lists the rows of this backend by kind and id.
func (w *Worker) known(ctx context.Context) (map[string]bool, error) {
	volumes, err := w.Store.VolumesOn(ctx, w.Host)
	if err != nil {
		return nil, fmt.Errorf("volumes of %s: %w", w.Host, err)
	}
	snaps, err := w.Store.SnapshotsOn(ctx, w.Host)
	if err != nil {
		return nil, fmt.Errorf("snapshots of %s: %w", w.Host, err)
	}
	known := make(map[string]bool, len(volumes)+len(snaps))
	for _, v := range volumes {
		known[driver.KindVolume+v.BackendID()] = true
	}
	for _, s := range snaps {
		known[driver.KindSnapshot+s.ID] = true
	}
	return known, nil
}
