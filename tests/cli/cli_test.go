// Package cli runs the real openstack and cinder commands against the service, with the
// clouds.yaml that the service writes, and looks at what users see.
package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

const (
	program = "/usr/bin/openstack"
	// commandLimit bounds one run.
	commandLimit = 90 * time.Second
	atOnce       = 2
)

// openstack runs commands against one service.
type openstack struct {
	t   testing.TB
	env []string
	in  shells
}

// result is what a run left.
type result struct {
	t            testing.TB
	line         string
	code         int
	out, errText string
}

func TestOpenStackCommand(t *testing.T) {
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("the openstack command is not installed (%s): install the package python3-openstackclient", program)
	}
	s := harness.Start(t, harness.Options{})
	in := startShells(t, "openstack", atOnce)
	for name, story := range map[string]func(o openstack, c *harness.Client, s *harness.Service){
		"volumes": volumes, "snapshots": snapshots, "attachments": attachments, "cloud": cloud, "failures": failures, "manage": manage,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(openstack{t, environment(s), in}, s.Client(t), s)
		})
	}
}

// environment is the user's, without any other cloud's settings in it.
func environment(s *harness.Service) []string {
	return append(withoutCloud(), "OS_CLIENT_CONFIG_FILE="+filepath.Join(s.StateDir, "clouds.yaml"), "OS_CLOUD=clinker")
}

// run runs a command and takes what it leaves.
func (o openstack) run(args ...string) result {
	o.t.Helper()
	return o.in.run(o.t, o.env, args...)
}

// ok is run that insists on exit status 0.
func (o openstack) ok(args ...string) result {
	o.t.Helper()
	r := o.run(args...)
	if r.code != 0 {
		o.t.Fatalf("%s: exit status %d\n%s%s", r.line, r.code, r.out, r.errText)
	}
	return r
}

// fails insists on another exit status and on the text in what it complains.
func (o openstack) fails(text string, args ...string) {
	o.t.Helper()
	r := o.run(args...)
	if r.code == 0 {
		o.t.Errorf("%s: exit status 0, want a failure\n%s", r.line, r.out)
	}
	if !strings.Contains(r.errText, text) {
		o.t.Errorf("%s: stderr is %q, want %q in it", r.line, r.errText, text)
	}
}

// show is ok of a command that shows one thing, as JSON.
func (o openstack) show(args ...string) map[string]any {
	o.t.Helper()
	r := o.ok(append(args, "-f", "json")...)
	var v map[string]any
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		o.t.Fatalf("%s: %v in %q", r.line, err, r.out)
	}
	return v
}

// list is ok of a command that lists, as JSON.
func (o openstack) list(args ...string) []map[string]any {
	o.t.Helper()
	r := o.ok(append(args, "-f", "json")...)
	var v []map[string]any
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		o.t.Fatalf("%s: %v in %q", r.line, err, r.out)
	}
	return v
}

// table is the cells of what users see by default, the header first.
func (r result) table() [][]string {
	r.t.Helper()
	var rows [][]string
	for line := range strings.Lines(r.out) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) == 0 {
		r.t.Fatalf("%s: no table in %q", r.line, r.out)
	}
	return rows
}

// header insists on the columns of a table, separated by commas.
func (r result) header(want string) {
	r.t.Helper()
	if got := strings.Join(r.table()[0], ","); got != want {
		r.t.Errorf("%s: columns %q, want %q", r.line, got, want)
	}
}

// fields insists on values, compared as they print.
func fields(t testing.TB, what string, got map[string]any, want map[string]any) {
	t.Helper()
	for key, w := range want {
		v, ok := got[key]
		if !ok || fmt.Sprint(v) != fmt.Sprint(w) {
			t.Errorf("%s: %s is %v (there: %v), want %v", what, key, v, ok, w)
		}
	}
}

// columns insists on exactly these keys, separated by commas.
func columns(t testing.TB, what string, got map[string]any, want string) {
	t.Helper()
	var have []string
	for key := range got {
		have = append(have, key)
	}
	wanted := strings.Split(want, ",")
	slices.Sort(have)
	slices.Sort(wanted)
	if !slices.Equal(have, wanted) {
		t.Errorf("%s: fields %q, want %q", what, have, wanted)
	}
}

// item finds the row whose column has a value.
func item(t testing.TB, rows []map[string]any, column string, value any) map[string]any {
	t.Helper()
	for _, r := range rows {
		if r[column] == value {
			return r
		}
	}
	t.Fatalf("no row has %s %v: %v", column, value, rows)
	return nil
}
