package policy

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var owner = Credentials{UserID: "u", ProjectID: "p", Roles: []string{"member", "reader"}, IsAdminProject: true}

// write makes a file whose time differs from that of the one before.
func write(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestFilesOverrideByNameAndLaterOnesWin(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), time.Unix(1e9, 0)
	write(t, filepath.Join(dir, "policy.yaml"), "# mine\n\"volume:create\": \"role:maker\"\n\"volume:delete\": '!'\n", at)
	write(t, filepath.Join(dir, "policy.d", "20.json"), `{"volume:delete": [["role:member", "project_id:%(project_id)s"], "role:eraser"]}`, at)
	write(t, filepath.Join(dir, "policy.d", "10.yaml"), "volume:delete: role:nobody\n", at)
	write(t, filepath.Join(dir, "policy.d", ".hidden"), "volume:get: '!'\n", at)
	l, err := Open(Files{Path: filepath.Join(dir, "policy.yaml"), Dirs: []string{filepath.Join(dir, "policy.d"), filepath.Join(dir, "none")}})
	if err != nil {
		t.Fatal(err)
	}
	e := l.Current()
	own := Target{"project_id": "p"}
	for rule, want := range map[string]bool{"volume:create": false, "volume:delete": true, "volume:get": true} {
		if got := e.Allowed(rule, &owner, own); got != want {
			t.Errorf("%s: %v", rule, got)
		}
	}
	if e.Allowed("volume:delete", &owner, Target{"project_id": "q"}) {
		t.Error("a list of checks is not all of them")
	}
	for _, r := range e.Rules() {
		if r.Name == "volume:delete" && r.Source != filepath.Join(dir, "policy.d", "20.json") {
			t.Errorf("source %q", r.Source)
		}
	}
}

func TestAChangedFileIsInForceAndABrokenOneChangesNothing(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	dir, at := t.TempDir(), time.Unix(1e9, 0)
	path := filepath.Join(dir, "policy.yaml")
	l, err := Open(Files{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	l.now = func() time.Time { return now }
	allowed := func() bool { return l.Current().Allowed("volume:create", &owner, Target{"project_id": "p"}) }
	step := func(text, logged string, want bool) {
		t.Helper()
		at = at.Add(time.Second)
		write(t, path, text, at)
		before := l.Current()
		if l.Current() != before {
			t.Error("the files are read more than once a second")
		}
		now = now.Add(2 * time.Second)
		if got := allowed(); got != want {
			t.Errorf("after %q: %v", text, got)
		}
		if !strings.Contains(log.String(), logged) {
			t.Errorf("log lacks %q: %s", logged, log.String())
		}
		log.Reset()
	}
	now = now.Add(2 * time.Second)
	if !allowed() {
		t.Error("the default refuses")
	}
	step("volume:create: '!'\n", "in force", false)
	step("volume:create: 'role:'or'\n", "have a mistake", false)
	step("volume:create: '(role:x'\n", "not closed", false)
	step("volume:create:\n", "it is empty", false)
	step("- a\n- b\n", "not a mapping", false)
	step(strings.Repeat("#", maxFile+1), "more than", false)
	step("volume:create: '@'\nvolume:craete: '!'\n", "nothing asks for a rule named volume:craete", true)
	step("volume:create: rule:mine\nmine: role:x\n", "in force", false)
	step("volume:create: rule:none\n", "none, which does not exist", false)
	step("", "in force", true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	if !allowed() {
		t.Error("without a file the default does not hold")
	}
}

func TestABrokenFileIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, path, "volume:create: 'role:a and'\n", time.Now())
	if _, err := Open(Files{Path: path}); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "too early") {
		t.Errorf("got %v", err)
	}
}

func TestOlderNamesCountUntilTheNewOneIsSet(t *testing.T) {
	t.Parallel()
	maker := Credentials{Roles: []string{"maker"}, IsAdminProject: true}
	for _, c := range []struct {
		overrides map[string]string
		want      bool
	}{
		{map[string]string{"volume_extension:types_manage": "role:maker"}, true},
		{map[string]string{"volume_extension:types_manage": "role:maker", "volume_extension:type_create": "!"}, false},
		{map[string]string{"volume_extension:types_manage": "rule:volume_extension:type_create"}, false},
		{nil, false},
	} {
		e, err := New(Options{Overrides: c.overrides})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Allowed("volume_extension:type_create", &maker, nil); got != c.want {
			t.Errorf("%v: %v", c.overrides, got)
		}
	}
}

func TestAnotherFallbackRule(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Overrides: map[string]string{"rest": "role:member"}, Fallback: "rest"})
	if err != nil || !e.Allowed("unheard:of", &owner, nil) || len(e.Warnings()) != 0 {
		t.Errorf("%v %v", err, e.Warnings())
	}
}

func TestExplainNamesTheCheckThatDecides(t *testing.T) {
	t.Parallel()
	e, err := New(Options{EnforceNewDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	reader := Credentials{ProjectID: "p", Roles: []string{"reader"}}
	ok, why := e.Explain("volume:delete", &reader, Target{"project_id": "p"})
	const want = `no  rule:volume:delete  (default)
  no  rule:xena_system_admin_or_project_member  (default)
    no  any of
      no  role:admin  (the caller's roles: reader)
      no  all of
        no  role:member  (the caller's roles: reader)
        yes project_id:%(project_id)s  (the caller's is p, wanted is p)
`
	if ok || why != want {
		t.Errorf("%v\n%s", ok, why)
	}
	if ok, why := e.Explain("no:such", &reader, nil); ok || !strings.Contains(why, "does not exist") {
		t.Errorf("%v\n%s", ok, why)
	}
}

// The sample, uncommented, is the defaults: nothing in it is out of date.
func TestTheSampleSaysTheDefaults(t *testing.T) {
	t.Parallel()
	sample := Sample(func(string) []string { return []string{"GET /x"} })
	rules, err := parseFile([]byte(strings.ReplaceAll(sample, "\n#\"", "\n\"")))
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) != len(defaults) {
		t.Errorf("%d rules, want %d", len(rules), len(defaults))
	}
	for _, r := range defaults {
		if rules[r.Name] != r.Check {
			t.Errorf("%s: %q, want %q", r.Name, rules[r.Name], r.Check)
		}
		if about[r.Name] == "" {
			t.Errorf("nothing says what %s is for", r.Name)
		}
	}
	if none, err := parseFile([]byte(sample)); err != nil || len(none) != 0 {
		t.Errorf("commented out it sets %v, %v", none, err)
	}
	for name := range about {
		if _, known := rules[name]; !known {
			t.Errorf("%s is described and no rule", name)
		}
	}
}

func FuzzFile(f *testing.F) {
	for _, s := range []string{"", "a: b", `{"a": ["b", ["c"]]}`, "a: [[], b]", "a: &x [*x]", "? [a]\n: b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if rules, err := parseFile(raw); err == nil {
			_, _ = New(Options{Overrides: rules})
		}
	})
}
