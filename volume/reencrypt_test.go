package volume_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
	"github.com/clinker-io/clinker/volume/luks"
)

const fixedKey = "0123456789abcdef0123456789abcdef"

// encryptedType is a type of encrypted volumes; "" is the cipher of one that is not.
func (p *pair) encryptedType(name, provider, cipher string, bits int32) db.VolumeType {
	p.t.Helper()
	ty := p.newType(name)
	if cipher == "" {
		return ty
	}
	of, n := &cipher, &bits
	location := "front-end"
	specs := db.EncryptionSpecs{Provider: &provider, ControlLocation: &location, Cipher: &of, KeySize: &n}
	if _, err := p.store.CreateTypeEncryption(p.t.Context(), ty.ID, specs); err != nil {
		p.t.Fatal(err)
	}
	return ty
}

// retype changes the encryption to that of a type; the fixed key is everybody's.
func (p *pair) retype(ty db.VolumeType) {
	p.t.Helper()
	r, fixed := db.Retype{Type: ty, OnDemand: true}, db.FixedKey
	if p.volume().EncryptionKeyID != nil {
		r.Old = &fixed
	}
	if _, err := p.store.TypeEncryption(p.t.Context(), ty.ID); err == nil {
		r.KeyID, r.New = &fixed, &fixed
	}
	if err := p.store.RetypeVolume(p.t.Context(), alice, p.id, r); err != nil {
		p.t.Fatal(err)
	}
	p.send()
	work(p.t, p.a, p.b)
}

type diskFile struct{ *os.File }

func (diskFile) Size() int64 { return volumeBytes }

func (p *pair) file(n *node) *os.File {
	p.t.Helper()
	v := p.volume()
	f, err := os.OpenFile(filepath.Join(n.dir, "volume-"+v.BackendID()), os.O_RDWR, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = f.Close() })
	return f
}

// clear is what a server would read from the volume on n.
func (p *pair) clear(n *node) []byte {
	p.t.Helper()
	f := p.file(n)
	got := make([]byte, volumeBytes)
	if p.volume().EncryptionKeyID == nil {
		if _, err := f.ReadAt(got, 0); err != nil {
			p.t.Fatal(err)
		}
		return got
	}
	v, err := luks.Open(diskFile{f}, keymanager.Passphrase([]byte(fixedKey)))
	if err != nil {
		p.t.Fatal(err)
	}
	got = got[:v.Size()]
	if _, err := v.ReadAt(got, 0); err != nil {
		p.t.Fatal(err)
	}
	return got
}

// overwrite makes data all that the volume on a holds.
func (p *pair) overwrite(data []byte, off int64) {
	p.t.Helper()
	f := p.file(p.a)
	err := errors.Join(f.Truncate(0), f.Truncate(volumeBytes))
	if err == nil {
		_, err = f.WriteAt(data, off)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// Whatever a worker dies at, the volume arrives with what it held, under the
// encryption of its new type, whose zeroes are zeroes.
func TestARetypeEncryptsOtherwise(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	data := random(1<<20 + 512)
	p.overwrite(data, 64<<10)
	want := append(append(make([]byte, 64<<10), data...), make([]byte, volumeBytes)...)
	types := []db.VolumeType{p.encryptedType("narrow", "luks", "aes-xts-plain64", 256),
		p.encryptedType("wide", "os_brick.encryptors.luks.LuksEncryptor", "aes-xts-plain64", 512),
		p.encryptedType("old", "luks1", "aes-cbc-essiv:sha256", 128), p.encryptedType("open", "", "", 0)}
	for _, step := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30} {
		for _, ty := range types {
			p.b.kill.left = step
			p.retype(ty)
			p.b.kill.left = 0
			if v := p.volume(); v.VolumeTypeID != ty.ID || v.Status != db.Available || len(made(t, p.a)) > 0 || len(made(t, p.b)) != 1 {
				t.Fatalf("step %d: a %s volume is %s, on %v and %v", step, ty.Name, v.Status, made(t, p.a), made(t, p.b))
			}
			// The headers are of 1 and of 2 MiB: what one leaves more than another nobody has written.
			if got := p.clear(p.b)[:volumeBytes-2<<20]; !bytes.Equal(got, want[:len(got)]) {
				t.Fatalf("step %d: the %s volume holds something else", step, ty.Name)
			}
			p.a, p.b = p.b, p.a
		}
	}
	if n := p.count(`SELECT count(*) FROM loose_keys`); n != 0 {
		t.Errorf("%d keys are loose", n)
	}
}

// What cannot be encrypted without a loss stays as it is, and the user is told.
func TestARetypeThatWouldLoseDataIsRefused(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	closed, open := p.encryptedType("closed", "luks", "aes-xts-plain64", 256), p.encryptedType("open", "", "", 0)
	later, serpent := p.encryptedType("later", "luks2", "aes-xts-plain64", 256), p.encryptedType("serpent", "luks", "serpent-xts-plain64", 256)
	stays := func(name string, to db.VolumeType) {
		t.Helper()
		was, before := p.volume(), contents(t, p.file(p.a).Name())
		p.retype(to)
		v := p.volume()
		if v.VolumeTypeID != was.VolumeTypeID || v.Status != db.Available || *v.Host != *was.Host || len(made(t, p.b)) > 0 ||
			contents(t, p.file(p.a).Name()) != before {
			t.Errorf("%s: the volume is %s on %s with type %s", name, v.Status, *v.Host, v.VolumeTypeID)
		}
	}
	p.overwrite([]byte{1}, volumeBytes-1)
	stays("data at the end", closed)
	p.told("Volume status is invalid")
	p.overwrite([]byte{1}, 2<<20)
	stays("data where the header leaves no room", closed)
	superblock := make([]byte, 1024)
	superblock[5], superblock[24], superblock[56], superblock[57] = 4, 2, 0x53, 0xef // 1024 blocks of 4 KiB
	p.overwrite(superblock, 1024)
	stays("an empty file system that is as large as the volume", closed)
	p.overwrite([]byte{1}, 0)
	stays("another provider", later)
	stays("another cipher", serpent)
	p.retype(closed)
	if p.volume().VolumeTypeID != closed.ID {
		t.Fatal("what fits is not encrypted")
	}
	p.a, p.b = p.b, p.a
	p.overwrite([]byte("LUKS\xba\xbe\x00\x02"), 0)
	stays("a header of LUKS2", open)
	p.overwrite([]byte{1}, 0)
	stays("no header", open)
	p.overwrite(nil, 0)
	p.retype(open)
	if p.volume().VolumeTypeID != open.ID {
		t.Error("an empty volume does not change its type")
	}
}
