package amqp

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clinker-io/clinker/db/bus"
	"github.com/clinker-io/clinker/db/bus/bustest"
	"github.com/clinker-io/clinker/internal/rabbittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// options are those of a test over url, impatient and logging to the test.
func options(t *testing.T, url string) Options {
	t.Helper()
	u, err := ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		URL:      u,
		RetryMin: 20 * time.Millisecond,
		RetryMax: 200 * time.Millisecond,
		Log:      slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func open(t *testing.T, o Options) bus.Bus {
	t.Helper()
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestBus(t *testing.T) {
	t.Parallel()
	s := rabbittest.Start(t)
	for _, quorum := range []bool{false, true} {
		t.Run(map[bool]string{false: "durable queues", true: "quorum queues"}[quorum], func(t *testing.T) {
			t.Parallel()
			bustest.Run(t, func(t *testing.T) func() bus.Bus {
				o := options(t, s.URL)
				o.Quorum = quorum
				return func() bus.Bus { return open(t, o) }
			})
		})
	}
	t.Run("a queue that exists with other properties is served", func(t *testing.T) {
		t.Parallel()
		o := options(t, s.URL)
		first := bustest.Serve(t, open(t, o), bustest.Queue("volume"), nil)
		o.Quorum = true
		b := open(t, o)
		if err := first.Stop(); err != nil {
			t.Fatal(err)
		}
		bustest.ServeQueue(t, b, first)
	})
}

func TestTheBrokerMayBeKilledAndRestartedAtAnyTime(t *testing.T) {
	t.Parallel()
	s := rabbittest.Start(t)
	s.Kill()
	b := open(t, options(t, s.URL)) // starts without its broker
	if err := b.Wake(t.Context(), "scheduler", "before"); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	work := bustest.Serve(t, b, bustest.Queue("volume"), nil)
	reply := bustest.Serve(t, b, bustest.Queue("api"), nil)
	for range 2 {
		s.Kill()
		for _, c := range []*bustest.Server{work, reply} {
			if err := c.Wake("while away"); err != nil {
				t.Fatal(err)
			}
		}
		s.Restart()
		work.AwaitServed()
		reply.AwaitServed()
	}
	s.Kill() // and closing does not wait for it
	began := time.Now()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > dialLimit/2 {
		t.Errorf("Close took %s without a broker", took)
	}
}

func TestServeMayEndWhileTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	s := rabbittest.Start(t)
	b := open(t, options(t, s.URL))
	one, two := bustest.Serve(t, b, bustest.Queue("volume"), nil), bustest.Serve(t, b, bustest.Queue("volume"), nil)
	s.Kill()
	if err := one.Stop(); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	two.AwaitServed() // what was left behind does not keep the others from coming back
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestHostsAreTriedInTurnAndNoPasswordIsLogged(t *testing.T) {
	t.Parallel()
	s := rabbittest.Start(t)
	good := strings.TrimPrefix(s.URL, "rabbit://")
	addr := strings.TrimSuffix(good[strings.LastIndex(good, "@")+1:], "/")
	// Nobody listens on the first; the second refuses the password.
	o := options(t, "rabbit://guest:sesame@127.0.0.1:1,guest:sesame@"+addr+","+good)
	var log lockedBuffer
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	bustest.Serve(t, open(t, o), bustest.Queue("volume"), nil)
	if text := log.String(); strings.Contains(text, "sesame") || !strings.Contains(text, "no connection to the message broker") {
		t.Errorf("logged:\n%s", text)
	}
}

func TestAFullOutboxDropsAndCounts(t *testing.T) {
	t.Parallel()
	o := options(t, "rabbit://127.0.0.1:1/")
	b := open(t, o)
	const more = 10
	for range outboxSize + more {
		if err := b.Wake(t.Context(), "scheduler", "42"); err != nil {
			t.Fatal(err)
		}
	}
	if c := b.Counts(); c.Dropped != more {
		t.Errorf("%d dropped, want %d", c.Dropped, more)
	}
}

func TestCloseDoesNotWaitForASilentBroker(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := open(t, options(t, "rabbit://"+l.Addr().String()))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Read(make([]byte, 8)); err != nil { // the client's greeting, never answered
		t.Fatal(err)
	}
	began := time.Now()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > dialLimit/2 {
		t.Errorf("Close took %s", took)
	}
}

func TestAnEmptyURLIsAConfigurationError(t *testing.T) {
	t.Parallel()
	if _, err := Open(Options{}); err == nil || !strings.Contains(err.Error(), "transport_url") {
		t.Errorf("got %v", err)
	}
}
