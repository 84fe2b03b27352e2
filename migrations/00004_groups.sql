-- +goose Up

-- group_specs is a flat object of text to text (or null), as extra_specs of volume types.
CREATE TABLE group_types (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name        text NOT NULL UNIQUE,
    description text,
    is_public   boolean NOT NULL DEFAULT true,
    group_specs jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz
);
-- The type of the groups that the older consistency group calls make.
INSERT INTO group_types (name, description, group_specs) VALUES
    ('default_cgsnapshot_type', 'Default group type for migrating cgsnapshot', '{"consistent_group_snapshot_enabled": "<is> True"}');

CREATE TABLE groups (
    id                 uuid PRIMARY KEY,
    project_id         text NOT NULL,
    user_id            text NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at         timestamptz,
    status             text NOT NULL,
    name               text,
    description        text,
    availability_zone  text NOT NULL,
    host               text, -- host@backend#pool, null until scheduled
    group_type_id      uuid NOT NULL REFERENCES group_types,
    group_snapshot_id  uuid, -- made from; that row may be gone
    source_group_id    uuid, -- made from; that row may be gone
    replication_status text NOT NULL DEFAULT 'disabled'
);
CREATE INDEX groups_project ON groups (project_id, created_at DESC, id DESC);
CREATE INDEX groups_created ON groups (created_at DESC, id DESC);
CREATE INDEX groups_type ON groups (group_type_id);
CREATE INDEX groups_source ON groups (source_group_id) WHERE source_group_id IS NOT NULL;
CREATE INDEX groups_snapshot ON groups (group_snapshot_id) WHERE group_snapshot_id IS NOT NULL;

CREATE TABLE group_volume_types (
    group_id       uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    volume_type_id uuid NOT NULL REFERENCES volume_types,
    PRIMARY KEY (group_id, volume_type_id)
);
CREATE INDEX group_volume_types_type ON group_volume_types (volume_type_id);

CREATE TABLE group_snapshots (
    id            uuid PRIMARY KEY,
    group_id      uuid NOT NULL REFERENCES groups,
    group_type_id uuid NOT NULL REFERENCES group_types,
    project_id    text NOT NULL,
    user_id       text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz,
    status        text NOT NULL,
    name          text,
    description   text
);
CREATE INDEX group_snapshots_project ON group_snapshots (project_id, created_at DESC, id DESC);
CREATE INDEX group_snapshots_created ON group_snapshots (created_at DESC, id DESC);
CREATE INDEX group_snapshots_group ON group_snapshots (group_id);

CREATE INDEX volumes_group ON volumes (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX snapshots_group_snapshot ON snapshots (group_snapshot_id) WHERE group_snapshot_id IS NOT NULL;
