package image

import (
	"bytes"
	"testing"
)

// Every format as qemu-img makes it becomes a volume with the same bytes, on a
// volume that was full of something else before.
func TestEveryFormatBecomesAVolume(t *testing.T) {
	cases := []struct {
		name, declared string
		args           []string
	}{
		{"raw", Raw, []string{"-O", "raw"}},
		{"qcow2 v3", QCOW2, []string{"-O", "qcow2"}},
		{"qcow2 v2", QCOW2, []string{"-O", "qcow2", "-o", "compat=0.10"}},
		{"qcow2 compressed", QCOW2, []string{"-O", "qcow2", "-c"}},
		{"qcow2 zstd", QCOW2, []string{"-O", "qcow2", "-c", "-o", "compression_type=zstd"}},
		{"qcow2 extended L2", QCOW2, []string{"-O", "qcow2", "-o", "extended_l2=on,cluster_size=128k"}},
		{"qcow2 small clusters", QCOW2, []string{"-O", "qcow2", "-o", "cluster_size=512"}},
		{"vmdk sparse", VMDK, []string{"-O", "vmdk"}},
		{"vmdk stream", VMDK, []string{"-O", "vmdk", "-o", "subformat=streamOptimized"}},
		{"vhd dynamic", VHD, []string{"-O", "vpc"}},
		{"vhd exact", VHD, []string{"-O", "vpc", "-o", "force_size=on"}},
		{"vhd fixed", VHD, []string{"-O", "vpc", "-o", "subformat=fixed,force_size=on"}},
		{"vhd fixed geometry", VHD, []string{"-O", "vpc", "-o", "subformat=fixed"}},
		{"vhdx dynamic", VHDX, []string{"-O", "vhdx"}},
		{"vhdx fixed", VHDX, []string{"-O", "vhdx", "-o", "subformat=fixed"}},
		{"vdi dynamic", VDI, []string{"-O", "vdi"}},
		{"vdi static", VDI, []string{"-O", "vdi", "-o", "static=on"}},
	}
	content := disk(12 * mib)
	dirty := newVolume(t, 16*mib)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := newConverter(t)
			src := imageOf(t, content, tc.args...)
			info, err := c.Inspect(src, sizeOf(t, src), tc.declared)
			if err != nil {
				t.Fatal(err)
			}
			if info.VirtualSize < int64(len(content)) || info.VirtualSize > int64(len(content))+mib {
				t.Errorf("virtual size %d of %d", info.VirtualSize, len(content))
			}
			if _, err := dirty.WriteAt(bytes.Repeat([]byte{0xa5}, 16*mib), 0); err != nil {
				t.Fatal(err)
			}
			var last int64
			if err := c.ToRaw(t.Context(), src, info, dirty, func(done, _ int64) { last = done }); err != nil {
				t.Fatal(err)
			}
			holds(t, dirty, content)
			if last == 0 {
				t.Error("no progress was told")
			}
			if n := allocated(t, dirty); n > 4*mib {
				t.Errorf("%d bytes are allocated", n)
			}
		})
	}
}
