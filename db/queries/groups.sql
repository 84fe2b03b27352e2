-- name: insertGroup :one
INSERT INTO groups (id, project_id, user_id, status, name, description, availability_zone, host, group_type_id, group_snapshot_id, source_group_id)
VALUES (@id, @project_id, @user_id, @status, @name, @description, @availability_zone, @host, @group_type_id, @group_snapshot_id, @source_group_id)
RETURNING *;

-- name: insertGroupVolumeTypes :exec
INSERT INTO group_volume_types (group_id, volume_type_id)
SELECT DISTINCT @group_id::uuid, unnest(sqlc.arg('types')::text[]::uuid[]);

-- name: GetGroup :one
SELECT * FROM groups WHERE id = @id;

-- shareGroup holds a group against a change of its state until the transaction ends.
-- name: shareGroup :one
SELECT * FROM groups WHERE id = @id AND status = ANY (@accepts::text[]) FOR SHARE;

-- name: lockGroup :one
SELECT * FROM groups WHERE id = @id FOR UPDATE;

-- name: GroupVolumeTypes :many
SELECT t.* FROM volume_types t JOIN group_volume_types g ON g.volume_type_id = t.id WHERE g.group_id = @group_id ORDER BY t.created_at, t.id;

-- name: groupHasType :one
SELECT EXISTS (SELECT 1 FROM group_volume_types WHERE group_id = @group_id AND volume_type_id = @volume_type_id);

-- name: GroupVolumes :many
SELECT * FROM volumes WHERE group_id = @group_id::uuid ORDER BY id;

-- lockGroupVolumes: whoever works on several volumes locks them in the order of their ids.
-- name: lockGroupVolumes :many
SELECT * FROM volumes WHERE group_id = @group_id::uuid ORDER BY id FOR UPDATE;

-- name: lockVolumes :many
SELECT * FROM volumes WHERE id = ANY (sqlc.arg('ids')::text[]::uuid[]) ORDER BY id FOR UPDATE;

-- name: lockGroupVolumesAnd :many
SELECT * FROM volumes WHERE group_id = @group_id::uuid OR id = ANY (sqlc.arg('ids')::text[]::uuid[]) ORDER BY id FOR UPDATE;

-- name: setVolumesGroup :exec
UPDATE volumes SET group_id = @group_id, consistencygroup_id = @consistencygroup_id, updated_at = now()
WHERE id = ANY (sqlc.arg('ids')::text[]::uuid[]);

-- placeGroup writes the host whatever an administrator made of the status meanwhile.
-- name: placeGroup :execrows
UPDATE groups SET host = @host, updated_at = now(),
       status = CASE WHEN status = ANY (@running::text[]) THEN @to_status ELSE status END
WHERE id = @id;

-- name: moveGroup :execrows
UPDATE groups SET status = @to_status, updated_at = now() WHERE id = @id AND status = ANY (@running::text[]);

-- updateGroup leaves a status alone that a job of the group is going to end.
-- name: updateGroup :execrows
UPDATE groups g SET
    name = CASE WHEN @set_name::boolean THEN sqlc.narg('name') ELSE name END,
    description = CASE WHEN @set_description::boolean THEN sqlc.narg('description') ELSE description END,
    status = CASE WHEN g.status IN ('creating', 'deleting') AND EXISTS (
                           SELECT 1 FROM jobs j WHERE j.volume_id = g.id AND j.kind LIKE 'group.%' AND j.state IN ('queued', 'running'))
                  THEN g.status ELSE @to_status END,
    updated_at = now()
WHERE g.id = @id AND g.status = ANY (@accepts::text[]);

-- beginDeleteGroup: every condition of Cinder's delete in one statement.
-- name: beginDeleteGroup :one
UPDATE groups g SET status = @to_status, updated_at = now()
WHERE g.id = @id AND g.status = ANY (@accepts::text[])
  AND NOT EXISTS (SELECT 1 FROM group_snapshots s WHERE s.group_id = g.id)
  AND NOT EXISTS (SELECT 1 FROM groups c WHERE c.source_group_id = g.id AND c.status = 'creating')
  AND NOT EXISTS (
        SELECT 1 FROM volumes v WHERE v.group_id = g.id
        AND (NOT @delete_volumes::boolean OR v.attach_status = 'attached'
             OR EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id AND a.attach_status <> 'reserved')
             OR EXISTS (SELECT 1 FROM snapshots x WHERE x.volume_id = v.id)))
RETURNING *;

-- name: beginDeleteGroupVolumes :many
UPDATE volumes SET status = @to_status, previous_status = status, updated_at = now() WHERE group_id = @group_id::uuid RETURNING *;

-- groupBlocks says what stands in the way of a delete.
-- name: groupBlocks :one
SELECT EXISTS (SELECT 1 FROM group_snapshots s WHERE s.group_id = @id) AS snapshots,
       EXISTS (SELECT 1 FROM volumes v WHERE v.group_id = @id) AS volumes,
       EXISTS (SELECT 1 FROM volumes v WHERE v.group_id = @id AND (v.attach_status = 'attached'
               OR EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id AND a.attach_status <> 'reserved'))) AS attached,
       EXISTS (SELECT 1 FROM volumes v JOIN snapshots x ON x.volume_id = v.id WHERE v.group_id = @id) AS volume_snapshots;

-- MembersOf are the volumes of a group that one of its jobs works on.
-- name: MembersOf :many
SELECT * FROM volumes WHERE group_id = @group_id::uuid AND id = ANY (sqlc.arg('members')::text[]::uuid[]) ORDER BY id;

-- name: emptyGroup :exec
UPDATE volumes SET group_id = NULL, consistencygroup_id = NULL WHERE group_id = @group_id::uuid;

-- name: deleteGroup :one
DELETE FROM groups WHERE id = @id RETURNING *;

-- name: moveGroupVolumes :exec
UPDATE volumes SET status = @to_status, updated_at = now()
WHERE group_id = @group_id::uuid AND id = ANY (sqlc.arg('members')::text[]::uuid[]) AND status = ANY (@running::text[]);

-- name: finishGroupVolumes :exec
UPDATE volumes SET status = @to_status, launched_at = now(), updated_at = now(), service_uuid = @service_uuid
WHERE group_id = @group_id::uuid AND id = ANY (sqlc.arg('members')::text[]::uuid[]) AND status = ANY (@running::text[]);

-- name: resetGroup :execrows
UPDATE groups SET status = @status, updated_at = now() WHERE id = @id;

-- name: setGroupReplication :execrows
UPDATE groups SET replication_status = @replication_status, updated_at = now() WHERE id = @id AND status = ANY (@accepts::text[]);

-- name: insertGroupSnapshot :one
INSERT INTO group_snapshots (id, group_id, group_type_id, project_id, user_id, status, name, description)
VALUES (@id, @group_id, @group_type_id, @project_id, @user_id, @status, @name, @description)
RETURNING *;

-- name: GetGroupSnapshot :one
SELECT * FROM group_snapshots WHERE id = @id;

-- name: shareGroupSnapshot :one
SELECT * FROM group_snapshots WHERE id = @id AND status = ANY (@accepts::text[]) FOR SHARE;

-- name: lockGroupSnapshot :one
SELECT * FROM group_snapshots WHERE id = @id FOR UPDATE;

-- name: insertMemberSnapshot :one
INSERT INTO snapshots (id, volume_id, project_id, user_id, status, volume_size, volume_type_id, name, description, group_snapshot_id)
VALUES (@id, @volume_id, @project_id, @user_id, @status, @volume_size, @volume_type_id, @name, @description, @group_snapshot_id)
RETURNING *;

-- name: MemberSnapshots :many
SELECT * FROM snapshots WHERE group_snapshot_id = @group_snapshot_id::uuid ORDER BY volume_id;

-- name: moveGroupSnapshot :execrows
UPDATE group_snapshots SET status = @to_status, updated_at = now() WHERE id = @id AND status = ANY (@accepts::text[]);

-- beginDeleteGroupSnapshot refuses one of which a group is being made.
-- name: beginDeleteGroupSnapshot :one
UPDATE group_snapshots s SET status = @to_status, updated_at = now()
WHERE s.id = @id AND s.status = ANY (@accepts::text[])
  AND NOT EXISTS (SELECT 1 FROM groups g WHERE g.group_snapshot_id = s.id AND g.status = 'creating')
RETURNING *;

-- setMemberSnapshots begins the end of the members, whatever their status.
-- name: setMemberSnapshots :exec
UPDATE snapshots SET status = @to_status, updated_at = now() WHERE group_snapshot_id = @group_snapshot_id::uuid;

-- name: moveMemberSnapshots :exec
UPDATE snapshots SET status = @to_status, progress = @progress, updated_at = now()
WHERE group_snapshot_id = @group_snapshot_id::uuid AND status = ANY (@running::text[]);

-- name: deleteMemberSnapshots :many
DELETE FROM snapshots WHERE group_snapshot_id = @group_snapshot_id::uuid RETURNING *;

-- name: deleteGroupSnapshotRow :execrows
DELETE FROM group_snapshots WHERE id = @id;

-- name: resetGroupSnapshot :execrows
UPDATE group_snapshots SET status = @status, updated_at = now() WHERE id = @id;
