-- hostUsage counts what each project has on a backend.
-- name: hostUsage :many
SELECT v.project_id, count(*) AS volumes, coalesce(sum(v.size), 0)::bigint AS volume_gib,
       (SELECT count(*) FROM snapshots s JOIN volumes o ON o.id = s.volume_id
        WHERE s.project_id = v.project_id AND (o.host = sqlc.arg('backend')::text OR o.host LIKE sqlc.arg('backend')::text || '#%')) AS snapshots,
       (SELECT coalesce(sum(s.volume_size), 0) FROM snapshots s JOIN volumes o ON o.id = s.volume_id
        WHERE s.project_id = v.project_id AND (o.host = sqlc.arg('backend')::text OR o.host LIKE sqlc.arg('backend')::text || '#%'))::bigint AS snapshot_gib
FROM volumes v WHERE v.host = sqlc.arg('backend')::text OR v.host LIKE sqlc.arg('backend')::text || '#%'
GROUP BY v.project_id ORDER BY v.project_id;

-- name: poolReports :many
SELECT p.stats FROM pools p JOIN services s ON s.id = p.service_id WHERE s.host = @host ORDER BY p.host;
