package db

import (
	"context"
	"fmt"
	"strings"
)

// The four steps around an attachment that Nova took before 3.27.

// HoldVolume keeps a volume for an attachment that is about to be made.
func (s *Store) HoldVolume(ctx context.Context, id string, multiattach bool) error {
	op := VolumeHold
	if multiattach {
		op = VolumeHoldMulti
	}
	_, err := s.moveVolume(ctx, moveVolumeParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
	if !none(err) {
		return err
	}
	v, err := s.GetVolume(ctx, id)
	if err != nil {
		return fmt.Errorf("read volume: %w", err)
	}
	return Errorf(Invalid, "Invalid volume: Volume status must be %s to reserve, but the status is %s.", strings.Join(op.Accepts, " or "), v.Status)
}

// UnholdVolume gives it back; one that is not held stays as it is.
func (s *Store) UnholdVolume(ctx context.Context, id string) error {
	return s.unholdVolume(ctx, unholdVolumeParams{ID: id, Accepts: VolumeUnhold.Accepts})
}

// BeginDetach says that a guest is letting go of the volume.
func (s *Store) BeginDetach(ctx context.Context, id string) error {
	n, err := s.beginDetachVolume(ctx, beginDetachVolumeParams{ToStatus: VolumeBeginDetach.Running, ID: id, Accepts: VolumeBeginDetach.Accepts})
	if err == nil && n == 0 {
		return Errorf(Invalid, "Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach.")
	}
	return err
}

// RollDetach takes that back; a volume that is not detaching stays as it is.
func (s *Store) RollDetach(ctx context.Context, id string) error {
	_, err := s.moveVolume(ctx, moveVolumeParams{ToStatus: VolumeRollDetach.Running, ID: id, Accepts: VolumeRollDetach.Accepts})
	if none(err) {
		return nil
	}
	return err
}
