package volume_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

const initiator = "iqn.2026-11.test:a"

// initialize asks for a connection and returns its secret.
func (s *site) initialize(id string) (secret string, err error) {
	s.t.Helper()
	ctx := s.t.Context()
	job, err := s.store.InitializeConnection(ctx, alice, id, initiator, []byte(`{"initiator":"`+initiator+`","host":"h"}`), "api.1")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.store.Wait(ctx, job); err != nil {
		return "", err
	}
	c, err := s.store.ConnectionOf(ctx, db.ConnectionOfParams{VolumeID: id, Initiator: initiator})
	if err != nil {
		s.t.Fatal(err)
	}
	var info map[string]any
	if err := json.Unmarshal(c.ConnectionInfo, &info); err != nil {
		s.t.Fatal(err)
	}
	if _, there := info["attachment_id"]; there {
		s.t.Error("a connection without an attachment names one")
	}
	return info["auth_password"].(string), nil
}

func (s *site) connections(id string) int {
	s.t.Helper()
	all, err := s.store.ConnectionsOf(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(all)
}

// gone waits until a volume is deleted.
func (s *site) gone(id string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		switch _, err := s.store.ViewVolume(s.t.Context(), id, ""); {
		case db.IsKind(err, db.NotFound):
			return
		case err != nil:
			s.t.Fatal(err)
		case time.Now().After(deadline):
			s.t.Fatal("the volume is still there")
		}
	}
}

func TestAConnectionStaysTheSameUntilItIsTerminated(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := s.start(nil)
	id := s.create()
	s.becomes(id, db.Available)
	first, err := s.initialize(id)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	s.start(nil)
	again, err := s.initialize(id)
	if err != nil || again != first || s.connections(id) != 1 {
		t.Fatalf("after a restart there are %d connections with another secret: %v, %v", s.connections(id), again != first, err)
	}
	job, err := s.store.TerminateConnection(t.Context(), alice, id, initiator, "api.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Wait(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if n := s.connections(id); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	if next, err := s.initialize(id); err != nil || next == first {
		t.Errorf("a terminated connection comes back as it was: %v", err)
	}
	if err := s.store.DeleteVolume(t.Context(), alice, id, db.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.gone(id)
}

// A detach ends the connections of the last attachment that has none of its
// own, and no others.
func TestADetachEndsTheConnectionsThatWereMadeForIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start(nil)
	id := s.create()
	s.becomes(id, db.Available)
	if _, err := s.initialize(id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Pool().Exec(t.Context(), `UPDATE volumes SET multiattach = true WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	var attached []string
	for range 2 {
		server, at := uuid.NewString(), uuid.NewString()
		if err := s.store.AttachVolume(t.Context(), id, db.NewAttach{ID: at, InstanceID: &server, Mountpoint: "/dev/vdb", Mode: "rw"}); err != nil {
			t.Fatal(err)
		}
		attached = append(attached, at)
	}
	for i, want := range []int{1, 0} {
		job, err := s.store.DetachVolume(t.Context(), alice, id, &attached[i], "api.1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.store.Wait(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		if n := s.connections(id); n != want {
			t.Errorf("after detach %d there are %d connections, want %d", i+1, n, want)
		}
	}
	s.becomes(id, db.Available)
}

// shut is a driver that opens nothing.
type shut struct{ driver.Driver }

func (d shut) Unwrap() driver.Driver { return d.Driver }

func (d shut) Open(context.Context, driver.Source, driver.Mode) (driver.Device, error) {
	return nil, driver.ErrInvalid
}

func TestAConnectionThatCannotBeMadeLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start(func(d driver.Driver) driver.Driver { return shut{d} })
	id := s.create()
	s.becomes(id, db.Available)
	_, err := s.initialize(id)
	var refused *db.Error
	if !errors.As(err, &refused) || refused.Kind != db.Unavailable {
		t.Errorf("got %v", err)
	}
	if n := s.connections(id); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	s.becomes(id, db.Available)
}
