package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

// cinderProgram comes with the openstack command, and has what that lacks.
const cinderProgram = "/usr/bin/cinder"

// cinder runs commands of the older client at one microversion.
type cinder struct {
	t   testing.TB
	env []string
}

var cloudLine = regexp.MustCompile(`(?m)^ +(auth_url|username|password|project_name): "(.*)"$`)

// newCinder has the settings of the service's clouds.yaml, which that client
// does not read.
func newCinder(t testing.TB, s *harness.Service) cinder {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.StateDir, "clouds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	env := append(environment(s), "OS_USER_DOMAIN_ID=default", "OS_PROJECT_DOMAIN_ID=default", "OS_VOLUME_API_VERSION=3.59")
	for _, m := range cloudLine.FindAllSubmatch(raw, -1) {
		env = append(env, "OS_"+strings.ToUpper(string(m[1]))+"="+string(m[2]))
	}
	return cinder{t, env}
}

// ok runs a command and gives its table by the first column.
func (c cinder) ok(args ...string) map[string][]string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, cinderProgram, args...)
	cmd.Env = c.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		c.t.Fatalf("cinder %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	rows := make(map[string][]string)
	if out.Len() == 0 {
		return rows // an action
	}
	for _, row := range (result{t: c.t, out: out.String()}).table() {
		rows[row[0]] = row
	}
	return rows
}

// manage is how an administrator brings disks in, and lets them go.
func manage(o openstack, c *harness.Client, s *harness.Service) {
	t, cli := o.t, newCinder(o.t, s)
	data := bytes.Repeat([]byte("brought in "), 5000)
	pool := filepath.Join(s.StateDir, "volumes")
	if err := os.WriteFile(filepath.Join(pool, "disk.img"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	host := cli.ok("service-list", "--binary", "cinder-volume")["cinder-volume"][1]
	const ref = "{'source-name': 'disk.img'}"
	if row := cli.ok("manageable-list", host)[ref]; len(row) < 3 || row[1] != "1" || row[2] != "True" {
		t.Errorf("the file is listed as %q", row)
	}
	id := cli.ok("manage", "--name", "mine", "--bootable", "--metadata", "k=v", host, "disk.img")["id"][1]
	c.WaitStatus(id, "available")
	holds := func(name string) {
		t.Helper()
		f, err := os.Open(filepath.Join(pool, name))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		got := make([]byte, len(data))
		info, err := f.Stat()
		if _, readErr := f.ReadAt(got, 0); err != nil || readErr != nil || !bytes.Equal(got, data) || info.Size() != 1<<30 {
			t.Errorf("%s does not hold what was brought in (%v, %v)", name, err, readErr)
		}
	}
	holds("volume-" + id)
	snap := cli.ok("snapshot-create", "--name", "before", id)["id"][1]
	c.WaitSnapshot(snap, "available")
	cli.ok("revert-to-snapshot", snap)
	c.WaitStatus(id, "available")
	holds("volume-" + id)
	cli.ok("snapshot-unmanage", snap)
	gone(t, c, "/snapshots/"+snap)
	found := false
	for key, row := range cli.ok("snapshot-manageable-list", host) {
		found = found || strings.Contains(key, snap) && row[2] == "True"
	}
	if !found {
		t.Error("the snapshot that was let go is not listed")
	}
	again := cli.ok("snapshot-manage", "--name", "again", id, "snapshot-"+snap)["id"][1]
	c.WaitSnapshot(again, "available")
	holds("snapshot-" + again)
	c.DeleteSnapshot(again)
	cli.ok("unmanage", "mine")
	gone(t, c, "/volumes/"+id)
	holds("volume-" + id + "-unmanaged")
}
