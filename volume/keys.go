package volume

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/luks"
)

// errKeys is around what the key manager fails to do.
var errKeys = errors.New("the key manager gives no key")

// passphrase reads a key, which belongs to the service while the job runs.
func (w *Worker) passphrase(ctx context.Context, key *string) (string, error) {
	if key == nil {
		return "", keptf("its key cannot be read")
	}
	raw, err := w.Keys.Read(ctx, keymanager.Service, *key)
	if errors.Is(err, keymanager.ErrNotFound) {
		return "", keptf("its key is gone: %w", err)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", errKeys, err)
	}
	return keymanager.Passphrase(raw), nil
}

// keysLater puts a job back that needs keys; about five minutes without them leave no trace.
func (w *Worker) keysLater(ctx context.Context, j *db.Job, cause error) error {
	w.Log.Warn("the keys are asked for again later", "volume", j.VolumeID, "request", j.RequestID, "attempt", j.Attempts, "err", cause)
	return w.later(ctx, j, min(time.Second<<j.Attempts, time.Minute))
}

// rekey gives a clone a key of its own. One that has none in its header is blank,
// and its first server formats it with the new one. Where the old one stays, it
// opens the clone as it does the source.
func (w *Worker) rekey(ctx context.Context, j *db.Job, v db.Volume, r *db.Rekey) error {
	if r == nil {
		return nil
	}
	err := w.changeKey(ctx, v, r)
	switch {
	case err == nil:
		return w.Store.Rekeyed(ctx, v.ID, r)
	case ctx.Err() != nil:
		return err
	case errors.Is(err, errKeys) && j.Attempts < maxTells:
		return w.keysLater(ctx, j, err)
	case errors.Is(err, errKeys), errors.Is(err, errKept), errors.Is(err, luks.ErrUnsupported), errors.Is(err, luks.ErrPassphrase):
		w.Log.Warn("a clone keeps the key of its source", "volume", v.ID, "request", j.RequestID, "err", err)
		return nil
	}
	return err
}

func (w *Worker) changeKey(ctx context.Context, v db.Volume, r *db.Rekey) (err error) {
	d, err := w.Driver.Open(ctx, driver.VolumeSource(w.volume(v)), driver.ReadWrite)
	if err != nil {
		return fmt.Errorf("open the clone: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	from, err := w.passphrase(ctx, r.Old)
	if err != nil {
		return err
	}
	to, err := w.passphrase(ctx, r.New)
	if err != nil {
		return err
	}
	if err := luks.ChangeKey(d, from, to); !errors.Is(err, luks.ErrNoHeader) {
		return err
	}
	return nil
}

// readsKeys reports whether keys were made for a job to read.
func readsKeys(j *db.Job) bool {
	switch j.Kind {
	case db.JobVolumeRetype:
		args, err := j.Move()
		return err == nil && args.Readable != (db.Readable{})
	case db.JobVolumeCreate:
		var args db.CreateArgs
		return json.Unmarshal(j.Args, &args) == nil && args.Rekey != nil
	}
	return false
}

// afterwards deletes the keys that a retype or a clone has read. Those that stay are deleted
// by a later request at the API.
func (w *Worker) afterwards(ctx context.Context, j *db.Job) {
	if !readsKeys(j) {
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
