package iscsi

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

//go:embed testdata/init.sh
var initScript []byte

//go:embed testdata/load.sh
var loadScript []byte

// iscsidConf: a session waits ten minutes for its target to come back before it
// fails what is queued, and looks for a dead connection every two seconds.
const iscsidConf = `node.startup = manual
node.leading_login = No
node.session.auth.authmethod = CHAP
node.session.timeo.replacement_timeout = 600
node.conn[0].timeo.login_timeout = 15
node.conn[0].timeo.logout_timeout = 15
node.conn[0].timeo.noop_out_interval = 2
node.conn[0].timeo.noop_out_timeout = 5
node.session.initial_login_retry_max = 4
node.session.cmds_max = 128
node.session.queue_depth = 32
node.session.scan = auto
`

// modules that the guest loads; ext4 is built into the kernel.
var modules = []string{"virtio_pci", "virtio_net", "sd_mod", "iscsi_tcp"}

// hostPrograms are found on the host. Debian's busybox shell prefers its own
// applets, mke2fs among them: call that one by its path.
var hostPrograms = []string{"mke2fs", "e2fsck", "resize2fs"}

// debianTriplet is where Debian keeps the libraries of the guest's architecture.
const debianTriplet = "x86_64-linux-gnu"

// buildInitramfs writes the archive that is the guest's whole system. root has
// the unpacked packages.
func buildInitramfs(file, root, initiator string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	c := newCPIO(out)
	for _, dir := range []string{"proc", "sys", "dev", "tmp", "mnt", "run/lock/iscsi", "etc/iscsi/nodes", "etc/iscsi/send_targets", "etc/iscsi/ifaces"} {
		c.folder(dir)
	}
	c.content("init", 0o755, initScript)
	c.content("load.sh", 0o755, loadScript)
	c.content("etc/iscsi/iscsid.conf", 0o600, []byte(iscsidConf))
	c.content("etc/iscsi/initiatorname.iscsi", 0o600, []byte("InitiatorName="+initiator+"\n"))
	c.content("etc/passwd", 0o644, []byte("root:x:0:0:root:/:/bin/sh\n"))
	c.symlink("etc/mtab", "/proc/mounts")
	if err := addPrograms(c, root); err != nil {
		return err
	}
	if err := addModules(c, root); err != nil {
		return err
	}
	return c.close()
}

func addPrograms(c *cpio, root string) error {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return fmt.Errorf("%w (Debian package busybox-static)", err)
	}
	c.copy("bin/busybox", 0o755, busybox)
	c.symlink("bin/sh", "busybox")
	programs := []string{filepath.Join(root, "sbin/iscsid"), filepath.Join(root, "sbin/iscsiadm")}
	for _, name := range hostPrograms {
		file, err := firstFile([]string{"/sbin", "/usr/sbin"}, name)
		if err != nil {
			return fmt.Errorf("%w (Debian package e2fsprogs)", err)
		}
		programs = append(programs, file)
	}
	for _, file := range programs {
		c.copy(path.Join("sbin", filepath.Base(file)), 0o755, file)
	}
	var folders []string
	for _, dir := range []string{"usr/lib", "lib"} {
		folders = append(folders, filepath.Join(root, dir, debianTriplet))
	}
	libraries, err := neededLibraries(append(folders, "/lib/"+debianTriplet, "/usr/lib/"+debianTriplet), programs)
	if err != nil {
		return err
	}
	for name, file := range libraries {
		c.copy(path.Join("lib", debianTriplet, name), 0o755, file)
	}
	c.copy("lib64/ld-linux-x86-64.so.2", 0o755, "/lib64/ld-linux-x86-64.so.2")
	return nil
}

func addModules(c *cpio, root string) error {
	files, err := orderedModules(root, modules...)
	if err != nil {
		return err
	}
	var names []string
	for _, file := range files {
		name := path.Join("lib/modules", filepath.Base(file))
		c.copy(name, 0o644, file)
		names = append(names, name)
	}
	c.content("modules", 0o644, []byte(strings.Join(names, "\n")+"\n"))
	return nil
}
