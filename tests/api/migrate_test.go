package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

// twoBackends is a service of its own with the backends one and two.
type twoBackends struct {
	t     *testing.T
	cl    *harness.Client
	pools map[string]string // folder of each backend

	project string
}

func startTwoBackends(t *testing.T) *twoBackends {
	t.Helper()
	dir := t.TempDir()
	b := &twoBackends{t: t, pools: map[string]string{"one": filepath.Join(dir, "one"), "two": filepath.Join(dir, "two")}}
	text := "[DEFAULT]\nhost = node\nenabled_backends = one,two\n"
	for _, name := range []string{"one", "two"} {
		if err := os.Mkdir(b.pools[name], 0o700); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("[%s]\nvolume_driver = file\nvolume_backend_name = %s\nfile_pool_path = %s\n", name, name, b.pools[name])
	}
	conf := filepath.Join(dir, "cinder.conf")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	service := harness.Start(t, harness.Options{Args: []string{"--config-file", conf}})
	b.cl, b.project = service.Client(t), service.Project()
	for _, name := range []string{"one", "two"} {
		b.cl.Request(http.MethodPost, "/types", map[string]any{"volume_type": map[string]any{"name": name,
			"extra_specs": map[string]string{"volume_backend_name": name}}}, http.StatusOK, nil)
	}
	return b
}

// shown is what the tests look at of a volume.
type shown struct {
	ID, Status string
	Type       string  `json:"volume_type"`
	Host       string  `json:"os-vol-host-attr:host"`
	Migration  *string `json:"migration_status"`
}

func (b *twoBackends) volume(id string) shown {
	b.t.Helper()
	var out struct{ Volume shown }
	b.cl.Request(http.MethodGet, "/volumes/"+id, nil, http.StatusOK, &out)
	return out.Volume
}

func (b *twoBackends) act(id, action string, body map[string]any) {
	b.t.Helper()
	b.cl.Request(http.MethodPost, "/volumes/"+id+"/action", map[string]any{action: body}, http.StatusAccepted, nil)
}

// settled waits until a move has ended and insists on its end.
func (b *twoBackends) settled(id, backend, migration string) {
	b.t.Helper()
	c := caller{t: b.t}
	var v shown
	c.await("the end of the move of "+id, func() bool {
		v = b.volume(id)
		return v.Migration != nil && *v.Migration == migration && v.Status != "maintenance" && v.Status != "retyping"
	})
	if v.Host != "node@"+backend+"#"+backend {
		b.t.Fatalf("volume %s is on %s, want %s", id, v.Host, backend)
	}
	// What has moved is removed a moment later.
	c.await("one copy of "+id, func() bool {
		here, there := b.files(backend), b.files(map[string]string{"one": "two", "two": "one"}[backend])
		return len(here) == 1 && len(there) == 0
	})
}

func (b *twoBackends) files(backend string) (names []string) {
	b.t.Helper()
	entries, err := os.ReadDir(b.pools[backend])
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "volume-") {
			names = append(names, e.Name())
		}
	}
	return names
}

// sum reads the volume as a server does.
func (b *twoBackends) sum(id string) [sha256.Size]byte {
	b.t.Helper()
	disk := b.cl.Attach(id, harness.Initiator)
	defer b.cl.Detach(disk)
	file := filepath.Join(b.t.TempDir(), "image")
	if err := disk.Download(context.Background(), file, "raw"); err != nil {
		b.t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatal(err)
	}
	return sha256.Sum256(raw)
}

func TestVolumesMoveBetweenTwoBackends(t *testing.T) {
	t.Parallel()
	b := startTwoBackends(t)
	var made struct{ Volume shown }
	b.cl.Request(http.MethodPost, "/volumes", map[string]any{"volume": map[string]any{"size": 1, "volume_type": "one"}}, http.StatusAccepted, &made)
	id := made.Volume.ID
	b.cl.WaitStatus(id, "available")
	data := make([]byte, 3<<20+512)
	_, _ = rand.Read(data)
	image := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(image, data, 0o600); err != nil {
		t.Fatal(err)
	}
	disk := b.cl.Attach(id, harness.Initiator)
	if err := disk.Upload(t.Context(), image, "raw"); err != nil {
		t.Fatal(err)
	}
	// In use it stays, and says so.
	b.act(id, "os-migrate_volume", map[string]any{"host": "node@two"})
	b.settled(id, "one", "error")
	if v := b.volume(id); v.Status != "in-use" {
		t.Errorf("status %s", v.Status)
	}
	b.cl.Detach(disk)
	b.cl.WaitStatus(id, "available")
	before := b.sum(id)

	b.act(id, "os-retype", map[string]any{"new_type": "two"}) // never is the default
	b.cl.WaitStatus(id, "available")
	if v := b.volume(id); v.Type != "one" || *v.Migration != "error" {
		t.Errorf("retyped without leave: %+v", v)
	}
	b.act(id, "os-retype", map[string]any{"new_type": "two", "migration_policy": "on-demand"})
	b.settled(id, "two", "success")
	if v := b.volume(id); v.Type != "two" || v.Status != "available" {
		t.Errorf("retyped: %+v", v)
	}
	if b.sum(id) != before {
		t.Error("the retyped volume has other data")
	}
	b.act(id, "os-retype", map[string]any{"new_type": "one", "migration_policy": "on-demand"})
	b.settled(id, "one", "success")
	if b.sum(id) != before {
		t.Error("the volume has other data")
	}
	b.quota(map[string]string{"volumes_one": "1 0", "gigabytes_one": "1 0", "volumes_two": "0 0", "gigabytes_two": "0 0", "volumes": "1 0"})
	b.cl.DeleteVolume(id)
	if left := append(b.files("one"), b.files("two")...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func (b *twoBackends) quota(want map[string]string) {
	b.t.Helper()
	var out struct {
		Set map[string]any `json:"quota_set"`
	}
	b.cl.Request(http.MethodGet, "/os-quota-sets/"+b.project+"?usage=true", nil, http.StatusOK, &out)
	for resource, w := range want {
		line, _ := out.Set[resource].(map[string]any)
		if got := fmt.Sprintf("%v %v", line["in_use"], line["reserved"]); got != w {
			b.t.Errorf("%s is %s, want %s", resource, got, w)
		}
	}
}

func TestAMigratedVolumeKeepsItsData(t *testing.T) {
	t.Parallel()
	b := startTwoBackends(t)
	v := b.cl.CreateVolume(harness.VolumeSpec{SizeGiB: 1})
	disk := b.cl.Attach(v.ID, harness.Initiator)
	disk.MustQemuIO(t, "write -P 171 0 1M", "write -P 7 512M 64k", "write -P 9 1023M 1M", "flush")
	b.cl.Detach(disk)
	b.cl.WaitStatus(v.ID, "available")
	host := b.volume(v.ID).Host
	to := "two"
	if strings.Contains(host, "@two#") {
		to = "one"
	}
	for _, lock := range []bool{true, false} {
		b.act(v.ID, "os-migrate_volume", map[string]any{"host": "node@" + to + "#" + to, "lock_volume": lock, "force_host_copy": lock})
		b.settled(v.ID, to, "success")
		disk := b.cl.Attach(v.ID, harness.Initiator)
		disk.MustQemuIO(t, "read -P 171 0 1M", "read -P 0 1M 64k", "read -P 7 512M 64k", "read -P 9 1023M 1M")
		b.cl.Detach(disk)
		b.cl.WaitStatus(v.ID, "available")
		to = map[string]string{"one": "two", "two": "one"}[to]
	}
	// It is a volume like any other: copies and snapshots are made where it is.
	twin := b.cl.CreateVolume(harness.VolumeSpec{SourceID: v.ID})
	snapshot := b.cl.Snapshot(v.ID, "s")
	b.cl.DeleteSnapshot(snapshot.ID)
	b.cl.Extend(v.ID, 2)
	b.cl.DeleteVolume(twin.ID)
	b.cl.DeleteVolume(v.ID)
	if left := append(b.files("one"), b.files("two")...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
