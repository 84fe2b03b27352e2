-- +goose Up

-- What os-initialize_connection exports: to one initiator, with no attachment
-- of its own. connection_info is flat as that of an attachment, its CHAP secret
-- included: never logged.
CREATE TABLE volume_connections (
    id              uuid PRIMARY KEY,
    volume_id       uuid NOT NULL REFERENCES volumes ON DELETE CASCADE,
    initiator       text NOT NULL,
    connector       jsonb NOT NULL,
    connection_info jsonb NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (volume_id, initiator)
);
