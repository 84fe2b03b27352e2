package driver

import "fmt"

// VolumeSource is the Source that reads a volume.
func VolumeSource(v Volume) Source { return Source{Volume: &v} }

// SnapshotSource is the Source that reads a snapshot.
func SnapshotSource(s Snapshot) Source { return Source{Snapshot: &s} }

// Name is the name in the pool of what s points to. ErrInvalid when not
// exactly one of the fields is set.
func (s Source) Name() (string, error) {
	switch {
	case s.Volume != nil && s.Snapshot == nil:
		return s.Volume.Name, nil
	case s.Snapshot != nil && s.Volume == nil:
		return s.Snapshot.Name, nil
	}
	return "", fmt.Errorf("%w: a source is one volume or one snapshot", ErrInvalid)
}

// SizeBytes is the size that the caller knows of what s points to.
func (s Source) SizeBytes() int64 {
	switch {
	case s.Volume != nil:
		return s.Volume.SizeBytes
	case s.Snapshot != nil:
		return s.Snapshot.SizeBytes
	}
	return 0
}
