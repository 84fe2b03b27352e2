package db

import (
	"context"
	"fmt"
)

// NewTransfer is the offer of a volume to whoever has the key.
type NewTransfer struct {
	ID             string
	VolumeID       string
	Name           *string
	NoSnapshots    bool // they stay with the project that offers
	AllowEncrypted bool // 3.70 and later
	KeyDigits      int
	SaltBytes      int
}

// CreateTransfer writes the offer and returns its key, which nobody sees again.
func (s *Store) CreateTransfer(ctx context.Context, n NewTransfer) (Transfer, string, error) {
	key, salt, hash := newTransferKey(n.KeyDigits, n.SaltBytes)
	var out Transfer
	err := s.tx(ctx, func(t *txn) error {
		v, err := t.moveVolume(ctx, moveVolumeParams{ToStatus: VolumeOffer.Running, ID: n.VolumeID, Accepts: VolumeOffer.Accepts})
		if none(err) {
			return Errorf(Invalid, "Invalid volume: status must be available")
		}
		if err != nil {
			return fmt.Errorf("offer volume: %w", err)
		}
		if err := offersEncrypted(v, n); err != nil {
			return err
		}
		if !n.NoSnapshots {
			if err := t.snapshotsGoAlong(ctx, v, "snapshot: %s status must be available"); err != nil {
				return err
			}
		}
		out, err = t.insertTransfer(ctx, insertTransferParams{ID: n.ID, VolumeID: v.ID, Name: n.Name, Salt: salt, KeyHash: hash,
			NoSnapshots: n.NoSnapshots, SourceProjectID: v.ProjectID})
		if err != nil {
			return fmt.Errorf("insert transfer: %w", err)
		}
		return nil
	})
	return out, key, err
}

// offersEncrypted refuses the offer of an encrypted volume: without a key
// manager nobody could hand over its key.
func offersEncrypted(v Volume, n NewTransfer) error {
	switch {
	case v.EncryptionKeyID == nil:
		return nil
	case !n.AllowEncrypted:
		return Errorf(Invalid, "Invalid volume: transferring encrypted volume is not supported")
	case n.NoSnapshots:
		return Errorf(Invalid, "Invalid volume: transferring an encrypted volume without its snapshots is not supported")
	}
	return noKeyManager()
}

// snapshotsGoAlong refuses when a snapshot of the volume's project cannot;
// format takes its id.
func (t *txn) snapshotsGoAlong(ctx context.Context, v Volume, format string) error {
	n, err := t.snapshotNotIn(ctx, snapshotNotInParams{VolumeID: v.ID, ProjectID: v.ProjectID, Accepts: SnapshotTransfer.Accepts})
	switch {
	case none(err):
		return nil
	case err != nil:
		return fmt.Errorf("snapshots of the volume: %w", err)
	case n.Grouped:
		return Errorf(Invalid, "Invalid snapshot: Snapshot %s is part of a group snapshot.", n.ID)
	}
	return Errorf(Invalid, "Invalid snapshot: "+format, n.ID)
}

// DeleteTransfer ends an offer; its volume is available again.
func (s *Store) DeleteTransfer(ctx context.Context, id string) error {
	return s.tx(ctx, func(t *txn) error {
		tr, err := t.lockTransfer(ctx, id)
		if none(err) {
			return transferList.gone(id)
		}
		if err != nil {
			return fmt.Errorf("transfer: %w", err)
		}
		_, err = t.moveVolume(ctx, moveVolumeParams{ToStatus: VolumeWithdraw.Running, ID: tr.VolumeID, Accepts: VolumeWithdraw.Accepts})
		if err != nil && !none(err) { // a volume whose status was reset keeps it
			return fmt.Errorf("withdraw volume: %w", err)
		}
		return t.deleteTransfer(ctx, id)
	})
}

// AcceptTransfer moves the volume of an offer, with its snapshots unless the
// offer leaves them, to the project of a, and the quota with them. anyType lets
// a have a type that his project may not use.
func (s *Store) AcceptTransfer(ctx context.Context, a Actor, id, key string, anyType bool) (Transfer, error) {
	var tr Transfer
	err := s.tx(ctx, func(t *txn) error {
		var err error
		if tr, err = t.lockTransfer(ctx, id); none(err) {
			return transferList.gone(id)
		} else if err != nil {
			return fmt.Errorf("transfer: %w", err)
		}
		if !tr.opens(key) {
			return Errorf(Invalid, "Invalid auth key: Attempt to transfer %s with invalid auth key.", id)
		}
		v, err := t.GetVolume(ctx, tr.VolumeID)
		if err != nil {
			return fmt.Errorf("volume of the transfer: %w", err)
		}
		if err := t.mayAccept(ctx, a, v, anyType); err != nil {
			return err
		}
		snaps, err := t.handOver(ctx, a, tr, v)
		if err != nil {
			return err
		}
		if err := t.acceptTransfer(ctx, acceptTransferParams{DestinationProjectID: a.ProjectID, ID: id}); err != nil {
			return fmt.Errorf("accept transfer: %w", err)
		}
		return t.moveQuota(ctx, a.ProjectID, v, snaps)
	})
	return tr, err
}

// mayAccept checks what does not depend on the volume's status.
func (t *txn) mayAccept(ctx context.Context, a Actor, v Volume, anyType bool) error {
	if v.ConsistencygroupID != nil || v.GroupID != nil {
		return Errorf(Invalid, "Invalid volume: Volume %s must not be part of a consistency group.", v.ID)
	}
	if err := t.checkVolumeSize(ctx, a.ProjectID, v.Size); err != nil {
		return err
	}
	_, err := t.volumeTypeFor(ctx, volumeTypeForParams{Ref: v.VolumeTypeID, AnyProject: anyType, ProjectID: a.ProjectID})
	if none(err) {
		return typeGone(v.VolumeTypeID)
	}
	if err != nil {
		return fmt.Errorf("type of the volume: %w", err)
	}
	return nil
}

// handOver changes the owner of the volume v and returns the snapshots that went along.
func (t *txn) handOver(ctx context.Context, a Actor, tr Transfer, v Volume) ([]Snapshot, error) {
	_, err := t.giveVolumeTo(ctx, giveVolumeToParams{ToStatus: VolumeAccept.Success, ProjectID: a.ProjectID, UserID: a.UserID, ID: v.ID,
		Accepts: VolumeAccept.Accepts})
	if none(err) && v.Status == Maintenance {
		return nil, Errorf(Invalid, "Invalid volume: The volume cannot accept transfer in maintenance mode.")
	}
	if none(err) {
		return nil, Errorf(Invalid, "Invalid volume: Transfer %s: Volume id %s expected in awaiting-transfer state.", tr.ID, v.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("hand over volume: %w", err)
	}
	if tr.NoSnapshots {
		return nil, nil
	}
	snaps, err := t.giveSnapshotsTo(ctx, giveSnapshotsToParams{ProjectID: a.ProjectID, UserID: a.UserID, VolumeID: v.ID,
		FromProjectID: v.ProjectID, Accepts: SnapshotTransfer.Accepts})
	if err != nil {
		return nil, fmt.Errorf("hand over snapshots: %w", err)
	}
	return snaps, t.snapshotsGoAlong(ctx, v, "Transfer "+tr.ID+": Snapshot %s is not in the expected available state.")
}

// moveQuota takes for project what the volume, as it was before, and its
// snapshots used of their project's quota. Of two projects the one whose name
// comes first is changed first, so that transfers both ways do not deadlock.
func (t *txn) moveQuota(ctx context.Context, project string, v Volume, snaps []Snapshot) error {
	volume, snapshots, err := t.quotaOfVolume(ctx, v, snaps)
	if err != nil {
		return err
	}
	give := func() error { return t.give(ctx, v.ProjectID, summed(volume, snapshots)) }
	take := func() error {
		// One after the other: the refusal names what does not fit.
		if err := t.take(ctx, project, volume); err != nil || len(snapshots) == 0 {
			return err
		}
		return t.take(ctx, project, snapshots)
	}
	first, second := take, give
	if v.ProjectID < project {
		first, second = give, take
	}
	if err := first(); err != nil {
		return err
	}
	return second()
}

// quotaOfVolume is what a volume and these snapshots of it use.
func (t *txn) quotaOfVolume(ctx context.Context, v Volume, snaps []Snapshot) (volume, snapshots []quotaDelta, err error) {
	if v.ConsumesQuota {
		name, err := t.typeName(ctx, v.VolumeTypeID)
		if err != nil {
			return nil, nil, err
		}
		volume = volumeQuota(name, v.Size)
	}
	for _, s := range snaps {
		if !s.ConsumesQuota {
			continue
		}
		name, err := t.typeName(ctx, s.VolumeTypeID)
		if err != nil {
			return nil, nil, err
		}
		snapshots = append(snapshots, t.store.snapshotQuota(name, s.VolumeSize)...)
	}
	return volume, summed(snapshots), nil
}

// summed adds up the deltas of each resource.
func summed(lists ...[]quotaDelta) []quotaDelta {
	var out []quotaDelta
	at := make(map[string]int)
	for _, list := range lists {
		for _, d := range list {
			i, ok := at[d.resource]
			if !ok {
				at[d.resource] = len(out)
				out = append(out, d)
				continue
			}
			out[i].used += d.used
			out[i].held += d.held
		}
	}
	return out
}
