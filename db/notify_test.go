package db_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

// counted is a way to a database that counts how often a client speaks.
func counted(t *testing.T, dsn string, spoke *atomic.Int64) string {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(dsn)
	must(t, err)
	c := cfg.ConnConfig
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			network, address := "unix", filepath.Join(c.Host, fmt.Sprintf(".s.PGSQL.%d", c.Port))
			if !strings.HasPrefix(c.Host, "/") {
				network, address = "tcp", fmt.Sprintf("%s:%d", c.Host, c.Port)
			}
			server, err := net.Dial(network, address)
			if err != nil {
				_ = client.Close()
				return
			}
			go forward(server, client, spoke)
			go forward(client, server, new(atomic.Int64))
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	return fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=x dbname=%s sslmode=disable", port, c.User, c.Database)
}

func forward(to, from net.Conn, spoke *atomic.Int64) {
	defer func() { _, _ = to.Close(), from.Close() }()
	b := make([]byte, 1<<20)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		spoke.Add(1)
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// Creating a volume speaks to the database as often with notifications as
// without: they travel with the COMMIT.
func TestNotificationsCostNoRoundTrip(t *testing.T) {
	t.Parallel()
	trips := func(notify bool) (out [3]int64) {
		var spoke atomic.Int64
		s, err := db.Open(t.Context(), counted(t, pgtest.New(t, migrations.Up), &spoke), db.Options{Quotas: unlimited, MaxConns: 1, Notify: notify, Host: "node"})
		must(t, err)
		defer s.Close()
		for range 3 { // the first times statements are prepared
			before := spoke.Load()
			v, err := create(t, s, db.NewVolume{})
			must(t, err)
			out[0] = spoke.Load() - before
			j := claim(t, s, db.QueueScheduler)
			before = spoke.Load()
			must(t, s.VolumePlaced(t.Context(), j, worker, "nova"))
			out[1] = spoke.Load() - before
			j = claim(t, s, db.VolumeQueue(worker))
			before = spoke.Load()
			must(t, s.VolumeCreated(t.Context(), j, uuid.NewString()))
			out[2] = spoke.Load() - before
			if j.VolumeID != v.ID {
				t.Fatalf("claimed a job of %s, not of %s", j.VolumeID, v.ID)
			}
		}
		waiting, err := s.WaitingNotifications(t.Context())
		must(t, err)
		if want := map[bool]int64{true: 6}[notify]; waiting != want {
			t.Errorf("%d notifications are written, not %d", waiting, want)
		}
		return out
	}
	without, with := trips(false), trips(true)
	t.Logf("round trips of create, placing, end: %v without, %v with", without, with)
	if without != with {
		t.Errorf("round trips of create, placing, end: %v without notifications, %v with", without, with)
	}
}

// What is refused is not told.
func TestAFailedTransactionTellsNothing(t *testing.T) {
	t.Parallel()
	s, err := db.Open(t.Context(), pgtest.New(t, migrations.Up), db.Options{Quotas: unlimited, Notify: true, Host: "node"})
	must(t, err)
	defer s.Close()
	v := made(t, s, db.NewVolume{})
	before, err := s.WaitingNotifications(t.Context())
	must(t, err)
	if err := s.ExtendVolume(t.Context(), alice, v.ID, 1, false); err == nil {
		t.Error("a volume grew to its own size")
	}
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{}))
	if err := s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{}); err == nil {
		t.Error("a volume was deleted twice")
	}
	after, err := s.WaitingNotifications(t.Context())
	must(t, err)
	if after-before != 1 {
		t.Errorf("%d notifications and not one are written", after-before)
	}
}
