package luks_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/volume/luks"
)

const (
	deviceSize = 8 << 20
	passphrase = "6fb1b1a53f1d6f1e3a8ffb2ab5b64a3d4b1c9dd7f2a8b7a3c7fbd1c9e0d1a2b3"
)

// disk is a device in a file, for other programs to read too.
type disk struct {
	*os.File
	t *testing.T
}

func newDisk(t *testing.T) disk {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if err := f.Truncate(deviceSize); err != nil {
		t.Fatal(err)
	}
	return disk{f, t}
}

func (d disk) Size() int64  { return deviceSize }
func (d disk) Flush() error { return nil }

// run runs a program that reads the passphrase from its standard input.
func (d disk) run(name string, args ...string) (string, error) {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(passphrase)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d disk) cryptsetup(args ...string) string {
	d.t.Helper()
	out, err := d.run("/sbin/cryptsetup", append(args, d.Name())...)
	if err != nil {
		d.t.Fatalf("cryptsetup %v: %v\n%s", args, err, out)
	}
	return out
}

// qemu runs commands of qemu-io behind QEMU's own LUKS.
func (d disk) qemu(commands ...string) {
	d.t.Helper()
	args := []string{"--object", "secret,id=luks,file=/dev/stdin", "--image-opts", "driver=luks,key-secret=luks,file.driver=file,file.filename=" + d.Name()}
	for _, c := range commands {
		args = append(args, "-c", c)
	}
	if out, err := d.run("qemu-io", args...); err != nil || strings.Contains(out, "failed") {
		d.t.Fatalf("qemu-io %q: %v\n%s", commands, err, out)
	}
}

var formats = []luks.Format{{"aes-xts-plain64", 256}, {"aes-xts-plain64", 512}, {"aes-xts-plain", 256}, {"aes-cbc-essiv:sha256", 256}, {"aes-cbc-plain64", 128}}

func eachFormat(t *testing.T, test func(t *testing.T, f luks.Format)) {
	for _, f := range formats {
		t.Run(fmt.Sprint(f.Cipher, f.KeyBits), func(t *testing.T) { t.Parallel(); test(t, f) })
	}
}

func TestOthersReadWhatWeWrite(t *testing.T) {
	t.Parallel()
	eachFormat(t, func(t *testing.T, f luks.Format) {
		d := newDisk(t)
		v, err := luks.Create(d, f, passphrase)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.WriteAt(bytes.Repeat([]byte{171}, 3<<20), 1<<20); err != nil {
			t.Fatal(err)
		}
		if _, err := v.WriteAt(bytes.Repeat([]byte{7}, 512), v.Size()-512); err != nil {
			t.Fatal(err)
		}
		payload, err := f.Payload()
		if err != nil {
			t.Fatal(err)
		}
		dump := d.cryptsetup("luksDump")
		if !strings.Contains(dump, fmt.Sprintf("MK bits:       \t%d", f.KeyBits)) || !strings.Contains(dump, fmt.Sprintf("Payload offset:\t%d", payload/512)) {
			t.Errorf("cryptsetup reads\n%s", dump)
		}
		d.cryptsetup("open", "--test-passphrase", "--key-file=-")
		if f.Cipher != "aes-xts-plain" { // QEMU counts its sectors otherwise
			d.qemu("read -P 171 1M 3M", fmt.Sprintf("read -P 7 %d 512", v.Size()-512))
		}
	})
}

func TestWeReadWhatOthersWrite(t *testing.T) {
	t.Parallel()
	eachFormat(t, func(t *testing.T, f luks.Format) {
		for _, hash := range []string{"sha1", "sha256", "sha512"} {
			d := newDisk(t)
			d.cryptsetup("--batch-mode", "luksFormat", "--type", "luks1", "--key-file=-", "--hash", hash, "--cipher", f.Cipher,
				"--key-size", fmt.Sprint(f.KeyBits), "--pbkdf-force-iterations", "1000")
			d.qemu("write -P 171 1M 3M")
			v, err := luks.Open(d, passphrase)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 3<<20)
			if _, err := v.ReadAt(got, 1<<20); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, bytes.Repeat([]byte{171}, 3<<20)) {
				t.Errorf("%s: other data", hash)
			}
		}
	})
}

func TestWhatIsNoLUKSIsRefused(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	refused := func(name string, want error) {
		t.Helper()
		if _, err := luks.Open(d, passphrase); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	refused("nothing", luks.ErrNoHeader)
	d.cryptsetup("--batch-mode", "luksFormat", "--type", "luks2", "--key-file=-", "--luks2-metadata-size", "16k", "--luks2-keyslots-size", "512k",
		"--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
	refused("LUKS2", luks.ErrUnsupported)
	for _, f := range []luks.Format{{"serpent-xts-plain64", 256}, {"aes", 256}, {"aes-xts-plain64", 0}, {"aes-xts-plain64", 192}, {"aes-xts-plain64", 4096}} {
		if _, err := luks.Create(d, f, passphrase); !errors.Is(err, luks.ErrUnsupported) {
			t.Errorf("%v: %v", f, err)
		}
	}
	d = newDisk(t)
	if _, err := luks.Create(d, formats[0], "another"); err != nil {
		t.Fatal(err)
	}
	refused("another key", luks.ErrPassphrase)
}

func TestSectorsThatNobodyHasWritten(t *testing.T) {
	t.Parallel()
	v, err := luks.Create(newDisk(t), formats[0], passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.WriteAt(bytes.Repeat([]byte{1}, 512), 512); err != nil {
		t.Fatal(err)
	}
	want := append(append(make([]byte, 512), bytes.Repeat([]byte{1}, 512)...), make([]byte, 512)...)
	got := make([]byte, len(want))
	for sparse, same := range map[bool]bool{true: true, false: false} {
		v.Sparse = sparse
		if _, err := v.ReadAt(got, 0); err != nil || bytes.Equal(got, want) != same {
			t.Errorf("sparse %v: %v", sparse, err)
		}
	}
	if _, err := v.ReadAt(got[:100], 0); err == nil {
		t.Error("a piece of a sector is read")
	}
	if _, err := v.WriteAt(got, v.Size()-512); err == nil {
		t.Error("a write passes the end")
	}
}

// FuzzOpen: a header is what whoever writes to the volume likes.
func FuzzOpen(f *testing.F) {
	m := make(memory, 64<<10)
	f.Add([]byte(m))
	small := append([]byte("LUKS\xba\xbe\x00\x01aes"), make([]byte, 4096)...)
	copy(small[40:], "xts-plain64")
	copy(small[72:], "sha256")
	f.Add(small)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for i := 108; i+4 <= min(len(raw), 592); i += 4 {
			if i >= 164 && i < 168 || i >= 208 && (i-208)%48 == 4 { // iterations, which may take long
				raw[i], raw[i+1], raw[i+2] = 0, 0, 0
			}
		}
		if v, err := luks.Open(memory(raw), passphrase); err == nil {
			_, _ = v.ReadAt(make([]byte, 512), 0)
		}
	})
}

type memory []byte

func (m memory) Size() int64                              { return int64(len(m)) }
func (m memory) ReadAt(p []byte, off int64) (int, error)  { return bytes.NewReader(m).ReadAt(p, off) }
func (m memory) WriteAt(p []byte, off int64) (int, error) { return copy(m[off:], p), nil }
func (m memory) Flush() error                             { return nil }

func BenchmarkRead(b *testing.B) {
	m := make(memory, 4<<20)
	v, err := luks.Create(m, formats[0], passphrase)
	if err != nil {
		b.Fatal(err)
	}
	p := make([]byte, 1<<20)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		if _, err := v.ReadAt(p, 0); err != nil {
			b.Fatal(err)
		}
	}
}
