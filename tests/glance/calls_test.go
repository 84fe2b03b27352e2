package glance

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// object is a JSON object.
type object map[string]any

// get follows a path of keys.
func (o object) get(path string) any {
	var at any = map[string]any(o)
	for _, k := range strings.Split(path, ".") {
		m, _ := at.(map[string]any)
		at = m[k]
	}
	return at
}

func (o object) text(path string) string { return fmt.Sprint(o.get(path)) }

// call sends a request of p at microversion 3.70.
func (c *cloud) call(p person, method, path string, body any) (int, object) {
	c.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	if body == nil {
		raw = nil
	}
	req, err := http.NewRequest(method, c.url+"/"+p.project+path, bytes.NewReader(raw))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", p.token)
	req.Header.Set("OpenStack-API-Version", "volume 3.70")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	out := object{}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			c.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, answer)
		}
	}
	return resp.StatusCode, out
}

func (c *cloud) must(p person, method, path string, body any) object {
	c.t.Helper()
	status, out := c.call(p, method, path, body)
	if status >= 300 {
		c.t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

func (c *cloud) answers() bool {
	resp, err := http.Get(strings.TrimSuffix(c.url, "/v3"))
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return true
}

// refused expects a status and words in the message.
func (c *cloud) refused(p person, path string, body any, want int, words string) {
	c.t.Helper()
	status, out := c.call(p, "POST", path, body)
	text, _ := json.Marshal(out)
	if status != want || !strings.Contains(string(text), words) {
		c.t.Errorf("%s: %d %s, want %d %q", path, status, text, want, words)
	}
}

// from makes a volume of 1 GiB from an image, and more.
func (c *cloud) from(p person, image string, more object) string {
	c.t.Helper()
	return c.must(p, "POST", "/volumes", object{"volume": volumeFrom(image, more)}).text("volume.id")
}

func volumeFrom(image string, more object) object {
	v := object{"size": 1, "imageRef": image, "volume_type": "plain"}
	for k, val := range more {
		v[k] = val
	}
	return v
}

func (c *cloud) volume(p person, id string) object {
	c.t.Helper()
	v, _ := c.must(p, "GET", "/volumes/"+id, nil).get("volume").(map[string]any)
	return v
}

// becomes waits for a status; an error that is not waited for ends the test.
func (c *cloud) becomes(p person, id, status string) object {
	c.t.Helper()
	var v object
	c.await("volume "+id+" "+status, func() bool {
		v = c.volume(p, id)
		if s := v.text("status"); s == "error" && status != "error" {
			c.t.Fatalf("volume: %v, messages %v", v, c.must(p, "GET", "/messages", nil))
		}
		return v.text("status") == status
	})
	return v
}

func (c *cloud) action(p person, id string, body object) object {
	c.t.Helper()
	return c.must(p, "POST", "/volumes/"+id+"/action", body)
}

func (c *cloud) remove(p person, id string) {
	c.t.Helper()
	c.must(p, "DELETE", "/volumes/"+id, nil)
	c.await("volume "+id+" gone", func() bool { status, _ := c.call(p, "GET", "/volumes/"+id, nil); return status == http.StatusNotFound })
}

// events are the messages about a volume.
func (c *cloud) events(p person, volume string) (out []string) {
	c.t.Helper()
	all, _ := c.must(p, "GET", "/messages", nil).get("messages").([]any)
	for _, m := range all {
		if m := object(m.(map[string]any)); m.text("resource_uuid") == volume {
			out = append(out, m.text("event_id"))
		}
	}
	return out
}

// contents is the data of n bytes that tests know again: random, with a hole.
func contents(n int) []byte {
	var seed [32]byte
	data := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(data)
	clear(data[n/3 : n/2])
	return data
}

// holds compares the volume's file with data and zeroes behind it.
func (c *cloud) holds(backend, id string, data []byte) {
	c.t.Helper()
	f, err := os.Open(filepath.Join(c.pool(backend), "volume-"+id))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	got := make([]byte, len(data))
	if _, err := io.ReadFull(f, got); err != nil {
		c.t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		c.t.Errorf("volume %s does not hold the image: %x, want %x", id, sha256.Sum256(got), sha256.Sum256(data))
	}
	if !zeroFrom(c.t, f, int64(len(data))) {
		c.t.Errorf("volume %s is not zero behind the image", id)
	}
}

// zeroFrom reads what is behind off and is no hole.
func zeroFrom(t testing.TB, f *os.File, off int64) bool {
	t.Helper()
	buf, zero := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		at, err := unix.Seek(int(f.Fd()), off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // no more data
			return true
		}
		if err != nil {
			t.Fatal(err)
		}
		n, err := f.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if !bytes.Equal(buf[:n], zero[:n]) {
			return false
		}
		off = at + int64(n)
	}
}

// nothingLeft sees that a failed volume left nothing on its backend.
func (c *cloud) nothingLeft(backend, id string) {
	c.t.Helper()
	for _, pattern := range []string{filepath.Join(c.pool(backend), "*"+id+"*"), c.in("state/conversion/*")} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			c.t.Errorf("left: %v", left)
		}
	}
}

func TestImages(t *testing.T) {
	c := start(t)
	for _, sub := range []struct {
		name string
		run  func(*cloud)
	}{
		{"a volume holds its image", fromRaw},
		{"a volume holds its image decoded", fromQCOW2},
		{"refusals", refusals},
		{"a volume becomes an image", uploads},
		{"refusals of uploads", uploadRefusals},
		{"reimage", reimage},
		{"bad images", badImages},
		{"signed images", signedImages},
		{"signatures that do not hold", badSignatures},
		{"encrypted images", encryptedImages},
		{"Glance killed in a download", glanceKilled},
		{"Glance silent in a download", glanceSilent},
		{"the worker killed in a download", workerKilled},
		{"the worker killed in an upload", workerKilledUploading},
		{"an image deleted while it is uploaded", imageDeleted},
		{"the cache", cache},
		{"an image that is a volume", imageVolume},
		{"the openstack command", commands},
		{"over TLS", overTLS},
		{"no secrets in the logs", noSecrets},
	} {
		ok := t.Run(sub.name, func(t *testing.T) {
			d := *c
			d.t = t
			sub.run(&d)
		})
		if !ok {
			t.Fail()
		}
	}
}
