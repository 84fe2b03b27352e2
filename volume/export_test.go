package volume

import (
	"context"

	"github.com/clinker-io/clinker/db"
)

// Handle does one job, as Run does with those that it claims.
func (w *Worker) Handle(ctx context.Context, j *db.Job) error { return w.handle(ctx, j) }
