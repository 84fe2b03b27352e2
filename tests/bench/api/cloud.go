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
)

const (
	patience     = 2 * time.Minute
	microversion = "volume 3.66"
)

var errGone = errors.New("not found")

// cloud is the volume service as one project sees it.
type cloud struct {
	endpoint string
	http     *http.Client
}

func newCloud(endpoint string) *cloud {
	return &cloud{strings.TrimRight(endpoint, "/"), &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

func (c *cloud) project() string { return path.Base(c.endpoint) }

// in is the same service as another project sees it.
func (c *cloud) in(project string) *cloud {
	return &cloud{strings.TrimSuffix(c.endpoint, c.project()) + project, c.http}
}

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
	if resp.StatusCode == http.StatusNotFound {
		return nil, errGone
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %.500s", method, below, resp.Status, raw)
	}
	return raw, nil
}

type answer struct {
	Volume struct{ ID, Status string }
}

// ask makes a volume of 1 GiB and returns when that is accepted.
func (c *cloud) ask() (string, error) {
	raw, err := c.call(http.MethodPost, "/volumes", map[string]any{"volume": map[string]any{"name": "bench", "size": 1}})
	if err != nil {
		return "", err
	}
	var a answer
	err = json.Unmarshal(raw, &a)
	return a.Volume.ID, err
}

// between is how long to wait before looking again at a volume of which
// something shall become: a tenth of the time so far, which is the resolution.
func between(begun time.Time) { time.Sleep(max(time.Millisecond, time.Since(begun)/10)) }

// create makes a volume and returns when it is available.
func (c *cloud) create() (string, error) {
	id, err := c.ask()
	for begun := time.Now(); err == nil; between(begun) {
		var raw []byte
		var a answer
		if raw, err = c.call(http.MethodGet, "/volumes/"+id, nil); err == nil {
			err = json.Unmarshal(raw, &a)
		}
		switch {
		case err != nil || a.Volume.Status == "available":
			return id, err
		case strings.HasPrefix(a.Volume.Status, "error") || time.Since(begun) > patience:
			return id, fmt.Errorf("volume %s is in status %s", id, a.Volume.Status)
		}
	}
	return id, err
}

// remove deletes a volume and returns when it is gone.
func (c *cloud) remove(id string) error {
	_, err := c.call(http.MethodDelete, "/volumes/"+id, nil)
	for begun := time.Now(); err == nil; between(begun) {
		if _, err = c.call(http.MethodGet, "/volumes/"+id, nil); errors.Is(err, errGone) {
			return nil
		}
		if time.Since(begun) > patience {
			return fmt.Errorf("volume %s is still there", id)
		}
	}
	return err
}

// attach takes a volume through the life of an attachment.
func (c *cloud) attach(id string) error {
	raw, err := c.call(http.MethodPost, "/attachments", map[string]any{"attachment": map[string]any{"volume_uuid": id}})
	if err != nil {
		return err
	}
	var a struct{ Attachment struct{ ID string } }
	if err := json.Unmarshal(raw, &a); err != nil {
		return err
	}
	at := "/attachments/" + a.Attachment.ID
	connector := map[string]any{"initiator": "iqn.2026-11.io.clinker:bench", "host": "bench"}
	for _, step := range []struct {
		method, below string
		body          any
	}{
		{http.MethodPut, at, map[string]any{"attachment": map[string]any{"connector": connector}}},
		{http.MethodPost, at + "/action", map[string]any{"os-complete": nil}},
		{http.MethodDelete, at, nil},
	} {
		if _, err := c.call(step.method, step.below, step.body); err != nil {
			return err
		}
	}
	return nil
}

func (c *cloud) get(below string) error {
	_, err := c.call(http.MethodGet, below, nil)
	return err
}

// page is get of a list that must show so many volumes.
func (c *cloud) page(below string, want int) error {
	raw, err := c.call(http.MethodGet, below, nil)
	if n := bytes.Count(raw, []byte(`"replication_status"`)); err == nil && n != want {
		return fmt.Errorf("%s shows %d volumes and not %d", below, n, want)
	}
	return err
}

type list struct {
	Volumes []struct{ ID string }
	Links   []struct{ Href string } `json:"volumes_links"`
}

func (c *cloud) list(below string) (list, error) {
	var l list
	raw, err := c.call(http.MethodGet, below, nil)
	if err != nil {
		return l, err
	}
	return l, json.Unmarshal(raw, &l)
}

// ids are those of the newest volumes.
func (c *cloud) ids() ([]string, error) {
	l, err := c.list("/volumes")
	var ids []string
	for _, v := range l.Volumes {
		ids = append(ids, v.ID)
	}
	return ids, err
}

// nextPage is where the link of a page leads.
func (c *cloud) nextPage(below string) (string, error) {
	l, err := c.list(below)
	if err != nil {
		return "", err
	}
	if len(l.Links) == 0 {
		return "", fmt.Errorf("%s has no next page", below)
	}
	_, next, ok := strings.Cut(l.Links[0].Href, c.project())
	if !ok {
		return "", fmt.Errorf("the next page of %s is %s", below, l.Links[0].Href)
	}
	return next, nil
}
