package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestLinesOfStestrAreTests(t *testing.T) {
	const output = `{0} tempest.api.volume.test_a.A.test_one [0.034153s] ... ok
{1} setUpClass (tempest.api.volume.test_b.B) ... SKIPPED: Cinder backup feature disabled
{1} tempest.api.volume.test_a.A.test_two [12.500000s] ... FAILED

Captured traceback:
    no test
{0} tempest.api.volume.test_a.A.test_three ... SKIPPED
`
	r := &results{}
	rest := r.read(strings.NewReader(output))
	if r.count(passed) != 1 || r.count(failed) != 1 || r.count(skipped) != 2 || len(r.tests) != 4 {
		t.Errorf("tests: %+v", r.tests)
	}
	if r.tests[1].name != "setUpClass (tempest.api.volume.test_b.B)" || r.tests[1].reason != "Cinder backup feature disabled" {
		t.Errorf("the skipped class: %+v", r.tests[1])
	}
	if !strings.Contains(rest, "Captured traceback") || strings.Contains(rest, "test_one") {
		t.Errorf("the rest: %q", rest)
	}
}

func TestOnlyListedReasonsAllowASkip(t *testing.T) {
	w := &workspace{allowed: []skip{{regexp.MustCompile(`\.api\.`), regexp.MustCompile(`^Backups`)}}}
	for c, want := range map[test]bool{
		{"tempest.api.volume.X", skipped, "Backups are off"}: true,
		{"tempest.api.volume.X", skipped, "No backups"}:      false,
		{"tempest.scenario.X", skipped, "Backups are off"}:   false,
		{"tempest.api.volume.X", skipped, ""}:                false,
	} {
		if w.mayBeSkipped(c) != want {
			t.Errorf("%+v may be skipped: %v", c, !want)
		}
	}
	if allowedSkips(&program{}) == nil {
		t.Error("skips.txt is empty")
	}
}

func TestTheGuideIsReadAsBlocks(t *testing.T) {
	blocks, err := readGuide("../../docs/openstack.md")
	if err != nil || len(blocks) < 8 {
		t.Fatalf("%d blocks: %v", len(blocks), err)
	}
	text := script(blocks, "export KNOWN=1\n")
	for _, want := range []string{"export KNOWN=1\n", "clinker manage register", "clinker db sync",
		"grep -c '^up$'", "openstack server add volume $SERVER first"} {
		if !strings.Contains(text, want) {
			t.Errorf("the script lacks %q", want)
		}
	}
	for _, a := range afterwards {
		if !strings.Contains(text, a.then) {
			t.Errorf("nothing is awaited after %q", a.holds)
		}
	}
}
