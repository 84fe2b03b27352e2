package harness

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheHarnessSeesDataThroughAKill(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	api := s.Client(t)
	v := api.CreateVolume(VolumeSpec{Name: "one", SizeGiB: 1, Metadata: map[string]string{"k": "v"}})
	con := api.Attach(v.ID, Initiator)
	con.MustQemuIO(t, "write -P 0x5a 0 1M", "flush")

	s.Kill9()
	s.Restart(t)
	con.MustQemuIO(t, "read -P 0x5a 0 1M")
	if out, err := con.QemuIO(t.Context(), "read -P 0x11 0 4k"); err == nil {
		t.Errorf("qemu-io takes one pattern for another: %s", out)
	} else if strings.Contains(err.Error(), con.Password) {
		t.Error("the error tells the secret")
	}
	if got := api.Volume(v.ID); got.Status != "in-use" || got.Metadata["k"] != "v" {
		t.Errorf("after the restart the volume is %+v", got)
	}
	api.Detach(con)
	api.DeleteVolume(v.ID)
}

func TestTheHarnessMovesImagesAndSnapshots(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	api := s.Client(t)
	v := api.CreateVolume(VolumeSpec{SizeGiB: 1})
	con := api.Attach(v.ID, Initiator)
	dir, image := t.TempDir(), make([]byte, 4<<20)
	_, _ = rand.Read(image)
	up, down := filepath.Join(dir, "up"), filepath.Join(dir, "down")
	if err := os.WriteFile(up, image, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := con.Upload(t.Context(), up, "raw"); err != nil {
		t.Fatal(err)
	}
	api.Detach(con)

	snap := api.Snapshot(v.ID, "kept")
	twin := api.CreateVolume(VolumeSpec{SnapshotID: snap.ID, SizeGiB: 2})
	con = api.Attach(twin.ID, Initiator)
	if err := con.Download(t.Context(), down, "raw"); err != nil {
		t.Fatal(err)
	}
	beginsWith(t, down, 2<<30, image)
	if n, m := len(api.ListVolumes()), len(api.ListSnapshots()); n != 2 || m != 1 || len(api.ListAttachments()) != 1 {
		t.Errorf("the lists show %d volumes and %d snapshots", n, m)
	}
	api.Detach(con)
	api.Extend(v.ID, 2)
	api.DeleteSnapshot(snap.ID)
	api.Request(http.MethodGet, "/volumes/none", nil, http.StatusNotFound, nil)
}

// beginsWith looks at a file's size and its first bytes.
func beginsWith(t *testing.T, path string, size int64, want []byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil || st.Size() != size {
		t.Fatalf("%s has %d bytes (%v), want %d", path, st.Size(), err, size)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(f, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s does not begin with what was uploaded (%v)", path, err)
	}
}

func TestTheHarnessStopsAndStartsTheService(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	url, first := s.URL, s.PID()
	s.Stop(t)
	if err := noneLeft(s.StateDir, 0); err != nil {
		t.Error(err)
	}
	s.Restart(t)
	if s.URL != url || s.PID() == first {
		t.Errorf("the restarted service is at %s, PID %d; it was at %s, PID %d", s.URL, s.PID(), url, first)
	}
	s.Client(t).ListVolumes()
}
