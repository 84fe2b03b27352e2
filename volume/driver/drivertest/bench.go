package drivertest

import (
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
)

// benchBytes is the data in a volume that is copied.
const benchBytes = 64 * mib

// Bench measures what users wait for.
func Bench(b *testing.B, p Pool) {
	d, err := p.Open(p.New(b))
	must(b, err)
	b.Cleanup(func() { must(b, d.Close()) })
	must(b, d.Check(b.Context()))
	v := newVolume(benchBytes)
	must(b, d.Create(b.Context(), v))
	dev, err := d.Open(b.Context(), driver.VolumeSource(v), driver.ReadWrite)
	must(b, err)
	_, err = dev.WriteAt(pattern(benchBytes, 1), 0)
	must(b, err)
	must(b, dev.Flush())
	must(b, dev.Close())

	b.Run("create and delete", func(b *testing.B) {
		for b.Loop() {
			v := newVolume(1 << 30)
			must(b, d.Create(b.Context(), v))
			must(b, d.Delete(b.Context(), v))
		}
	})
	b.Run("snapshot of 64 MiB", func(b *testing.B) {
		for b.Loop() {
			s := newSnapshot(v)
			must(b, d.Snapshot(b.Context(), s))
			must(b, d.DeleteSnapshot(b.Context(), s))
		}
	})
	b.Run("clone of 64 MiB", func(b *testing.B) {
		for b.Loop() {
			c := newVolume(benchBytes)
			must(b, d.Clone(b.Context(), c, driver.VolumeSource(v)))
			must(b, d.Delete(b.Context(), c))
		}
	})
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
