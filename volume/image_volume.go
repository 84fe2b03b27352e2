package volume

import (
	"context"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
)

func (w *Worker) cloneOfImage(ctx context.Context, i *glance.Image, v db.Volume) (bool, error) {
	return false, nil
}

func (w *Worker) cacheImage(ctx context.Context, j *db.Job, i *glance.Image, v db.Volume) {}

func (w *Worker) uploadAsVolume(ctx context.Context, j *db.Job, v db.Volume, i *glance.Image, store string) (bool, error) {
	return false, nil
}
