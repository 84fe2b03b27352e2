package volume_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/nova"
)

// scripted is a compute service that does as a test wants; tests/nova has a real one.
type scripted struct {
	swap  func(server, from, to string) error
	tell  func() error
	swaps int
	tells int
}

func (s *scripted) SwapVolume(_ context.Context, _, server, from, to string) error {
	s.swaps++
	return s.swap(server, from, to)
}

func (s *scripted) Tell(context.Context, *slog.Logger, string, nova.Event, string, []string) error {
	s.tells++
	return s.tell()
}

const guest = "00000000-0000-4000-8000-0000000000a1"

// attach lets a server have a volume, as Nova does.
func (p *pair) attach(volume string) string {
	p.t.Helper()
	server := guest
	at, err := p.store.CreateAttachment(p.t.Context(), uuid.NewString(), volume, &server, "rw")
	if err != nil {
		p.t.Fatal(err)
	}
	p.connect(at.ID)
	return at.ID
}

func (p *pair) connect(at string) {
	p.t.Helper()
	if _, err := p.store.ConnectAttachment(p.t.Context(), alice, at, []byte(`{"initiator":"iqn.2026-11.test:a","host":"h"}`), false, "api.1"); err != nil {
		p.t.Fatal(err)
	}
	work(p.t, p.a, p.b)
	if err := p.store.CompleteAttachment(p.t.Context(), at); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) detach(at string) {
	p.t.Helper()
	if _, err := p.store.DeleteAttachment(p.t.Context(), alice, at, "api.1"); err != nil {
		p.t.Fatal(err)
	}
	work(p.t, p.a, p.b)
}

// withServer is a pair whose volume a server has, over a scripted Nova.
func withServer(t *testing.T) (*pair, *scripted, string) {
	t.Helper()
	p, n := newPair(t), &scripted{}
	p.a.worker.Compute, p.b.worker.Compute = n, n
	return p, n, p.attach(p.id)
}

// look lets the jobs that wait look now, and ages the copy as time does.
func (p *pair) look() {
	p.t.Helper()
	for _, sql := range []string{`UPDATE jobs SET not_before = now() WHERE state = 'queued'`,
		`UPDATE volumes SET created_at = created_at - interval '1 hour', updated_at = updated_at - interval '1 hour' WHERE migration_status LIKE 'target:%'`} {
		if _, err := p.store.Pool().Exec(p.t.Context(), sql); err != nil {
			p.t.Fatal(err)
		}
	}
	work(p.t, p.a, p.b)
}

func (p *pair) count(sql string) (n int) {
	p.t.Helper()
	if err := p.store.Pool().QueryRow(p.t.Context(), sql).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// settled insists that nothing of a move is left but the volume itself.
func (p *pair) settled() {
	p.t.Helper()
	if n := p.count(`SELECT count(*) FROM volumes`); n != 1 {
		p.t.Errorf("%d volumes", n)
	}
	if n := p.count(`SELECT count(*) FROM reservations`); n != 0 {
		p.t.Errorf("%d reservations", n)
	}
}

func TestAServerMovesItsVolume(t *testing.T) {
	t.Parallel()
	p, n, old := withServer(t)
	var copyID, at string
	n.swap = func(server, from, to string) error {
		if server != guest || from != p.id {
			return fmt.Errorf("asked for %s, %s", server, from)
		}
		copyID = to
		a, err := p.store.CreateAttachment(t.Context(), uuid.NewString(), to, &server, "rw")
		at = a.ID
		return err
	}
	kind := p.newType("other")
	if err := p.store.RetypeVolume(t.Context(), alice, p.id, db.Retype{Type: kind, OnDemand: true}); err != nil {
		t.Fatal(err)
	}
	p.send()
	work(t, p.a, p.b)
	// The move waits for Nova, and nothing waits for the move.
	p.connect(at)
	p.look()
	p.detach(old)
	if kept, err := p.store.CompleteMigration(t.Context(), alice, p.id, copyID, false); err != nil || kept != p.id {
		t.Fatalf("completion: %s, %v", kept, err)
	}
	work(t, p.a, p.b)
	v := p.volume()
	if *v.Host != p.b.pool() || v.Status != db.InUse || *v.MigrationStatus != "success" || v.BackendID() != copyID || v.VolumeTypeID != kind.ID {
		t.Errorf("after the move: %+v", v)
	}
	if left := made(t, p.a); len(left) > 0 {
		t.Errorf("a still has %v", left)
	}
	if left := made(t, p.b); len(left) != 1 || left[0] != "volume-"+copyID {
		t.Errorf("b has %v", left)
	}
	p.settled()
	if n := p.count(`SELECT in_use FROM quota_usages WHERE resource = 'gigabytes_other'`); n != 1 {
		t.Errorf("%d GiB of the new type", n)
	}
	if jobs, err := p.store.Unfinished(t.Context()); err != nil || jobs != 0 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
	p.detach(at)
	if v := p.volume(); v.Status != db.Available {
		t.Errorf("after the detach: %s", v.Status)
	}
}

func TestNovaThatDoesNotMoveAVolumeLeavesItAsItWas(t *testing.T) {
	t.Parallel()
	p, n, _ := withServer(t)
	n.swap = func(string, string, string) error { return nova.ErrRefused }
	if err := p.store.RetypeVolume(t.Context(), alice, p.id, db.Retype{Type: p.newType("other"), OnDemand: true}); err != nil {
		t.Fatal(err)
	}
	p.send()
	work(t, p.a, p.b)
	p.isAt(p.a, db.InUse, "error")
	p.told("Failed to attach volume")
	p.settled()
	if n.swaps != 1 {
		t.Errorf("asked %d times", n.swaps)
	}
}

func TestNovaThatReportsAFailure(t *testing.T) {
	t.Parallel()
	p, n, _ := withServer(t)
	var copyID, at string
	n.swap = func(server, _, to string) error {
		copyID = to
		a, err := p.store.CreateAttachment(t.Context(), uuid.NewString(), to, &server, "rw")
		at = a.ID
		return err
	}
	p.migrate(false)
	work(t, p.a, p.b)
	p.detach(at)
	if _, err := p.store.CompleteMigration(t.Context(), alice, p.id, copyID, true); err != nil {
		t.Fatal(err)
	}
	work(t, p.a, p.b)
	p.isAt(p.a, db.InUse, "error")
	p.settled()
}

// Nova took the volume, and its answer was lost: it is not asked again, and the
// copy is not taken from under it. Then it gives up without a word.
func TestNovaWhoseWordsAreLost(t *testing.T) {
	t.Parallel()
	for _, killed := range []bool{false, true} {
		p, n, _ := withServer(t)
		var at string
		n.swap = func(server, _, to string) error {
			a, err := p.store.CreateAttachment(t.Context(), uuid.NewString(), to, &server, "rw")
			at = a.ID
			if killed {
				p.b.kill.left = 1
				_ = p.b.kill.step()
			}
			return errors.Join(err, context.DeadlineExceeded)
		}
		p.migrate(false)
		work(t, p.a, p.b)
		p.b.worker.Compute = n // of a worker that was started again
		p.look()
		p.look()
		if v := p.volume(); *v.MigrationStatus != "migrating" || v.Status != db.InUse {
			t.Errorf("while Nova works: %s, %s", *v.MigrationStatus, v.Status)
		}
		if n.swaps != 1 {
			t.Errorf("asked %d times", n.swaps)
		}
		p.detach(at)
		p.look()
		p.isAt(p.a, db.InUse, "error")
		p.told("Failed to attach volume")
		p.settled()
	}
}

func TestADestinationWithoutRoomLeavesAnAttachedVolume(t *testing.T) {
	t.Parallel()
	p, n, _ := withServer(t)
	p.b.kill.full = true
	p.migrate(false)
	work(t, p.a, p.b)
	p.isAt(p.a, db.InUse, "error")
	p.told("Driver failed to create the volume")
	p.settled()
	if n.swaps != 0 {
		t.Error("Nova was asked")
	}
}

// What is told of a volume that grew does not hold up what comes after.
func TestNovaIsToldOfAVolumeThatGrew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		fails   int // times that Nova does not answer
		err     error
		tells   int
		message bool
	}{
		{"at once", 0, nil, 1, false},
		{"when it is back", 4, errors.New("away"), 5, false},
		{"never", 1000, errors.New("away"), 10, true},
		{"and refuses", 1000, nova.ErrRefused, 1, true},
	} {
		p, n, at := withServer(t)
		n.tell = func() error {
			if n.tells <= c.fails {
				return c.err
			}
			return nil
		}
		if err := p.store.ExtendVolume(t.Context(), alice, p.id, 2, true); err != nil {
			t.Fatal(err)
		}
		if err := p.store.HandOver(t.Context(), p.claim(db.QueueScheduler, "scheduler/1"), p.a.backend()); err != nil {
			t.Fatal(err)
		}
		work(t, p.a, p.b)
		if v := p.volume(); v.Size != 2 || v.Status != db.InUse {
			t.Errorf("%s: %d GiB, %s", c.name, v.Size, v.Status)
		}
		p.detach(at) // waits for nobody
		for range 12 {
			p.look()
		}
		if n.tells != c.tells {
			t.Errorf("%s: told %d times", c.name, n.tells)
		}
		if c.message {
			p.told("Compute service failed to extend volume")
		} else if n := p.count(`SELECT count(*) FROM messages`); n != 0 {
			t.Errorf("%s: %d messages", c.name, n)
		}
		if jobs, err := p.store.Unfinished(t.Context()); err != nil || jobs != 0 {
			t.Errorf("%s: %d jobs, %v", c.name, jobs, err)
		}
	}
}

// The volume is deleted by force while Nova is asked: its copy does not stay.
func TestAVolumeThatIsDeletedWhileNovaIsAsked(t *testing.T) {
	t.Parallel()
	p, n, _ := withServer(t)
	n.swap = func(string, string, string) error {
		_, err := p.store.Pool().Exec(t.Context(), `DELETE FROM attachments`)
		if err == nil {
			_, err = p.store.Pool().Exec(t.Context(), `DELETE FROM volumes WHERE id = $1`, p.id)
		}
		return errors.Join(err, nova.ErrNotFound)
	}
	p.migrate(false)
	work(t, p.a, p.b)
	if n := p.count(`SELECT count(*) FROM volumes`); n != 0 {
		t.Errorf("%d volumes", n)
	}
	if left := made(t, p.b); len(left) > 0 {
		t.Errorf("b has %v", left)
	}
	if jobs, err := p.store.Unfinished(t.Context()); err != nil || jobs != 0 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
}

// A server that is rebuilt waits for the word that its volume has the image.
func TestNovaIsToldOfAnImageThatWasWritten(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	n := &scripted{tell: func() error { return nil }}
	p.a.worker.Compute = n
	server := guest
	if _, err := p.store.CreateAttachment(t.Context(), uuid.NewString(), p.id, &server, "rw"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.store.Pool().Exec(t.Context(), `INSERT INTO jobs (id, kind, queue, project_id, user_id, request_id, volume_id)
		VALUES (gen_random_uuid(), 'volume.reimage', $1, 'p', 'u', 'r', $2)`, db.VolumeQueue(p.a.backend()), p.id); err != nil {
		t.Fatal(err)
	}
	if _, err := p.store.Pool().Exec(t.Context(), `UPDATE volumes SET status = 'downloading', previous_status = 'reserved'`); err != nil {
		t.Fatal(err)
	}
	if err := p.store.Reimaged(t.Context(), p.claim(db.VolumeQueue(p.a.backend()), "w/1"), nil); err != nil {
		t.Fatal(err)
	}
	work(t, p.a, p.b)
	if v := p.volume(); v.Status != db.Reserved || n.tells != 1 {
		t.Errorf("%s, told %d times", v.Status, n.tells)
	}
}

// A type that encrypts otherwise brings its key, which stays when the server
// has moved and goes when it has not.
func TestTheKeyOfAVolumeThatAServerMoves(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		p, n, old := withServer(t)
		key, before := uuid.NewString(), uuid.NewString()
		var copyID, at string
		n.swap = func(server, _, to string) error {
			copyID = to
			c, err := p.store.GetVolume(t.Context(), to)
			if err != nil || c.EncryptionKeyID == nil || *c.EncryptionKeyID != key {
				t.Errorf("the copy has the key %v, %v", c.EncryptionKeyID, err)
			}
			a, err := p.store.CreateAttachment(t.Context(), uuid.NewString(), to, &server, "rw")
			at = a.ID
			return err
		}
		p.migrate(false)
		for _, sql := range []string{`UPDATE volumes SET encryption_key_id = '` + before + `'`,
			`UPDATE jobs SET args = args || '{"reencrypts": true, "key": "` + key + `"}'`} {
			if _, err := p.store.Pool().Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		work(t, p.a, p.b)
		p.connect(at)
		gone, kept, loose := old, key, before
		if fails {
			gone, kept, loose = at, before, key
		}
		p.detach(gone)
		if _, err := p.store.CompleteMigration(t.Context(), alice, p.id, copyID, fails); err != nil {
			t.Fatal(err)
		}
		work(t, p.a, p.b)
		if v := p.volume(); *v.EncryptionKeyID != kept {
			t.Errorf("failed %v: the volume has the key %s", fails, *v.EncryptionKeyID)
		}
		if n := p.count(`SELECT count(*) FROM loose_keys`); n != 1 || p.count(`SELECT count(*) FROM loose_keys WHERE key_id = '`+loose+`'`) != 1 {
			t.Errorf("failed %v: %d keys are given up, or the wrong one", fails, n)
		}
	}
}
