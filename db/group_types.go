package db

import (
	"context"
	"encoding/json"
)

// CGSnapshotType is the group type of the groups that the older consistency
// group calls make.
const CGSnapshotType = "default_cgsnapshot_type"

var groupTypeList = &listing[GroupType]{
	what:    "Group type",
	columns: "t.id, t.name, t.description, t.is_public, t.group_specs, t.created_at, t.updated_at",
	from:    "group_types t",
	id:      "t.id",
	keys: map[string]column{
		"id":          {sql: "t.id", kind: uuidColumn},
		"name":        {sql: "t.name"},
		"description": {sql: "t.description", nullable: true},
		"is_public":   {sql: "t.is_public", kind: boolColumn},
		"created_at":  {sql: "t.created_at", kind: timeColumn},
		"updated_at":  {sql: "t.updated_at", kind: timeColumn, nullable: true},
	},
	read: func(r *row) (t GroupType) {
		t.ID, t.Name, t.Description, t.IsPublic = r.uuid(), r.text(), r.textOrNil(), r.bool()
		r.json(&t.GroupSpecs)
		t.CreatedAt, t.UpdatedAt = r.time(), r.timeOrNil()
		return t
	},
}

// ListGroupTypes returns a page of group types.
func (s *Store) ListGroupTypes(ctx context.Context, q ListQuery) (Page[GroupType], error) {
	return groupTypeList.list(ctx, s, q)
}

// FindGroupType finds a type by id or name; all sees those that are not public.
func (s *Store) FindGroupType(ctx context.Context, ref string, all bool) (GroupType, error) {
	t, err := s.groupTypeFor(ctx, groupTypeForParams{Ref: ref, AnyType: all})
	if none(err) {
		return t, groupTypeGone(ref)
	}
	return t, err
}

// CreateGroupType makes a type; Conflict when the name is taken.
func (s *Store) CreateGroupType(ctx context.Context, name string, description *string, public bool, specs ExtraSpecs) (GroupType, error) {
	if specs == nil {
		specs = ExtraSpecs{}
	}
	t, err := s.insertGroupType(ctx, insertGroupTypeParams{Name: name, Description: description, IsPublic: public, GroupSpecs: specs})
	return t, groupTypeTaken(err, name)
}

// UpdateGroupType changes what is not nil.
func (s *Store) UpdateGroupType(ctx context.Context, id string, name, description *string, public *bool) (GroupType, error) {
	t, err := s.updateGroupType(ctx, updateGroupTypeParams{Name: name, Description: description, IsPublic: public, ID: id})
	switch {
	case none(err):
		return t, groupTypeGone(id)
	case name != nil:
		return t, groupTypeTaken(err, *name)
	}
	return t, err
}

// DeleteGroupType removes a type that no group has.
func (s *Store) DeleteGroupType(ctx context.Context, id string) error {
	n, err := s.deleteGroupType(ctx, id)
	switch {
	case foreignKeyViolation(err):
		return Errorf(Invalid, "Target group type is still in use. Group Type %s deletion is not allowed with groups present with the type.", id)
	case err == nil && n == 0:
		return groupTypeGone(id)
	}
	return err
}

// MergeGroupSpecs adds specs.
func (s *Store) MergeGroupSpecs(ctx context.Context, id string, specs ExtraSpecs) error {
	raw, err := json.Marshal(specs)
	if err != nil {
		return err
	}
	n, err := s.mergeGroupSpecs(ctx, mergeGroupSpecsParams{Added: raw, ID: id})
	if err == nil && n == 0 {
		return groupTypeGone(id)
	}
	return err
}

// RemoveGroupSpec drops one key; NotFound when it is not there.
func (s *Store) RemoveGroupSpec(ctx context.Context, id, key string) error {
	n, err := s.removeGroupSpec(ctx, removeGroupSpecParams{Key: key, ID: id})
	if err == nil && n == 0 {
		return Errorf(NotFound, "Group Type %s has no specs with key %s.", id, key)
	}
	return err
}

func groupTypeGone(ref string) error {
	return Errorf(NotFound, "Group type %s could not be found.", ref)
}

func groupTypeTaken(err error, name string) error {
	if uniqueViolation(err, "group_types_name_key") {
		return Errorf(Conflict, "Group Type %s already exists.", name)
	}
	return err
}
