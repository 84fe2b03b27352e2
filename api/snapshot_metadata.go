package api

import (
	"context"

	"github.com/clinker-io/clinker/db"
)

func (a *API) listSnapshotMetadata(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume:get_snapshot_metadata")
	return JSON(func(b []byte) []byte { return metadataJSON(b, s.Metadata) }), err
}

func (a *API) showSnapshotMetadata(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume:get_snapshot_metadata")
	if err != nil {
		return Response{}, err
	}
	value, ok := s.Metadata[r.Param("key")]
	if !ok {
		return Response{}, noSnapshotMetadata(s.ID, r.Param("key"))
	}
	return metaJSON(r.Param("key"), value), nil
}

func noSnapshotMetadata(id, key string) error {
	return db.Errorf(db.NotFound, "Snapshot %s has no metadata with key %s.", id, key)
}

func (a *API) mergeSnapshotMetadata(r *Request) (Response, error) {
	return a.writeSnapshotMetadata(r, a.Store.MergeSnapshotMetadata)
}

func (a *API) replaceSnapshotMetadata(r *Request) (Response, error) {
	return a.writeSnapshotMetadata(r, a.Store.ReplaceSnapshotMetadata)
}

func (a *API) setSnapshotMetadata(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume:update_snapshot_metadata")
	if err != nil {
		return Response{}, err
	}
	item, err := oneItem(r, r.Param("key"))
	if err != nil {
		return Response{}, err
	}
	_, err = a.Store.MergeSnapshotMetadata(r.Context(), s.ID, item)
	return metaJSON(r.Param("key"), item[r.Param("key")]), err
}

func (a *API) removeSnapshotMetadata(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume:get_snapshot_metadata", "volume:delete_snapshot_metadata")
	if err != nil {
		return Response{}, err
	}
	if _, ok := s.Metadata[r.Param("key")]; !ok {
		return Response{}, noSnapshotMetadata(s.ID, r.Param("key"))
	}
	_, err = a.Store.RemoveSnapshotMetadata(r.Context(), s.ID, r.Param("key"))
	return Response{}, err
}

type metadataWriter func(ctx context.Context, id string, m db.Metadata) (db.Metadata, error)

func (a *API) writeSnapshotMetadata(r *Request, write metadataWriter) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume:update_snapshot_metadata")
	if err != nil {
		return Response{}, err
	}
	var body struct{ Metadata db.Metadata }
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	m, err := write(r.Context(), s.ID, body.Metadata)
	return JSON(func(b []byte) []byte { return metadataJSON(b, m) }), err
}
