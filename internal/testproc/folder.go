package testproc

import (
	"os"
	"testing"
)

// Folder is a folder for the time of the test. It is not t.TempDir: PostgreSQL
// runs as its own user when the tests run as root, and must reach into it.
func Folder(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "clinker-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
