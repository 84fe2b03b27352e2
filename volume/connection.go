package volume

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume/driver"
)

// initialize exports the volume to an initiator for which no attachment
// answers. One that has a connection gets the same again: a guest that moves or
// restarts asks twice, and its disks must not notice.
func (w *Worker) initialize(ctx context.Context, j *db.Job) error {
	var args db.InitializeArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	var c connector
	if err := json.Unmarshal(args.Connector, &c); err != nil {
		return fmt.Errorf("%w: connector: %w", driver.ErrInvalid, err)
	}
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to connect: %w", err)
	}
	mode := volumeMode(v)
	grant, err := w.connectionGrant(ctx, j, args.Initiator)
	if err != nil {
		return err
	}
	grant.Initiator, grant.ReadOnly = c.Initiator, mode == "ro"
	if err := w.export(ctx, v, grant); err != nil {
		return err
	}
	told := w.connectionInfo(v, db.Attachment{AttachMode: &mode}, c, grant)
	if err := w.addTypeSpecs(ctx, v, &told); err != nil {
		return err
	}
	info, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("connection info: %w", err)
	}
	return w.Store.ConnectionInitialized(ctx, j, db.VolumeConnection{ID: grant.ID, VolumeID: v.ID, Initiator: args.Initiator,
		Connector: args.Connector, ConnectionInfo: info})
}

// connectionGrant has the secret of the connection that is there, or a new one,
// named after the job so that a second run replaces what the first one made.
func (w *Worker) connectionGrant(ctx context.Context, j *db.Job, initiator string) (target.Grant, error) {
	old, err := w.Store.ConnectionsOf(ctx, j.VolumeID)
	if err != nil {
		return target.Grant{}, fmt.Errorf("connections: %w", err)
	}
	for _, o := range old {
		if o.Initiator != initiator {
			continue
		}
		var info connectionInfo
		if err := json.Unmarshal(o.ConnectionInfo, &info); err != nil {
			return target.Grant{}, fmt.Errorf("stored connection: %w", err)
		}
		return target.Grant{ID: o.ID, User: info.AuthUsername, Secret: target.Secret(info.AuthPassword)}, nil
	}
	return newGrant(j.ID), nil
}

// volumeMode is how an initiator without an attachment may use the volume: as
// os-attach said, else as the volume's flag says.
func volumeMode(v db.Volume) string {
	switch mode := v.AdminMetadata["attached_mode"]; {
	case mode == "ro" || mode == "rw":
		return mode
	case v.AdminMetadata["readonly"] == "True":
		return "ro"
	}
	return "rw"
}

// terminate ends connections of a volume: of one initiator, of all, or those
// whose rows an administrator removed.
func (w *Worker) terminate(ctx context.Context, j *db.Job) error {
	var args db.TerminateArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	ids := args.Dropped
	if ids == nil {
		all, err := w.Store.ConnectionsOf(ctx, j.VolumeID)
		if err != nil {
			return fmt.Errorf("connections to end: %w", err)
		}
		for _, c := range all {
			if args.Initiator == "" || args.Initiator == c.Initiator {
				ids = append(ids, c.ID)
			}
		}
	}
	for _, id := range ids {
		if err := w.revoke(ctx, j.VolumeID, id); err != nil {
			return err
		}
	}
	return w.Store.ConnectionsTerminated(ctx, j, args, ids)
}
