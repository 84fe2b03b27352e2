-- +goose NO TRANSACTION
-- +goose Up

-- Finds the volumes that have a key: the copy that a move makes has its volume's.
CREATE INDEX CONCURRENTLY IF NOT EXISTS volumes_key ON volumes (encryption_key_id) WHERE encryption_key_id IS NOT NULL;
