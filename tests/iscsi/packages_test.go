package iscsi

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// kernelPackage depends on the newest kernel package of its flavour.
const kernelPackage = "linux-image-cloud-amd64"

// iscsiPackages are open-iscsi and those of its libraries that a small Debian
// may lack.
var iscsiPackages = []string{"open-iscsi", "libisns0", "libopeniscsiusr", "libkmod2", "libssl3"}

// unpackedPackages is a folder with the files of all packages. It is made once
// and then used by every later run, without a network.
func unpackedPackages(t testing.TB) string {
	t.Helper()
	root, err := packagesOnce()
	if err != nil {
		t.Fatalf("Debian packages for the guest: %v", err)
	}
	return root
}

var packagesOnce = sync.OnceValues(func() (string, error) {
	cache := os.Getenv("CLINKER_CACHE")
	if cache == "" {
		home, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, "clinker")
	}
	cache, err := filepath.Abs(cache)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	unlock, err := lockFile(filepath.Join(cache, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	root := filepath.Join(cache, "guest")
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	return root, fetchPackages(cache, root)
})

// lockFile keeps other test processes out of the cache.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

// fetchPackages downloads and unpacks beside root, which appears complete or
// not at all.
func fetchPackages(cache, root string) error {
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	kernel, err := newestKernel()
	if err != nil {
		return err
	}
	if _, err := in(work, "apt-get", append([]string{"download", kernel}, iscsiPackages...)...); err != nil {
		return fmt.Errorf("%w (are the package lists there? `apt-get update` fetches them)", err)
	}
	debs, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if _, err := in(work, "dpkg-deb", "-x", deb, "root"); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(work, "root"), root)
}

func newestKernel() (string, error) {
	out, err := in("", "apt-cache", "depends", "--important", kernelPackage)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if _, name, ok := strings.Cut(strings.TrimSpace(line), "Depends: linux-image-"); ok {
			return "linux-image-" + name, nil
		}
	}
	return "", fmt.Errorf("apt knows no %s (`apt-get update` fetches its lists)", kernelPackage)
}

// in runs a tool in a folder and returns its output.
func in(dir, tool string, args ...string) (string, error) {
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", tool, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
