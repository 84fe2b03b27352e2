package volume_test

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume/driver"
)

const (
	writers = 4
	slots   = 512 // of 512 bytes, for each writer on each volume
)

// writer writes 1, 2, 3, … to two devices in turn, each number when the one
// before it was acknowledged, into its own slots.
type writer struct {
	slot  int64
	acked atomic.Int64
}

func (w *writer) run(ctx context.Context, devices []*target.Blocking) error {
	d := done{make(chan error, 1)}
	for n := int64(1); ctx.Err() == nil; n++ {
		buf := make([]byte, 512)
		binary.BigEndian.PutUint64(buf, uint64(n))
		io := &target.IO{Op: target.Write, Off: (w.slot*slots + n%slots) * 512, Len: 512, Buf: buf, Owner: d}
		devices[n%2].Submit([]*target.IO{io})
		if err := <-d.err; err != nil {
			return err
		}
		w.acked.Store(n)
	}
	return nil
}

// last is the highest number that a snapshot has of a writer.
func last(t *testing.T, dev driver.Device, slot int64) int64 {
	t.Helper()
	buf := make([]byte, slots*512)
	if _, err := dev.ReadAt(buf, slot*slots*512); err != nil {
		t.Fatal(err)
	}
	var most int64
	for i := range slots {
		most = max(most, int64(binary.BigEndian.Uint64(buf[i*512:])))
	}
	return most
}

// lagging takes the second snapshot of a group long after the first one: when
// the writers have gone on, or were held for a while.
type lagging struct {
	driver.Driver
	calls   atomic.Int64
	writers []*writer
	wait    time.Duration // for the writers to go on, at most
}

func (l *lagging) Unwrap() driver.Driver { return l.Driver }

func (l *lagging) Snapshot(ctx context.Context, s driver.Snapshot) error {
	if l.calls.Add(1)%2 == 0 {
		start := l.writers[0].acked.Load()
		for until := time.Now().Add(l.wait); l.writers[0].acked.Load() < start+100 && time.Now().Before(until); {
			time.Sleep(time.Millisecond)
		}
	}
	return l.Driver.Snapshot(ctx, s)
}

func TestAGroupSnapshotIsOfOneMoment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		specs db.ExtraSpecs
		want  bool
	}{"consistent": {oneMoment, true}, "not asked for": {nil, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			lag := &lagging{wait: 300 * time.Millisecond}
			if !c.want {
				lag.wait = time.Minute
			}
			for i := range writers {
				lag.writers = append(lag.writers, &writer{slot: int64(i)})
			}
			s.start(func(d driver.Driver) driver.Driver { lag.Driver = d; return lag })
			group, members := s.newGroup(c.specs, 2)
			devices := make([]*target.Blocking, 2)
			for i, id := range members {
				s.attach(id)
				devices[i] = s.now.Backing(id)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, writers)
			for _, w := range lag.writers {
				go func() { ended <- w.run(ctx, devices) }()
			}
			together := true
			for range 3 {
				before := lag.writers[0].acked.Load()
				id := s.snapshotGroup(group, db.Available)
				together = together && belongTogether(t, s, lag.Driver, id, members)
				for lag.writers[0].acked.Load() < before+200 { // the writes go on
					time.Sleep(time.Millisecond)
				}
			}
			cancel()
			for range writers {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
			if together != c.want {
				t.Errorf("the snapshots belong together: %v, want %v", together, c.want)
			}
		})
	}
}

// belongTogether: of two numbers that follow each other, one volume has the
// one and the other the other, for every writer.
func belongTogether(t *testing.T, s *site, d driver.Driver, groupSnapshot string, members []string) bool {
	t.Helper()
	snaps, err := s.store.MemberSnapshots(t.Context(), groupSnapshot)
	if err != nil || len(snaps) != 2 {
		t.Fatalf("%d snapshots, %v", len(snaps), err)
	}
	found := make(map[string][]int64)
	for _, m := range snaps {
		dev, err := d.Open(t.Context(), driver.SnapshotSource(driver.Snapshot{ID: m.ID, Name: "snapshot-" + m.ID, VolumeID: m.VolumeID,
			VolumeName: "volume-" + m.VolumeID, SizeBytes: 1 << 30}), driver.ReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		for i := range writers {
			found[m.VolumeID] = append(found[m.VolumeID], last(t, dev, int64(i)))
		}
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
	}
	a, b := found[members[0]], found[members[1]]
	for i := range writers {
		if apart := a[i] - b[i]; apart != 1 && apart != -1 {
			return false
		}
	}
	return true
}
