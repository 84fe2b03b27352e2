-- +goose Up

-- A cluster is the volume services of several nodes under one name, name@backend
-- as Cinder writes it; its row stays when its services are gone.
CREATE TABLE clusters (
    id                 bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name               text NOT NULL,
    "binary"           text NOT NULL,
    disabled           boolean NOT NULL DEFAULT false,
    disabled_reason    text,
    frozen             boolean NOT NULL DEFAULT false,
    replication_status text NOT NULL DEFAULT 'disabled',
    active_backend_id  text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz,
    UNIQUE (name, "binary")
);

-- log_levels is what a process says its loggers are at, log_wanted what it shall
-- set them to, both {"logger": "LEVEL"}.
ALTER TABLE services ADD COLUMN cluster_name text;
ALTER TABLE services ADD COLUMN replication_status text NOT NULL DEFAULT 'disabled';
ALTER TABLE services ADD COLUMN active_backend_id text;
ALTER TABLE services ADD COLUMN log_levels jsonb NOT NULL DEFAULT '{}';
ALTER TABLE services ADD COLUMN log_wanted jsonb NOT NULL DEFAULT '{}';
CREATE INDEX services_cluster ON services (cluster_name) WHERE cluster_name IS NOT NULL;

-- A volume is in the cluster of the service that it is placed on, whichever way it came there.
-- +goose StatementBegin
CREATE FUNCTION volume_cluster() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.cluster_name := (SELECT s.cluster_name || coalesce(substring(NEW.host FROM '#.*$'), '') FROM services s
                         WHERE s.host = split_part(NEW.host, '#', 1) AND s."binary" = 'cinder-volume');
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER volumes_cluster BEFORE INSERT OR UPDATE OF host ON volumes
    FOR EACH ROW WHEN (NEW.host IS NOT NULL) EXECUTE FUNCTION volume_cluster();
