package db

import (
	"fmt"
	"testing"
)

// Every number that upstream gives has its words.
func TestEveryMessageHasWords(t *testing.T) {
	for n := 1; n <= 16; n++ {
		if actionText[Action(fmt.Sprintf("%03d", n))] == "" {
			t.Errorf("action %03d has no text", n)
		}
	}
	for n := 1; n <= 30; n++ {
		if detailText[Detail(fmt.Sprintf("%03d", n))] == "" {
			t.Errorf("detail %03d has no text", n)
		}
	}
	if len(actionText) != 16 || len(detailText) != 30 {
		t.Errorf("%d actions and %d details", len(actionText), len(detailText))
	}
	for _, c := range []struct{ action, detail, event, text string }{
		{"008", "012", "VOLUME_VOLUME_008_012", "create volume from backend storage:Driver failed to create the volume."},
		{"016", "028", "VOLUME_VOLUME_016_028", "reimage volume:Compute service failed to reimage volume."},
		{"999", "030", "VOLUME_VOLUME_999_030", "unknown action:Incremental backup not possible, forcing full backup."},
		{"001", "", "VOLUME_VOLUME_001_", "schedule allocate volume:An unknown error occurred."},
	} {
		m := Message{ResourceType: ResourceVolume, ActionID: c.action, DetailID: c.detail}
		if m.EventID() != c.event || m.Text() != c.text {
			t.Errorf("%+v: %s, %s", c, m.EventID(), m.Text())
		}
	}
	// What failed jobs tell is among them.
	for kind, f := range failures {
		if f.resource != "" && (actionText[f.action] == "" || detailText[f.detail] == "") {
			t.Errorf("%s tells %s %s", kind, f.action, f.detail)
		}
	}
}
