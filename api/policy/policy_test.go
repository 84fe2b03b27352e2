package policy_test

import (
	"strings"
	"testing"

	"github.com/clinker-io/clinker/api/policy"
)

func enforcer(t testing.TB, overrides map[string]string) *policy.Enforcer {
	t.Helper()
	e, err := policy.New(policy.Options{Overrides: overrides})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var (
	admin    = policy.Credentials{UserID: "a", ProjectID: "other", Roles: []string{"admin"}, IsAdmin: true, IsAdminProject: true}
	member   = policy.Credentials{UserID: "m", ProjectID: "p", Roles: []string{"Member", "reader"}, IsAdminProject: true}
	reader   = policy.Credentials{UserID: "r", ProjectID: "p", Roles: []string{"reader"}, IsAdminProject: true}
	stranger = policy.Credentials{UserID: "s", ProjectID: "q", Roles: []string{"member"}, IsAdminProject: true}
	target   = policy.Target{"project_id": "p"}
)

func TestDefaultsWithAndWithoutOlderChecks(t *testing.T) {
	t.Parallel()
	old := enforcer(t, nil)
	strict, err := policy.New(policy.Options{EnforceNewDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule        string
		who         *policy.Credentials
		old, strict bool
	}{
		{"volume:get", &admin, true, true},
		{"volume:get", &reader, true, true},
		{"volume:get", &stranger, false, false},
		{"volume:delete", &member, true, true},
		{"volume:delete", &reader, true, false},
		{"volume:delete", &stranger, false, false},
		{"volume:create", &stranger, true, false},
		{"volume:reimage", &reader, false, false},
		{"volume:reimage", &admin, true, true},
		{"volume:force_delete", &member, false, false},
		{"volume:force_delete", &admin, true, true},
		{"volume_extension:volume_type_encryption:get", &admin, true, true},
		{"no:such:rule", &admin, false, false},
	} {
		if got := old.Allowed(c.rule, c.who, target); got != c.old {
			t.Errorf("%s by %s: %v", c.rule, c.who.UserID, got)
		}
		if got := strict.Allowed(c.rule, c.who, target); got != c.strict {
			t.Errorf("%s by %s with new defaults only: %v", c.rule, c.who.UserID, got)
		}
	}
}

func TestRuleLanguage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":                       true,
		"@":                      true,
		"!":                      false,
		"not !":                  true,
		"role:MEMBER":            true,
		"role:member and !":      false,
		"! or role:member":       true,
		"! and ! or @":           true,
		"@ or ! and !":           true,
		"(@ or !) and !":         false,
		"NOT (role:x OR role:y)": true,
		"not not @":              true,
		"project_id:%(project_id)s and\n user_id:m": true,
		"project_id:%(nothing)s":                    false,
		"nothing:x":                                 false,
		"is_admin:False":                            true,
		"'p':%(project_id)s":                        true,
		`"q":%(project_id)s`:                        false,
		"rule:admin_or_owner":                       true,
		"rule:unknown":                              false,
		"((role:member))":                           true,
		"user_id:%(project_id)s-x":                  false,
	} {
		e := enforcer(t, map[string]string{"r": text})
		if got := e.Allowed("r", &member, target); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestUnknownRuleFallsBackToDefault(t *testing.T) {
	t.Parallel()
	e := enforcer(t, map[string]string{"default": "role:member", "r": "rule:unknown"})
	if !e.Allowed("r", &member, target) || !e.Allowed("other", &member, target) || e.Allowed("r", &reader, target) {
		t.Error("the rule named default does not stand for those that do not exist")
	}
}

func TestBadRulesAreRefusedAtLoad(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"role":                    "not a check",
		"(role:a":                 "not closed",
		"role:a)":                 "out of place",
		"and role:a":              "out of place",
		"role:a and":              "ends too early",
		"not":                     "ends too early",
		"role:a role:b":           "out of place",
		"http://x/y":              "not supported",
		"'open:x":                 "not a check",
		"rule:r":                  "refers to itself",
		"rule:b":                  "refers to itself",
		strings.Repeat("(", 9000): "bytes",
	} {
		_, err := policy.New(policy.Options{Overrides: map[string]string{"r": text, "b": "rule:r"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzRule(f *testing.F) {
	for _, s := range []string{"", "@", "(role:a or not rule:b) and project_id:%(project_id)s", "'x':%(y)s", "((((", "not not not !", "a:%(b)s%(c)s)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := policy.New(policy.Options{Overrides: map[string]string{"r": text}})
		if err != nil {
			return
		}
		e.Allowed("r", &member, target)
	})
}
