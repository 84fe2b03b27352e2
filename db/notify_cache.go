package db

import "context"

// The image-volume cache is told of by image: what became of a look-up, and what
// is in it no more.

func imageResource(image string) string { return "image " + image }

func cacheEvent(action, image, host string) Event {
	return Event{Resource: imageResource(image), Publisher: "volume", Type: "image_volume_cache." + action,
		Payload: map[string]any{"image_id": image, "host": host}}
}

// evictEvent tells of a volume that is about to go, if it is one of the cache.
type evictEvent struct{ volume string }

func (e evictEvent) write(ctx context.Context, q *Queries, n noteOf) error {
	return q.noteEviction(ctx, noteEvictionParams{Host: n.host, Context: n.context, VolumeID: e.volume})
}
