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

-- livePools lists the pools of enabled, thawed services that were heard of lately, with what was placed on them.
-- name: livePools :many
SELECT p.host, p.stats, p.reported_at, s.availability_zone,
       coalesce(u.gib, 0)::bigint AS allocated_gib, coalesce(u.volumes, 0)::bigint AS volumes
FROM pools p JOIN services s ON s.id = p.service_id
LEFT JOIN pool_usage u ON u.host = p.host
WHERE NOT s.disabled AND NOT s.frozen AND s.backend_up AND s.heartbeat_at > now() - make_interval(secs => @down_seconds::float8)
ORDER BY p.host;

-- name: listServices :many
SELECT *, (heartbeat_at > now() - make_interval(secs => @down_seconds::float8))::boolean AS up
FROM services ORDER BY id;

-- name: setServiceDisabled :execrows
UPDATE services SET disabled = @disabled, disabled_reason = @reason, updated_at = now()
WHERE host = @host AND "binary" = @binary_name;

-- name: setServiceFrozen :execrows
UPDATE services SET frozen = @frozen, updated_at = now() WHERE host = @host AND "binary" = @binary_name AND frozen <> @frozen;

-- name: hasService :one
SELECT EXISTS (SELECT 1 FROM services WHERE host = @host AND "binary" = @binary_name);
