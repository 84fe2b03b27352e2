-- name: beginDownload :execrows
UPDATE volumes SET status = @to_status, updated_at = now() WHERE id = @id AND status = ANY (@accepts::text[]);

-- finishImageCreate leaves a volume alone that somebody reserved meanwhile.
-- name: finishImageCreate :execrows
UPDATE volumes SET status = CASE WHEN status = ANY (@running::text[]) THEN @to_status ELSE status END,
       launched_at = now(), updated_at = now(), service_uuid = @service_uuid, bootable = true, image_metadata = @image_metadata
WHERE id = @id AND (status = ANY (@running::text[]) OR launched_at IS NULL AND status = 'reserved');

-- failVolumeCreate: nobody may use what was reserved while its data was on the way.
-- name: failVolumeCreate :execrows
UPDATE volumes SET status = @to_status, updated_at = now()
WHERE id = @id AND (status = ANY (@running::text[]) OR launched_at IS NULL AND status = 'reserved');

-- name: finishUpload :exec
UPDATE volumes v SET updated_at = now(),
       status = CASE WHEN EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id AND a.attach_status = 'attached') THEN 'in-use' ELSE 'available' END
WHERE v.id = @id AND v.status = ANY (@running::text[]);

-- finishReimage: no other status than the one before, unless somebody changed it meanwhile.
-- name: finishReimage :one
UPDATE volumes SET status = CASE WHEN status = ANY (@running::text[]) THEN coalesce(previous_status, 'available') ELSE status END,
       previous_status = NULL, updated_at = now(), bootable = true, image_metadata = @image_metadata
WHERE id = @id RETURNING *;

-- reimageKey gives the volume the key of its new data, unless a delete has begun
-- to end the old one.
-- name: reimageKey :execrows
UPDATE volumes SET encryption_key_id = @new_key_id WHERE id = @id AND encryption_key_id = @old_key_id AND status <> @deleting;

-- name: countAttachments :one
SELECT count(*) FROM attachments WHERE volume_id = @volume_id;

-- name: finishImageVolume :exec
UPDATE volumes SET status = @to_status, launched_at = now(), updated_at = now(), service_uuid = @service_uuid,
       bootable = @bootable, image_metadata = @image_metadata, metadata = @metadata,
       admin_metadata = admin_metadata || '{"readonly": "True"}'
WHERE id = @id AND status = ANY (@running::text[]);

-- name: insertCacheEntry :exec
INSERT INTO image_volume_cache_entries (volume_id, image_id, image_updated_at) VALUES (@volume_id, @image_id, @image_updated_at)
ON CONFLICT (volume_id) DO NOTHING;

-- cachedVolume is the newest of the volumes of one pool that hold the image, only
-- of those whose signature was checked if it has to be.
-- name: cachedVolume :one
UPDATE image_volume_cache_entries e SET last_used = clock_timestamp()
FROM volumes v WHERE v.id = e.volume_id AND e.image_id = @image_id AND v.host = @host::text AND v.status = 'available'
  AND e.image_updated_at >= @image_updated_at AND (NOT @verified::boolean OR v.image_metadata->>'signature_verified' = 'True')
RETURNING e.volume_id;

-- cacheEntries of one pool, the least recently used first; deleted ones are gone already.
-- name: cacheEntries :many
SELECT e.volume_id, e.image_id, e.image_updated_at, v.size, v.project_id, v.user_id
FROM image_volume_cache_entries e JOIN volumes v ON v.id = e.volume_id
WHERE v.host = @host::text AND v.status <> 'deleting' ORDER BY e.last_used, e.volume_id;

-- imageVolumes of one pool, among those that hold the data of an image.
-- name: imageVolumes :many
SELECT * FROM volumes WHERE id = ANY (@ids::uuid[]) AND host = @host::text AND status = ANY (@accepts::text[]) ORDER BY id;
