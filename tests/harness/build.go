package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Build returns the path of the clinker binary, built once per test process.
func Build(t testing.TB) string {
	t.Helper()
	path, err := Binary()
	if err != nil {
		t.Fatalf("build clinker: %v", err)
	}
	return path
}

// Binary is Build for programs that are no tests.
var Binary = sync.OnceValues(func() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	if path := os.Getenv("CLINKER_BIN"); path != "" {
		if !filepath.IsAbs(path) {
			path = filepath.Join(root, path) // go test runs in the package's folder
		}
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("CLINKER_BIN: %w", err)
		}
		return path, nil
	}
	return build(root, os.Getenv("CLINKER_RACE") == "1")
})

// build writes beside the final name and renames, since other test processes
// may be running the binary of the same name.
func build(root string, race bool) (string, error) {
	dir, name := filepath.Join(root, "bin", "test"), "clinker"
	args, cgo := []string{"build", "-trimpath"}, "CGO_ENABLED=0"
	if race {
		name, args, cgo = "clinker-race", append(args, "-race"), "CGO_ENABLED=1"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tmp := filepath.Join(dir, fmt.Sprintf(".%s.%d", name, os.Getpid()))
	cmd := exec.Command("go", append(args, "-o", tmp, "./cmd/clinker")...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), cgo)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/clinker: %w\n%s", err, out)
	}
	path := filepath.Join(dir, name)
	return path, os.Rename(tmp, path)
}

// moduleRoot is the nearest folder above with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the working folder")
		}
		dir = up
	}
}
