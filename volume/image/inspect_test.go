package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	be = binary.BigEndian
	le = binary.LittleEndian
)

// refused fails unless the image is Unsafe for that reason.
func refused(t *testing.T, image []byte, declared, reason string) {
	t.Helper()
	info, err := newConverter(t).Inspect(bytes.NewReader(image), int64(len(image)), declared)
	var u *Unsafe
	if !errors.As(err, &u) || !strings.Contains(u.Reason, reason) {
		t.Errorf("%s: got %+v, %v; want a refusal with %q", declared, info, err, reason)
	}
}

func accepted(t *testing.T, image []byte, declared string) Info {
	t.Helper()
	info, err := newConverter(t).Inspect(bytes.NewReader(image), int64(len(image)), declared)
	if err != nil {
		t.Errorf("%s: %v", declared, err)
	}
	return info
}

// created is what `qemu-img create` makes with these arguments, in a folder of
// its own that has a file called secret.
func created(t *testing.T, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	secret, path := filepath.Join(dir, "secret"), filepath.Join(dir, "image")
	if err := os.WriteFile(secret, make([]byte, mib), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "SECRET", secret)
	}
	qemuImg(t, append(append([]string{"create", "-q"}, args...), path, "8M")...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// changed is image with one thing changed.
func changed(image []byte, change func(b []byte)) []byte {
	b := bytes.Clone(image)
	change(b)
	return b
}

func TestQCOW2ThatNamesAnotherFile(t *testing.T) {
	refused(t, created(t, "-f", "qcow2", "-b", "SECRET", "-F", "raw"), QCOW2, "backing file")
	refused(t, created(t, "-f", "qcow2", "-o", "compat=0.10,backing_file=SECRET,backing_fmt=raw"), QCOW2, "backing file")
	outside := created(t, "-f", "qcow2", "-o", "data_file=SECRET")
	refused(t, outside, QCOW2, "data file")
	refused(t, created(t, "-f", "qcow2", "-o", "data_file=SECRET,data_file_raw=on"), QCOW2, "data file")

	// CVE-2024-32498 and what it could become: only one of the two marks is left.
	refused(t, changed(outside, func(b []byte) { be.PutUint64(b[72:], 0) }), QCOW2, "data file")
	plain := created(t, "-f", "qcow2")
	refused(t, changed(plain, func(b []byte) { b[79] |= 4 }), QCOW2, "data file")
	refused(t, changed(plain, func(b []byte) { be.PutUint32(b[16:], 7) }), QCOW2, "backing file")
	refused(t, changed(plain, func(b []byte) { be.PutUint32(b[be.Uint32(b[100:]):], extBacking) }), QCOW2, "extension")
}

func TestQCOW2ThatCannotBe(t *testing.T) {
	image := created(t, "-f", "qcow2")
	if info := accepted(t, image, QCOW2); info != (Info{Format: QCOW2, VirtualSize: 8 * mib}) {
		t.Errorf("%+v", info)
	}
	for reason, change := range map[string]func(b []byte){
		"version":           func(b []byte) { b[7] = 4 },
		"not known":         func(b []byte) { b[78] = 1 },
		"features 0x80":     func(b []byte) { b[72] = 0x80 },
		"corrupt":           func(b []byte) { b[79] = 2 },
		"encrypted":         func(b []byte) { b[35] = 2 },
		"impossible size":   func(b []byte) { b[23] = 64 },
		"impossible length": func(b []byte) { be.PutUint32(b[100:], 1<<31) },
		"longer than its":   func(b []byte) { be.PutUint32(b[be.Uint32(b[100:])+4:], 1<<31) },
		"beyond its end":    func(b []byte) { be.PutUint64(b[40:], 1<<62) },
		"virtual size of":   func(b []byte) { be.PutUint64(b[24:], 1<<63) },
		"size of 513":       func(b []byte) { be.PutUint64(b[24:], 513) },
		"size of 0":         func(b []byte) { be.PutUint64(b[24:], 0) },
	} {
		refused(t, changed(image, change), QCOW2, reason)
	}
	for _, n := range []int{4, 71, 103} {
		refused(t, image[:n], QCOW2, "")
	}
}

func TestVMDKThatNamesAnotherFile(t *testing.T) {
	image := created(t, "-f", "vmdk")
	if info := accepted(t, image, VMDK); info.VirtualSize != 8*mib {
		t.Errorf("%+v", info)
	}
	descriptor := func(old, new string) []byte {
		return changed(image, func(b []byte) {
			text := bytes.TrimRight(b[512:512+20*512], "\x00")
			was := len(text)
			text = bytes.Replace(text, []byte(old), []byte(new), 1)
			copy(b[512:], append(bytes.Clone(text), make([]byte, max(0, was-len(text)))...))
		})
	}
	refused(t, descriptor(`"image"`, `"/etc/passwd"`), VMDK, "another file")
	refused(t, descriptor(`SPARSE "image"`, `FLAT "secret" 0`), VMDK, "another file")
	refused(t, descriptor("RW 16384", "RW 8192 SPARSE \"a\"\nRW 8192"), VMDK, "2 extents")
	refused(t, descriptor("RW 16384", "# 16384"), VMDK, "0 extents")
	refused(t, descriptor("monolithicSparse", "monolithicFlat"), VMDK, "create-type")
	refused(t, descriptor("monolithicSparse", "twoGbMaxExtentSparse"), VMDK, "create-type")
	refused(t, descriptor("createType", "createtypo"), VMDK, "create-type")
	refused(t, descriptor("parentCID=ffffffff", "parentCID=12345678"), VMDK, "parent")
	refused(t, descriptor("parentCID=ffffffff", "parentFileNameHint=\"/etc/passwd\""), VMDK, "parent")
	refused(t, descriptor("CID=", "\x01CID="), VMDK, "no text")
	refused(t, descriptor("CID=", "what is this\nCID="), VMDK, "none of a descriptor")
	refused(t, created(t, "-f", "vmdk", "-o", "subformat=monolithicFlat"), VMDK, "create-type")
	refused(t, created(t, "-f", "vmdk", "-o", "subformat=monolithicFlat"), Raw, "different format")
	refused(t, changed(image, func(b []byte) { copy(b[512+12*512:], "parentFileNameHint=\"x\"") }), VMDK, "parent")
	refused(t, changed(image, func(b []byte) { // beyond the descriptor that the header tells of
		le.PutUint64(b[36:], 1)
		copy(b[512+12*512:], "PARENTfilenamehint=\"x\"")
	}), VMDK, "parent")
}

func TestVMDKThatCannotBe(t *testing.T) {
	image := created(t, "-f", "vmdk")
	for reason, change := range map[string]func(b []byte){
		"version 9":          func(b []byte) { b[4] = 9 },
		"capacity":           func(b []byte) { le.PutUint64(b[12:], 0) },
		"no possible one":    func(b []byte) { le.PutUint64(b[12:], 1<<60) },
		"where it belongs":   func(b []byte) { le.PutUint64(b[28:], 2) },
		"not where":          func(b []byte) { le.PutUint64(b[36:], 1<<50) },
		"goes on behind":     func(b []byte) { b[512+20*512-1] = 'x' },
		"footer of the VMDK": func(b []byte) { le.PutUint64(b[56:], vmdkAtEnd) },
	} {
		refused(t, changed(image, change), VMDK, reason)
	}
	none := New(Options{})
	if _, err := none.Inspect(bytes.NewReader(image), int64(len(image)), VMDK); err == nil {
		t.Error("an empty vmdk_allowed_types allows a VMDK")
	}
	one := New(Options{VMDKTypes: []string{"streamOptimized"}})
	if _, err := one.Inspect(bytes.NewReader(image), int64(len(image)), VMDK); err == nil {
		t.Error("a type that vmdk_allowed_types does not name is allowed")
	}
	flat := New(Options{VMDKTypes: []string{"monolithicFlat"}})
	if _, err := flat.Inspect(bytes.NewReader(image), int64(len(image)), VMDK); err == nil {
		t.Error("a type that vmdk_allowed_types does not name is allowed")
	}
}

// VMware writes streams with the header that counts behind them.
func TestVMDKWithAFooter(t *testing.T) {
	image := created(t, "-f", "vmdk", "-o", "subformat=streamOptimized")
	footer := make([]byte, vmdkFooterSize)
	copy(footer[sector:], image[:sector])
	image = append(changed(image, func(b []byte) { le.PutUint64(b[56:], vmdkAtEnd) }), footer...)
	accepted(t, image, VMDK)
	end := len(image) - 2*sector
	refused(t, changed(image, func(b []byte) { le.PutUint64(b[end+12:], 0) }), VMDK, "footer")
	refused(t, changed(image, func(b []byte) { le.PutUint64(b[end+28:], 77) }), VMDK, "footer")
}

func TestVHD(t *testing.T) {
	image := created(t, "-f", "vpc", "-o", "force_size=on")
	if info := accepted(t, image, VHD); info.VirtualSize != 8*mib {
		t.Errorf("%+v", info)
	}
	refused(t, changed(image, func(b []byte) { b[63] = 4 }), VHD, "difference")
	refused(t, changed(image, func(b []byte) { b[63] = 9 }), VHD, "type 9")
	refused(t, changed(image, func(b []byte) { be.PutUint64(b[16:], 1<<63) }), VHD, "beyond its end")
	refused(t, changed(image, func(b []byte) { be.PutUint64(b[16:], 0) }), VHD, "none of a dynamic")
	refused(t, changed(image, func(b []byte) { b[512+40] = 1 }), VHD, "parent")
	refused(t, changed(image, func(b []byte) { be.PutUint64(b[48:], 1<<63) }), VHD, "virtual size")
	refused(t, image[:700], VHD, "cut off")

	fixed := created(t, "-f", "vpc", "-o", "force_size=on,subformat=fixed")
	if info := accepted(t, fixed, VHD); info.VirtualSize != 8*mib {
		t.Errorf("%+v", info)
	}
	end := len(fixed) - sector
	refused(t, changed(fixed, func(b []byte) { be.PutUint64(b[end+48:], 9*mib) }), VHD, "more than there is")
	refused(t, changed(fixed, func(b []byte) { b[end+63] = 4 }), VHD, "difference")
	accepted(t, fixed, Raw) // whoever calls it raw gets the footer too: nothing is read from it
}

func TestVHDX(t *testing.T) {
	image := created(t, "-f", "vhdx")
	if info := accepted(t, image, VHDX); info.VirtualSize != 8*mib {
		t.Errorf("%+v", info)
	}
	file := bytes.Index(image, []byte(vhdxFile))
	metadata := bytes.Index(image, []byte("metadata"))
	item := metadata + int(le.Uint32(image[file+16:]))
	refused(t, changed(image, func(b []byte) { b[item+4] |= 2 }), VHDX, "parent")
	refused(t, changed(image, func(b []byte) { copy(b[file:], vhdxParent) }), VHDX, "parent")
	refused(t, changed(image, func(b []byte) { copy(b[file:], "0123456789abcdef") }), VHDX, "lack")
	refused(t, changed(image, func(b []byte) { le.PutUint32(b[file+16:], 1<<31) }), VHDX, "cut off")
	refused(t, changed(image, func(b []byte) { b[vhdxRegions] = 0 }), VHDX, "regions")
	refused(t, changed(image, func(b []byte) { b[metadata] = 0 }), VHDX, "broken")
	refused(t, changed(image, func(b []byte) { le.PutUint32(b[vhdxRegions+8:], 0) }), VHDX, "no metadata")
	region := vhdxRegions + bytes.Index(image[vhdxRegions:], []byte(vhdxMetadata))
	refused(t, changed(image, func(b []byte) { le.PutUint64(b[region+16:], 1<<63) }), VHDX, "beyond its end")
	refused(t, image[:100<<10], VHDX, "cut off")
}

func TestVDI(t *testing.T) {
	image := created(t, "-f", "vdi")
	if info := accepted(t, image, VDI); info.VirtualSize != 8*mib {
		t.Errorf("%+v", info)
	}
	refused(t, changed(image, func(b []byte) { b[0x4c] = 4 }), VDI, "difference")
	refused(t, changed(image, func(b []byte) { b[0x44] = 9 }), VDI, "version")
	refused(t, changed(image, func(b []byte) { b[0x1b9] = 1 }), VDI, "parent")
	refused(t, changed(image, func(b []byte) { le.PutUint64(b[0x170:], 1<<63) }), VDI, "virtual size")
	refused(t, image[:0x60], VDI, "cut off")
}

// What an image is declared to be and what it is must be the same.
func TestADeclaredFormatThatIsAnother(t *testing.T) {
	made := map[string][]byte{Raw: make([]byte, mib)}
	for format, name := range qemuName {
		made[format] = created(t, "-f", name)
	}
	made["qed"] = created(t, "-f", "qed")
	made["qcow"] = created(t, "-f", "qcow")
	for _, declared := range []string{Raw, ISO, "ami", "aki", "ari", QCOW2, VMDK, VHD, VHDX, VDI} {
		for is, image := range made {
			if is == declared || is == Raw && asRaw[declared] {
				accepted(t, image, declared)
			} else {
				refused(t, image, declared, "The image format was claimed to be '"+declared+"' but the image data appears to be in a different format.")
			}
		}
	}
	for _, declared := range []string{"", "ploop", "qed", "qcow", "vpc", "nbd:unix:/run/x"} {
		refused(t, made[Raw], declared, "none that can be read")
	}
	twice := changed(made[QCOW2], func(b []byte) { le.PutUint32(b[0x40:], vdiMagic) })
	refused(t, twice, QCOW2, "at once")
	refused(t, twice, VDI, "at once")
}

func TestWhatLiesInARawImage(t *testing.T) {
	at := func(off int, s string) []byte {
		return changed(make([]byte, mib), func(b []byte) { copy(b[off:], s) })
	}
	gpt := at(512, "EFI PART")
	copy(gpt[510:], "\x55\xaa")
	for want, image := range map[string][]byte{
		"iso": at(0x8001, "CD001"), "luks": at(0, "LUKS\xba\xbe"), "gpt": gpt, "": nil,
	} {
		info := accepted(t, image, Raw)
		if info.Content != want || info.Format != Raw || info.VirtualSize != int64(len(image)) {
			t.Errorf("%s: %+v", want, info)
		}
	}
}

// broken fails to read.
type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errLost }

func TestAFaultOfTheDiskIsNotTheImage(t *testing.T) {
	var u *Unsafe
	if _, err := newConverter(t).Inspect(broken{}, mib, QCOW2); !errors.Is(err, errLost) || errors.As(err, &u) {
		t.Errorf("%v", err)
	}
}
