-- name: insertVolume :one
INSERT INTO volumes (id, project_id, user_id, size, status, name, description, bootable, multiattach, availability_zone,
                     volume_type_id, snapshot_id, source_volid, metadata, admin_metadata, image_metadata,
                     host, group_id, consistencygroup_id, encryption_key_id)
VALUES (@id, @project_id, @user_id, @size, @status, @name, @description, @bootable, @multiattach, @availability_zone,
        @volume_type_id, @snapshot_id, @source_volid, @metadata, @admin_metadata, @image_metadata,
        @host, @group_id, @consistencygroup_id, @encryption_key_id)
RETURNING *;

-- name: GetVolume :one
SELECT * FROM volumes WHERE id = @id;

-- name: GetProjectVolume :one
SELECT * FROM volumes WHERE id = @id AND (project_id = @project_id OR @any_project::boolean);

-- shareVolume holds a volume against a change of its state until the transaction ends.
-- name: shareVolume :one
SELECT * FROM volumes WHERE id = @id AND status = ANY (@accepts::text[]) FOR SHARE;

-- name: moveVolume :one
UPDATE volumes SET status = @to_status, previous_status = status, updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[])
RETURNING *;

-- beginDeleteVolume: every condition of Cinder's delete in one statement.
-- name: beginDeleteVolume :one
UPDATE volumes v SET status = @to_status, previous_status = v.status, updated_at = now()
WHERE v.id = @id AND v.status = ANY (@accepts::text[])
  AND (v.migration_status IS NULL OR v.migration_status IN ('deleting', 'error', 'success'))
  AND v.group_id IS NULL AND v.consistencygroup_id IS NULL
  AND v.attach_status <> 'attached'
  AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id AND a.attach_status <> 'reserved')
  AND (@cascade::boolean OR NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.volume_id = v.id))
  AND (NOT @cascade::boolean OR NOT EXISTS (
        SELECT 1 FROM snapshots s WHERE s.volume_id = v.id
        AND (s.group_snapshot_id IS NOT NULL OR (@own_snapshots::boolean AND s.project_id <> v.project_id) OR (NOT @any_snapshot::boolean AND s.status <> ALL (@snapshot_accepts::text[])))))
RETURNING *;

-- name: beginDeleteSnapshotsOf :exec
UPDATE snapshots SET status = @to_status, updated_at = now() WHERE volume_id = @volume_id;

-- name: placeVolume :execrows
UPDATE volumes SET host = @host, availability_zone = @availability_zone, updated_at = now()
WHERE id = @id AND status = ANY (@running::text[]);

-- name: finishVolumeCreate :execrows
UPDATE volumes SET status = @to_status, launched_at = now(), updated_at = now(), service_uuid = @service_uuid,
       bootable = bootable OR @bootable::boolean
WHERE id = @id AND status = ANY (@running::text[]);

-- name: failVolume :execrows
UPDATE volumes SET status = @to_status, updated_at = now() WHERE id = @id AND status = ANY (@running::text[]);

-- name: finishVolumeExtend :execrows
UPDATE volumes v SET size = @size, updated_at = now(),
       status = CASE WHEN EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id AND a.attach_status = 'attached')
                     THEN 'in-use' ELSE 'available' END
WHERE v.id = @id AND v.status = ANY (@running::text[]);

-- name: restoreVolumeStatus :execrows
UPDATE volumes SET status = coalesce(previous_status, 'available'), updated_at = now()
WHERE id = @id AND status = ANY (@running::text[]);

-- name: deleteVolume :one
DELETE FROM volumes WHERE id = @id RETURNING *;

-- name: deleteSnapshotsOf :many
DELETE FROM snapshots WHERE volume_id = @volume_id RETURNING *;

-- name: updateVolumeText :one
UPDATE volumes SET
    name = CASE WHEN @set_name::boolean THEN sqlc.narg('name') ELSE name END,
    description = CASE WHEN @set_description::boolean THEN sqlc.narg('description') ELSE description END,
    metadata = coalesce(sqlc.narg('new_metadata')::jsonb, metadata),
    updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[])
RETURNING id;

-- name: mergeVolumeMetadata :one
UPDATE volumes SET metadata = metadata || @added::jsonb, updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[]) RETURNING metadata;

-- name: replaceVolumeMetadata :one
UPDATE volumes SET metadata = @metadata, updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[]) RETURNING metadata;

-- name: removeVolumeMetadata :one
UPDATE volumes SET metadata = metadata - @key::text, updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[]) RETURNING metadata;

-- name: setVolumeBootable :execrows
UPDATE volumes SET bootable = @bootable, updated_at = now() WHERE id = @id AND status = ANY (@accepts::text[]);

-- name: setVolumeReadonly :execrows
UPDATE volumes SET admin_metadata = admin_metadata || jsonb_build_object('readonly', @readonly::text), updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[]);

-- name: resetVolume :one
UPDATE volumes v SET
    status = coalesce(sqlc.narg('status'), v.status),
    attach_status = coalesce(sqlc.narg('attach_status'), v.attach_status),
    migration_status = CASE WHEN @set_migration::boolean THEN sqlc.narg('migration_status') ELSE v.migration_status END,
    admin_metadata = CASE WHEN @detach::boolean THEN v.admin_metadata - 'attached_mode' ELSE v.admin_metadata END,
    updated_at = now()
WHERE v.id = @id
  AND (sqlc.narg('status')::text IS DISTINCT FROM 'in-use' OR EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id))
RETURNING *;

-- recomputeVolume sets status and attach_status to what the attachments make them:
-- rows in an error are ignored, the alphabetically first decides.
-- name: recomputeVolume :exec
UPDATE volumes v SET
    attach_status = coalesce(w.first, 'detached'),
    status = CASE WHEN v.status IN ('uploading', 'extending', 'deleting', 'maintenance', 'error', 'error_extending', 'error_deleting',
                                    'managing', 'unmanaging', 'reverting') THEN v.status
                  WHEN w.first IS NULL THEN 'available'
                  WHEN w.first = 'attached' THEN 'in-use'
                  ELSE w.first END,
    admin_metadata = CASE WHEN w.first IS NULL THEN v.admin_metadata - 'attached_mode' ELSE v.admin_metadata END,
    updated_at = now()
FROM (SELECT min(a.attach_status) AS first FROM attachments a
      WHERE a.volume_id = @id AND a.attach_status IN ('attached', 'attaching', 'detaching', 'reserved')) w
WHERE v.id = @id;

-- name: VolumesOn :many
SELECT * FROM volumes WHERE host = sqlc.arg('backend')::text OR host LIKE sqlc.arg('backend')::text || '#%' ORDER BY id;

-- name: SnapshotsOn :many
SELECT s.* FROM snapshots s JOIN volumes v ON v.id = s.volume_id
WHERE v.host = sqlc.arg('backend')::text OR v.host LIKE sqlc.arg('backend')::text || '#%' ORDER BY s.id;

-- name: volumeHosts :many
SELECT id, host FROM volumes WHERE id = ANY (@ids::uuid[]) AND host IS NOT NULL;

-- name: volumeHasJobs :one
SELECT EXISTS (SELECT 1 FROM jobs WHERE volume_id = @volume_id AND state IN ('queued', 'running'));

-- name: shareVolumeOf :one
SELECT * FROM volumes v WHERE v.id = @id AND v.status = ANY (@accepts::text[])
  AND EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id AND a.instance_uuid = @instance_uuid)
FOR SHARE OF v;

-- name: SnapshotsOf :many
SELECT * FROM snapshots WHERE volume_id = @volume_id ORDER BY created_at, id;

-- name: holdHost :one
SELECT pg_try_advisory_lock(hashtextextended(@host::text, 0))::boolean;

-- name: unholdHost :exec
SELECT pg_advisory_unlock(hashtextextended(@host::text, 0));

-- name: unholdVolume :exec
UPDATE volumes v SET updated_at = now(),
       status = CASE WHEN EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id AND a.attach_status = 'attached') THEN 'in-use' ELSE 'available' END
WHERE v.id = @id AND v.status = ANY (@accepts::text[]);

-- beginDetachVolume succeeds without a change while the volume migrates, so that nobody sees it detaching.
-- name: beginDetachVolume :execrows
UPDATE volumes v SET updated_at = now(),
       status = CASE WHEN v.migration_status IS NULL OR v.migration_status IN ('deleting', 'error', 'success') THEN @to_status ELSE v.status END
WHERE v.id = @id
  AND (v.status = ANY (@accepts::text[]) AND v.attach_status = 'attached'
       OR NOT (v.migration_status IS NULL OR v.migration_status IN ('deleting', 'error', 'success')));

-- name: mergeImageMetadata :one
UPDATE volumes SET image_metadata = coalesce(image_metadata, '{}') || @added::jsonb, updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[]) RETURNING image_metadata;

-- removeImageMetadata leaves null when the last key is gone.
-- name: removeImageMetadata :execrows
UPDATE volumes SET image_metadata = nullif(image_metadata - @key::text, '{}'), updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[]);
