package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// FindVolumeType finds a type by id or name among those that the project may
// use; anyProject sees all.
func (s *Store) FindVolumeType(ctx context.Context, ref, project string, anyProject bool) (VolumeType, error) {
	t, err := s.volumeTypeFor(ctx, volumeTypeForParams{Ref: ref, AnyProject: anyProject, ProjectID: project})
	if none(err) {
		return t, Errorf(NotFound, "Volume type %s could not be found.", ref)
	}
	return t, err
}

// DefaultVolumeType is the project's own default, else the configured one.
func (s *Store) DefaultVolumeType(ctx context.Context, project, configured string) (VolumeType, error) {
	t, err := s.typeByDefault(ctx, typeByDefaultParams{ProjectID: project, Configured: configured})
	if none(err) {
		return t, Errorf(NotFound, "Volume type %s could not be found.", configured)
	}
	return t, err
}

// VolumeTypes lists the types that the project may use, newest first.
func (s *Store) VolumeTypes(ctx context.Context, project string, anyProject bool) ([]VolumeType, error) {
	return s.volumeTypesFor(ctx, volumeTypesForParams{AnyProject: anyProject, ProjectID: project})
}

// CreateVolumeType makes a type; Conflict when the name is taken.
func (s *Store) CreateVolumeType(ctx context.Context, name string, description *string, public bool, specs ExtraSpecs) (VolumeType, error) {
	if specs == nil {
		specs = ExtraSpecs{}
	}
	var out VolumeType
	err := s.once(ctx, func(t *txn) (err error) {
		out, err = t.insertVolumeType(ctx, insertVolumeTypeParams{Name: name, Description: description, IsPublic: public, ExtraSpecs: specs})
		t.note(ctx, typeEvent("create", out))
		return nameTaken(err, name)
	})
	return out, s.told(ctx, volumeTypeRefused("create", nil, &name), err)
}

// TypeText is a change of a type; nil fields stay.
type TypeText struct {
	Name        *string
	Description **string
	Public      *bool
}

// UpdateVolumeType changes a type; its quota resources follow its name.
func (s *Store) UpdateVolumeType(ctx context.Context, id string, u TypeText) (VolumeType, error) {
	var out VolumeType
	err := s.tx(ctx, func(t *txn) error {
		old, err := t.GetVolumeType(ctx, id)
		if none(err) {
			return typeGone(id)
		}
		if err != nil {
			return fmt.Errorf("read type: %w", err)
		}
		p := updateVolumeTypeParams{Name: u.Name, IsPublic: u.Public, ID: id}
		if u.Description != nil {
			p.SetDescription, p.Description = true, *u.Description
		}
		if out, err = t.updateVolumeType(ctx, p); err != nil {
			if u.Name != nil {
				err = nameTaken(err, *u.Name)
			}
			return fmt.Errorf("update type: %w", err)
		}
		t.note(ctx, typeEvent("update", out))
		if out.Name == old.Name {
			return nil
		}
		return t.renameQuotas(ctx, old.Name, out.Name)
	})
	return out, s.told(ctx, volumeTypeRefused("update", &id, u.Name), err)
}

// renameQuotas lets limits and usage follow a type's name.
func (t *txn) renameQuotas(ctx context.Context, oldName, newName string) error {
	fixed := len(QuotaResources(nil))
	was, is := QuotaResources([]string{oldName})[fixed:], QuotaResources([]string{newName})[fixed:]
	if err := t.dropQuotaResources(ctx, is); err != nil {
		return fmt.Errorf("quota resources of %s: %w", newName, err)
	}
	if err := t.renameQuotaResources(ctx, renameQuotaResourcesParams{OldNames: was, NewNames: is}); err != nil {
		return fmt.Errorf("quota resources of %s: %w", oldName, err)
	}
	return nil
}

// DeleteVolumeType removes a type that nothing has, that is no project's
// default and not the last one.
func (s *Store) DeleteVolumeType(ctx context.Context, id string) error {
	err := s.once(ctx, func(t *txn) error { return t.removeVolumeType(ctx, id) })
	return s.told(ctx, volumeTypeRefused("delete", &id, nil), err)
}

func (t *txn) removeVolumeType(ctx context.Context, id string) error {
	isDefault, err := t.isProjectDefault(ctx, id)
	if err != nil {
		return fmt.Errorf("defaults of projects: %w", err)
	}
	if isDefault {
		return typeIsDefault(id)
	}
	last, err := t.onlyVolumeType(ctx)
	if err != nil {
		return fmt.Errorf("count types: %w", err)
	}
	if last {
		return Errorf(Invalid, "The volume type %s is the only currently defined volume type and cannot be deleted.", id)
	}
	used, err := t.volumeTypeInUse(ctx, id)
	if err != nil {
		return fmt.Errorf("type in use: %w", err)
	}
	if used {
		return typeInUse()
	}
	if t.store.opts.Notify {
		ty, err := t.GetVolumeType(ctx, id)
		if err != nil && !none(err) {
			return fmt.Errorf("read type: %w", err)
		}
		t.note(ctx, typeEvent("delete", ty))
	}
	n, err := t.deleteVolumeType(ctx, id)
	switch {
	case foreignKeyViolation(err): // somebody took it meanwhile
		return typeInUse()
	case err == nil && n == 0:
		return typeGone(id)
	}
	return err
}

func typeInUse() error { return Errorf(Invalid, "Target volume type is still in use.") }

func typeIsDefault(id string) error {
	return Errorf(Invalid, "The volume type %s is a default volume type and cannot be deleted.", id)
}

// TypeHasVolumes reports whether a volume has the type: its specs stay then.
func (s *Store) TypeHasVolumes(ctx context.Context, id string) (bool, error) {
	return s.volumeTypeOfVolumes(ctx, id)
}

// MergeExtraSpecs adds specs and returns what is there afterwards; key is the
// one that is changed by its name, if any.
func (s *Store) MergeExtraSpecs(ctx context.Context, id string, specs ExtraSpecs, key string) (ExtraSpecs, error) {
	raw, err := json.Marshal(specs)
	if err != nil {
		return nil, fmt.Errorf("extra specs: %w", err)
	}
	var out ExtraSpecs
	err = s.once(ctx, func(t *txn) error {
		if out, err = t.mergeExtraSpecs(ctx, mergeExtraSpecsParams{Added: raw, ID: id}); err != nil {
			return err
		}
		if key != "" {
			return t.noteSpecs(ctx, "update", id, map[string]any{"id": key})
		}
		return t.noteSpecs(ctx, "create", id, map[string]any{"specs": specs})
	})
	if none(err) {
		return nil, typeGone(id)
	}
	return out, err
}

// RemoveExtraSpec drops one key.
func (s *Store) RemoveExtraSpec(ctx context.Context, id, key string) error {
	err := s.once(ctx, func(t *txn) error {
		if _, err := t.removeExtraSpec(ctx, removeExtraSpecParams{Key: key, ID: id}); err != nil {
			return err
		}
		return t.noteSpecs(ctx, "delete", id, map[string]any{"id": key, "deleted_at": nil})
	})
	if none(err) {
		return typeGone(id)
	}
	return err
}

func typeGone(id string) error { return Errorf(NotFound, "Volume type %s could not be found.", id) }

func nameTaken(err error, name string) error {
	if uniqueViolation(err, "volume_types_name_key") {
		return Errorf(Conflict, "Volume Type %s already exists.", name)
	}
	return err
}
