-- name: addQuotaRows :exec
INSERT INTO quota_usages (project_id, resource)
SELECT p, r FROM (SELECT unnest(@projects::text[]) AS p, unnest(@resources::text[]) AS r) w ORDER BY p, r
ON CONFLICT (project_id, resource) DO NOTHING;

-- name: lockQuotaRows :exec
SELECT 1 FROM quota_usages WHERE sqlc.narg('project')::text IS NULL OR project_id = sqlc.narg('project')
ORDER BY project_id, resource FOR UPDATE;

-- heldQuota is what the jobs under way hold.
-- name: heldQuota :many
SELECT project_id, resource, sum(delta)::bigint AS held FROM reservations GROUP BY project_id, resource;

-- name: setQuotaUsage :exec
UPDATE quota_usages SET in_use = @in_use, reserved = @reserved WHERE project_id = @project_id AND resource = @resource;

-- name: removeService :execrows
DELETE FROM services WHERE host = @host AND "binary" = @binary_name;

-- moveVolumes gives volumes of a pool or a backend another host; those of a backend keep their pools.
-- name: moveVolumes :many
UPDATE volumes SET host = @new_host::text || substring(host FROM char_length(@current_host::text) + 1), updated_at = now()
WHERE host = @current_host::text OR starts_with(host, @current_host::text || '#')
RETURNING id;

-- bulkMove keeps the trigger from counting volume by volume within the transaction.
-- name: bulkMove :exec
SELECT set_config('clinker.bulk', 'on', true);

-- name: addPoolUsage :exec
INSERT INTO pool_usage (host, gib, volumes) SELECT DISTINCT v.host, 0, 0 FROM volumes v WHERE v.id = ANY (sqlc.arg('volumes')::text[]::uuid[])
ON CONFLICT (host) DO NOTHING;

-- name: lockPoolUsage :many
SELECT u.host FROM pool_usage u
WHERE u.host = ANY (@hosts::text[]) OR starts_with(u.host, @current_host::text || '#') OR starts_with(u.host, @new_host::text || '#')
ORDER BY u.host FOR UPDATE;

-- name: countPoolUsage :exec
UPDATE pool_usage u SET gib = c.gib, volumes = c.n
FROM (SELECT h.host, coalesce(sum(v.size), 0)::bigint AS gib, count(v.id) AS n
      FROM unnest(@hosts::text[]) AS h(host) LEFT JOIN volumes v ON v.host = h.host GROUP BY h.host) c
WHERE u.host = c.host;

-- moveJobs lets the jobs that wait for volumes be done where those are now.
-- name: moveJobs :exec
UPDATE jobs SET queue = @new_queue WHERE queue = @current_queue AND state = 'queued' AND volume_id = ANY (sqlc.arg('volumes')::text[]::uuid[]);

-- name: purgeOldMessages :execrows
DELETE FROM messages WHERE expires_at < now() - make_interval(secs => @age_seconds::float8);

-- resetActiveBackend takes a backend back into service whose replication was failed over.
-- name: resetActiveBackend :execrows
UPDATE services SET disabled = false, disabled_reason = NULL, replication_status = @replication_status,
    active_backend_id = sqlc.narg('active_backend'), updated_at = now()
WHERE host = @host AND "binary" = 'cinder-volume' AND disabled AND frozen;

-- moveGroups gives groups of a pool or a backend another host; those of a backend keep their pools.
-- name: moveGroups :execrows
UPDATE groups SET host = @new_host::text || substring(host FROM char_length(@current_host::text) + 1), updated_at = now()
WHERE host = @current_host::text OR starts_with(host, @current_host::text || '#');
