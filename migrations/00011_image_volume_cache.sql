-- +goose Up

-- Volumes that hold an image, ready to be cloned. Deleting the volume evicts the entry.
CREATE TABLE image_volume_cache_entries (
    volume_id        uuid PRIMARY KEY REFERENCES volumes ON DELETE CASCADE,
    image_id         text NOT NULL,
    image_updated_at timestamptz NOT NULL,
    last_used        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX image_volume_cache_image ON image_volume_cache_entries (image_id);
