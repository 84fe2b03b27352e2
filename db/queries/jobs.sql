-- name: insertJob :exec
INSERT INTO jobs (id, kind, queue, project_id, user_id, request_id, global_request_id, volume_id, source_volume_id, snapshot_id, attachment_id, member_volume_ids, args, reply_to)
VALUES (@id, @kind, @queue, @project_id, @user_id, @request_id, @global_request_id, @volume_id, @source_volume_id, @snapshot_id, @attachment_id,
        coalesce(sqlc.arg('members')::text[]::uuid[], '{}'), @args, @reply_to);

-- claimJob takes the oldest job of a queue that may run now: queued, or running
-- under a lease that ran out. Jobs of one volume run in the order they were
-- made, those of a group in turn with those of its members; a clone waits for
-- older jobs of its source, and nothing is deleted, let go,
-- moved away or reverted under an older clone of it. The partial unique index on running jobs decides
-- a race; the loser sees a unique violation and tries again.
-- name: claimJob :one
UPDATE jobs SET state = 'running', owner = @owner, attempts = attempts + 1,
       lease_until = now() + make_interval(secs => @lease_seconds::float8)
WHERE id = (
    SELECT j.id FROM jobs j
    WHERE j.queue = @queue
      AND (j.state = 'queued' OR (j.state = 'running' AND j.lease_until < now()))
      AND j.not_before <= now()
      AND (sqlc.narg('id')::uuid IS NULL OR j.id = sqlc.narg('id'))
      AND NOT EXISTS (SELECT 1 FROM jobs o WHERE o.volume_id = j.volume_id
                      AND o.seq < j.seq AND o.state IN ('queued', 'running'))
      AND NOT EXISTS (SELECT 1 FROM jobs o WHERE o.member_volume_ids <> '{}'
                      AND o.member_volume_ids && (j.member_volume_ids || j.volume_id)
                      AND o.seq < j.seq AND o.state IN ('queued', 'running'))
      AND (j.member_volume_ids = '{}' OR NOT EXISTS (
               SELECT 1 FROM jobs o WHERE o.volume_id = ANY (j.member_volume_ids)
               AND o.seq < j.seq AND o.state IN ('queued', 'running')))
      AND (j.source_volume_id IS NULL OR NOT EXISTS (
               SELECT 1 FROM jobs o WHERE o.volume_id = j.source_volume_id
               AND o.seq < j.seq AND o.state IN ('queued', 'running')))
      AND (j.kind NOT IN ('volume.delete', 'snapshot.delete', 'volume.unmanage', 'snapshot.unmanage', 'volume.revert',
                             'volume.migrate', 'volume.retype', 'group.delete', 'group_snapshot.delete') OR NOT EXISTS (
               SELECT 1 FROM jobs o WHERE o.source_volume_id = ANY (j.member_volume_ids || j.volume_id)
               AND o.seq < j.seq AND o.state IN ('queued', 'running')))
    ORDER BY j.seq
    LIMIT 1
    FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: renewLeases :many
UPDATE jobs SET lease_until = now() + make_interval(secs => @lease_seconds::float8)
WHERE owner = @owner AND state = 'running'
RETURNING id;

-- releaseLeases lets the jobs of processes that are known to be dead be claimed at once.
-- name: releaseLeases :exec
UPDATE jobs SET lease_until = now()
WHERE state = 'running' AND starts_with(owner, @host::text || '/') AND owner <> @owner::text;

-- endJob is the fence: no row means that the lease was lost.
-- name: endJob :one
UPDATE jobs SET state = @state, error = @error, result = @result, finished_at = now(), owner = NULL, lease_until = NULL
WHERE id = @id AND owner = @owner AND attempts = @attempts AND state = 'running'
RETURNING reply_to;

-- passJob hands a running job on to another queue (scheduler to worker, or back).
-- name: passJob :execrows
UPDATE jobs SET state = 'queued', queue = @to_queue, args = @args, owner = NULL, lease_until = NULL, attempts = 0
WHERE id = @id AND owner = @owner AND attempts = @attempts AND state = 'running';

-- retryJob puts a running job back for a later attempt.
-- name: retryJob :execrows
UPDATE jobs SET state = 'queued', owner = NULL, lease_until = NULL,
       not_before = now() + make_interval(secs => @delay_seconds::float8)
WHERE id = @id AND owner = @owner AND attempts = @attempts AND state = 'running';

-- name: jobResult :one
SELECT state, error, result FROM jobs WHERE id = @id;

-- name: purgeJobs :execrows
DELETE FROM jobs WHERE finished_at < now() - make_interval(secs => @age_seconds::float8);

-- closeJob removes an ended job that nobody waits for, and finds the queues
-- whose next job it stood in the way of.
-- name: closeJob :many
WITH gone AS (DELETE FROM jobs AS ended WHERE ended.id = @id AND ended.reply_to IS NULL)
SELECT DISTINCT queue FROM jobs
WHERE state = 'queued' AND (volume_id = ANY (sqlc.arg('volumes')::text[]::uuid[]) OR source_volume_id = ANY (sqlc.arg('volumes')::text[]::uuid[])
      OR (member_volume_ids <> '{}' AND member_volume_ids && sqlc.arg('volumes')::text[]::uuid[]));

-- name: unfinishedJobs :one
SELECT count(*) FROM jobs WHERE state IN ('queued', 'running');
