package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// GroupChange is an update of a group; what is nil stays.
type GroupChange struct {
	Name        *string
	Description *string
	Add         []string // volumes as the caller wrote them
	Remove      []string
	Project     string // whose volumes the caller may add; "" is anybody's
}

// UpdateGroup changes the words of a group and which volumes are in it. The
// backends have nothing to do for it, so it is done at once.
func (s *Store) UpdateGroup(ctx context.Context, id string, c GroupChange) error {
	both := slices.DeleteFunc(slices.Clone(c.Add), func(v string) bool { return !slices.Contains(c.Remove, v) })
	if len(both) > 0 {
		return Errorf(Invalid, "Invalid volume: UUIDs ['%s'] are in both add and remove volume list.", strings.Join(both, "', '"))
	}
	return s.tx(ctx, func(t *txn) error {
		g, err := t.lockGroup(ctx, id)
		if none(err) {
			return groupGone(id)
		}
		if err != nil {
			return fmt.Errorf("read group: %w", err)
		}
		found, err := t.lockGroupVolumesAnd(ctx, lockGroupVolumesAndParams{GroupID: id, Ids: uuids(c.Add)})
		if err != nil {
			return fmt.Errorf("volumes of the group: %w", err)
		}
		add, err := t.toAdd(ctx, g, found, c)
		if err != nil {
			return err
		}
		remove, err := toRemove(g, found, c.Remove)
		if err != nil {
			return err
		}
		return t.changeGroup(ctx, g, c, add, remove)
	})
}

func (t *txn) changeGroup(ctx context.Context, g Group, c GroupChange, add, remove []string) error {
	p := updateGroupParams{ID: g.ID, ToStatus: GroupUpdate.Success, Accepts: GroupUpdate.Accepts}
	if c.Name != nil && (g.Name == nil || *g.Name != *c.Name) {
		p.SetName, p.Name = true, c.Name
	}
	if c.Description != nil && (g.Description == nil || *g.Description != *c.Description) {
		p.SetDescription, p.Description = true, c.Description
	}
	members := len(add)+len(remove) > 0
	if members {
		p.Accepts = GroupUpdateMembers.Accepts
	} else if !p.SetName && !p.SetDescription {
		return Errorf(Invalid, "Invalid Group: Cannot update group %s because no valid name, description, add_volumes, or remove_volumes were provided.", g.ID)
	}
	if members { // else upstream's worker has no part in it
		if err := t.noteNow(ctx, groupEvent{id: g.ID, suffix: "update.start"}, volumesEvent{group: &g.ID, suffix: "update.start", by: byBackend}); err != nil {
			return err
		}
		t.noteGroupAndVolumes(ctx, g.ID, "update.end")
	}
	n, err := t.updateGroup(ctx, p)
	if err != nil {
		return fmt.Errorf("update group: %w", err)
	}
	if n == 0 {
		return Errorf(Invalid, "Invalid Group: Group status must be available.")
	}
	legacy, err := t.legacyGroup(ctx, g)
	if err != nil {
		return err
	}
	if err := t.setVolumesGroup(ctx, setVolumesGroupParams{GroupID: &g.ID, ConsistencygroupID: legacy, Ids: add}); err != nil {
		return fmt.Errorf("add volumes: %w", err)
	}
	if err := t.setVolumesGroup(ctx, setVolumesGroupParams{Ids: remove}); err != nil {
		return fmt.Errorf("remove volumes: %w", err)
	}
	return nil
}

// toAdd checks the volumes that join; those that are in already are left out.
func (t *txn) toAdd(ctx context.Context, g Group, found []Volume, c GroupChange) ([]string, error) {
	var add []string
	for _, ref := range c.Add {
		i := slices.IndexFunc(found, func(v Volume) bool { return slices.Equal(uuids([]string{ref}), []string{v.ID}) })
		if i >= 0 && found[i].GroupID != nil && *found[i].GroupID == g.ID {
			continue
		}
		if i < 0 || (c.Project != "" && found[i].ProjectID != c.Project) {
			return nil, Errorf(Invalid, "Invalid volume: Cannot add volume %s to group %s because volume cannot be found.", ref, g.ID)
		}
		has, err := t.groupHasType(ctx, groupHasTypeParams{GroupID: g.ID, VolumeTypeID: found[i].VolumeTypeID})
		if err != nil {
			return nil, fmt.Errorf("types of the group: %w", err)
		}
		if err := mayJoin(g, found[i], has); err != nil {
			return nil, err
		}
		add = append(add, found[i].ID)
	}
	return add, nil
}

func mayJoin(g Group, v Volume, hasType bool) error {
	cannot := fmt.Sprintf("Invalid volume: Cannot add volume %s to group %s ", v.ID, g.ID)
	switch {
	case v.GroupID != nil:
		return Errorf(Invalid, "%sbecause it is already in group %s.", cannot, *v.GroupID)
	case v.ProjectID != g.ProjectID:
		return Errorf(Invalid, "%sas they belong to different projects.", cannot)
	case !hasType:
		return Errorf(Invalid, "%sbecause volume type %s is not supported by the group.", cannot, v.VolumeTypeID)
	case !VolumeJoinGroup.accepts(v.Status):
		return Errorf(Invalid, "%sbecause volume is in an invalid state: %s. Valid states are: ('%s').", cannot, v.Status,
			strings.Join(VolumeJoinGroup.Accepts, "', '"))
	case v.Host == nil || g.Host == nil || BackendOf(*v.Host) != BackendOf(*g.Host):
		return Errorf(Invalid, "Invalid volume: Volume is not local to this node.")
	}
	return nil
}

// toRemove checks the volumes that leave.
func toRemove(g Group, found []Volume, refs []string) ([]string, error) {
	var remove []string
	for _, v := range found {
		if v.GroupID == nil || *v.GroupID != g.ID || !slices.Contains(refs, v.ID) {
			continue
		}
		if !VolumeLeaveGroup.accepts(v.Status) {
			return nil, Errorf(Invalid, "Invalid volume: Cannot remove volume %s from group %s because volume is in an invalid state: %s. "+
				"Valid states are: ('%s').", v.ID, g.ID, v.Status, strings.Join(VolumeLeaveGroup.Accepts, "', '"))
		}
		remove = append(remove, v.ID)
	}
	for _, ref := range refs {
		if !slices.Contains(remove, ref) {
			return nil, Errorf(Invalid, "Invalid volume: Cannot remove volume %s from group %s because it is not in the group.", ref, g.ID)
		}
	}
	return remove, nil
}

// uuids are those of the texts that are one, in the form that rows have.
func uuids(refs []string) []string {
	var ids []string
	for _, ref := range refs {
		if id, err := uuid.Parse(ref); err == nil {
			ids = append(ids, id.String())
		}
	}
	return ids
}
