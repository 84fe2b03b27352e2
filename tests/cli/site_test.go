package cli

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

// site is a running service as the scripts find it.
type site struct {
	name string
	pool string // folder of the backend one
	// login is the environment in which somebody runs a program.
	login func(program, person string) []string
	// asks is a client of the one who runs the scripts, an administrator.
	asks      func(t testing.TB) *harness.Client
	project   string
	variables variables
	// takes reports whether a script is for this site.
	takes func(script string) bool
}

const (
	// computeScript needs a compute service.
	computeScript = "compute"
	// keystoneScripts need the people and projects of a Keystone, and a Glance.
	keystoneScripts = "keystone_"
)

// runner is the person who runs the commands of scripts that name nobody.
const runner = "demo"

// standaloneSite is the service in one process, with the login that it gives everybody.
func standaloneSite(t *testing.T) site {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "cinder.conf")
	if err := os.WriteFile(conf, []byte(backends(dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := harness.Start(t, harness.Options{Args: []string{"--config-file", conf}})
	env := map[string][]string{"openstack": environment(s), "cinder": newCinder(t, s).env}
	return site{name: "standalone", pool: filepath.Join(dir, "one"), project: s.Project(), asks: s.Client,
		login:     func(program, _ string) []string { return env[program] },
		variables: variables{"spare": "other"},
		takes: func(script string) bool {
			return script == computeScript || *andStandalone && !strings.HasPrefix(script, keystoneScripts)
		}}
}

// backends is a configuration: volumes of the default type are on one and move
// to two, the rest is there to be switched off and on.
func backends(dir string) string {
	text := "[DEFAULT]\nhost = node\nenabled_backends = one,two,three,four,five\ndefault_group_type = default_cgsnapshot_type\n"
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		text += fmt.Sprintf("[%s]\nvolume_driver = file\nvolume_backend_name = %s\nfile_pool_path = %s\n", name, name, filepath.Join(dir, name))
		if name == "three" || name == "five" {
			text += "cluster = " + name + "\n"
		}
	}
	return text
}

// withoutCloud is our environment without any cloud's settings in it.
func withoutCloud() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OS_") })
	return append(env, "COLUMNS=300", "LC_ALL=C.UTF-8")
}

// prepare makes room in the quotas and puts volumes of the default type on the backend one.
func (s site) prepare(t *testing.T) {
	t.Helper()
	c := s.asks(t)
	quota := map[string]any{"quota_set": map[string]int{"volumes": 200, "snapshots": 200, "groups": 50}}
	c.Request(http.MethodPut, "/os-quota-sets/"+s.project, quota, http.StatusOK, nil)
	var types struct {
		Types []struct{ ID string } `json:"volume_types"`
	}
	c.Request(http.MethodGet, "/types", nil, http.StatusOK, &types)
	specs := map[string]any{"extra_specs": map[string]string{"volume_backend_name": "one"}}
	c.Request(http.MethodPost, "/types/"+types.Types[0].ID+"/extra_specs", specs, http.StatusOK, nil)
}
