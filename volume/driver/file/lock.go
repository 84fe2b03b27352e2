package file

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/volume/driver"
)

// lockPatience is for a predecessor that is ending, and for a child that it was
// starting when it closed the folder: until its exec such a child holds the lock.
const (
	lockPatience = 2 * time.Second
	lockPause    = 5 * time.Millisecond
)

// lockFolder makes this process the owner of the folder until dir is closed or
// the process ends, however it ends.
func lockFolder(dir *os.File, path string) error {
	var err error
	for begun := time.Now(); ; time.Sleep(lockPause) {
		err = retryEINTR(func() error { return unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Since(begun) > lockPatience {
			break
		}
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("lock folder %s: %w", path, err)
	}
	by := "another process"
	if pid, ok := lockHolder(dir); ok {
		by = "process " + strconv.Itoa(pid)
	}
	return &driver.ConfigError{
		Option: "file_pool_path", Value: path, Allowed: "a folder of its own for each service",
		Err: fmt.Errorf("%w by %s", driver.ErrInUse, by),
	}
}

// lockHolder asks the kernel who holds the folder's flock.
func lockHolder(dir *os.File) (pid int, ok bool) {
	var st unix.Stat_t
	if unix.Fstat(int(dir.Fd()), &st) != nil {
		return 0, false
	}
	text, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0, false
	}
	return flockHolder(string(text), unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
}

// flockHolder reads proc(5) /proc/locks: "1: FLOCK  ADVISORY  WRITE 708 08:01:13548 0 EOF",
// with the device in hexadecimal. A holder in another pid namespace shows as 0.
func flockHolder(locks string, major, minor uint32, inode uint64) (pid int, ok bool) {
	file := fmt.Sprintf("%02x:%02x:%d", major, minor, inode)
	for line := range strings.Lines(locks) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "FLOCK" || f[5] != file {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 {
			return pid, true
		}
	}
	return 0, false
}
