package api

import (
	"slices"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

func (a *API) createGroup(r *Request) (Response, error) {
	var body struct {
		Group struct {
			Name        *string  `json:"name"`
			Description *string  `json:"description"`
			Type        string   `json:"group_type"`
			VolumeTypes []string `json:"volume_types"`
			Zone        *string  `json:"availability_zone"`
		} `json:"group"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Group
	t, err := a.Store.FindGroupType(r.Context(), b.Type, r.IsAdmin())
	switch {
	case db.IsKind(err, db.NotFound) && !schema.IsUUID(b.Type):
		return Response{}, db.Errorf(db.NotFound, "Group type with name %s could not be found.", b.Type)
	case err != nil:
		return Response{}, err
	case t.Name == db.CGSnapshotType:
		return Response{}, reservedForCGs(t.ID)
	}
	g, err := a.makeGroup(r, t, db.NewGroup{Name: trimmed(b.Name), Description: trimmed(b.Description)}, b.VolumeTypes, b.Zone)
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupSummaryFields, groupProject).One("group", &db.GroupView{Group: g}), nil
}

// makeGroup is the part of a create that both dialects share.
func (a *API) makeGroup(r *Request, t db.GroupType, n db.NewGroup, volumeTypes []string, zone *string) (db.Group, error) {
	n.ID, n.Type = uuid.NewString(), t
	for _, ref := range volumeTypes {
		vt, err := a.Store.FindVolumeType(r.Context(), ref, "", true)
		if db.IsKind(err, db.NotFound) && !schema.IsUUID(ref) {
			err = db.Errorf(db.NotFound, "Volume type with name %s could not be found.", ref)
		}
		if err != nil {
			return db.Group{}, err
		}
		if !slices.Contains(n.VolumeTypes, vt.ID) {
			n.VolumeTypes = append(n.VolumeTypes, vt.ID)
		}
	}
	n.AvailabilityZone = a.DefaultAvailabilityZone
	if zone != nil {
		known, err := a.knownZones(r)
		if err != nil {
			return db.Group{}, err
		}
		switch {
		case slices.Contains(known, *zone):
			n.AvailabilityZone = *zone
		case !a.ZoneFallback:
			return db.Group{}, badRequest("Invalid input received: Availability zone '%s' is invalid.", *zone)
		}
	}
	return a.Store.CreateGroup(r.Context(), r.Actor(), n)
}

func (a *API) cloneGroup(r *Request) (Response, error) {
	var body struct {
		Clone struct {
			Name            *string `json:"name"`
			Description     *string `json:"description"`
			GroupSnapshotID *string `json:"group_snapshot_id"`
			SourceGroupID   *string `json:"source_group_id"`
		} `json:"create-from-src"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Clone
	n := db.GroupClone{Name: trimmed(b.Name), Description: trimmed(b.Description)}
	if b.GroupSnapshotID != nil {
		s, err := a.groupSnapshot(r, *b.GroupSnapshotID)
		if err != nil {
			return Response{}, err
		}
		if s.Legacy() {
			return Response{}, reservedForCGs(s.GroupTypeID)
		}
		n.GroupSnapshotID = &s.ID
	} else {
		g, err := a.newGroup(r, *b.SourceGroupID)
		if err != nil {
			return Response{}, err
		}
		n.SourceGroupID = &g.ID
	}
	n.ID = uuid.NewString()
	g, err := a.cloneGroupWithKeys(r, n)
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupSummaryFields, groupProject).One("group", &db.GroupView{Group: g}), nil
}

// groupOf finds the group that a new volume joins, under its newer or older name.
func (a *API) groupOf(r *Request, b volumeBody) (*db.GroupView, error) {
	ref := b.CGID
	if b.GroupID != nil {
		ref = b.GroupID
	}
	if ref == nil {
		return nil, nil
	}
	g, err := a.group(r, *ref)
	if err != nil {
		return nil, err
	}
	if !filled(b.VolumeType) {
		return nil, badRequest("Invalid input received: volume_type must be provided when creating a volume in a group.")
	}
	return &g, nil
}
