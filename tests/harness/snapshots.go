package harness

import "net/http"

// Snapshot has the fields that the suites look at.
type Snapshot struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	VolumeID string `json:"volume_id"`
	Size     int    `json:"size"` // GiB
}

// Snapshot makes one of a volume, attached or not, and returns when it is available.
func (c *Client) Snapshot(volume, name string) Snapshot {
	c.t.Helper()
	return c.WaitSnapshot(c.BeginSnapshot(volume, name).ID, "available")
}

// BeginSnapshot returns as soon as the request is accepted.
func (c *Client) BeginSnapshot(volume, name string) Snapshot {
	c.t.Helper()
	var out struct{ Snapshot Snapshot }
	body := map[string]any{"snapshot": map[string]string{"volume_id": volume, "name": name}}
	c.Request(http.MethodPost, "/snapshots", body, http.StatusAccepted, &out)
	return out.Snapshot
}

// WaitSnapshot returns the snapshot when it has the status.
func (c *Client) WaitSnapshot(id, want string) Snapshot {
	c.t.Helper()
	var out struct{ Snapshot Snapshot }
	c.await("snapshot", id, want, func() string {
		c.t.Helper()
		c.Request(http.MethodGet, "/snapshots/"+id, nil, http.StatusOK, &out)
		return out.Snapshot.Status
	})
	return out.Snapshot
}

// ListSnapshots returns the project's snapshots, with details.
func (c *Client) ListSnapshots() []Snapshot {
	c.t.Helper()
	var out struct{ Snapshots []Snapshot }
	c.Request(http.MethodGet, "/snapshots/detail", nil, http.StatusOK, &out)
	return out.Snapshots
}

// DeleteSnapshot returns when the snapshot is gone.
func (c *Client) DeleteSnapshot(id string) {
	c.t.Helper()
	c.Request(http.MethodDelete, "/snapshots/"+id, nil, http.StatusAccepted, nil)
	c.gone("snapshot", "/snapshots/"+id)
}
