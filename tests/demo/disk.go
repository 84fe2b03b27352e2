package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// initiator is the name by which the demo logs in.
const initiator = "iqn.2026-11.io.clinker:demo"

// withDisk shows the volume as a file for the time of f, through the iSCSI
// initiator in QEMU (libiscsi).
func (d *demo) withDisk(ctx context.Context, c connection, f func(dev string) error) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	secret := filepath.Join(d.dir, "secret")
	if err := os.WriteFile(secret, []byte(c.Password), 0o600); err != nil {
		return err
	}
	object := "secret,id=chap,file=" + secret
	disk := fmt.Sprintf("driver=iscsi,transport=tcp,portal=%s,target=%s,lun=%d,user=%s,password-secret=chap,initiator-name=%s",
		c.TargetPortal, c.TargetIQN, c.TargetLUN, c.AuthUsername, initiator)
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		return d.throughCopy(ctx, object, disk, f)
	}
	_ = fuse.Close()
	return d.throughFUSE(ctx, object, disk, f)
}

// throughFUSE: QEMU's storage daemon exports what it sees as a file, so
// e2fsprogs work on the volume itself. The daemon flushes before it ends.
func (d *demo) throughFUSE(ctx context.Context, object, disk string, f func(dev string) error) (err error) {
	dev := filepath.Join(d.dir, "disk")
	if err := os.WriteFile(dev, nil, 0o600); err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd := exec.Command("qemu-storage-daemon", "--object", object, "--blockdev", disk+",node-name=disk,cache.direct=on",
		"--export", "type=fuse,id=fuse,node-name=disk,writable=on,mountpoint="+dev)
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("qemu-storage-daemon (Debian package qemu-utils): %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := appears(ctx, dev, ended); err != nil {
		_ = cmd.Process.Kill()
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	err = f(dev)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if endErr := <-ended; err == nil && endErr != nil {
		err = fmt.Errorf("qemu-storage-daemon: %w: %s", endErr, strings.TrimSpace(stderr.String()))
	}
	return err
}

// throughCopy is for users who may not mount with FUSE: the volume is read into
// a sparse file, and written back from it.
func (d *demo) throughCopy(ctx context.Context, object, disk string, f func(dev string) error) error {
	dev := filepath.Join(d.dir, "copy")
	return inOrder(
		func() error {
			return tool(ctx, "qemu-img", "convert", "--object", object, "--image-opts", disk, "-O", "raw", dev)
		},
		func() error { return f(dev) },
		func() error {
			return tool(ctx, "qemu-img", "convert", "--object", object, "-n", "-f", "raw", dev, "--target-image-opts", disk)
		},
	)
}

// appears waits until the daemon has put the volume over the empty file.
func appears(ctx context.Context, dev string, ended <-chan error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if st, err := os.Stat(dev); err == nil && st.Size() > 0 {
			return nil
		}
		select {
		case err := <-ended:
			return errors.Join(errors.New("the initiator ended"), err)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func mkfs(ctx context.Context, dev string) error { return tool(ctx, "mke2fs", "-q", "-t", "ext4", dev) }

// grow checks that the volume has the new size and makes the file system fill it.
func grow(ctx context.Context, dev string, wantBytes int64) error {
	st, err := os.Stat(dev)
	if err != nil {
		return err
	}
	if st.Size() != wantBytes {
		return fmt.Errorf("the initiator sees %d bytes, want %d", st.Size(), wantBytes)
	}
	return inOrder(
		func() error { return tool(ctx, "e2fsck", "-f", "-p", dev) },
		func() error { return tool(ctx, "resize2fs", dev) },
		func() error { return tool(ctx, "e2fsck", "-f", "-n", dev) },
	)
}

// write replaces a file inside the file system on dev.
func (d *demo) write(ctx context.Context, dev, name string, data []byte) error {
	local := filepath.Join(d.dir, "local")
	if err := os.WriteFile(local, data, 0o600); err != nil {
		return err
	}
	commands := filepath.Join(d.dir, "commands")
	if err := os.WriteFile(commands, fmt.Appendf(nil, "rm %s\nwrite %s %s\n", name, local, name), 0o600); err != nil {
		return err
	}
	return tool(ctx, "debugfs", "-w", "-f", commands, dev)
}

// read returns a file inside the file system on dev.
func (d *demo) read(ctx context.Context, dev, name string) ([]byte, error) {
	local := filepath.Join(d.dir, "dumped")
	if err := os.WriteFile(local, nil, 0o600); err != nil {
		return nil, err
	}
	if err := tool(ctx, "debugfs", "-R", "dump "+name+" "+local, dev); err != nil {
		return nil, err
	}
	return os.ReadFile(local)
}

// tool runs one of e2fsprogs, which live where ordinary users do not look.
func tool(ctx context.Context, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		path = filepath.Join("/usr/sbin", name)
	}
	if out, err := exec.CommandContext(ctx, path, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
