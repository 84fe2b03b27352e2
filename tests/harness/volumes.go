package harness

import "net/http"

// Volume has the fields that the suites look at.
type Volume struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Status     string            `json:"status"`
	Size       int               `json:"size"` // GiB
	SnapshotID string            `json:"snapshot_id"`
	SourceID   string            `json:"source_volid"`
	Metadata   map[string]string `json:"metadata"`
}

// VolumeSpec is what CreateVolume asks for.
type VolumeSpec struct {
	Name       string            `json:"name,omitempty"`
	SizeGiB    int               `json:"size,omitempty"` // 0: that of the source
	SnapshotID string            `json:"snapshot_id,omitempty"`
	SourceID   string            `json:"source_volid,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

// CreateVolume returns when the volume is available.
func (c *Client) CreateVolume(spec VolumeSpec) Volume {
	c.t.Helper()
	return c.WaitStatus(c.BeginVolume(spec).ID, "available")
}

// BeginVolume returns as soon as the request is accepted.
func (c *Client) BeginVolume(spec VolumeSpec) Volume {
	c.t.Helper()
	var out struct{ Volume Volume }
	c.Request(http.MethodPost, "/volumes", map[string]any{"volume": spec}, http.StatusAccepted, &out)
	return out.Volume
}

// Volume shows one.
func (c *Client) Volume(id string) Volume {
	c.t.Helper()
	var out struct{ Volume Volume }
	c.Request(http.MethodGet, "/volumes/"+id, nil, http.StatusOK, &out)
	return out.Volume
}

// WaitStatus returns the volume when it has the status.
func (c *Client) WaitStatus(id, want string) Volume {
	c.t.Helper()
	var v Volume
	c.await("volume", id, want, func() string { c.t.Helper(); v = c.Volume(id); return v.Status })
	return v
}

// ListVolumes returns the project's volumes, with details.
func (c *Client) ListVolumes() []Volume {
	c.t.Helper()
	var out struct{ Volumes []Volume }
	c.Request(http.MethodGet, "/volumes/detail", nil, http.StatusOK, &out)
	return out.Volumes
}

// Extend makes the volume larger, attached or not, and returns when it is back
// in the status it had.
func (c *Client) Extend(id string, gib int) {
	c.t.Helper()
	before := c.Volume(id).Status
	c.Request(http.MethodPost, "/volumes/"+id+"/action", map[string]any{"os-extend": map[string]int{"new_size": gib}}, http.StatusAccepted, nil)
	if got := c.WaitStatus(id, before); got.Size != gib {
		c.t.Fatalf("volume %s has %d GiB after the extend, want %d", id, got.Size, gib)
	}
}

// DeleteVolume returns when the volume is gone.
func (c *Client) DeleteVolume(id string) {
	c.t.Helper()
	c.Request(http.MethodDelete, "/volumes/"+id, nil, http.StatusAccepted, nil)
	c.gone("volume", "/volumes/"+id)
}
