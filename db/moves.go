package db

import (
	"context"
	"fmt"
)

// MoveArgs of volume.retype and volume.migrate.
type MoveArgs struct {
	Host string `json:"host,omitempty"` // where to: host@backend[#pool] as asked for, then as the scheduler chose

	// Of a retype:
	TypeID      string `json:"type,omitempty"`
	Multiattach bool   `json:"multiattach,omitempty"` // of the new type
	OnDemand    bool   `json:"on_demand,omitempty"`   // the volume may move to another pool

	Reencrypts bool    `json:"reencrypts,omitempty"` // the new type encrypts otherwise, or one of them does not
	KeyID      *string `json:"key,omitempty"`        // then the new key, nil for none
	Readable           // and both keys, as the worker reads them

	Step   string      `json:"step,omitempty"`   // what the worker is to do
	Source *CopySource `json:"source,omitempty"` // in the step of copying
	Tries  int         `json:"tries,omitempty"`  // how often the source was lost while it was read
	Volume string      `json:"volume,omitempty"` // of a move by Nova: the job waits in a line of its own
}

// Readable are copies of the keys of a retype that belong to the service, so
// that its worker can read them, for as long as the retype takes; nil for none.
type Readable struct {
	Old *string `json:"read_old,omitempty"` // that of the volume as it is
	New *string `json:"read_new,omitempty"` // that of the new type
}

// Steps of a move. The worker of the source exports the volume, the worker of
// the destination copies it and points the row at the copy.
const (
	StepInPlace = ""       // a retype on the pool where the volume is
	StepExport  = "export" // the source's worker
	StepCopy    = "copy"   // the destination's worker
	// Of a volume that servers have attached (swap.go), all by the destination's worker:
	StepMakeCopy = "make"  // make the copy
	StepSwap     = "swap"  // ask Nova
	StepAwait    = "await" // wait for Nova
)

// CopySource is the export by which the destination's worker reads the volume,
// with secrets of this move alone.
type CopySource struct {
	Portals      []string `json:"portals"`
	Target       string   `json:"target"`
	User         string   `json:"user"`
	Secret       string   `json:"secret"`
	MutualUser   string   `json:"mutual_user"`
	MutualSecret string   `json:"mutual_secret"`
}

// DiscardArgs of volume.discard: what a move has left behind on one backend.
type DiscardArgs struct {
	Export string `json:"export,omitempty"` // the move whose export ends
	Host   string `json:"host,omitempty"`   // the pool of
	Name   string `json:"name,omitempty"`   // the copy that goes, by the id it bears there
}

// BackendID is the id that the volume bears in its backend.
func (v *Volume) BackendID() string {
	if v.NameID != nil {
		return *v.NameID
	}
	return v.ID
}

// BackendIDOf is BackendID by the id of the volume; one that is gone had its own.
func (s *Store) BackendIDOf(ctx context.Context, id string) (string, error) {
	v, err := s.GetVolume(ctx, id)
	if err != nil && !none(err) {
		return "", fmt.Errorf("backend id of %s: %w", id, err)
	}
	if err != nil {
		return id, nil
	}
	return v.BackendID(), nil
}

// Retype is what os-retype asks for.
type Retype struct {
	Type        VolumeType
	Multiattach bool    // of the new type
	OnDemand    bool    // migration_policy
	KeyID       *string // when the new type is encrypted, and not as the old one; made with KeyMade
	Readable            // of the service; made with KeyMade
}

// RetypeVolume begins giving a volume another type. The quota of the new type
// is held now; that of the old one is returned at the end.
func (s *Store) RetypeVolume(ctx context.Context, a Actor, id string, r Retype) error {
	return s.tx(ctx, func(t *txn) error {
		v, err := t.beginRetype(ctx, beginRetypeParams{ToStatus: VolumeRetype.Running, ID: id, Accepts: VolumeRetype.Accepts,
			VolumeTypeID: r.Type.ID, Multiattach: r.Multiattach})
		if none(err) {
			return Errorf(Invalid, "Invalid volume: Retype needs volume to be in available or in-use state, not be part of an active migration or a consistency group, "+
				"requested type has to be different that the one from the volume, and for in-use volumes front-end qos specs cannot change.")
		}
		if err != nil {
			return fmt.Errorf("retype volume: %w", err)
		}
		reencrypts, err := t.reencrypts(ctx, v.VolumeTypeID, r)
		if err != nil {
			return err
		}
		job, err := t.addJob(ctx, a, newJob{kind: JobVolumeRetype, queue: QueueScheduler, volume: id,
			args: MoveArgs{TypeID: r.Type.ID, Multiattach: r.Multiattach, OnDemand: r.OnDemand, Reencrypts: reencrypts, KeyID: r.KeyID, Readable: r.Readable}})
		if err != nil {
			return err
		}
		snaps, err := t.SnapshotsOf(ctx, id)
		if err != nil {
			return fmt.Errorf("snapshots: %w", err)
		}
		if deltas := t.store.typeQuota(r.Type.Name, &v, snaps); len(deltas) > 0 {
			return t.hold(ctx, job, v.ProjectID, deltas)
		}
		return nil
	})
}

// reencrypts reports whether a retype changes how a volume is encrypted, and
// takes its keys.
func (t *txn) reencrypts(ctx context.Context, was string, r Retype) (bool, error) {
	same, err := t.sameEncryption(ctx, sameEncryptionParams{One: was, Other: r.Type.ID})
	if err != nil {
		return false, fmt.Errorf("compare encryptions: %w", err)
	}
	if !same {
		if err := t.useKeys(ctx, r.Old, r.New); err != nil {
			return false, err
		}
		return true, t.checkKey(ctx, r.Type.ID, r.KeyID)
	}
	if r.KeyID != nil || r.Old != nil { // the types have changed meanwhile
		return false, noKeyManager()
	}
	return false, nil
}

// typeQuota is what a volume and those of its snapshots that are its project's
// take of the resources of a type, to be held.
func (s *Store) typeQuota(typeName string, v *Volume, snaps []Snapshot) []quotaDelta {
	var volumes, gigabytes, snapshots int64
	if v.ConsumesQuota {
		volumes, gigabytes = 1, int64(v.Size)
	}
	for _, sn := range snaps {
		if sn.ProjectID != v.ProjectID || !sn.ConsumesQuota {
			continue
		}
		snapshots++
		if !s.opts.NoSnapshotGigabytes {
			gigabytes += int64(sn.VolumeSize)
		}
	}
	var d []quotaDelta
	for _, q := range []quotaDelta{{resource: "gigabytes_" + typeName, held: gigabytes}, {resource: "snapshots_" + typeName, held: snapshots},
		{resource: "volumes_" + typeName, held: volumes}} {
		if q.held > 0 {
			d = append(d, q)
		}
	}
	return d
}

// MigrateVolume begins moving a volume to host, a backend or one pool of it;
// lock keeps everybody else away from it meanwhile.
func (s *Store) MigrateVolume(ctx context.Context, a Actor, id, host string, lock bool) error {
	return s.tx(ctx, func(t *txn) error {
		_, err := t.beginMigrate(ctx, beginMigrateParams{LockVolume: lock, LockedStatus: VolumeMigrateLock.Running, ID: id,
			Accepts: VolumeMigrate.Accepts, Host: host})
		if none(err) {
			return Errorf(Invalid, "Invalid volume: Volume %s status must be available or in-use, must not be migrating, have snapshots, be replicated, "+
				"be part of a group and destination host/cluster must be different than the current one", id)
		}
		if err != nil {
			return fmt.Errorf("migrate volume: %w", err)
		}
		_, err = t.addJob(ctx, a, newJob{kind: JobVolumeMigrate, queue: QueueScheduler, volume: id, args: MoveArgs{Host: host}})
		return err
	})
}
