package notifications

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/tests/harness"
)

// notification is what the consumer prints.
type notification struct {
	Context   map[string]any `json:"context"`
	Publisher string         `json:"publisher_id"`
	Type      string         `json:"event_type"`
	Priority  string         `json:"priority"`
	Payload   map[string]any `json:"payload"`
	Metadata  struct {
		MessageID string `json:"message_id"`
		Timestamp string `json:"timestamp"`
	} `json:"metadata"`
}

// start runs `clinker all` with notifications to a broker of its own, as a
// configuration says that it returns.
func start(t *testing.T, options string) (s *harness.Service, broker *rabbittest.Server, config string) {
	t.Helper()
	broker = rabbittest.Start(t)
	config = filepath.Join(t.TempDir(), "cinder.conf")
	text := fmt.Sprintf("[DEFAULT]\nhost = node1\ndebug = true\n[oslo_messaging_notifications]\ndriver = messagingv2\ntransport_url = %s\n%s", broker.URL, options)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return harness.Start(t, harness.Options{Args: []string{"--config-file", config}}), broker, config
}

// consumer is the reader written with oslo.messaging.
type consumer struct {
	t    *testing.T
	mu   sync.Mutex
	all  []notification
	news chan struct{}
}

const waitLimit = 60 * time.Second

func consume(t *testing.T, url string, durable ...string) *consumer {
	t.Helper()
	// Debian's own Python: the one that has the package.
	cmd := exec.Command("/usr/bin/python3", append([]string{"consumer.py", url, "cinder"}, durable...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &consumer{t: t, news: make(chan struct{}, 1)}
	read := make(chan struct{})
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
	})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			c.add(lines.Bytes())
		}
	}()
	return c
}

func (c *consumer) add(line []byte) {
	var n notification
	if json.Unmarshal(line, &n) != nil {
		return // "listening"
	}
	c.mu.Lock()
	c.all = append(c.all, n)
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// until waits until done says that what has come is enough, and returns it.
func (c *consumer) until(what string, done func([]notification) bool) []notification {
	c.t.Helper()
	limit := time.NewTimer(waitLimit)
	defer limit.Stop()
	for {
		c.mu.Lock()
		all := append([]notification(nil), c.all...)
		c.mu.Unlock()
		if done(all) {
			return all
		}
		select {
		case <-c.news:
		case <-limit.C:
			c.t.Fatalf("waited in vain for %s; came: %v", what, types(all, nil))
		}
	}
}

// types are the event types of those that are meant, in their order.
func types(all []notification, meant func(notification) bool) (out []string) {
	for _, n := range all {
		if meant == nil || meant(n) {
			out = append(out, n.Type)
		}
	}
	return out
}

// of are those about a resource.
func of(key, id string) func(notification) bool {
	return func(n notification) bool { return n.Payload[key] == id }
}

// awaitTypes waits until the events about a resource are these, in this order.
func (c *consumer) awaitTypes(key, id string, want ...string) []notification {
	c.t.Helper()
	all := c.until(fmt.Sprintf("%s of %s", want, id), func(all []notification) bool { return len(types(all, of(key, id))) >= len(want) })
	var about []notification
	for _, n := range all {
		if n.Payload[key] == id {
			about = append(about, n)
		}
	}
	if got := types(about, nil); fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Fatalf("events about %s %s:\n got %v\nwant %v", key, id, got, want)
	}
	return about
}
