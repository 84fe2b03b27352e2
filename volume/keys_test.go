package volume_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
	"github.com/clinker-io/clinker/volume/luks"
)

// chest is a key manager that has some keys; tests/barbican has the real one.
type chest struct {
	keymanager.None
	keys map[string]string
}

func (c chest) Read(_ context.Context, who keymanager.Who, id string) ([]byte, error) {
	key, ok := c.keys[id]
	if !ok || who != keymanager.Service {
		return nil, keymanager.ErrNotFound
	}
	return []byte(key), nil
}

func (c chest) Delete(_ context.Context, who keymanager.Who, id string) error {
	if _, err := c.Read(context.Background(), who, id); err != nil {
		return err
	}
	delete(c.keys, id)
	return nil
}

func (diskFile) Flush() error { return nil }

// Whatever its worker dies at, a clone is opened by the key that its row names,
// and by no other.
func TestACloneGetsAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	ty := p.encryptedType("closed", "luks", "aes-xts-plain64", 256)
	p.overwrite(nil, 0)
	p.retype(ty)
	p.a, p.b = p.b, p.a
	p.overwrite(nil, 0)
	old := keymanager.Passphrase([]byte("the source's"))
	if _, err := luks.Create(diskFile{p.file(p.a)}, luks.Format{Cipher: "aes-xts-plain64", KeyBits: 256}, old); err != nil {
		t.Fatal(err)
	}
	for step := range 9 {
		keys := chest{keys: make(map[string]string)}
		key := func(project, holds string) string {
			id := uuid.NewString()
			if err := p.store.KeyMade(t.Context(), project, id); err != nil {
				t.Fatal(err)
			}
			keys.keys[id] = holds
			return id
		}
		first := key(alice.ProjectID, "the source's")
		forOld, forNew := key("", "the source's"), key("", "its own")
		r := &db.Rekey{KeyID: key(alice.ProjectID, "its own"), Readable: db.Readable{Old: &forOld, New: &forNew}}
		p.a.keys = keys
		p.a.worker.Keys = keys
		v := p.clone(ty, &first, r, step)
		if v.Status != db.Available || *v.EncryptionKeyID != r.KeyID {
			t.Fatalf("step %d: the clone is %s with the key %s of %+v", step, v.Status, *v.EncryptionKeyID, r)
		}
		f, err := os.OpenFile(filepath.Join(p.a.dir, "volume-"+v.ID), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := luks.Open(diskFile{f}, keymanager.Passphrase([]byte("its own"))); err != nil {
			t.Errorf("step %d: %v", step, err)
		}
		if _, err := luks.Open(diskFile{f}, old); !errors.Is(err, luks.ErrPassphrase) {
			t.Errorf("step %d: the source's key: %v", step, err)
		}
		_ = f.Close()
		for _, id := range []string{forOld, forNew} {
			if _, ok := keys.keys[id]; ok || p.count(`SELECT count(*) FROM loose_keys WHERE key_id = '`+id+`'`) != 0 {
				t.Errorf("step %d: the service still has a key", step)
			}
		}
	}
	if _, err := luks.Open(diskFile{p.file(p.a)}, old); err != nil {
		t.Errorf("the source: %v", err)
	}
}

// clone makes a clone of the volume on a, whose worker dies at a step.
func (p *pair) clone(ty db.VolumeType, key *string, r *db.Rekey, step int) db.Volume {
	p.t.Helper()
	v, err := p.store.CreateVolume(p.t.Context(), alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova",
		SourceVolumeID: &p.id, EncryptionKeyID: key, Rekey: r})
	if err != nil {
		p.t.Fatal(err)
	}
	j := p.claim(db.QueueScheduler, "scheduler/1")
	var args db.CreateArgs
	if err := json.Unmarshal(j.Args, &args); err != nil || args.Rekey == nil {
		p.t.Fatalf("the job of the clone: %s, %v", j.Args, err)
	}
	if err := p.store.VolumePlaced(p.t.Context(), j, p.a.pool(), "nova"); err != nil {
		p.t.Fatal(err)
	}
	p.a.kill.left = step
	work(p.t, p.a, p.b)
	p.a.kill.left = 0
	if v, err = p.store.GetVolume(p.t.Context(), v.ID); err != nil {
		p.t.Fatal(err)
	}
	return v
}
