package crash

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/tests/harness"
)

// A full pool: the initiator gets "no space", what it wrote and flushed before
// is right, a snapshot that does not fit ends in error with a message for the
// user, and all goes on when there is room again.
func TestAFullPoolIsSaidAndNothingIsCorrupt(t *testing.T) {
	dir, err := os.MkdirTemp("", "clinker-full-")
	if err != nil {
		t.Fatal(err)
	}
	pool := filepath.Join(dir, "pool")
	if err := os.MkdirAll(pool, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("clinker-test", pool, "tmpfs", 0, "size=96m"); err != nil {
		t.Fatalf("mount a small file system (this test needs root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(pool, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
		_ = os.RemoveAll(dir)
	})
	conf := filepath.Join(dir, "clinker.conf")
	text := fmt.Sprintf("[DEFAULT]\nenabled_backends = small\nscheduler_default_filters = AvailabilityZoneFilter\n[small]\nvolume_driver = file\nfile_pool_path = %s\n", pool)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := harness.Start(t, harness.Options{Args: []string{"--config-file", conf}})
	c := s.Client(t).WithMicroversion("3.66")
	v := c.CreateVolume(harness.VolumeSpec{SizeGiB: 1})
	conn := c.Attach(v.ID, harness.Initiator)
	conn.MustQemuIO(t, "write -P 1 0 60M", "flush")

	if out, err := conn.QemuIO(t.Context(), "write -P 2 100M 80M"); err == nil && !strings.Contains(out, "No space left") {
		t.Errorf("a write into a full pool succeeded: %s", out)
	}
	conn.MustQemuIO(t, "read -P 1 0 60M")

	snap := c.BeginSnapshot(v.ID, "does not fit")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var out struct{ Snapshot struct{ Status string } }
		c.Request(http.MethodGet, "/snapshots/"+snap.ID, nil, http.StatusOK, &out)
		if out.Snapshot.Status == "error" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the snapshot is %s", out.Snapshot.Status)
		}
	}
	var messages struct {
		Messages []struct {
			Resource string `json:"resource_uuid"`
			Text     string `json:"user_message"`
		}
	}
	c.Request(http.MethodGet, "/messages", nil, http.StatusOK, &messages)
	if len(messages.Messages) != 1 || messages.Messages[0].Resource != snap.ID {
		t.Errorf("messages: %+v", messages.Messages)
	}
	conn.MustQemuIO(t, "discard 0 512M", "flush", "write -P 3 0 30M", "flush", "read -P 3 0 30M")
	c.DeleteSnapshot(snap.ID)
	c.Detach(conn)
	c.DeleteVolume(v.ID)
	left, err := os.ReadDir(pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.Contains(e.Name(), "volume-") || strings.Contains(e.Name(), "snapshot-") {
			t.Errorf("%s is left", e.Name())
		}
	}
}
