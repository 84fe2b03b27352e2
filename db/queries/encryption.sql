-- name: typeEncryption :one
SELECT * FROM volume_type_encryption WHERE volume_type_id = @volume_type_id;

-- name: insertTypeEncryption :one
INSERT INTO volume_type_encryption (volume_type_id, provider, control_location, cipher, key_size)
VALUES (@volume_type_id, @provider, @control_location, @cipher, @key_size)
ON CONFLICT (volume_type_id) DO NOTHING RETURNING *;

-- name: updateTypeEncryption :execrows
UPDATE volume_type_encryption SET
    provider = coalesce(sqlc.narg('provider'), provider),
    control_location = coalesce(sqlc.narg('control_location'), control_location),
    cipher = CASE WHEN @set_cipher::boolean THEN sqlc.narg('cipher') ELSE cipher END,
    key_size = CASE WHEN @set_key_size::boolean THEN sqlc.narg('key_size') ELSE key_size END,
    updated_at = now()
WHERE volume_type_id = @volume_type_id;

-- name: deleteTypeEncryption :execrows
DELETE FROM volume_type_encryption WHERE volume_type_id = @volume_type_id;

-- sameEncryption compares what makes blocks look different; two types without encryption are alike.
-- name: sameEncryption :one
SELECT coalesce((SELECT (provider, control_location, cipher, key_size)::text FROM volume_type_encryption WHERE volume_type_id = @one::uuid), '')
     = coalesce((SELECT (provider, control_location, cipher, key_size)::text FROM volume_type_encryption WHERE volume_type_id = @other::uuid), '') AS same;
