package tempestconf

import (
	"slices"
	"testing"
)

func TestOptionsThatNobodyKnowsAreNamed(t *testing.T) {
	got := named("INFO:tempest.test_discover.plugins:List additional config options registered by Tempest plugin: cinder_tests\n" +
		"ERROR:root:volume-feature-enabled/teleport is not part of the sample config\nERROR:root:nowhere/x is not part of the sample config\n")
	if want := []string{"volume-feature-enabled/teleport", "nowhere/x"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if got := named("Traceback (most recent call last):\n"); got != nil {
		t.Errorf("of no complaint: %q", got)
	}
}
