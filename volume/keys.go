package volume

import (
	"context"
	"errors"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

// afterwards deletes the keys that a retype has read. Those that stay are deleted
// by a later request at the API.
func (w *Worker) afterwards(ctx context.Context, j *db.Job) {
	if j.Kind != db.JobVolumeRetype {
		return
	}
	if args, err := j.Move(); err != nil || args.Readable == (db.Readable{}) {
		return
	}
	keys, err := w.Store.LooseKeys(ctx, "")
	for _, key := range keys {
		if err = w.Keys.Delete(ctx, keymanager.Service, key); err != nil && !errors.Is(err, keymanager.ErrNotFound) {
			break
		}
		if err = w.Store.KeyGone(ctx, key); err != nil {
			break
		}
	}
	if err != nil {
		w.Log.Warn("keys that the service does not need any more will be deleted later", "request", j.RequestID, "err", err)
	}
}
