-- +goose Up

-- Keys at the key manager that no volume uses, yet or any more. A key is here from
-- when it is made until the row of its volume is written, and from when that row
-- is gone until the key is deleted: whatever stops in between, it is not forgotten.
CREATE TABLE loose_keys (
    key_id     uuid PRIMARY KEY,
    project_id text NOT NULL, -- whose users may delete it; '' is the service's own
    due        timestamptz NOT NULL DEFAULT now() -- before, somebody may be about to use it
);
CREATE INDEX loose_keys_project ON loose_keys (project_id, due);
