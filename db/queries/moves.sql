-- beginRetype: every condition of Cinder's retype in one statement. A change of
-- multiattach, or of QoS that the front end sees to, is for volumes that nobody
-- has attached.
-- name: beginRetype :one
UPDATE volumes v SET status = @to_status, previous_status = v.status, updated_at = now()
WHERE v.id = @id AND v.status = ANY (@accepts::text[])
  AND (v.migration_status IS NULL OR v.migration_status IN ('deleting', 'error', 'success'))
  AND v.group_id IS NULL AND v.consistencygroup_id IS NULL
  AND v.volume_type_id <> @volume_type_id
  AND (v.status = 'available' OR v.multiattach = @multiattach)
  AND (v.status = 'available'
       OR (SELECT qos_specs_id FROM volume_types WHERE id = v.volume_type_id) = (SELECT qos_specs_id FROM volume_types WHERE id = @volume_type_id)
       OR NOT EXISTS (SELECT 1 FROM volume_types t JOIN qos_specs q ON q.id = t.qos_specs_id
                      WHERE t.id IN (v.volume_type_id, @volume_type_id) AND q.consumer <> 'back-end'))
RETURNING *;

-- beginMigrate: every condition of Cinder's migration in one statement; with
-- lock_volume an available volume is closed to everybody while it moves.
-- name: beginMigrate :one
UPDATE volumes v SET migration_status = 'starting', previous_status = v.status, updated_at = now(),
       status = CASE WHEN @lock_volume::boolean AND v.status = 'available' THEN @locked_status ELSE v.status END
WHERE v.id = @id AND v.status = ANY (@accepts::text[])
  AND (v.migration_status IS NULL OR v.migration_status IN ('deleting', 'error', 'success'))
  AND (v.replication_status IS NULL OR v.replication_status IN ('disabled', 'not-capable'))
  AND v.group_id IS NULL AND v.consistencygroup_id IS NULL
  AND v.host <> @host::text
  AND NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.volume_id = v.id)
RETURNING *;

-- markMigrating: no row means that an administrator has called the move off by
-- resetting the states.
-- name: markMigrating :execrows
UPDATE volumes SET migration_status = 'migrating', updated_at = now()
WHERE id = @id AND (migration_status IN ('starting', 'migrating') OR status = 'retyping');

-- moveVolumeTo points the volume at its copy.
-- name: moveVolumeTo :execrows
UPDATE volumes SET host = @host, name_id = @name_id, service_uuid = @service_uuid, availability_zone = @availability_zone, provider_id = NULL,
       migration_status = 'success', updated_at = now(),
       status = CASE WHEN status = ANY (@running::text[]) THEN coalesce(previous_status, 'available') ELSE status END
WHERE id = @id AND migration_status = 'migrating';

-- name: setVolumeType :exec
UPDATE volumes SET volume_type_id = @volume_type_id, multiattach = @multiattach, updated_at = now() WHERE id = @id;

-- name: finishRetype :execrows
UPDATE volumes SET status = coalesce(previous_status, 'available'), updated_at = now()
WHERE id = @id AND status = ANY (@running::text[]);

-- name: setSnapshotTypes :exec
UPDATE snapshots SET volume_type_id = @volume_type_id, updated_at = now() WHERE volume_id = @volume_id;

-- name: failMove :exec
UPDATE volumes SET updated_at = now(),
       migration_status = CASE WHEN migration_status IN ('starting', 'migrating') THEN 'error' ELSE migration_status END,
       status = CASE WHEN status = ANY (@running::text[]) THEN coalesce(previous_status, 'available') ELSE status END
WHERE id = @id;

-- endMove ends a move that Nova has given up.
-- name: endMove :exec
UPDATE volumes SET migration_status = 'error', status = coalesce(previous_status, status), updated_at = now() WHERE id = @id;

-- followVolume sends the jobs that wait for a volume to the worker that has it now.
-- name: followVolume :exec
UPDATE jobs SET queue = @to_queue WHERE volume_id = @volume_id AND state = 'queued' AND queue = @from_queue;

-- name: lockVolume :one
SELECT * FROM volumes WHERE id = @id FOR UPDATE;

-- lockQuota locks the usage that a settlement will change, and what the job
-- holds, in the order that everybody takes; rows that are missing are made.
-- name: lockQuota :exec
INSERT INTO quota_usages AS u (project_id, resource)
SELECT w.project_id, w.resource FROM (
    SELECT unnest(@projects::text[]) AS project_id, unnest(@resources::text[]) AS resource
    UNION SELECT r.project_id, r.resource FROM reservations r WHERE r.job_id = @job_id) w
ORDER BY w.project_id, w.resource
ON CONFLICT (project_id, resource) DO UPDATE SET in_use = u.in_use;

-- shiftQuota changes usage without asking the limits.
-- name: shiftQuota :exec
UPDATE quota_usages u SET in_use = u.in_use + w.delta
FROM (SELECT p.project_id, p.resource, sum(p.delta)::bigint AS delta
      FROM (SELECT unnest(@projects::text[]) AS project_id, unnest(@resources::text[]) AS resource, unnest(@deltas::bigint[]) AS delta) p
      GROUP BY p.project_id, p.resource) w
WHERE u.project_id = w.project_id AND u.resource = w.resource;

-- takeExtendMarks takes what a driver that waits for Nova left on the volume.
-- name: takeExtendMarks :exec
UPDATE volumes SET admin_metadata = admin_metadata - 'extend_new_size' - 'extend_reservations', updated_at = now() WHERE id = @id;

-- swapVolumes gives a volume the place and the encryption key of the copy that Nova
-- filled, and the copy's row the old ones, to be deleted with it. The keys are
-- two only when the types encrypt otherwise.
-- name: swapVolumes :exec
UPDATE volumes v SET host = o.host, name_id = coalesce(o.name_id, o.id), service_uuid = o.service_uuid, availability_zone = o.availability_zone,
       provider_id = o.provider_id, encryption_key_id = o.encryption_key_id, updated_at = now(),
       migration_status = CASE WHEN v.id = @volume_id::uuid THEN 'success' ELSE 'deleting' END,
       status = CASE WHEN v.id = @volume_id::uuid THEN coalesce(v.previous_status, 'available') ELSE @deleting END
FROM volumes o
WHERE v.id IN (@volume_id::uuid, @copy_id::uuid) AND o.id IN (@volume_id::uuid, @copy_id::uuid) AND o.id <> v.id;

-- name: moveAttachments :exec
UPDATE attachments SET volume_id = @to_volume, updated_at = now() WHERE volume_id = @from_volume;

-- name: abandonCopy :exec
UPDATE volumes SET status = @to_status, previous_status = status, migration_status = 'deleting', updated_at = now() WHERE id = @id;

-- takeOverAttachments makes complete attachments of the new volume as the old one has them.
-- name: takeOverAttachments :exec
INSERT INTO attachments (id, volume_id, project_id, attach_status, attach_mode, attach_time, instance_uuid, attached_host, mountpoint)
SELECT gen_random_uuid(), n.id, n.project_id, 'attached', 'rw', now(), a.instance_uuid, a.attached_host, a.mountpoint
FROM attachments a, volumes n WHERE a.volume_id = @old_volume AND n.id = @new_volume
  AND NOT EXISTS (SELECT 1 FROM attachments b WHERE b.volume_id = n.id AND b.instance_uuid IS NOT DISTINCT FROM a.instance_uuid);
