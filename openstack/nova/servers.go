package nova

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/clinker-io/clinker/openstack"
)

// AttachmentOf returns the attachment by which a server has a volume, as the
// user sees it; ErrNotFound when it has not, or is not there.
func (c *Client) AttachmentOf(ctx context.Context, who openstack.Caller, server, volume string) (string, error) {
	var body struct {
		Attachment *struct {
			ID string `json:"attachment_id"`
		} `json:"volumeAttachment"`
	}
	err := c.do(ctx, request{as: &who, id: who.RequestID, method: http.MethodGet, path: []string{"servers", server, "os-volume_attachments", volume},
		version: versionAttachment, repeat: true}, &body)
	if err != nil {
		return "", err
	}
	if body.Attachment == nil {
		return "", errors.New("answer of Nova: no volumeAttachment")
	}
	return body.Attachment.ID, nil
}

// Uses reports whether the server has the volume by this attachment.
func (c *Client) Uses(ctx context.Context, who openstack.Caller, server, volume, attachment string) (bool, error) {
	id, err := c.AttachmentOf(ctx, who, server, volume)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return id == attachment, err
}

// InstanceHost is the compute host that a server runs on.
func (c *Client) InstanceHost(ctx context.Context, server string) (string, error) {
	var body struct {
		Server struct {
			Host *string `json:"OS-EXT-SRV-ATTR:host"`
		} `json:"server"`
	}
	err := c.do(ctx, request{method: http.MethodGet, path: []string{"servers", server}, version: versionPlain, repeat: true}, &body)
	switch {
	case err != nil:
		return "", err
	case body.Server.Host == nil:
		return "", fmt.Errorf("the compute service does not tell our user where server %s runs: give the user the role admin", server)
	}
	return *body.Server.Host, nil
}

// SwapVolume asks Nova to let a server change one volume for another. Nova does
// it later, and tells by os-migrate_volume_completion when the volumes are a
// migration. It is not asked twice: the second time the first may be under way.
func (c *Client) SwapVolume(ctx context.Context, requestID, server, from, to string) error {
	return c.do(ctx, request{id: requestID, method: http.MethodPut, path: []string{"servers", server, "os-volume_attachments", from}, version: versionPlain,
		body: map[string]any{"volumeAttachment": map[string]string{"volumeId": to}}}, nil)
}
