-- name: upsertService :one
INSERT INTO services (host, "binary", availability_zone) VALUES (@host, @binary_name, @availability_zone)
ON CONFLICT (host, "binary") DO UPDATE SET availability_zone = excluded.availability_zone, heartbeat_at = now()
RETURNING *;

-- name: heartbeatService :execrows
UPDATE services SET heartbeat_at = now(), backend_up = @backend_up WHERE id = @id;

-- name: reportPools :exec
INSERT INTO pools (host, service_id, stats, reported_at)
SELECT unnest(@hosts::text[]), @service_id, unnest(@stats::text[])::jsonb, now()
ON CONFLICT (host) DO UPDATE SET service_id = excluded.service_id, stats = excluded.stats, reported_at = excluded.reported_at;

-- name: dropPools :exec
DELETE FROM pools WHERE service_id = @service_id AND host <> ALL (@hosts::text[]);

-- livePools lists the pools of enabled, thawed services (and clusters) that
-- were heard of lately, with what was placed on them. A heartbeat comes with
-- every report, so that a report is no older than its service's heartbeat; only
-- a service that has just started again has one from before, until it reports.
-- name: livePools :many
SELECT p.host, p.stats, p.reported_at, s.availability_zone, s.cluster_name,
       coalesce(u.gib, 0)::bigint AS allocated_gib, coalesce(u.volumes, 0)::bigint AS volumes
FROM pools p JOIN services s ON s.id = p.service_id
LEFT JOIN clusters c ON c.name = s.cluster_name AND c."binary" = s."binary"
LEFT JOIN pool_usage u ON u.host = p.host
WHERE NOT s.disabled AND NOT s.frozen AND NOT coalesce(c.disabled OR c.frozen, false) AND s.backend_up
  AND s.heartbeat_at > now() - make_interval(secs => @down_seconds::float8)
ORDER BY p.host;

-- name: listServices :many
SELECT *, (heartbeat_at > now() - make_interval(secs => @down_seconds::float8))::boolean AS up
FROM services ORDER BY id;

-- setServiceDisabled keeps the reason of a service that is disabled again without one.
-- name: setServiceDisabled :execrows
UPDATE services SET disabled = @disabled, updated_at = now(),
    disabled_reason = CASE WHEN @disabled THEN coalesce(sqlc.narg('reason'), disabled_reason) END
WHERE host = @host AND "binary" = @binary_name;

-- name: setServicesFrozen :execrows
UPDATE services SET frozen = @frozen, updated_at = now() WHERE id = ANY (@ids::bigint[]) AND frozen <> @frozen;

-- startLogs is a process that says anew what its loggers are at: what was wanted of its predecessor is forgotten.
-- name: startLogs :execrows
UPDATE services SET log_levels = @levels, log_wanted = '{}' WHERE host = @host AND "binary" = @binary_name;

-- name: reportLogs :exec
UPDATE services SET log_levels = @levels WHERE host = @host AND "binary" = @binary_name AND log_levels <> @levels;

-- name: wantedLogs :one
SELECT log_wanted FROM services WHERE host = @host AND "binary" = @binary_name;

-- wantLogs asks services to set the level of those of their loggers whose names begin with a prefix.
-- name: wantLogs :exec
UPDATE services s SET log_wanted = s.log_wanted || (
    SELECT coalesce(jsonb_object_agg(k, @level::text), '{}') FROM jsonb_object_keys(s.log_levels) k WHERE starts_with(k, @prefix::text))
WHERE s.id = ANY (@ids::bigint[]);

-- endDeadLeases lets jobs be claimed at once whose worker has not renewed its lease when it should have.
-- name: endDeadLeases :execrows
UPDATE jobs SET lease_until = now()
WHERE state = 'running' AND queue = ANY (@queues::text[])
  AND lease_until < now() + make_interval(secs => @margin_seconds::float8)
  AND (sqlc.narg('resource')::uuid IS NULL OR coalesce(snapshot_id, volume_id) = sqlc.narg('resource'))
  AND (@snapshots::boolean OR kind NOT LIKE 'snapshot.%')
  AND (@volumes::boolean OR kind LIKE 'snapshot.%');

-- unfinishedOf finds where the work on one resource waits or runs; the oldest job decides.
-- name: unfinishedOf :one
SELECT queue FROM jobs
WHERE state IN ('queued', 'running') AND coalesce(snapshot_id, volume_id) = @resource
  AND (@snapshots::boolean OR kind NOT LIKE 'snapshot.%')
  AND (@volumes::boolean OR kind LIKE 'snapshot.%')
ORDER BY seq LIMIT 1;
-- name: isFrozen :one
SELECT EXISTS (SELECT 1 FROM services WHERE host = @host AND "binary" = @binary_name AND frozen);
