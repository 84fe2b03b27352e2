package bus

import (
	"context"
	"strings"
	"testing"
)

func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name      string
		ctx       context.Context
		queue, id string
		good      bool
	}{
		{"a backend's queue", t.Context(), "volume.host@lvm", "42", true},
		{"no id", t.Context(), "scheduler", "", true},
		{"no queue", t.Context(), "", "42", false},
		{"a long queue", t.Context(), strings.Repeat("q", maxQueueName+1), "42", false},
		{"a long id", t.Context(), "scheduler", strings.Repeat("i", maxID+1), false},
		{"an ended context", ended, "scheduler", "42", false},
	} {
		if err := Check(c.ctx, c.queue, c.id); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestOnlyTheReplyQueueOfAnAPIIsPrivate(t *testing.T) {
	t.Parallel()
	for queue, want := range map[string]bool{"api.3f": true, "scheduler": false, "volume.api.x@y": false} {
		if got := Private(queue); got != want {
			t.Errorf("Private(%q) = %v", queue, got)
		}
	}
}
