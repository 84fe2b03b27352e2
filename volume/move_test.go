package volume_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume"
	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/file"
)

// node is a machine with one backend: its folder stays, its worker may be killed.
type node struct {
	s      *site
	name   string
	dir    string
	kill   *killer            // nil: nothing happens
	keys   keymanager.Manager // nil: the fixed key
	worker *volume.Worker
	server *target.Server
}

func (n *node) backend() string { return n.name + "@file" }
func (n *node) pool() string    { return n.backend() + "#file" }

// up starts the node's worker and its target.
func (n *node) up() {
	n.s.t.Helper()
	own, err := file.New(file.Options{PoolPath: n.dir})
	if err != nil {
		n.s.t.Fatal(err)
	}
	var drv driver.Driver = own
	if n.kill != nil {
		drv = mortal{own, n.kill}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.s.t.Fatal(err)
	}
	if n.keys == nil {
		n.keys = keymanager.Fixed{Key: fixedKey}
	}
	log := slog.New(slog.DiscardHandler)
	n.server = target.NewServer(target.Config{Log: log})
	n.worker = volume.New(volume.Config{Host: n.backend(), AvailabilityZone: "nova", Store: n.s.store, Bus: n.s.bus, Driver: drv, Target: n.server,
		Portals: []string{ln.Addr().String()}, TargetPrefix: "iqn.2010-10.org.openstack:", VolumeName: "volume-%s", SnapshotName: "snapshot-%s",
		OverSubscription: "20.0", RescheduleUpTo: 1, Keys: n.keys, Log: log})
	if err := n.worker.Prepare(context.Background()); err != nil {
		n.s.t.Fatal(err)
	}
	go func() { _ = n.server.Serve(ln) }() // ends with Shutdown
}

// down ends what a dead process would have taken with it.
func (n *node) down() {
	n.s.t.Helper()
	if err := n.server.Shutdown(context.Background()); err != nil {
		n.s.t.Error(err)
	}
	if err := n.worker.Close(); err != nil {
		n.s.t.Error(err)
	}
}

// volumeBytes is what every volume has here, so that many can be copied.
const volumeBytes = 4 << 20

// killer ends the context of the process at its n-th operation on a device or driver.
type killer struct {
	left int // operations until then
	end  context.CancelFunc
	dead bool
	full bool // creates fail instead
}

var errKilled = errors.New("the process is gone")

func (k *killer) step() error {
	if k.left--; k.left == 0 {
		k.dead = true
		k.end()
	}
	if k.dead {
		return errKilled
	}
	return nil
}

// mortal is a driver of a process that may be killed before each operation.
type mortal struct {
	driver.Driver
	k *killer
}

func (m mortal) Unwrap() driver.Driver { return m.Driver }

func (m mortal) Create(ctx context.Context, v driver.Volume) error {
	if err := m.k.step(); err != nil {
		return err
	}
	if m.k.full {
		return driver.ErrNoSpace
	}
	v.SizeBytes = volumeBytes
	return m.Driver.Create(ctx, v)
}

func (m mortal) Delete(ctx context.Context, v driver.Volume) error {
	if err := m.k.step(); err != nil {
		return err
	}
	return m.Driver.Delete(ctx, v)
}

func (m mortal) Open(ctx context.Context, src driver.Source, mode driver.Mode) (driver.Device, error) {
	if err := m.k.step(); err != nil {
		return nil, err
	}
	if src.Volume != nil {
		v := *src.Volume
		v.SizeBytes = volumeBytes
		src = driver.VolumeSource(v)
	}
	d, err := m.Driver.Open(ctx, src, mode)
	return mortalDevice{d, m.k}, err
}

type mortalDevice struct {
	driver.Device
	k *killer
}

func (d mortalDevice) WriteAt(p []byte, off int64) (int, error) {
	if err := d.k.step(); err != nil {
		return 0, err
	}
	return d.Device.WriteAt(p, off)
}

func (d mortalDevice) Flush() error {
	if err := d.k.step(); err != nil {
		return err
	}
	return d.Device.Flush()
}

func (d mortalDevice) Extent(off int64) (int64, bool, error) {
	return d.Device.(driver.HoleFinder).Extent(off)
}

// work does every job that the nodes have, the scheduler's aside; a node whose
// process dies in one is started again.
func work(t *testing.T, nodes ...*node) {
	t.Helper()
	for idle := false; !idle; {
		idle = true
		for _, n := range nodes {
			ctx, cancel := context.WithCancel(t.Context())
			if n.kill != nil {
				n.kill.end = cancel
			}
			j, err := n.s.store.Claim(ctx, db.VolumeQueue(n.backend()), "", n.backend()+"/test")
			if err != nil {
				t.Fatal(err)
			}
			if j == nil {
				cancel()
				continue
			}
			idle = false
			err = n.worker.Handle(ctx, j)
			cancel()
			if n.kill != nil && n.kill.dead {
				n.kill.dead = false
				n.down()
				n.up()
				// The dead one's lock may outlive it by a moment.
				if err := n.s.store.TakeOver(t.Context(), n.backend(), n.backend()+"/new"); err != nil {
					t.Fatal(err)
				}
			} else if err != nil {
				if err := n.s.store.Retry(t.Context(), j, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// pair is a site with two nodes and a volume with random data on the first one.
type pair struct {
	*site
	a, b *node
	id   string
	sum  [sha256.Size]byte
}

func newPair(t *testing.T) *pair {
	t.Helper()
	s := newSite(t)
	p := &pair{site: s, a: &node{s: s, name: "a", dir: t.TempDir(), kill: &killer{}}, b: &node{s: s, name: "b", dir: t.TempDir(), kill: &killer{}}}
	for _, n := range []*node{p.a, p.b} {
		n.up()
		t.Cleanup(n.down)
	}
	ty, err := s.store.DefaultVolumeType(t.Context(), alice.ProjectID, "__DEFAULT__")
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.store.CreateVolume(t.Context(), alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.VolumePlaced(t.Context(), s.claim(db.QueueScheduler, "scheduler/1"), p.a.pool(), "nova"); err != nil {
		t.Fatal(err)
	}
	work(t, p.a, p.b)
	p.id = v.ID
	p.fill()
	return p
}

// fill writes random bytes at the beginning, in the middle and at the end.
func (p *pair) fill() {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(p.a.dir, "volume-"+p.id), os.O_RDWR, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	data := make([]byte, 70<<10)
	for i := range data {
		data[i] = byte(rand.IntN(256))
	}
	for _, off := range []int64{0, volumeBytes/2 + 4096, volumeBytes - int64(len(data))} {
		if _, err := f.WriteAt(data, off); err != nil {
			p.t.Fatal(err)
		}
	}
	p.sum = contents(p.t, f.Name())
}

// contents sums up what a file holds, with its places, and its size.
func contents(t *testing.T, path string) (sum [sha256.Size]byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	h, piece, zero := sha256.New(), make([]byte, 64<<10), make([]byte, 64<<10)
	_, _ = fmt.Fprintln(h, st.Size())
	for off := int64(0); off < st.Size(); off += int64(len(piece)) {
		if off, err = unix.Seek(int(f.Fd()), off, unix.SEEK_DATA); errors.Is(err, unix.ENXIO) {
			break // the rest is a hole
		}
		off -= off % int64(len(piece))
		n, err := f.ReadAt(piece, off)
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if !bytes.Equal(piece[:n], zero[:n]) {
			_, _ = fmt.Fprintln(h, off)
			_, _ = h.Write(piece[:n])
		}
	}
	h.Sum(sum[:0])
	return sum
}

// migrate asks for the move to b, and chooses it as the scheduler does.
func (p *pair) migrate(lock bool) {
	p.t.Helper()
	if err := p.store.MigrateVolume(p.t.Context(), alice, p.id, p.b.pool(), lock); err != nil {
		p.t.Fatal(err)
	}
	p.send()
}

func (p *pair) send() {
	p.t.Helper()
	j := p.claim(db.QueueScheduler, "scheduler/1")
	args, err := j.Move()
	if err != nil {
		p.t.Fatal(err)
	}
	args.Host, args.Step = p.b.pool(), db.StepExport
	if err := p.store.PassMove(p.t.Context(), j, p.a.backend(), args); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) volume() db.Volume {
	p.t.Helper()
	v, err := p.store.GetVolume(p.t.Context(), p.id)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// isAt insists that the one and only copy of the data is on n, and that the row says so.
func (p *pair) isAt(n *node, status, migration string) {
	p.t.Helper()
	v := p.volume()
	if jobs, err := p.store.Unfinished(p.t.Context()); err != nil || jobs != 0 {
		p.t.Errorf("%d jobs are left, %v", jobs, err)
	}
	if v.Host == nil || *v.Host != n.pool() || v.Status != status || v.MigrationStatus == nil || *v.MigrationStatus != migration {
		p.t.Errorf("volume is on %s, %s, migration %v; want %s, %s, %s", *v.Host, v.Status, v.MigrationStatus, n.pool(), status, migration)
	}
	other := p.a
	if n == p.a {
		other = p.b
	}
	if left := made(p.t, other); len(left) > 0 {
		p.t.Errorf("%s still has %v", other.name, left)
	}
	if got := made(p.t, n); !slices.Equal(got, []string{"volume-" + v.BackendID()}) {
		p.t.Fatalf("%s has %v", n.name, got)
	}
	if contents(p.t, filepath.Join(n.dir, "volume-"+v.BackendID())) != p.sum {
		p.t.Error("the data is another")
	}
	diffs, err := p.store.QuotaCheck(p.t.Context())
	if err != nil || len(diffs) > 0 {
		p.t.Errorf("quota: %v, %v", diffs, err)
	}
}

func made(t *testing.T, n *node) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(n.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "volume-") {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestAVolumeMovesToAnotherNodeAndBack(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.migrate(true)
	if got := p.volume().Status; got != db.Maintenance {
		t.Errorf("a locked volume is %s", got)
	}
	work(t, p.a, p.b)
	p.isAt(p.b, db.Available, "success")
	p.a, p.b = p.b, p.a
	p.migrate(false)
	work(t, p.a, p.b)
	p.isAt(p.b, db.Available, "success")
}

// Whatever operation a worker dies at, the volume arrives, once and whole.
func TestAMoveSurvivesTheDeathOfEitherWorkerAtEachStep(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for _, victim := range []string{"source", "destination"} {
		for step, passed := 1, false; !passed; step++ {
			n := map[string]*node{"source": p.a, "destination": p.b}[victim]
			n.kill.left = step
			p.migrate(step%2 == 0)
			work(t, p.a, p.b)
			p.isAt(p.b, db.Available, "success")
			if t.Failed() {
				t.Fatalf("after the death of the %s at step %d", victim, step)
			}
			passed = n.kill.left > 0 // it has fewer steps
			n.kill.left = 0
			p.a, p.b = p.b, p.a
		}
	}
}

func TestACopyThatDoesNotFitLeavesTheSourceWholeAndNothingElse(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.b.kill.full = true
	p.migrate(true)
	work(t, p.a, p.b)
	p.isAt(p.a, db.Available, "error")
	p.told("Driver failed to create the volume")
}

func (p *pair) told(text string) {
	p.t.Helper()
	page, err := p.store.ListMessages(p.t.Context(), db.ListQuery{Project: alice.ProjectID, Limit: 10})
	if err != nil || len(page.Items) != 1 || !strings.Contains(page.Items[0].Text(), text) {
		p.t.Errorf("messages: %+v, %v", page.Items, err)
	}
}

func TestAVolumeThatIsAttachedDoesNotMove(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	ctx := t.Context()
	at, err := p.store.CreateAttachment(ctx, uuid.NewString(), p.id, nil, "rw")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.store.ConnectAttachment(ctx, alice, at.ID, []byte(`{"initiator":"iqn.2026-11.test:a","host":"h"}`), false, "api.1"); err != nil {
		t.Fatal(err)
	}
	work(t, p.a, p.b)
	if err := p.store.CompleteAttachment(ctx, at.ID); err != nil {
		t.Fatal(err)
	}
	p.migrate(true)
	work(t, p.a, p.b)
	p.isAt(p.a, db.InUse, "error")
	p.told("Volume status is invalid")
}

// What is asked of an unlocked volume while it moves happens where it is then.
func TestWhatWaitsForAMoveFollowsTheVolume(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.migrate(false)
	snap, err := p.store.CreateSnapshot(t.Context(), alice, db.NewSnapshot{ID: uuid.NewString(), VolumeID: p.id})
	if err != nil {
		t.Fatal(err)
	}
	work(t, p.a, p.b)
	if s, err := p.store.GetSnapshot(t.Context(), snap.ID); err != nil || s.Status != db.Available {
		t.Errorf("snapshot %s, %v", s.Status, err)
	}
	if _, err := os.Stat(filepath.Join(p.b.dir, "snapshot-"+snap.ID)); err != nil {
		t.Error(err)
	}
	p.isAt(p.b, db.Available, "success")
	if err := p.store.RetypeVolume(t.Context(), alice, p.id, db.Retype{Type: p.newType("other"), OnDemand: true}); err != nil {
		t.Fatal(err)
	}
	p.a, p.b = p.b, p.a
	p.send()
	work(t, p.a, p.b)
	p.isAt(p.a, db.Available, "success") // the snapshot would stay behind
	p.told("Volume status is invalid")
}

func (p *pair) newType(name string) db.VolumeType {
	p.t.Helper()
	ty, err := p.store.CreateVolumeType(p.t.Context(), name, nil, true, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return ty
}

func TestARetypeMovesTheVolumeWithItsQuota(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	ty := p.newType("other")
	if err := p.store.RetypeVolume(t.Context(), alice, p.id, db.Retype{Type: ty, OnDemand: true}); err != nil {
		t.Fatal(err)
	}
	if v := p.volume(); v.Status != db.Retyping {
		t.Errorf("status %s", v.Status)
	}
	p.send()
	work(t, p.a, p.b)
	p.isAt(p.b, db.Available, "success")
	if v := p.volume(); v.VolumeTypeID != ty.ID {
		t.Error("the type is the old one")
	}
	p.uses(map[string]db.QuotaLine{"volumes_other": {Limit: -1, InUse: 1}, "gigabytes_other": {Limit: -1, InUse: 1}, "volumes___DEFAULT__": {Limit: -1}})
}

func (p *pair) uses(want map[string]db.QuotaLine) {
	p.t.Helper()
	set, err := p.store.QuotaSet(p.t.Context(), alice.ProjectID, []string{"other", "__DEFAULT__"})
	if err != nil {
		p.t.Fatal(err)
	}
	for r, line := range want {
		if set[r] != line {
			p.t.Errorf("%s is %+v, want %+v", r, set[r], line)
		}
	}
}

func TestARetypeWhoseCopyFailsGivesTheQuotaBack(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.b.kill.full = true
	if err := p.store.RetypeVolume(t.Context(), alice, p.id, db.Retype{Type: p.newType("other"), OnDemand: true}); err != nil {
		t.Fatal(err)
	}
	p.uses(map[string]db.QuotaLine{"volumes_other": {Limit: -1, Reserved: 1}, "gigabytes_other": {Limit: -1, Reserved: 1}})
	p.send()
	work(t, p.a, p.b)
	p.isAt(p.a, db.Available, "error")
	p.uses(map[string]db.QuotaLine{"volumes_other": {Limit: -1}, "gigabytes_other": {Limit: -1}, "volumes___DEFAULT__": {Limit: -1, InUse: 1}})
}

// An administrator who resets the states calls the move off.
func TestAResetCallsTheMoveOff(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.migrate(false)
	var none *string
	if err := p.store.ResetVolume(t.Context(), alice, p.id, db.VolumeReset{MigrationStatus: &none}); err != nil {
		t.Fatal(err)
	}
	work(t, p.a, p.b)
	if v := p.volume(); *v.Host != p.a.pool() || v.MigrationStatus != nil || len(made(t, p.b)) > 0 {
		t.Errorf("on %s, migration %v, %v on b", *v.Host, v.MigrationStatus, made(t, p.b))
	}
}
