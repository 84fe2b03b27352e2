-- +goose Up

-- member_volume_ids: further volumes that a job works on at once, as that of a
-- group does; jobs that share a volume run one after the other.
-- result: what the API process that waits for a job answers with.
ALTER TABLE jobs ADD COLUMN member_volume_ids uuid[] NOT NULL DEFAULT '{}';
ALTER TABLE jobs ADD COLUMN result jsonb;
CREATE INDEX jobs_members ON jobs USING gin (member_volume_ids)
    WHERE state IN ('queued', 'running') AND member_volume_ids <> '{}';
