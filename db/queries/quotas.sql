-- takeQuota adds to the usage of a project, resource by resource in the order
-- of their names (so that two callers cannot deadlock), and returns those that
-- had room: fewer rows than asked for means over the limit.
-- name: takeQuota :many
WITH w AS (
    SELECT r.resource, r.used, r.held, coalesce(q.hard_limit, c.hard_limit, r.fallback) AS lim
    FROM (SELECT unnest(@resources::text[]) AS resource, unnest(@used::bigint[]) AS used,
                 unnest(@held::bigint[]) AS held, unnest(@fallbacks::int[]) AS fallback) r
    LEFT JOIN quotas q ON q.project_id = @project_id AND q.resource = r.resource
    LEFT JOIN quota_classes c ON c.class_name = 'default' AND c.resource = r.resource)
INSERT INTO quota_usages AS u (project_id, resource, in_use, reserved)
SELECT @project_id, w.resource, w.used, w.held FROM w
WHERE w.lim = -1 OR w.used + w.held <= w.lim
ORDER BY w.resource
ON CONFLICT (project_id, resource) DO UPDATE
SET in_use = u.in_use + excluded.in_use, reserved = u.reserved + excluded.reserved
WHERE (SELECT x.lim = -1 OR u.in_use + u.reserved + x.used + x.held <= x.lim FROM w x WHERE x.resource = u.resource)
RETURNING resource;

-- giveQuota and the two that end reservations lock the rows in the order of
-- their names first: an UPDATE … FROM alone takes them in any order, and two
-- callers deadlock.
-- name: giveQuota :exec
WITH l AS MATERIALIZED (
    SELECT u.resource FROM quota_usages u
    WHERE u.project_id = @project_id AND u.resource = ANY (@resources::text[])
    ORDER BY u.resource FOR UPDATE)
UPDATE quota_usages u SET in_use = u.in_use - w.used
FROM l JOIN (SELECT unnest(@resources::text[]) AS resource, unnest(@used::bigint[]) AS used) w ON w.resource = l.resource
WHERE u.project_id = @project_id AND u.resource = l.resource;

-- name: quotaUsages :many
SELECT resource, in_use, reserved FROM quota_usages WHERE project_id = @project_id;

-- quotaLimits are those of the class of every project, then the project's own, which come before them.
-- name: quotaLimits :many
SELECT c.resource, c.hard_limit, false AS own FROM quota_classes c WHERE c.class_name = 'default'
UNION ALL SELECT q.resource, q.hard_limit, true FROM quotas q WHERE q.project_id = @project_id
ORDER BY own;

-- quotaClassLimits are those of the class default, then the class's own, which come before them.
-- name: quotaClassLimits :many
SELECT resource, hard_limit FROM quota_classes WHERE class_name IN (@class_name::text, 'default')
ORDER BY class_name = @class_name::text;

-- name: setQuota :exec
INSERT INTO quotas (project_id, resource, hard_limit) VALUES (@project_id, @resource, @hard_limit)
ON CONFLICT (project_id, resource) DO UPDATE SET hard_limit = excluded.hard_limit;

-- name: setQuotaClass :exec
INSERT INTO quota_classes (class_name, resource, hard_limit) VALUES (@class_name, @resource, @hard_limit)
ON CONFLICT (class_name, resource) DO UPDATE SET hard_limit = excluded.hard_limit;

-- name: deleteQuotas :exec
DELETE FROM quotas WHERE project_id = @project_id;

-- name: insertReservations :exec
INSERT INTO reservations (job_id, project_id, resource, delta)
SELECT @job_id, @project_id, unnest(@resources::text[]), unnest(@deltas::bigint[]);

-- spendReservations turns what a job held into use; dropReservations gives it back.
-- name: spendReservations :exec
WITH r AS (DELETE FROM reservations WHERE job_id = @job_id RETURNING project_id, resource, delta),
l AS MATERIALIZED (
    SELECT u.project_id, u.resource, r.delta FROM quota_usages u JOIN r ON r.project_id = u.project_id AND r.resource = u.resource
    ORDER BY u.project_id, u.resource FOR UPDATE OF u)
UPDATE quota_usages u SET reserved = u.reserved - l.delta, in_use = u.in_use + l.delta
FROM l WHERE u.project_id = l.project_id AND u.resource = l.resource;

-- name: dropReservations :exec
WITH r AS (DELETE FROM reservations WHERE job_id = @job_id RETURNING project_id, resource, delta),
l AS MATERIALIZED (
    SELECT u.project_id, u.resource, r.delta FROM quota_usages u JOIN r ON r.project_id = u.project_id AND r.resource = u.resource
    ORDER BY u.project_id, u.resource FOR UPDATE OF u)
UPDATE quota_usages u SET reserved = u.reserved - l.delta
FROM l WHERE u.project_id = l.project_id AND u.resource = l.resource;

-- quotaTruth counts what the rows say, for the check that usage equals it.
-- name: quotaTruth :many
WITH t AS (
    SELECT v.project_id, 'volumes' AS resource, count(*) AS n FROM volumes v WHERE v.consumes_quota GROUP BY 1
    UNION ALL SELECT v.project_id, 'volumes_' || y.name, count(*) FROM volumes v JOIN volume_types y ON y.id = v.volume_type_id WHERE v.consumes_quota GROUP BY 1, 2
    UNION ALL SELECT s.project_id, 'snapshots', count(*) FROM snapshots s WHERE s.consumes_quota GROUP BY 1
    UNION ALL SELECT s.project_id, 'snapshots_' || y.name, count(*) FROM snapshots s JOIN volume_types y ON y.id = s.volume_type_id WHERE s.consumes_quota GROUP BY 1, 2
    UNION ALL SELECT p.project_id, 'groups', count(*) FROM groups p GROUP BY 1
    UNION ALL SELECT g.project_id, 'gigabytes', sum(g.size) FROM (
        SELECT v.project_id, v.size FROM volumes v WHERE v.consumes_quota
        UNION ALL SELECT s.project_id, s.volume_size FROM snapshots s WHERE s.consumes_quota AND @snapshots_count::boolean) g GROUP BY 1
    UNION ALL SELECT g.project_id, 'gigabytes_' || y.name, sum(g.size) FROM (
        SELECT v.project_id, v.volume_type_id, v.size FROM volumes v WHERE v.consumes_quota
        UNION ALL SELECT s.project_id, s.volume_type_id, s.volume_size FROM snapshots s WHERE s.consumes_quota AND @snapshots_count::boolean) g
        JOIN volume_types y ON y.id = g.volume_type_id GROUP BY 1, 2)
SELECT coalesce(t.project_id, u.project_id)::text AS project_id, coalesce(t.resource, u.resource)::text AS resource,
       coalesce(t.n, 0)::bigint AS truth, coalesce(u.in_use, 0)::bigint AS in_use, coalesce(u.reserved, 0)::bigint AS reserved
FROM t FULL JOIN quota_usages u ON u.project_id = t.project_id AND u.resource = t.resource;
