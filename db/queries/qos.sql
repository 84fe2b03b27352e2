-- name: insertQoSSpecs :one
INSERT INTO qos_specs (name, consumer, specs) VALUES (@name, @consumer, @specs) RETURNING *;

-- name: lockQoSSpecs :one
SELECT * FROM qos_specs WHERE id = @id FOR UPDATE;

-- updateQoSSpecs changes the consumer when one is given.
-- name: updateQoSSpecs :execrows
UPDATE qos_specs SET specs = specs || @added::jsonb, consumer = coalesce(sqlc.narg('consumer'), consumer), updated_at = now()
WHERE id = @id;

-- name: removeQoSKeys :exec
UPDATE qos_specs SET specs = specs - @keys::text[], updated_at = now() WHERE id = @id;

-- name: deleteQoSSpecs :execrows
DELETE FROM qos_specs WHERE id = @id;

-- name: typesOfQoSSpecs :many
SELECT * FROM volume_types WHERE qos_specs_id = @id::uuid ORDER BY name;

-- name: lockVolumeType :one
SELECT * FROM volume_types WHERE id = @id FOR UPDATE;

-- name: associateQoSSpecs :exec
UPDATE volume_types SET qos_specs_id = @qos_specs_id, updated_at = now() WHERE id = @id;

-- name: disassociateQoSSpecs :exec
UPDATE volume_types SET qos_specs_id = NULL, updated_at = now() WHERE id = @id AND qos_specs_id = @qos_specs_id::uuid;

-- name: disassociateAllQoSSpecs :exec
UPDATE volume_types SET qos_specs_id = NULL, updated_at = now() WHERE qos_specs_id = @qos_specs_id::uuid;

-- connectSpecsOf is what a type adds to the connection of its volumes.
-- name: connectSpecsOf :one
SELECT t.extra_specs, q.consumer, q.specs
FROM volume_types t LEFT JOIN qos_specs q ON q.id = t.qos_specs_id WHERE t.id = @id;
