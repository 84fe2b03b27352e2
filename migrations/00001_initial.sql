-- +goose Up

-- Volume types. extra_specs is a flat object of text to text (or null), as Cinder stores it.
CREATE TABLE volume_types (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name        text NOT NULL UNIQUE,
    description text,
    is_public   boolean NOT NULL DEFAULT true,
    extra_specs jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz
);
INSERT INTO volume_types (name, description) VALUES ('__DEFAULT__', 'Default Volume Type');

CREATE TABLE volume_type_projects (
    volume_type_id uuid NOT NULL REFERENCES volume_types ON DELETE CASCADE,
    project_id     text NOT NULL,
    PRIMARY KEY (volume_type_id, project_id)
);

CREATE TABLE default_volume_types (
    project_id     text PRIMARY KEY,
    volume_type_id uuid NOT NULL REFERENCES volume_types
);

-- One row per process role: cinder-scheduler, or cinder-volume with host@backend.
CREATE TABLE services (
    id                bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid              uuid NOT NULL DEFAULT gen_random_uuid(),
    host              text NOT NULL,
    "binary"          text NOT NULL,
    availability_zone text NOT NULL,
    disabled          boolean NOT NULL DEFAULT false,
    disabled_reason   text,
    frozen            boolean NOT NULL DEFAULT false,
    backend_up        boolean NOT NULL DEFAULT true,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz,
    heartbeat_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (host, "binary")
);

-- What a volume worker last reported of a pool; host is host@backend#pool.
CREATE TABLE pools (
    host        text PRIMARY KEY,
    service_id  bigint NOT NULL REFERENCES services ON DELETE CASCADE,
    stats       jsonb NOT NULL,
    reported_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE volumes (
    id                 uuid PRIMARY KEY,
    project_id         text NOT NULL,
    user_id            text NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at         timestamptz,
    launched_at        timestamptz,
    size               integer NOT NULL CHECK (size >= 0), -- GiB
    status             text NOT NULL,
    previous_status    text,
    attach_status      text NOT NULL DEFAULT 'detached',
    migration_status   text,
    replication_status text,
    name               text,
    description        text,
    bootable           boolean NOT NULL DEFAULT false,
    multiattach        boolean NOT NULL DEFAULT false,
    encryption_key_id  uuid,
    availability_zone  text NOT NULL,
    host               text, -- host@backend#pool, null until scheduled
    cluster_name       text,
    volume_type_id     uuid NOT NULL REFERENCES volume_types,
    snapshot_id        uuid, -- made from; that row may be gone
    source_volid       uuid, -- made from; that row may be gone
    metadata           jsonb NOT NULL DEFAULT '{}',
    admin_metadata     jsonb NOT NULL DEFAULT '{}',
    image_metadata     jsonb,
    group_id           uuid,
    consistencygroup_id uuid,
    provider_id        text,
    service_uuid       uuid,
    shared_targets     boolean NOT NULL DEFAULT false,
    consumes_quota     boolean NOT NULL DEFAULT true
);
CREATE INDEX volumes_project ON volumes (project_id, created_at DESC, id DESC);
CREATE INDEX volumes_created ON volumes (created_at DESC, id DESC);
CREATE INDEX volumes_project_name ON volumes (project_id, name);
CREATE INDEX volumes_host ON volumes (host text_pattern_ops);
CREATE INDEX volumes_type ON volumes (volume_type_id);
CREATE INDEX volumes_metadata ON volumes USING gin (metadata jsonb_path_ops);

CREATE TABLE snapshots (
    id                uuid PRIMARY KEY,
    volume_id         uuid NOT NULL REFERENCES volumes,
    project_id        text NOT NULL,
    user_id           text NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at        timestamptz,
    status            text NOT NULL,
    progress          text NOT NULL DEFAULT '0%',
    volume_size       integer NOT NULL, -- GiB
    volume_type_id    uuid NOT NULL REFERENCES volume_types,
    name              text,
    description       text,
    metadata          jsonb NOT NULL DEFAULT '{}',
    group_snapshot_id uuid,
    provider_id       text,
    consumes_quota    boolean NOT NULL DEFAULT true
);
CREATE INDEX snapshots_volume ON snapshots (volume_id);
CREATE INDEX snapshots_project ON snapshots (project_id, created_at DESC, id DESC);
CREATE INDEX snapshots_created ON snapshots (created_at DESC, id DESC);
CREATE INDEX snapshots_metadata ON snapshots USING gin (metadata jsonb_path_ops);

-- connection_info is what the compute host needs, its CHAP secret included: never logged, shown to the owner only.
CREATE TABLE attachments (
    id              uuid PRIMARY KEY,
    volume_id       uuid NOT NULL REFERENCES volumes,
    project_id      text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at      timestamptz,
    attach_status   text NOT NULL,
    attach_mode     text,
    attach_time     timestamptz,
    detach_time     timestamptz,
    instance_uuid   uuid,
    attached_host   text,
    mountpoint      text,
    connector       jsonb,
    connection_info jsonb
);
CREATE INDEX attachments_volume ON attachments (volume_id);
CREATE INDEX attachments_project ON attachments (project_id, created_at DESC, id DESC);

-- Limits: a project's own, else its class's, else the configured default. -1 is no limit.
CREATE TABLE quotas (
    project_id text NOT NULL,
    resource   text NOT NULL,
    hard_limit integer NOT NULL CHECK (hard_limit >= -1),
    PRIMARY KEY (project_id, resource)
);
CREATE TABLE quota_classes (
    class_name text NOT NULL,
    resource   text NOT NULL,
    hard_limit integer NOT NULL CHECK (hard_limit >= -1),
    PRIMARY KEY (class_name, resource)
);
-- in_use changes in the transaction that makes or ends a row; the checks make a leak an error, not a surprise.
CREATE TABLE quota_usages (
    project_id text NOT NULL,
    resource   text NOT NULL,
    in_use     bigint NOT NULL DEFAULT 0 CHECK (in_use >= 0),
    reserved   bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    PRIMARY KEY (project_id, resource)
);

-- An asynchronous operation (architecture: PostgreSQL is the truth, messages only wake somebody).
-- reply_to names the queue of an API process that waits for the end; only then is a finished row kept.
CREATE TABLE jobs (
    id               uuid PRIMARY KEY,
    seq              bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind             text NOT NULL,
    queue            text NOT NULL,
    project_id       text NOT NULL,
    user_id          text NOT NULL,
    request_id       text NOT NULL,
    volume_id        uuid NOT NULL,
    source_volume_id uuid,
    snapshot_id      uuid,
    attachment_id    uuid,
    args             jsonb NOT NULL DEFAULT '{}',
    reply_to         text,
    state            text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts         integer NOT NULL DEFAULT 0,
    owner            text,
    lease_until      timestamptz,
    not_before       timestamptz NOT NULL DEFAULT now(),
    error            text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    finished_at      timestamptz
);
CREATE UNIQUE INDEX jobs_one_running ON jobs (volume_id) WHERE state = 'running';
CREATE INDEX jobs_queue ON jobs (queue, seq) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_volume ON jobs (volume_id, seq) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_source ON jobs (source_volume_id, seq) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- What an unfinished job holds of a quota; returned or spent in the transaction that ends the job.
CREATE TABLE reservations (
    job_id     uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    project_id text NOT NULL,
    resource   text NOT NULL,
    delta      bigint NOT NULL,
    PRIMARY KEY (job_id, resource)
);

-- User messages: why an asynchronous operation failed.
CREATE TABLE messages (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id    text NOT NULL,
    request_id    text,
    resource_type text NOT NULL,
    resource_uuid uuid,
    action_id     text NOT NULL,
    detail_id     text NOT NULL,
    message_level text NOT NULL DEFAULT 'ERROR',
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at    timestamptz NOT NULL
);
CREATE INDEX messages_project ON messages (project_id, created_at DESC, id DESC);
CREATE INDEX messages_expires ON messages (expires_at);
