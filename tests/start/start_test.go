// Package start proves what a user sees when the service cannot start, and
// that it comes back on the same state.
package start

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

// refused runs the binary, which must end non-zero with one line that says all
// of want.
func refused(t *testing.T, env []string, want []string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), harness.Build(t), args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Run(); err == nil {
		t.Fatalf("clinker %s: it started", strings.Join(args, " "))
	}
	out := strings.TrimSpace(stderr.String())
	if strings.Count(out, "\n") != 0 {
		t.Errorf("more than one line:\n%s", out)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("%q does not say %q", out, w)
		}
	}
}

func stateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "clinker-start-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "state")
}

func TestABusyPortIsNamedWithTheOptionThatChangesIt(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	busy := ln.Addr().String()
	refused(t, nil, []string{busy, "--api-listen"}, "all", "--state-dir", stateDir(t), "--api-listen", busy, "--iscsi-portal", "127.0.0.1:0")
	refused(t, nil, []string{busy, "--iscsi-portal"}, "all", "--state-dir", stateDir(t), "--api-listen", "127.0.0.1:0", "--iscsi-portal", busy)
}

func TestAStateFolderInUseIsNamedWithTheProcess(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Options{})
	refused(t, nil, []string{s.StateDir, "in use by process", "--state-dir"}, "all", "--state-dir", s.StateDir, "--api-listen", "127.0.0.1:0", "--iscsi-portal", "127.0.0.1:0")
}

func TestAMisconfigurationNamesTheOptionAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"[DEFAULT]\nosapi_max_limit = none\n":                            {"c.conf:2", "osapi_max_limit", "whole number"},
		"[DEFAULT]\nscheduler_default_filters = NoSuchFilter\n":          {"scheduler_default_filters", "NoSuchFilter", "CapacityFilter"},
		"[DEFAULT]\nenabled_backends = a\n[a]\nvolume_driver = floppy\n": {"[a]", "volume_driver", "floppy", "file"},
		"[DEFAULT]\nenabled_backends = a\n[a]\nfile_pool_path = here\n":  {"[a]", "file_pool_path", "absolute path"},
		"[DEFAULT]\nmax_over_subscription_ratio = 0.5\n":                 {"max_over_subscription_ratio", "0.5"},
	} {
		file := filepath.Join(t.TempDir(), "c.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, nil, want, "all", "--state-dir", stateDir(t), "--api-listen", "127.0.0.1:0", "--iscsi-portal", "127.0.0.1:0", "--config-file", file)
	}
}

func TestVolumesOutliveARestart(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Options{})
	v := s.Client(t).CreateVolume(harness.VolumeSpec{Name: "kept", SizeGiB: 1})
	url, portal := s.URL, s.ISCSI
	s.Restart(t)
	if got := s.Client(t).Volume(v.ID); got.Status != "available" || got.Name != "kept" {
		t.Fatalf("%+v", got)
	}
	if s.URL != url || s.ISCSI != portal {
		t.Errorf("the addresses moved: %s, %s; before: %s, %s", s.URL, s.ISCSI, url, portal)
	}
}

func TestTheDoctorSaysWhatIsThere(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), harness.Build(t), "doctor").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PostgreSQL server programs") {
		t.Fatalf("%v: %s", err, out)
	}
}
