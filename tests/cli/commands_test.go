package cli

import (
	"flag"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is tried beyond the commands with a Keystone and a Glance, each in a
// cloud that has them, and those that need a compute service, at the standalone
// service, whose API is the same.
var (
	andStandalone = flag.Bool("standalone", false, "run every script at the standalone service as well")
	withNova      = flag.Bool("nova", false, "start a Nova beside the Keystone, and run what needs one there as well")
)

// commandRuns is one service and the clients that the scripts share.
type commandRuns struct {
	site
	programs map[string]shells
	tally    *tally
}

func TestEveryCommandOfTheClients(t *testing.T) {
	programs := map[string]shells{"openstack": startShells(t, "openstack", atOnce), "cinder": startShells(t, "cinder", atOnce)}
	var all *tally
	for _, start := range []func(*testing.T) site{keystoneSite, standaloneSite} {
		s := start(t)
		s.prepare(t)
		if all == nil {
			all = newTally(t, s, programs)
		}
		t.Run(s.name, func(t *testing.T) {
			for name, steps := range scripts(t, filepath.Join("testdata", "commands")) {
				if !s.takes(name) {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					(&commandRuns{s, programs, all}).script(t, steps)
				})
			}
		})
	}
	if some := strings.Contains(flag.Lookup("test.run").Value.String(), "/"); !some && !t.Failed() {
		all.judge(t)
	}
	t.Logf("what the scripts ran of the commands of the clients:\n%s", all)
}

// script runs one to its end or to the first step that fails.
func (c *commandRuns) script(t *testing.T, steps []step) {
	v := variables{"project": c.project, "one": "node@one#one", "two": "node@two#two", "server": server, "user": c.user(t)}
	maps.Copy(v, c.variables)
	for _, s := range steps {
		words, err := v.expand(s.words)
		if err != nil {
			t.Fatalf("%s: %v", s.where, err)
		}
		switch words[0] {
		case "wait":
			c.wait(t, s.where, words[1], `"status":"`+words[2]+`"`)
		case "gone":
			gone(t, c.asks(t), "/"+words[1])
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
	who := runner
	if words[0] == "as" {
		who, words = words[1], words[2:]
	}
	program, mv, _ := strings.Cut(words[0], "@")
	sh, ok := c.programs[program]
	if !ok {
		t.Fatalf("%s: no program %s", s.where, program)
	}
	env := c.login(program, who)
	if mv == "" && program == "cinder" {
		mv = "3.70" // its newest
	}
	if mv != "" {
		env = append(env, "OS_VOLUME_API_VERSION="+mv)
	}
	r := sh.run(t, env, words[1:]...)
	if fails != (r.code != 0) {
		t.Fatalf("%s: %s: exit status %d\n%s%s", s.where, r.line, r.code, r.out, r.errText)
	}
	c.tally.note(c.name, program, words[1:], r.code == 0)
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

// wait polls until a resource is shown with all these texts; the API has
// nothing to wait on.
func (c *commandRuns) wait(t *testing.T, where, path string, texts ...string) {
	t.Helper()
	client := c.asks(t)
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
	r := c.programs["openstack"].run(t, c.login("openstack", runner), "token", "issue", "-f", "value", "-c", "user_id")
	if r.code != 0 {
		t.Fatalf("%s: %s", r.line, r.errText)
	}
	return strings.TrimSpace(r.out)
}
