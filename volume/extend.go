package volume

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/clinker-io/clinker/db"
)

// extendVolume grows the volume; an attached initiator is told by a unit
// attention that the capacity has changed.
func (w *Worker) extendVolume(ctx context.Context, j *db.Job) error {
	var args db.ExtendArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to extend: %w", err)
	}
	if err := w.Driver.Extend(ctx, w.volume(v), bytesOf(args.SizeGiB)); err != nil {
		return fmt.Errorf("extend volume: %w", err)
	}
	w.capacityChanged(&v)
	return w.Store.VolumeExtended(ctx, j, args.SizeGiB)
}
