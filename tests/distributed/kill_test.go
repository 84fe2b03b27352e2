package distributed

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

const (
	before = 8               // creates that are accepted before a kill
	after  = 8               // and after it
	away   = 3 * time.Second // how long the broker is gone
)

func accepts(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// stream creates volumes until ctx ends and reports each that was accepted.
// Refusals and lost connections are part of it.
func stream(ctx context.Context, cl *harness.Client, accepted chan<- string) {
	defer close(accepted)
	for i := 0; ctx.Err() == nil; i++ {
		kind := []string{"fast", "slow"}[i%2]
		resp, raw, err := cl.Do(http.MethodPost, "/volumes", map[string]any{"volume": map[string]any{"size": 1, "name": "stream", "volume_type": kind}})
		var out struct{ Volume volume }
		if err != nil || resp.StatusCode != http.StatusAccepted || json.Unmarshal(raw, &out) != nil {
			time.Sleep(10 * time.Millisecond) // the API is away: no use in spinning
			continue
		}
		select {
		case accepted <- out.Volume.ID:
		case <-ctx.Done():
		}
	}
}

// killEachRole takes every role away in the middle of a stream of creates and
// starts it again.
func killEachRole(t *testing.T, c *cluster) {
	for _, r := range roles {
		t.Run(r.name, func(t *testing.T) {
			cl := c.client(t)
			ctx, stop := context.WithTimeout(t.Context(), readyLimit)
			defer stop()
			accepted := make(chan string)
			go stream(ctx, cl, accepted)
			ids := take(t, accepted, before)
			c.kill(r.name)
			if r.name != "api" {
				ids = append(ids, take(t, accepted, after/2)...)
			}
			c.start(r.name)
			ids = append(ids, take(t, accepted, after/2)...)
			stop()
			for id := range accepted {
				ids = append(ids, id)
			}
			c.ready()
			settled(t, cl, ids)
		})
	}
}

// take receives n ids.
func take(t *testing.T, accepted <-chan string, n int) []string {
	t.Helper()
	var ids []string
	for range n {
		id, ok := <-accepted
		if !ok {
			t.Fatalf("only %d of %d creates were accepted within %v", len(ids), n, readyLimit)
		}
		ids = append(ids, id)
	}
	return ids
}

// settled waits until every volume of the stream is available, those too whose
// acceptance nobody heard of, and sees that no accepted one is missing.
func settled(t *testing.T, cl *harness.Client, accepted []string) {
	t.Helper()
	started := time.Now()
	there := make(map[string]bool)
	for _, v := range list(t, cl) {
		there[v.ID] = true
		cl.WaitStatus(v.ID, "available")
	}
	for _, id := range accepted {
		if !there[id] {
			t.Errorf("the accepted volume %s is gone", id)
		}
	}
	t.Logf("%d creates accepted; all is available after %v", len(accepted), time.Since(started).Round(time.Millisecond))
}

// brokerAway kills RabbitMQ: messages only wake, so work goes on without it.
func brokerAway(t *testing.T, c *cluster) {
	cl := c.client(t)
	c.rabbit.Kill()
	ctx, stop := context.WithTimeout(t.Context(), readyLimit)
	defer stop()
	accepted := make(chan string)
	go stream(ctx, cl, accepted)
	ids := take(t, accepted, before)
	timer := time.NewTimer(away)
	defer timer.Stop()
	for waiting := true; waiting; {
		select {
		case id := <-accepted:
			ids = append(ids, id)
			waiting = len(ids) < 10*before
		case <-timer.C:
			waiting = false
		}
	}
	stop()
	for id := range accepted {
		ids = append(ids, id)
	}
	settled(t, cl, ids)
	// What the API answers only when a worker is done works by polling too.
	disk := cl.Attach(ids[0], harness.Initiator)
	disk.MustQemuIO(t, "write -P 5 0 1M", "read -P 5 0 1M")
	cl.Detach(disk)
	c.rabbit.Restart()
	again := begin(t, cl, "slow")
	cl.WaitStatus(again, "available")
	cl.DeleteVolume(cl.CreateVolume(harness.VolumeSpec{SourceID: again}).ID)
	cl.DeleteVolume(again)
}
