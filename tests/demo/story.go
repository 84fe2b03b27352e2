package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// steps is the story; what it makes is taken back by clean.
func (d *demo) steps(ctx context.Context) error {
	first, second, added := random(1<<20), random(1<<20), random(64<<10)
	var vol, clone string
	var disk, copyDisk connection
	var snap string
	return inOrder(
		func() error {
			return step("create a volume of 1 GiB", func() (err error) { vol, err = d.createVolume(ctx, 1, ""); return })
		},
		func() error {
			return step("attach it to an initiator, with a CHAP secret of its own", func() (err error) { disk, err = d.attach(ctx, vol); return })
		},
		func() error {
			return step("make an ext4 file system on it over iSCSI, write a file", func() error {
				return d.withDisk(ctx, disk, func(dev string) error {
					return inOrder(func() error { return mkfs(ctx, dev) }, func() error { return d.write(ctx, dev, "data", first) })
				})
			})
		},
		func() error {
			return step("snapshot the attached volume", func() (err error) { snap, err = d.snapshot(ctx, vol); return })
		},
		func() error {
			return step("overwrite the file, add another one", func() error {
				return d.withDisk(ctx, disk, func(dev string) error {
					return inOrder(func() error { return d.write(ctx, dev, "data", second) }, func() error { return d.write(ctx, dev, "more", added) })
				})
			})
		},
		func() error {
			return step("make a volume from the snapshot", func() (err error) { clone, err = d.createVolume(ctx, 1, snap); return })
		},
		func() error {
			return step("attach that one too", func() (err error) { copyDisk, err = d.attach(ctx, clone); return })
		},
		func() error {
			return step("it holds the file as it was, and no other", func() error {
				return d.withDisk(ctx, copyDisk, func(dev string) error {
					return inOrder(func() error { return d.holds(ctx, dev, "data", first) }, func() error { return d.absent(ctx, dev, "more") })
				})
			})
		},
		func() error {
			return step("the first volume holds both files as they are now", func() error {
				return d.withDisk(ctx, disk, func(dev string) error {
					return inOrder(func() error { return d.holds(ctx, dev, "data", second) }, func() error { return d.holds(ctx, dev, "more", added) })
				})
			})
		},
		func() error {
			return step("extend it to 2 GiB while it is attached", func() error { return d.extend(ctx, vol, 2) })
		},
		func() error {
			return step("grow the file system over iSCSI; the files are still right", func() error {
				return d.withDisk(ctx, disk, func(dev string) error {
					return inOrder(func() error { return grow(ctx, dev, 2<<30) }, func() error { return d.holds(ctx, dev, "data", second) })
				})
			})
		},
		func() error {
			return step("an initiator with a wrong secret is not let in", func() error {
				wrong := disk
				wrong.Password = "wrong-secret-0000"
				if err := d.withDisk(ctx, wrong, func(string) error { return nil }); err == nil {
					return errors.New("it was let in")
				}
				return nil
			})
		},
	)
}

func inOrder(fs ...func() error) error {
	for _, f := range fs {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func (d *demo) holds(ctx context.Context, dev, name string, want []byte) error {
	got, err := d.read(ctx, dev, name)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("file %q does not hold what was written", name)
	}
	return nil
}

func (d *demo) absent(ctx context.Context, dev, name string) error {
	if b, err := d.read(ctx, dev, name); err == nil && len(b) > 0 {
		return fmt.Errorf("file %q should not be there", name)
	}
	return nil
}
