-- name: HasVolume :one
SELECT EXISTS (SELECT 1 FROM volumes WHERE id = @id OR name_id = @id);

-- name: HasSnapshot :one
SELECT EXISTS (SELECT 1 FROM snapshots WHERE id = @id);

-- finishManageVolume writes the size whatever has become of the volume meanwhile, because its quota is spent.
-- name: finishManageVolume :execrows
UPDATE volumes SET size = @size, launched_at = now(), updated_at = now(), service_uuid = @service_uuid,
       status = CASE WHEN status = ANY (@running::text[]) THEN @to_status ELSE status END
WHERE id = @id;

-- name: finishManageSnapshot :execrows
UPDATE snapshots SET volume_size = @size, progress = '100%', updated_at = now(),
       status = CASE WHEN status = ANY (@running::text[]) THEN @to_status ELSE status END
WHERE id = @id;


-- name: latestSnapshot :one
SELECT * FROM snapshots WHERE volume_id = @volume_id ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: moveSnapshot :execrows
UPDATE snapshots SET status = @to_status, updated_at = now() WHERE id = @id AND status = ANY (@accepts::text[]);

-- reportSnapshot is a change that must find the status that the caller saw.
-- name: reportSnapshot :execrows
UPDATE snapshots SET status = @to_status, progress = coalesce(sqlc.narg('progress'), progress), updated_at = now()
WHERE id = @id AND status = @from_status;
