package volume

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume/driver"
)

// connector is what we read of what the compute host says of itself.
type connector struct {
	Initiator        string `json:"initiator"`
	Host             string `json:"host"`
	Mountpoint       string `json:"mountpoint"`
	Mode             string `json:"mode"`
	Multipath        bool   `json:"multipath"`
	EnforceMultipath bool   `json:"enforce_multipath"`
}

// connectionInfo is what the compute host needs, flat as Cinder stores it.
type connectionInfo struct {
	DriverVolumeType string        `json:"driver_volume_type"`
	TargetDiscovered bool          `json:"target_discovered"`
	TargetPortal     string        `json:"target_portal"`
	TargetIQN        string        `json:"target_iqn"`
	TargetLUN        int           `json:"target_lun"`
	TargetPortals    []string      `json:"target_portals,omitempty"`
	TargetIQNs       []string      `json:"target_iqns,omitempty"`
	TargetLUNs       []int         `json:"target_luns,omitempty"`
	VolumeID         string        `json:"volume_id"`
	AuthMethod       string        `json:"auth_method"`
	AuthUsername     string        `json:"auth_username"`
	AuthPassword     string        `json:"auth_password"`
	QoSSpecs         db.ExtraSpecs `json:"qos_specs"`
	AccessMode       string        `json:"access_mode"`
	Encrypted        bool          `json:"encrypted"`
	Cacheable        bool          `json:"cacheable"`
	Discard          bool          `json:"discard,omitempty"`
	EnforceMultipath bool          `json:"enforce_multipath"`
	AttachmentID     string        `json:"attachment_id,omitempty"` // not of a connection without an attachment
}

// connect exports the volume to the connector's initiator under a secret of
// this attachment alone. A second run makes a new secret: nobody has seen the
// first one, since only the end of the job shows it.
func (w *Worker) connect(ctx context.Context, j *db.Job) error {
	var args db.ConnectArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	var c connector
	if err := json.Unmarshal(args.Connector, &c); err != nil {
		return fmt.Errorf("%w: connector: %w", driver.ErrInvalid, err)
	}
	if c.Initiator == "" {
		return fmt.Errorf("%w: the connector has no initiator", driver.ErrInvalid)
	}
	at, err := w.Store.GetAttachment(ctx, *j.AttachmentID)
	if err != nil {
		return fmt.Errorf("attachment: %w", err)
	}
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to attach: %w", err)
	}
	grant := newGrant(at.ID)
	grant.Initiator, grant.ReadOnly = c.Initiator, accessMode(at, c) == "ro"
	if err := w.export(ctx, v, grant); err != nil {
		return err
	}
	conn := w.connectionInfo(v, at, c, grant)
	if err := w.addTypeSpecs(ctx, v, &conn); err != nil {
		return err
	}
	info, err := json.Marshal(conn)
	if err != nil {
		return fmt.Errorf("connection info: %w", err)
	}
	return w.Store.AttachmentConnected(ctx, j, db.Connection{Connector: args.Connector, Info: info,
		Host: optional(c.Host), Mount: optional(c.Mountpoint), Mode: accessMode(at, c)})
}

// newGrant makes the user and secret of one attachment or connection.
func newGrant(id string) target.Grant {
	return target.Grant{ID: id, User: rand.Text()[:20], Secret: target.Secret(rand.Text()[:16])}
}

// accessMode: the attachment's own mode, else the connector's, else rw.
func accessMode(at db.Attachment, c connector) string {
	if at.AttachMode != nil && (*at.AttachMode == "ro" || *at.AttachMode == "rw") {
		return *at.AttachMode
	}
	if c.Mode == "ro" {
		return "ro"
	}
	return "rw"
}

func (w *Worker) connectionInfo(v db.Volume, at db.Attachment, c connector, g target.Grant) connectionInfo {
	info := connectionInfo{
		DriverVolumeType: "iscsi",
		TargetPortal:     w.Portals[0],
		TargetIQN:        w.iqn(&v),
		VolumeID:         v.ID,
		AuthMethod:       "CHAP",
		AuthUsername:     g.User,
		AuthPassword:     string(g.Secret),
		AccessMode:       accessMode(at, c),
		Encrypted:        v.EncryptionKeyID != nil,
		Discard:          w.ReportDiscard,
		EnforceMultipath: c.EnforceMultipath,
		AttachmentID:     at.ID,
	}
	if c.Multipath || len(w.Portals) > 1 {
		for _, p := range w.Portals {
			info.TargetPortals = append(info.TargetPortals, p)
			info.TargetIQNs = append(info.TargetIQNs, info.TargetIQN)
			info.TargetLUNs = append(info.TargetLUNs, info.TargetLUN)
		}
	}
	return info
}

// disconnect ends the export to one attachment, which may never have been made,
// and the connections that were initialized for it.
func (w *Worker) disconnect(ctx context.Context, j *db.Job) error {
	connections, err := w.Store.ConnectionsHeldBy(ctx, *j.AttachmentID)
	if err != nil {
		return fmt.Errorf("connections of the attachment: %w", err)
	}
	for _, id := range append(connections, *j.AttachmentID) {
		if err := w.revoke(ctx, j.VolumeID, id); err != nil {
			return err
		}
	}
	return w.Store.AttachmentDisconnected(ctx, j, connections)
}

// reexport makes every export again that the database knows. A volume that
// cannot be opened goes to error; the others come back.
func (w *Worker) reexport(ctx context.Context) error {
	rows, err := w.Store.ExportsOn(ctx, w.Host)
	if err != nil {
		return fmt.Errorf("exports of %s: %w", w.Host, err)
	}
	for _, r := range rows {
		v := db.Volume{ID: r.VolumeID, Size: r.Size, Host: r.Host, NameID: r.NameID}
		if err := w.reexportOne(ctx, v, r.ID, r.Connector, r.ConnectionInfo); err != nil {
			w.Log.Error("cannot export again; the volume goes to error", "volume", v.ID, "err", err)
			if err := w.Store.ExportLost(ctx, v.ID); err != nil {
				return fmt.Errorf("mark volume %s: %w", v.ID, err)
			}
		}
	}
	if len(rows) > 0 {
		w.Log.Info("exported again", "connections", len(rows))
	}
	return nil
}

func (w *Worker) reexportOne(ctx context.Context, v db.Volume, id string, rawConnector, rawInfo json.RawMessage) error {
	var c connector
	var info connectionInfo
	if err := errors.Join(json.Unmarshal(rawConnector, &c), json.Unmarshal(rawInfo, &info)); err != nil {
		return fmt.Errorf("stored connection: %w", err)
	}
	return w.export(ctx, v, target.Grant{ID: id, Initiator: c.Initiator, User: info.AuthUsername,
		Secret: target.Secret(info.AuthPassword), ReadOnly: info.AccessMode == "ro"})
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
