-- +goose Up

-- name_id: the id that the volume bears in its backend when that is not its own:
-- a move makes the copy under a name of its own, so that source and destination
-- can never be taken for each other, even where two backends share a pool.
ALTER TABLE volumes ADD COLUMN name_id uuid;
