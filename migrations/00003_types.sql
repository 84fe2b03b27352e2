-- +goose Up

-- QoS specs of volume types; specs is a flat object of text to text (or null).
CREATE TABLE qos_specs (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text NOT NULL UNIQUE,
    consumer   text NOT NULL CHECK (consumer IN ('front-end', 'back-end', 'both')),
    specs      jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz
);
ALTER TABLE volume_types ADD COLUMN qos_specs_id uuid REFERENCES qos_specs;
CREATE INDEX volume_types_qos ON volume_types (qos_specs_id) WHERE qos_specs_id IS NOT NULL;

-- How volumes of a type are encrypted; a type without a row is not encrypted.
CREATE TABLE volume_type_encryption (
    volume_type_id   uuid PRIMARY KEY REFERENCES volume_types ON DELETE CASCADE,
    encryption_id    uuid NOT NULL DEFAULT gen_random_uuid(),
    provider         text NOT NULL,
    control_location text NOT NULL,
    cipher           text,
    key_size         integer,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz
);

-- Offers of volumes to whoever has the key, of which only a salted hash is kept.
-- An accepted one stays as history until its volume is gone.
CREATE TABLE transfers (
    id                     uuid PRIMARY KEY,
    volume_id              uuid NOT NULL REFERENCES volumes ON DELETE CASCADE,
    name                   text,
    salt                   bytea NOT NULL,
    key_hash               bytea NOT NULL,
    no_snapshots           boolean NOT NULL DEFAULT false,
    source_project_id      text NOT NULL,
    destination_project_id text,
    accepted               boolean NOT NULL DEFAULT false,
    created_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at             timestamptz
);
CREATE INDEX transfers_volume ON transfers (volume_id);
CREATE INDEX transfers_created ON transfers (created_at, id) WHERE NOT accepted;
