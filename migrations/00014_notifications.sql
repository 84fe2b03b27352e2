-- +goose Up

-- Notifications that wait to be sent. Rows go when the broker has confirmed
-- them; those of one resource are sent in the order of their ids.
CREATE TABLE notifications (
    id           bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    message_id   uuid NOT NULL DEFAULT gen_random_uuid(),
    resource     text NOT NULL,
    publisher_id text NOT NULL,
    event_type   text NOT NULL,
    priority     text NOT NULL DEFAULT 'INFO',
    context      jsonb NOT NULL,
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX notifications_resource ON notifications (resource, id);

-- The request id that the caller of the API gave, for what a worker asks of others.
ALTER TABLE jobs ADD COLUMN global_request_id text NOT NULL DEFAULT '';

-- +goose StatementBegin
-- iso_time is Python's isoformat of a time in UTC.
CREATE FUNCTION iso_time(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- python_text is Python's repr of a text.
CREATE FUNCTION python_text(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN position('''' in t) > 0 AND position('"' in t) = 0 THEN '"' || replace(t, '\', '\\') || '"'
                ELSE '''' || replace(replace(t, '\', '\\'), '''', '\''') || '''' END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- python_dict is Python's text of a dict of texts, '' for an empty one.
CREATE FUNCTION python_dict(o jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce('{' || string_agg(python_text(key) || ': ' || python_text(value), ', ' ORDER BY key) || '}', '')
    FROM jsonb_each_text(o)
$$;
-- +goose StatementEnd
