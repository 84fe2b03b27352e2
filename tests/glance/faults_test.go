package glance

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// badImages end in the state error, with a message and nothing left.
func badImages(c *cloud) {
	data := contents(1 << 20)
	corrupt := c.glance.Upload(c.member.token, "corrupt", "raw", data, nil)
	changed := slices.Clone(data)
	changed[1000] ^= 1
	if err := os.WriteFile(c.glance.File(corrupt), changed, 0o600); err != nil {
		c.t.Fatal(err)
	}
	short := c.glance.Upload(c.member.token, "short", "raw", data, nil)
	if err := os.Truncate(c.glance.File(short), 1<<19); err != nil {
		c.t.Fatal(err)
	}
	disguised := c.glance.Upload(c.member.token, "disguised", "raw", c.qcow2(data), nil)
	signed := c.glance.Upload(c.member.token, "signed", "raw", data, map[string]any{"img_signature": "AA==", "img_signature_hash_method": "SHA-256",
		"img_signature_key_type": "RSA-PSS"}) // incomplete: Glance itself does not check it
	lost := c.glance.Upload(c.member.token, "lost", "raw", data, nil)
	if err := os.Remove(c.glance.File(lost)); err != nil {
		c.t.Fatal(err)
	}
	wants := map[string]string{corrupt: "VOLUME_VOLUME_005_001", short: "VOLUME_VOLUME_005_001", disguised: "VOLUME_VOLUME_005_001",
		signed: "VOLUME_VOLUME_005_011", lost: "VOLUME_VOLUME_005_001"}
	made := make(map[string]string)
	for image := range wants {
		made[image] = c.from(c.member, image, nil)
	}
	for image, id := range made {
		c.becomes(c.member, id, "error")
		if got := c.events(c.member, id); !slices.Equal(got, []string{wants[image]}) {
			c.t.Errorf("%s: messages %v, want %s", id, got, wants[image])
		}
		c.nothingLeft("plain", id)
		c.remove(c.member, id)
	}
}

// large is an image whose transfer takes a moment.
func (c *cloud) large(name string) (image string, data []byte) {
	c.t.Helper()
	data = bytes.Repeat(contents(1<<20), 192)
	return c.glance.Upload(c.member.token, name, "raw", data, nil), data
}

func glanceKilled(c *cloud) {
	image, data := c.large("killed")
	id := c.from(c.member, image, nil)
	c.becomes(c.member, id, "downloading")
	c.glance.Kill()
	c.refused(c.member, "/volumes", object{"volume": volumeFrom(image, nil)}, 400, "Invalid image identifier or unable to access requested image.")
	c.glance.Restart()
	c.becomes(c.member, id, "available")
	c.holds("plain", id, data)
	c.remove(c.member, id)
}

// glanceSilent: nothing comes for glance_request_timeout, then the download begins anew.
func glanceSilent(c *cloud) {
	image, data := c.large("silent")
	id := c.from(c.member, image, nil)
	c.becomes(c.member, id, "downloading")
	if err := syscall.Kill(c.glance.PID(), syscall.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	c.await("the worker to notice", func() bool {
		log, _ := os.ReadFile(c.in("volume.log"))
		return strings.Contains(string(log), "nothing came or went")
	})
	if err := syscall.Kill(c.glance.PID(), syscall.SIGCONT); err != nil {
		c.t.Fatal(err)
	}
	c.becomes(c.member, id, "available")
	c.holds("plain", id, data)
	c.remove(c.member, id)
}

func workerKilled(c *cloud) {
	image, data := c.large("crash")
	id := c.from(c.member, image, nil)
	c.becomes(c.member, id, "downloading")
	c.running["volume"].Kill9()
	c.run("volume")
	c.becomes(c.member, id, "available")
	c.holds("plain", id, data)
	c.remove(c.member, id)
	c.nothingLeft("plain", id)
}

func workerKilledUploading(c *cloud) {
	image, data := c.large("crash too")
	id := c.from(c.member, image, nil)
	c.becomes(c.member, id, "available")
	up := c.action(c.member, id, object{"os-volume_upload_image": object{"image_name": "again"}}).text("os-volume_upload_image.image_id")
	c.await("data to arrive", func() bool { return c.arrives(up) })
	c.running["volume"].Kill9()
	c.run("volume")
	c.becomes(c.member, id, "available")
	if got := c.glance.Show(c.member.token, up); got.Text("status") != "active" {
		c.t.Errorf("image: %v, messages %v", got, c.events(c.member, id))
	}
	c.fileHolds(up, "raw", data)
	c.remove(c.member, id)
}

// arrives reports whether Glance has begun to write the data of an image.
func (c *cloud) arrives(image string) bool {
	info, err := os.Stat(c.glance.File(image))
	return err == nil && info.Size() > 0
}

// imageDeleted: the volume is what it was, and the user is told.
func imageDeleted(c *cloud) {
	id := c.must(c.member, "POST", "/volumes", object{"volume": object{"size": 1, "volume_type": "plain"}}).text("volume.id")
	c.becomes(c.member, id, "available")
	up := c.action(c.member, id, object{"os-volume_upload_image": object{"image_name": "doomed"}}).text("os-volume_upload_image.image_id")
	c.await("data to arrive", func() bool { return c.arrives(up) })
	if status, text := c.glance.Call(c.member.token, "DELETE", "/images/"+up, "", nil); status != 204 {
		c.t.Fatalf("delete the image: %d %s", status, text)
	}
	c.becomes(c.member, id, "available")
	if got := c.events(c.member, id); !slices.Equal(got, []string{"VOLUME_VOLUME_003_004"}) {
		c.t.Errorf("messages %v", got)
	}
	c.remove(c.member, id)
}

// noSecrets reads all the logs.
func noSecrets(c *cloud) {
	for _, role := range roles {
		log, err := os.ReadFile(filepath.Join(c.dir, role+".log"))
		if err != nil {
			c.t.Fatal(err)
		}
		for _, secret := range []string{c.service.Password, c.member.Password, c.member.token, c.admin.token, c.stranger.token} {
			if strings.Contains(string(log), secret) {
				c.t.Errorf("the log of %s holds a secret", role)
			}
		}
	}
}
