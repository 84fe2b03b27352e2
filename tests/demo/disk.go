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

// withDisk shows the volume as a file for the time of f: QEMU's storage daemon
// is the iSCSI initiator (libiscsi) and exports what it sees through FUSE, so
// e2fsprogs work on the volume itself and nothing else. The daemon flushes
// before it ends.
func (d *demo) withDisk(ctx context.Context, c connection, f func(dev string) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	secret, dev := filepath.Join(d.dir, "secret"), filepath.Join(d.dir, "disk")
	if err := os.WriteFile(secret, []byte(c.Password), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(dev, nil, 0o600); err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd := exec.Command("qemu-storage-daemon",
		"--object", "secret,id=chap,file="+secret,
		"--blockdev", fmt.Sprintf("driver=iscsi,node-name=disk,transport=tcp,portal=%s,target=%s,lun=%d,user=%s,password-secret=chap,initiator-name=%s,cache.direct=on",
			c.TargetPortal, c.TargetIQN, c.TargetLUN, c.AuthUsername, initiator),
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
