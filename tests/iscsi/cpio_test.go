package iscsi

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
)

// File types of a mode, stat(2).
const (
	typeFolder  = 0o040000
	typeFile    = 0o100000
	typeSymlink = 0o120000
)

// cpio writes an archive in the "newc" format that the kernel unpacks
// (Documentation/driver-api/early-userspace/buffer-format.rst), all files
// belonging to root. Parents must come before what is in them: see folder.
type cpio struct {
	w       *bufio.Writer
	written int64
	ino     int
	folders map[string]bool
	err     error
}

func newCPIO(w io.Writer) *cpio {
	return &cpio{w: bufio.NewWriterSize(w, 1<<20), folders: map[string]bool{".": true}}
}

// folder adds a folder and the ones above it.
func (c *cpio) folder(name string) {
	if c.folders[name] {
		return
	}
	c.folders[name] = true
	c.folder(path.Dir(name))
	c.entry(name, typeFolder|0o755, nil)
}

// content adds a file with a permission.
func (c *cpio) content(name string, perm int, data []byte) {
	c.folder(path.Dir(name))
	c.entry(name, typeFile|perm, data)
}

// symlink adds a symbolic link.
func (c *cpio) symlink(name, to string) {
	c.folder(path.Dir(name))
	c.entry(name, typeSymlink|0o777, []byte(to))
}

// copy adds a file of the host.
func (c *cpio) copy(name string, perm int, from string) {
	data, err := os.ReadFile(from)
	if err != nil {
		c.fail(err)
		return
	}
	c.content(name, perm, data)
}

// close ends the archive and returns the first error of all.
func (c *cpio) close() error {
	c.entry("TRAILER!!!", 0, nil)
	c.fail(c.w.Flush())
	return c.err
}

func (c *cpio) entry(name string, mode int, data []byte) {
	c.ino++
	const uid, gid, nlink, mtime, devMajor, devMinor, rdevMajor, rdevMinor, check = 0, 0, 1, 0, 0, 0, 0, 0, 0
	c.write(fmt.Appendf(nil, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00", c.ino, mode, uid, gid, nlink,
		mtime, len(data), devMajor, devMinor, rdevMajor, rdevMinor, len(name)+1, check, name))
	c.write(data)
}

// write pads to four bytes, as headers with names and contents both are.
func (c *cpio) write(b []byte) {
	n, err := c.w.Write(b)
	c.written += int64(n)
	c.fail(err)
	for c.written%4 != 0 {
		c.fail(c.w.WriteByte(0))
		c.written++
	}
}

func (c *cpio) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}
