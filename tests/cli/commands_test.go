package cli

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

// notRun are commands that the scripts cannot run with success, and why.
var notRun = map[string]string{
	"openstack volume backup":      "backups have no engine yet",
	"openstack configuration show": "asks no service",
	"openstack project cleanup":    "is about the whole cloud",
	"openstack project purge":      "is about the whole cloud",
	"cinder backup-":               "backups have no engine yet",
	"cinder upload-to-image":       "there is no Glance",
	"cinder reimage":               "there is no Glance",
	"cinder bash-completion":       "asks no service",
	"cinder help":                  "asks no service",

	"openstack block storage resource filter show": "this version of it understands no answer",
	"openstack volume group type show":             "this version of it stops before it asks",
	"openstack volume group snapshot show":         "this version of it stops before it asks",
	"openstack volume group show":                  "this version of it stops before it asks",
	"openstack block storage cluster set":          "this version of it takes every answer for a failure",
	"openstack volume group failover":              "no backend replicates",
	"openstack extension show":                     "asks Neutron alone",
	"cinder failover-host":                         "no backend replicates",
	"cinder group-enable-replication":              "no backend replicates",
	"cinder group-disable-replication":             "no backend replicates",
	"cinder group-list-replication-targets":        "no backend replicates",
	"cinder group-failover-replication":            "no backend replicates",
}

// commandRuns is one service and the clients that the scripts share.
type commandRuns struct {
	s         *harness.Service
	pool      string // folder of the backend one
	programs  map[string]shells
	installed map[string][]string // by program

	mu  sync.Mutex
	ran map[string]bool // commands that succeeded
}

func TestEveryCommandOfTheClients(t *testing.T) {
	runs := startCommandRuns(t)
	t.Run("scripts", func(t *testing.T) {
		for name, steps := range scripts(t, filepath.Join("testdata", "commands")) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				runs.script(t, steps)
			})
		}
	})
	if t.Failed() {
		return
	}
	for program, commands := range runs.installed {
		for _, c := range commands {
			runs.judge(t, program+" "+c)
		}
	}
	for c := range notRun {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(runs.ran)), func(ran string) bool { return strings.HasPrefix(ran, c) }) {
			continue
		}
		t.Errorf("%s is run and among the exceptions", c)
	}
}

// judge insists that an installed command has run or is an exception.
func (c *commandRuns) judge(t *testing.T, command string) {
	t.Helper()
	if c.ran[command] {
		return
	}
	for prefix := range notRun {
		if strings.HasPrefix(command, prefix) {
			return
		}
	}
	t.Errorf("no script runs `%s` with success", command)
}

// startCommandRuns starts a service of some backends, with room in the quotas,
// and two shells of each client.
func startCommandRuns(t *testing.T) *commandRuns {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "cinder.conf")
	if err := os.WriteFile(conf, []byte(backends(dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := harness.Start(t, harness.Options{Args: []string{"--config-file", conf}})
	c := &commandRuns{s: s, pool: filepath.Join(dir, "one"), ran: make(map[string]bool), programs: map[string]shells{
		"openstack": startShells(t, "openstack", environment(s), atOnce),
		"cinder":    startShells(t, "cinder", newCinder(t, s).env, atOnce),
	}}
	c.installed = c.list(t)
	quota := map[string]any{"quota_set": map[string]int{"volumes": 200, "snapshots": 200, "groups": 50}}
	s.Client(t).Request(http.MethodPut, "/os-quota-sets/"+s.Project(), quota, http.StatusOK, nil)
	var types struct {
		Types []struct{ ID string } `json:"volume_types"`
	}
	s.Client(t).Request(http.MethodGet, "/types", nil, http.StatusOK, &types)
	specs := map[string]any{"extra_specs": map[string]string{"volume_backend_name": "one"}}
	s.Client(t).Request(http.MethodPost, "/types/"+types.Types[0].ID+"/extra_specs", specs, http.StatusOK, nil)
	return c
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

// list asks the clients for their commands.
func (c *commandRuns) list(t *testing.T) map[string][]string {
	t.Helper()
	commands := make(map[string][]string)
	for _, group := range []string{"openstack.volume.v3", "openstack.common"} {
		o := openstack{t: t, env: environment(c.s), slots: make(chan struct{}, 1)}
		for _, row := range o.list("command", "list", "--group", group) {
			for _, name := range row["Commands"].([]any) {
				commands["openstack"] = append(commands["openstack"], name.(string))
			}
		}
	}
	for word := range strings.FieldsSeq(c.programs["cinder"].run(t, []string{"OS_VOLUME_API_VERSION=3.70"}, "bash-completion").out) {
		if !strings.HasPrefix(word, "-") {
			commands["cinder"] = append(commands["cinder"], word)
		}
	}
	if len(commands["openstack"]) < 90 || len(commands["cinder"]) < 100 {
		t.Fatalf("the clients have %d and %d commands", len(commands["openstack"]), len(commands["cinder"]))
	}
	return commands
}

// script runs one to its end or to the first step that fails.
func (c *commandRuns) script(t *testing.T, steps []step) {
	v := variables{"project": c.s.Project(), "one": "node@one#one", "two": "node@two#two", "server": server, "user": c.user(t)}
	for _, s := range steps {
		words, err := v.expand(s.words)
		if err != nil {
			t.Fatalf("%s: %v", s.where, err)
		}
		switch words[0] {
		case "wait":
			c.wait(t, s.where, words[1], `"status":"`+words[2]+`"`)
		case "gone":
			gone(t, c.s.Client(t), "/"+words[1])
		case "moved":
			c.wait(t, s.where, "volumes/"+words[1], `"os-vol-host-attr:host":"`+words[2]+`"`, `"migration_status":"success"`, `"status":"available"`)
		case "file":
			c.file(t, words[1])
		default:
			c.command(t, v, s, words)
		}
	}
}

func (c *commandRuns) command(t *testing.T, v variables, s step, words []string) {
	t.Helper()
	fails := words[0] == "!"
	if fails {
		words = words[1:]
	}
	program, mv, _ := strings.Cut(words[0], "@")
	var extra []string
	if mv == "" && program == "cinder" {
		mv = "3.70" // its newest
	}
	if mv != "" {
		extra = []string{"OS_VOLUME_API_VERSION=" + mv}
	}
	sh, ok := c.programs[program]
	if !ok {
		t.Fatalf("%s: no program %s", s.where, program)
	}
	r := sh.run(t, extra, words[1:]...)
	if fails != (r.code != 0) {
		t.Fatalf("%s: %s: exit status %d\n%s%s", s.where, r.line, r.code, r.out, r.errText)
	}
	if !fails {
		c.note(program, words[1:])
	}
	for _, check := range s.checks {
		want, err := v.expand(check)
		if err == nil {
			err = v.check(r, want)
		}
		if err != nil {
			t.Errorf("%s: %s\nexpected: %s\n%v\n%s%s", s.where, r.line, strings.Join(check, " "), err, r.out, r.errText)
		}
	}
}

// note remembers which installed command has succeeded.
func (c *commandRuns) note(program string, args []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := len(args); n > 0; n-- {
		if name := strings.Join(args[:n], " "); slices.Contains(c.installed[program], name) {
			c.ran[program+" "+name] = true
			return
		}
	}
}

// wait polls until a resource is shown with all these texts; the API has
// nothing to wait on.
func (c *commandRuns) wait(t *testing.T, where, path string, texts ...string) {
	t.Helper()
	client := c.s.Client(t)
	deadline := time.Now().Add(time.Minute)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		resp, raw, err := client.Do(http.MethodGet, "/"+path, nil)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		shown := strings.ReplaceAll(string(raw), ": ", ":")
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(shown, text) }) {
			return
		}
		if time.Now().After(deadline) || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s is not %s: %s", where, path, texts, raw)
		}
		time.Sleep(pause)
	}
}

// file makes one that holes fill.
func (c *commandRuns) file(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join(c.pool, name)
	if err := os.WriteFile(path, []byte("brought in"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<30); err != nil {
		t.Fatal(err)
	}
}

// user is the id of the one who asks.
func (c *commandRuns) user(t *testing.T) string {
	t.Helper()
	r := c.programs["openstack"].run(t, nil, "token", "issue", "-f", "value", "-c", "user_id")
	if r.code != 0 {
		t.Fatalf("%s: %s", r.line, r.errText)
	}
	return strings.TrimSpace(r.out)
}
