package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	patience     = 2 * time.Minute
	microversion = "volume 3.66"
)

// cloud is the volume service.
type cloud struct {
	endpoint string
	http     *http.Client
}

func newCloud(endpoint string) *cloud {
	return &cloud{strings.TrimRight(endpoint, "/"), &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

func (c *cloud) project() string { return path.Base(c.endpoint) }

// call returns the answer's body, always read to its end so that the connection
// is used again.
func (c *cloud) call(method, below string, body any) ([]byte, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, c.endpoint+below, content)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Auth-Token", "bench:"+c.project())
	req.Header.Set("OpenStack-API-Version", microversion)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %.500s", method, below, resp.Status, raw)
	}
	return raw, nil
}

func (c *cloud) unlimited() error {
	_, err := c.call(http.MethodPut, "/os-quota-sets/"+c.project(), map[string]any{"quota_set": map[string]int{"volumes": -1, "gigabytes": -1}})
	return err
}

type answer struct {
	Volume struct{ ID, Status string }
}

// create makes a volume of 1 GiB and returns when it is available. It asks
// every 2 ms, which is the resolution.
func (c *cloud) create() (id string, took time.Duration, err error) {
	begun := time.Now()
	raw, err := c.call(http.MethodPost, "/volumes", map[string]any{"volume": map[string]any{"name": "bench", "size": 1}})
	for {
		var a answer
		if err == nil {
			err = json.Unmarshal(raw, &a)
		}
		took = time.Since(begun)
		switch id = a.Volume.ID; {
		case err != nil || a.Volume.Status == "available":
			return id, took, err
		case strings.HasPrefix(a.Volume.Status, "error"):
			return id, took, fmt.Errorf("volume %s is in status %s", id, a.Volume.Status)
		case took > patience:
			return id, took, fmt.Errorf("volume %s is still in status %s", id, a.Volume.Status)
		}
		time.Sleep(2 * time.Millisecond)
		raw, err = c.call(http.MethodGet, "/volumes/"+id, nil)
	}
}

// list returns how many volumes one page of list-detail shows.
func (c *cloud) list(limit int) (int, error) {
	raw, err := c.call(http.MethodGet, fmt.Sprintf("/volumes/detail?limit=%d", limit), nil)
	if err != nil {
		return 0, err
	}
	return bytes.Count(raw, []byte(`"replication_status"`)), nil
}

func (c *cloud) deleteAll(ids []string) error {
	var g errgroup.Group
	g.SetLimit(16)
	for _, id := range ids {
		g.Go(func() error {
			_, err := c.call(http.MethodDelete, "/volumes/"+id, nil)
			return err
		})
	}
	return g.Wait()
}
