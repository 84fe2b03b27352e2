-- +goose Up

-- What is placed on each pool, so that the scheduler need not count volumes.
-- The trigger is deferred: a transaction locks the pool's row last, and for
-- no longer than its commit takes. A transaction that moves volumes by the
-- thousand sets clinker.bulk to on and counts pool_usage anew itself.
CREATE TABLE pool_usage (
    host    text PRIMARY KEY,
    gib     bigint NOT NULL,
    volumes bigint NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION count_pool_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('clinker.bulk', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.host IS NOT NULL THEN
        UPDATE pool_usage SET gib = gib - OLD.size, volumes = volumes - 1 WHERE host = OLD.host;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.host IS NOT NULL THEN
        INSERT INTO pool_usage AS u (host, gib, volumes) VALUES (NEW.host, NEW.size, 1)
        ON CONFLICT (host) DO UPDATE SET gib = u.gib + EXCLUDED.gib, volumes = u.volumes + 1;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER volumes_pool_usage AFTER INSERT OR DELETE OR UPDATE OF host, size ON volumes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_pool_usage();

INSERT INTO pool_usage SELECT host, sum(size), count(*) FROM volumes WHERE host IS NOT NULL GROUP BY host;
