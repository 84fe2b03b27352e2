package api

import (
	"context"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack"
)

// Compute knows which servers use volumes. It is asked before an attachment
// ends at a user's call: a volume that is taken from under a server leaves a
// device on its host that may come to show somebody else's data (CVE-2023-2088,
// upstream's bug 2004555). Such a detach has to come from the compute service.
type Compute interface {
	// Uses reports whether the server has the volume by this attachment. A
	// server that is not there uses nothing; an error means that the compute
	// service could not be asked.
	Uses(ctx context.Context, who openstack.Caller, server, volume, attachment string) (bool, error)
}

// UnaskedCompute is for a cloud whose compute service cannot be asked: every
// server is taken to use what it is attached to, which keeps data safe and
// leaves the ending of attachments to the compute service.
type UnaskedCompute struct{}

// Uses is always true.
func (UnaskedCompute) Uses(context.Context, openstack.Caller, string, string, string) (bool, error) {
	return true, nil
}

// mayDetach refuses to end an attachment that a server uses, at what is no call
// of a service. Without a compute service (Config.Compute is nil: standalone)
// no server can hold a device, instance ids are names that callers chose, and
// whoever attached may detach.
func (a *API) mayDetach(r *Request, at *db.Attachment) error {
	if a.Compute == nil || r.Identity.IsService || at.InstanceUuid == nil || at.ConnectionInfo == nil {
		return nil
	}
	who := openstack.Caller{Token: r.Header.Get("X-Auth-Token"), RequestID: r.ID()}
	used, err := a.Compute.Uses(r.Context(), who, *at.InstanceUuid, at.VolumeID, at.ID)
	if err != nil {
		return &db.Error{Kind: db.Unavailable, Msg: "The compute service cannot be asked whether it uses the volume.", Err: err}
	}
	if used {
		return heldByCompute(*at.InstanceUuid)
	}
	return nil
}

// mayDetachFrom is mayDetach for the calls that name a volume and perhaps one
// of its attachments. Without a name there must not be several.
func (a *API) mayDetachFrom(r *Request, volume string, attachment *string) error {
	all, err := a.Store.AttachmentsOf(r.Context(), volume)
	if err != nil {
		return fmt.Errorf("attachments of volume: %w", err)
	}
	if attachment == nil && len(all) == 0 {
		return nil
	}
	if attachment == nil && len(all) == 1 {
		return a.mayDetach(r, &all[0])
	}
	if attachment != nil {
		at, err := a.Store.ViewAttachment(r.Context(), *attachment, r.owner())
		switch {
		case err == nil && at.VolumeID != volume:
			return badRequest("Invalid input received: Mismatched volume and attachment")
		case err == nil:
			return a.mayDetach(r, &at)
		case !db.IsKind(err, db.NotFound):
			return err
		}
	}
	if a.Compute == nil || r.Identity.IsService {
		return nil
	}
	return heldByCompute("")
}

func heldByCompute(server string) error {
	return db.Errorf(db.Conflict, "ConflictNovaUsingAttachment: Detach volume from instance %s using the Compute API", server)
}
