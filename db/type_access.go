package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// TypeProjects lists the projects that may use a private type.
func (s *Store) TypeProjects(ctx context.Context, id string) ([]string, error) {
	return s.typeProjects(ctx, id)
}

// AddTypeProject lets a project use a private type; Conflict when it may already.
func (s *Store) AddTypeProject(ctx context.Context, id, project string) error {
	return s.once(ctx, func(t *txn) error {
		n, err := t.addTypeProject(ctx, addTypeProjectParams{ID: id, ProjectID: project})
		t.noteAccess(ctx, "add", id, project)
		switch {
		case foreignKeyViolation(err):
			return typeGone(id)
		case err == nil && n == 0:
			return Errorf(Conflict, "Volume type access for %s / %s combination already exists.", id, project)
		}
		return err
	})
}

// RemoveTypeProject takes a private type from a project; NotFound when it did
// not have it.
func (s *Store) RemoveTypeProject(ctx context.Context, id, project string) error {
	return s.once(ctx, func(t *txn) error {
		n, err := t.removeTypeProject(ctx, removeTypeProjectParams{ID: id, ProjectID: project})
		t.noteAccess(ctx, "remove", id, project)
		if err == nil && n == 0 {
			return Errorf(NotFound, "Volume type access not found for %s / %s combination.", id, project)
		}
		return err
	})
}

// DefaultTypes lists the projects that have a default type of their own.
func (s *Store) DefaultTypes(ctx context.Context) ([]DefaultVolumeType, error) {
	return s.defaultTypes(ctx)
}

// DefaultTypeOf is a project's own default; NotFound when it has none.
func (s *Store) DefaultTypeOf(ctx context.Context, project string) (DefaultVolumeType, error) {
	id, err := s.defaultTypeOf(ctx, project)
	if none(err) {
		return DefaultVolumeType{}, Errorf(NotFound, "Default type for project %s not found.", project)
	}
	return DefaultVolumeType{ProjectID: project, VolumeTypeID: id}, err
}

// SetDefaultType makes a type a project's default.
func (s *Store) SetDefaultType(ctx context.Context, project, id string) error {
	err := s.setDefaultType(ctx, setDefaultTypeParams{ProjectID: project, ID: id})
	if foreignKeyViolation(err) {
		return typeGone(id)
	}
	if err != nil {
		return fmt.Errorf("default type of %s: %w", project, err)
	}
	return nil
}

// UnsetDefaultType returns a project to the configured default. It is no error
// when it had none of its own.
func (s *Store) UnsetDefaultType(ctx context.Context, project string) error {
	return s.unsetDefaultType(ctx, project)
}

// foreignKeyViolation reports whether err is a reference to a row that is gone,
// or from one that is still there.
func foreignKeyViolation(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503"
}
