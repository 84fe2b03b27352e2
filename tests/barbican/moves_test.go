package barbican

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// compute is a Nova that is asked to let a server change its volume for a copy,
// and does as a test says; tests/nova has a real one.
type compute struct {
	asked  chan string // the copy
	answer chan int    // the status
}

func newCompute(t *testing.T, c *cloud) *compute {
	t.Helper()
	n := &compute{asked: make(chan string), answer: make(chan int)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Attachment struct {
				VolumeID string `json:"volumeId"`
			} `json:"volumeAttachment"`
		}
		raw, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if r.Method != http.MethodPut || json.Unmarshal(raw, &body) != nil {
			http.NotFound(w, r)
			return
		}
		select {
		case n.asked <- body.Attachment.VolumeID:
		case <-r.Context().Done():
			return
		}
		select {
		case status := <-n.answer:
			w.WriteHeader(status)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	c.keystone.Register("compute", "nova", s.URL+"/v2.1")
	return n
}

// copy waits until it is asked.
func (n *compute) copy(t *testing.T) string {
	t.Helper()
	select {
	case id := <-n.asked:
		return id
	case <-time.After(limit):
		t.Fatal("the compute service is not asked")
		return ""
	}
}

// second starts a worker with a pool of its own, until the end of the test.
func (c *cloud) second(t *testing.T) (backend string) {
	t.Helper()
	raw, err := os.ReadFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("host = node1", "host = node2", "enabled_backends = one", "enabled_backends = two",
		"timeout = 30", "timeout = 600").Replace(string(raw))
	config := c.config + ".second"
	if err := os.WriteFile(config, []byte(text+c.backend("two")), 0o600); err != nil {
		t.Fatal(err)
	}
	c.spawn("volume2", "volume", config)
	t.Cleanup(func() {
		if err := c.running["volume2"].Terminate(30 * time.Second); err != nil {
			t.Error(err)
		}
		delete(c.running, "volume2")
	})
	c.await("node2 to be up", func() bool {
		a, err := c.send(c.admin, "3.0", "GET", "/os-services?host=node2@two", "")
		return err == nil && a.get("services.0.state") == "up"
	})
	c.await("the pool of node2", func() bool {
		a, err := c.send(c.admin, "3.0", "GET", "/scheduler-stats/get_pools", "")
		return err == nil && strings.Contains(string(a.body), "node2@two#")
	})
	return "node2@two#two"
}

// A volume that a server has moves by a copy with the same key. Whatever becomes
// of the copy, the key stays the volume's.
func copies(t *testing.T, c *cloud) {
	nova := newCompute(t, c)
	to := c.second(t)
	id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
	key := c.key(t, c.ann, id)
	pass := c.passphrase(t, c.ann, key)
	c.format(t, id, pass)
	d := c.attach(t, c.ann, id, true)
	c.ask(t, c.ann, "3.44", "POST", "/attachments/"+d.attachment+"/action", `{"os-complete": null}`, 204)
	if err := d.io(pass, "write -P 171 0 1M", "flush"); err != nil {
		t.Fatal(err)
	}
	stays := func(t *testing.T) {
		t.Helper()
		c.keys(t, key)
		if got := c.key(t, c.ann, id); got != key {
			t.Errorf("the volume has the key %s, want %s", got, key)
		}
		if err := d.io(pass, "read -P 171 0 1M"); err != nil {
			t.Error(err)
		}
	}
	migrate := func(t *testing.T) (copied string) {
		t.Helper()
		c.ask(t, c.admin, "3.0", "POST", "/volumes/"+id+"/action", `{"os-migrate_volume": {"host": "`+to+`"}}`, 202)
		copied = nova.copy(t)
		if got := c.key(t, c.ann, copied); got != key {
			t.Errorf("the copy has the key %s, want %s", got, key)
		}
		return copied
	}
	reset := func(t *testing.T, volume, body string) {
		t.Helper()
		c.ask(t, c.admin, "3.0", "POST", "/volumes/"+volume+"/action", `{"os-reset_status": `+body+`}`, 202)
	}
	for name, remove := range map[string]func(copied string){
		"freed and deleted": func(copied string) {
			c.remove(t, c.ann, copied)
		},
		"freed and deleted by force": func(copied string) {
			c.ask(t, c.admin, "3.0", "POST", "/volumes/"+copied+"/action", `{"os-force_delete": {}}`, 202)
			c.status(t, c.ann, "volumes", copied, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			copied := migrate(t)
			// As Nova does before it answers, and then it is gone.
			c.ask(t, c.ann, "3.44", "POST", "/attachments", `{"attachment": {"volume_uuid": "`+copied+`", "instance_uuid": "`+server+`"}}`, 200)
			nova.answer <- http.StatusAccepted
			reset(t, copied, `{"status": "available", "attach_status": "detached", "migration_status": "none"}`)
			remove(copied)
			stays(t)
			reset(t, id, `{"migration_status": "none"}`)
		})
	}
	t.Run("refused after kill -9", func(t *testing.T) {
		copied := migrate(t)
		c.running["volume2"].Kill9()
		c.spawn("volume2", "volume", c.config+".second")
		if again := nova.copy(t); again != copied {
			t.Errorf("another copy %s after %s", again, copied)
		}
		nova.answer <- http.StatusBadRequest
		c.status(t, c.ann, "volumes", copied, "")
		stays(t)
	})
	c.detach(t, c.ann, d, id)
	c.remove(t, c.ann, id)
}
