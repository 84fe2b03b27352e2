package harness

import "net/http"

// Initiator is the name of those who do not care.
const Initiator = "iqn.2026-11.io.clinker:test"

// Connection is what an attachment tells an initiator.
type Connection struct {
	AttachmentID string
	VolumeID     string
	Portal       string // HOST:PORT
	IQN          string
	LUN          int
	User         string
	Password     string
	Initiator    string // the only name that is let in
}

type attachment struct {
	ID       string `json:"id"`
	VolumeID string `json:"volume_id"`
	Status   string `json:"status"`
	Info     struct {
		Portal   string `json:"target_portal"`
		IQN      string `json:"target_iqn"`
		LUN      int    `json:"target_lun"`
		User     string `json:"auth_username"`
		Password string `json:"auth_password"`
	} `json:"connection_info"`
}

// Attach exports a volume to an initiator and returns when it is in-use.
func (c *Client) Attach(volume, initiator string) Connection {
	c.t.Helper()
	c = c.WithMicroversion("3.54")
	body := map[string]any{"attachment": map[string]any{
		"volume_uuid": volume,
		"connector":   map[string]string{"initiator": initiator, "host": "tester", "ip": "127.0.0.1", "os_type": "linux", "platform": "x86_64"},
		"mode":        "rw",
	}}
	var out struct{ Attachment attachment }
	c.Request(http.MethodPost, "/attachments", body, http.StatusOK, &out)
	a := out.Attachment
	if a.Info.Portal == "" || a.Info.IQN == "" || a.Info.User == "" || a.Info.Password == "" {
		c.t.Fatalf("attachment %s of volume %s lacks a part of its connection_info", a.ID, volume)
	}
	c.Request(http.MethodPost, "/attachments/"+a.ID+"/action", map[string]any{"os-complete": nil}, http.StatusNoContent, nil)
	c.WaitStatus(volume, "in-use")
	return Connection{AttachmentID: a.ID, VolumeID: volume, Portal: a.Info.Portal, IQN: a.Info.IQN, LUN: a.Info.LUN,
		User: a.Info.User, Password: a.Info.Password, Initiator: initiator}
}

// ListAttachments returns the ids of the project's attachments.
func (c *Client) ListAttachments() []string {
	c.t.Helper()
	var out struct{ Attachments []attachment }
	c.WithMicroversion("3.54").Request(http.MethodGet, "/attachments", nil, http.StatusOK, &out)
	ids := make([]string, len(out.Attachments))
	for i, a := range out.Attachments {
		ids[i] = a.ID
	}
	return ids
}

// Detach ends an attachment and returns when its volume is available, which it
// is not while others are left: see DeleteAttachment.
func (c *Client) Detach(con Connection) {
	c.t.Helper()
	c.DeleteAttachment(con.AttachmentID)
	c.WaitStatus(con.VolumeID, "available")
}

// DeleteAttachment ends an attachment.
func (c *Client) DeleteAttachment(id string) {
	c.t.Helper()
	c.WithMicroversion("3.54").Request(http.MethodDelete, "/attachments/"+id, nil, http.StatusOK, nil)
}
