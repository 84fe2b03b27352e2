-- name: addCluster :exec
INSERT INTO clusters (name, "binary") VALUES (@name, @binary_name) ON CONFLICT (name, "binary") DO NOTHING;

-- name: setServiceCluster :execrows
UPDATE services SET cluster_name = @cluster_name WHERE id = @id AND cluster_name IS DISTINCT FROM @cluster_name;

-- clusterVolumes writes the cluster of a service into its volumes, with the pool that each is in.
-- name: clusterVolumes :exec
UPDATE volumes v SET cluster_name = s.cluster_name || coalesce(substring(v.host FROM '#.*$'), '')
FROM services s
WHERE s.id = @service_id AND (v.host = s.host OR starts_with(v.host, s.host || '#'))
  AND v.cluster_name IS DISTINCT FROM s.cluster_name || coalesce(substring(v.host FROM '#.*$'), '');

-- listClusters: a cluster without services has no heartbeat, which num_hosts tells.
-- name: listClusters :many
SELECT c.*, coalesce(h.last_heartbeat, c.created_at)::timestamptz AS last_heartbeat, h.hosts::bigint AS num_hosts, h.down::bigint AS num_down_hosts
FROM clusters c,
     LATERAL (SELECT max(s.heartbeat_at) AS last_heartbeat, count(*) AS hosts,
                     count(*) FILTER (WHERE s.heartbeat_at <= now() - make_interval(secs => @down_seconds::float8)) AS down
              FROM services s WHERE s.cluster_name = c.name AND s."binary" = c."binary") h
ORDER BY c.id;

-- name: setClusterDisabled :execrows
UPDATE clusters SET disabled = @disabled, disabled_reason = @reason, updated_at = now() WHERE id = @id;

-- name: setClusterFrozen :execrows
UPDATE clusters SET frozen = @frozen, updated_at = now() WHERE name = @name AND "binary" = @binary_name AND frozen <> @frozen;

-- name: removeCluster :execrows
DELETE FROM clusters c WHERE c.name = @name AND c."binary" = @binary_name
  AND NOT EXISTS (SELECT 1 FROM services s WHERE s.cluster_name = c.name AND s."binary" = c."binary");
