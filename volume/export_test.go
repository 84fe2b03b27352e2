package volume

import (
	"context"
	"io"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/target"
)

// Handle does one job, as Run does with those that it claims.
func (w *Worker) Handle(ctx context.Context, j *db.Job) error { return w.handle(ctx, j) }

// Backing is what the target serves of an exported volume.
func (w *Worker) Backing(volumeID string) *target.Blocking { return w.exported(volumeID).backing }

// Claimed says how far file systems and partitions reach.
func Claimed(r io.ReaderAt) int64 { return claimed(r) }
