package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/api"
)

// run is the output of a command line.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestPolicyCheckFollowsTheFilesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"cinder.conf":      "[oslo_policy]\npolicy_dirs = extra\nenforce_new_defaults = true\n",
		"policy.json":      `{"volume:get": "role:auditor", "volume:gte": "!"}`,
		"extra/10.yaml":    "volume:delete: role:eraser\n",
		"broken.conf":      "[oslo_policy]\npolicy_file = broken.yaml\n",
		"broken.yaml":      "volume:get: 'role:a or'\n",
		"policy.d/no.yaml": "volume:delete: '!'\n", // not a folder of the configuration
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conf := "--config-file=" + filepath.Join(dir, "cinder.conf")
	for line, want := range map[string]bool{
		"volume:get --role auditor":                                  true,
		"volume:get --role member --project p":                       false,
		"volume:delete --role eraser":                                true,
		"volume:update --role reader --project p":                    false,
		"volume:update --role member --project p":                    true,
		"volume:update --role member --project p --target-project=q": false,
		"clusters:get --role admin":                                  true,
	} {
		out, err := run(t, append([]string{"policy", "check", conf}, strings.Fields(line)...)...)
		if (err == nil) != want || !strings.Contains(out, "rule:"+strings.Fields(line)[0]) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		if !strings.Contains(out, "volume:gte") {
			t.Errorf("no warning of the rule that does not exist:\n%s", out)
		}
	}
	out, err := run(t, "policy", "list", conf)
	if err != nil || !strings.Contains(out, filepath.Join(dir, "extra", "10.yaml")) {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run(t, "policy", "list", "--config-file="+filepath.Join(dir, "broken.conf")); err == nil || !strings.Contains(err.Error(), "broken.yaml") {
		t.Errorf("got %v", err)
	}
	if _, err := run(t, "policy", "list", "--config-file="+filepath.Join(dir, "none.conf")); err == nil {
		t.Error("a configuration that was asked for and is not there is no error")
	}
}

func TestPolicyWithoutAConfigurationShowsTheDefaults(t *testing.T) {
	t.Parallel()
	out, err := run(t, "policy", "check", "volume_extension:default_get_all", "--role", "admin", "--system-scope")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = run(t, "policy", "sample"); err != nil || !strings.Contains(out, "\n# POST /snapshots/{id}/action (os-force_delete)\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestRoutesArePrintedInBothForms(t *testing.T) {
	t.Parallel()
	text, err := run(t, "routes")
	if err != nil || strings.Count(text, "\n") != len(api.Routes())+1 {
		t.Errorf("%v\n%s", err, text)
	}
	raw, err := run(t, "routes", "--json")
	var rows []route
	if err != nil || json.Unmarshal([]byte(raw), &rows) != nil || len(rows) != len(api.Routes()) {
		t.Errorf("%v\n%.200s", err, raw)
	}
}
