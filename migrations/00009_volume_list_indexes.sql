-- +goose NO TRANSACTION
-- +goose Up

-- One index for each order that clients ask for, so that a page costs the same
-- at a million volumes; a value that is absent sorts first (db/list.go).
-- CONCURRENTLY: the previous release goes on writing meanwhile.
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_name ON volumes (coalesce(name, ''), created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_status ON volumes (status, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_size ON volumes (size, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_bootable ON volumes (bootable, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_zone ON volumes (availability_zone, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_updated ON volumes (coalesce(updated_at, '-infinity'), created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_type_created ON volumes (volume_type_id, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_host_created ON volumes (coalesce(host, ''), created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_snapshot ON volumes (snapshot_id) WHERE snapshot_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_source ON volumes (source_volid) WHERE source_volid IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_group ON volumes (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_migration ON volumes (migration_status) WHERE migration_status IS NOT NULL;

-- These order by project and by name serve what the new ones do not leave them.
DROP INDEX CONCURRENTLY IF EXISTS volumes_project_name;
DROP INDEX CONCURRENTLY IF EXISTS volumes_type;
