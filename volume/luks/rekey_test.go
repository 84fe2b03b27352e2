package luks_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/volume/luks"
)

const another = "0f0e0d0c0b0a09080706050403020100"

// As cryptsetup's luksChangeKey: the data stays, the old passphrase is nothing.
func TestAnotherPassphraseForWhatOthersWrote(t *testing.T) {
	t.Parallel()
	eachFormat(t, func(t *testing.T, f luks.Format) {
		d := newDisk(t)
		d.cryptsetup("--batch-mode", "luksFormat", "--type", "luks1", "--key-file=-", "--cipher", f.Cipher, "--key-size", fmt.Sprint(f.KeyBits),
			"--pbkdf-force-iterations", "1000")
		d.qemu("write -P 171 1M 3M")
		for _, change := range [][2]string{{passphrase, another}, {passphrase, another}, {another, passphrase}} { // the second finds it done
			if err := luks.ChangeKey(d, change[0], change[0]); err != nil {
				t.Errorf("the same key: %v", err)
			}
			if err := luks.ChangeKey(d, change[0], change[1]); err != nil {
				t.Fatal(err)
			}
			if _, err := luks.Open(d, change[0]); !errors.Is(err, luks.ErrPassphrase) {
				t.Errorf("the old key: %v", err)
			}
		}
		d.cryptsetup("open", "--test-passphrase", "--key-file=-")
		d.qemu("read -P 171 1M 3M")
		if dump := d.cryptsetup("luksDump"); strings.Count(dump, "ENABLED") != 1 {
			t.Errorf("cryptsetup reads\n%s", dump)
		}
		if err := luks.ChangeKey(d, another, "third"); !errors.Is(err, luks.ErrPassphrase) {
			t.Errorf("a key that opens nothing: %v", err)
		}
	})
	if err := luks.ChangeKey(newDisk(t), passphrase, another); !errors.Is(err, luks.ErrNoHeader) {
		t.Errorf("an empty device: %v", err)
	}
}

// dying is a device whose process ends before a write.
type dying struct {
	memory
	left int
}

var errDead = errors.New("the process is gone")

func (d *dying) WriteAt(p []byte, off int64) (int, error) {
	if d.left--; d.left < 0 {
		return 0, errDead
	}
	return d.memory.WriteAt(p, off)
}

func TestAKeyIsChangedWhereverTheProcessEnds(t *testing.T) {
	t.Parallel()
	whole := make(memory, 4<<20)
	v, err := luks.Create(whole, formats[0], passphrase)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte{171}, 4096)
	if _, err := v.WriteAt(data, 0); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		d := &dying{bytes.Clone(whole), n}
		first := luks.ChangeKey(d, passphrase, another)
		_, old := luks.Open(d, passphrase)
		_, changed := luks.Open(d, another)
		if old != nil && changed != nil {
			t.Fatalf("after %d writes no key opens the volume: %v, %v", n, old, changed)
		}
		d.left = 100
		if err := luks.ChangeKey(d, passphrase, another); err != nil {
			t.Fatalf("again after %d writes: %v", n, err)
		}
		v, err := luks.Open(d, another)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(data))
		if _, err := v.ReadAt(got, 0); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("after %d writes the volume holds something else, %v", n, err)
		}
		if _, err := luks.Open(d, passphrase); !errors.Is(err, luks.ErrPassphrase) {
			t.Fatalf("the old key: %v", err)
		}
		copy(d.memory, whole[:1024]) // as somebody has kept it
		if _, err := luks.Open(d, passphrase); !errors.Is(err, luks.ErrPassphrase) {
			t.Fatalf("after %d writes the old key with the old header: %v", n, err)
		}
		if first == nil {
			return
		}
	}
}
