package glance

import (
	"slices"
	"strings"
	"time"

	"github.com/clinker-io/clinker/internal/glancetest"
)

// cache: the second volume is a clone; a limit of one entry evicts the older image.
func cache(c *cloud) {
	data := contents(3 << 20)
	image := c.glance.Upload(c.member.token, "cached", "qcow2", c.qcow2(data), nil)
	entries := func(image string) int {
		return c.count("SELECT count(*) FROM image_volume_cache_entries WHERE image_id = $1", image)
	}
	var made []string
	for range 2 {
		id := c.from(c.member, image, object{"volume_type": "cache", "size": 2})
		c.becomes(c.member, id, "available")
		c.holds("cache", id, data)
		made = append(made, id)
	}
	if entries(image) != 1 {
		c.t.Errorf("%d entries", entries(image))
	}
	if n := c.count(`SELECT count(*) FROM image_volume_cache_entries e JOIN volumes v ON v.id = e.volume_id
		WHERE v.project_id = $1 AND v.status = 'available' AND v.bootable`, c.internal); n != 1 {
		c.t.Errorf("%d volumes of the internal project", n)
	}
	if n := c.count("SELECT count(*) FROM image_volume_cache_entries WHERE last_used > now() - interval '1 minute' AND image_id = $1", image); n != 1 {
		c.t.Error("the entry was not used")
	}
	other := c.glance.Upload(c.member.token, "other", "raw", data, nil)
	id := c.from(c.member, other, object{"volume_type": "cache"})
	c.becomes(c.member, id, "available")
	c.holds("cache", id, data)
	if entries(other) != 1 {
		c.t.Error("the other image is not cached")
	}
	c.await("the older entry to go", func() bool { return entries(image) == 0 })
	for _, event := range []string{"miss", "hit", "evict"} {
		c.await("word of a "+event, func() bool { return c.told("image_volume_cache."+event, image) })
	}
	for _, id := range append(made, id) {
		c.remove(c.member, id)
	}
}

// imageVolume: Glance gets a location instead of the data, and a volume made of
// the image is a clone again.
func imageVolume(c *cloud) {
	data := contents(2 << 20)
	image := c.glance.Upload(c.member.token, "source", "raw", data, nil)
	id := c.from(c.member, image, object{"volume_type": "store"})
	c.becomes(c.member, id, "available")
	up := c.action(c.member, id, object{"os-volume_upload_image": object{"image_name": "as volume"}}).text("os-volume_upload_image.image_id")
	started := time.Now()
	c.becomes(c.member, id, "available")
	shown := c.glance.Show(c.member.token, up)
	if shown.Text("status") != "active" || !strings.HasPrefix(location(shown), "cinder://") {
		c.t.Fatalf("image after %v: %v", time.Since(started), shown)
	}
	if shown["size"] != float64(1<<30) { // Glance's cinder store has asked us
		c.t.Errorf("size of the image: %v", shown["size"])
	}
	held := strings.TrimPrefix(location(shown), "cinder://")
	if n := c.count("SELECT count(*) FROM volumes WHERE id = $1 AND project_id = $2 AND metadata->>'image_owner' = $3 AND admin_metadata->>'readonly' = 'True'",
		held, c.internal, c.member.project); n != 1 {
		c.t.Error("the volume of the image is not the internal project's")
	}
	cloned := c.from(c.member, up, object{"volume_type": "store"})
	c.becomes(c.member, cloned, "available")
	c.holds("store", cloned, data)
	c.remove(c.member, cloned)
	c.remove(c.member, id)
}

func location(i glancetest.Image) string {
	all, _ := i["locations"].([]any)
	if len(all) == 0 {
		return ""
	}
	first, _ := all[0].(map[string]any)
	at, _ := first["url"].(string)
	return at
}

// told reports whether any process has sent a notification of that type about an image.
func (c *cloud) told(event, image string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return c.logs(role, event, image) })
}
