package barbican

import (
	"os"
	"strings"
	"sync"
	"testing"
)

func TestEncryptedVolumes(t *testing.T) {
	c := start(t)
	for _, s := range []struct {
		name string
		run  func(*testing.T, *cloud)
	}{
		{"life by the openstack client", life},
		{"data is under LUKS with the key of each copy", dataUnderLUKS},
		{"hand-over with keys", handOver},
		{"groups", groups},
		{"retypes", retypes},
		{"retypes with contents", retypesWithContents},
		{"copies of attached volumes", copies},
		{"refusals leave no key", refusals},
		{"answers are lost", lostAnswers},
		{"Barbican has faults", badLine},
		{"no secret is in a log", noSecretInLogs},
	} {
		if !t.Run(s.name, func(t *testing.T) { s.run(t, c); c.keys(t) }) {
			return // the next ones count keys
		}
	}
}

// life is what a user does, with everything that has a key of its own.
func life(t *testing.T, c *cloud) {
	kind := c.openstack(t, c.admin, "volume", "type", "create", "--encryption-provider", "luks", "--encryption-cipher", "aes-xts-plain64",
		"--encryption-key-size", "256", "--encryption-control-location", "front-end", "secret", "-f", "json")
	if !strings.Contains(kind.get("encryption"), "aes-xts-plain64") {
		t.Errorf("the type is %s", kind.body)
	}
	made := c.openstack(t, c.ann, "volume", "create", "--type", "secret", "--size", "1", "first", "-f", "json").get("id")
	c.status(t, c.ann, "volumes", made, "available")
	first := c.openstack(t, c.ann, "volume", "show", made, "-f", "json")
	key := c.key(t, c.ann, made)
	if first.get("encrypted") != "true" || first.get("encryption_key_id") != key {
		t.Errorf("the volume is %s, its key %s", first.body, key)
	}
	c.keys(t, key)
	if got := c.barbican.ProjectOf(key); got != c.ann.project {
		t.Errorf("the key belongs to %s, want %s", got, c.ann.project)
	}
	e := c.ask(t, c.ann, "3.0", "GET", "/volumes/"+made+"/encryption", "", 200)
	for name, want := range map[string]string{"cipher": "aes-xts-plain64", "key_size": "256", "provider": "luks", "control_location": "front-end"} {
		if got := e.get(name); got != want {
			t.Errorf("%s of the encryption is %q, want %q", name, got, want)
		}
	}
	if got := string(c.ask(t, c.ann, "3.0", "GET", "/volumes/"+made+"/encryption/encryption_key_id", "", 200).body); got != key {
		t.Errorf("the key by itself is %q, want %s", got, key)
	}
	c.ask(t, c.eve, "3.0", "GET", "/volumes/"+made+"/encryption", "", 404)
	if c.ask(t, c.ann, "3.63", "GET", "/volumes/"+made, "", 200).get("volume.encryption_key_id") != "" {
		t.Error("3.63 shows the key's id")
	}
	snap := c.openstack(t, c.ann, "volume", "snapshot", "create", "--volume", made, "then", "-f", "json").get("id")
	c.status(t, c.ann, "snapshots", snap, "available")
	c.keys(t, key) // a snapshot has its volume's
	restored := c.openstack(t, c.ann, "volume", "create", "--snapshot", snap, "restored", "-f", "json").get("id")
	twin := c.openstack(t, c.ann, "volume", "create", "--source", made, "--size", "1", "twin", "-f", "json").get("id")
	c.status(t, c.ann, "volumes", restored, "available")
	c.status(t, c.ann, "volumes", twin, "available")
	other, third := c.key(t, c.ann, restored), c.key(t, c.ann, twin)
	c.keysAfterClones(t, key, other, third)
	pass := c.passphrase(t, c.ann, key)
	if c.passphrase(t, c.ann, other) != pass {
		t.Error("what is made from a snapshot has another key than its source, with which it cannot be read")
	}
	if c.passphrase(t, c.ann, third) == pass {
		t.Error("a clone has its source's key")
	}
	c.openstack(t, c.ann, "volume", "snapshot", "delete", snap)
	c.status(t, c.ann, "snapshots", snap, "")
	c.keysAfterClones(t, key, other, third)
	c.openstack(t, c.ann, "volume", "delete", made)
	c.status(t, c.ann, "volumes", made, "")
	c.keys(t, other, third)
	c.remove(t, c.ann, restored, twin)
}

// handOver gives a volume away and back.
func handOver(t *testing.T, c *cloud) {
	id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
	key, pass := c.key(t, c.ann, id), c.passphrase(t, c.ann, c.key(t, c.ann, id))
	offer := `{"transfer": {"volume_id": "` + id + `"}}`
	c.ask(t, c.ann, "3.70", "POST", "/os-volume-transfer", offer, 400)
	c.ask(t, c.ann, "3.69", "POST", "/volume-transfers", offer, 400)
	c.ask(t, c.ann, "3.70", "POST", "/volume-transfers", strings.Replace(offer, "}}", `, "no_snapshots": true}}`, 1), 400)
	c.keys(t, key)
	snap := c.ask(t, c.ann, "3.64", "POST", "/snapshots", `{"snapshot": {"volume_id": "`+id+`"}}`, 202).get("snapshot.id")
	c.status(t, c.ann, "snapshots", snap, "available")

	withdrawn := c.ask(t, c.ann, "3.70", "POST", "/volume-transfers", offer, 202).get("transfer.id")
	kept := c.key(t, c.ann, id)
	c.keys(t, kept)
	if kept == key || c.barbican.ProjectOf(kept) == c.ann.project {
		t.Error("the service does not have the key")
	}
	c.ask(t, c.ann, "3.70", "DELETE", "/volume-transfers/"+withdrawn, "", 202)
	back := c.key(t, c.ann, id)
	c.keys(t, back)
	if c.barbican.ProjectOf(back) != c.ann.project || c.passphrase(t, c.ann, back) != pass {
		t.Error("the key did not come back")
	}

	a := c.ask(t, c.ann, "3.70", "POST", "/volume-transfers", offer, 202)
	accept := "/volume-transfers/" + a.get("transfer.id") + "/accept"
	c.ask(t, c.eve, "3.70", "POST", accept, `{"accept": {"auth_key": "0123456789abcdef"}}`, 400)
	c.keys(t, c.key(t, c.ann, id)) // who guesses gets no key
	mend := c.line.set(faults["broken"])
	c.ask(t, c.eve, "3.70", "POST", accept, `{"accept": {"auth_key": "`+a.get("transfer.auth_key")+`"}}`, 400)
	mend()
	c.ask(t, c.eve, "3.70", "POST", accept, `{"accept": {"auth_key": "`+a.get("transfer.auth_key")+`"}}`, 202)
	theirs := c.key(t, c.eve, id)
	c.keys(t, theirs)
	if c.barbican.ProjectOf(theirs) != c.eve.project || c.passphrase(t, c.eve, theirs) != pass {
		t.Error("the key did not go along")
	}
	c.ask(t, c.ann, "3.64", "GET", "/volumes/"+id, "", 404)
	restored := c.volume(t, c.eve, `"snapshot_id": "`+snap+`"`)
	c.ask(t, c.eve, "3.64", "DELETE", "/snapshots/"+snap, "", 202)
	c.status(t, c.eve, "snapshots", snap, "")
	c.remove(t, c.eve, id, restored)
}

func groups(t *testing.T, c *cloud) {
	kind := c.ask(t, c.admin, "3.11", "POST", "/group_types", `{"group_type": {"name": "together", "group_specs": {"consistent_group_snapshot_enabled": "<is> True"}}}`, 202)
	g := c.ask(t, c.ann, "3.14", "POST", "/groups", `{"group": {"group_type": "`+kind.get("group_type.id")+`", "volume_types": ["secret"]}}`, 202).get("group.id")
	c.status(t, c.ann, "groups", g, "available")
	v := c.volume(t, c.ann, `"size": 1, "volume_type": "secret", "group_id": "`+g+`"`)
	copied := c.ask(t, c.ann, "3.14", "POST", "/groups/action", `{"create-from-src": {"source_group_id": "`+g+`"}}`, 202).get("group.id")
	c.status(t, c.ann, "groups", copied, "available")
	twin := c.ask(t, c.ann, "3.14", "GET", "/volumes?group_id="+copied, "", 200).get("volumes.0.id")
	key, other := c.key(t, c.ann, v), c.key(t, c.ann, twin)
	c.keys(t, key, other)
	if key == other || c.passphrase(t, c.ann, key) != c.passphrase(t, c.ann, other) {
		t.Error("the copy has not a key of its own like that of its source")
	}
	for _, id := range []string{copied, g} {
		c.ask(t, c.ann, "3.14", "POST", "/groups/"+id+"/action", `{"delete": {"delete-volumes": true}}`, 202)
		c.status(t, c.ann, "groups", id, "")
	}
}

func refusals(t *testing.T, c *cloud) {
	c.ask(t, c.admin, "3.0", "PUT", "/os-quota-sets/"+c.eve.project, `{"quota_set": {"volumes": 0}}`, 200)
	c.ask(t, c.eve, "3.0", "POST", "/volumes", `{"volume": {"size": 1, "volume_type": "secret"}}`, 413)
	c.keys(t)
	a := c.ask(t, c.guest, "3.0", "POST", "/volumes", `{"volume": {"size": 1, "volume_type": "secret"}}`, 400)
	if got := a.get("badRequest.message"); got != "Key manager error" {
		t.Errorf("who may make no keys is told %q", got)
	}
	id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
	a = c.ask(t, c.ann, "3.0", "POST", "/volumes", `{"volume": {"source_volid": "`+id+`", "volume_type": "__DEFAULT__"}}`, 400)
	if got := a.get("badRequest.message"); !strings.HasSuffix(got, "(requested type is not compatible; either match source volume, or omit type argument).") {
		t.Errorf("a plain copy of an encrypted volume is told %q", got)
	}
	c.ask(t, c.ann, "3.0", "POST", "/volumes", `{"volume": {"source_volid": "`+id+`", "size": 100000}}`, 413)
	key := c.key(t, c.ann, id)
	c.keys(t, key)
	// Other projects' keys are nobody's: an administrator cannot delete them, and thus not the volume.
	c.ask(t, c.eve, "3.0", "DELETE", "/volumes/"+id, "", 404)
	c.ask(t, c.admin, "3.0", "DELETE", "/volumes/"+id, "", 400)
	c.status(t, c.ann, "volumes", id, "error_deleting")
	c.keys(t, key)
	c.ask(t, c.admin, "3.0", "POST", "/volumes/"+id+"/action", `{"os-reset_status": {"status": "available"}}`, 202)
	c.remove(t, c.ann, id)
}

// lostAnswers: Barbican makes the key, and nobody hears of it.
func lostAnswers(t *testing.T, c *cloud) {
	id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
	mend := c.line.set(c.line.half)
	c.ask(t, c.ann, "3.0", "POST", "/volumes", `{"volume": {"size": 1, "volume_type": "secret"}}`, 400)
	c.ask(t, c.ann, "3.0", "POST", "/volumes", `{"volume": {"source_volid": "`+id+`"}}`, 400)
	mend()
	c.keys(t, c.key(t, c.ann, id))
	c.remove(t, c.ann, id)
}

// badLine asks for everything that needs a key while there is no getting one.
func badLine(t *testing.T, c *cloud) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
			key := c.key(t, c.ann, id)
			if name == "slow" {
				c.impatient(t)
			}
			mend := c.line.set(fault)
			defer mend()
			var wg sync.WaitGroup // some take as long as the service has patience
			try := func(method, path, body, want string) {
				wg.Go(func() {
					a, err := c.send(c.ann, "3.0", method, path, body)
					if got := a.get("badRequest.message"); err != nil || got != want {
						t.Errorf("%s %s: %d %q %v", method, path, a.status, got, err)
					}
				})
			}
			try("POST", "/volumes", `{"volume": {"size": 1, "volume_type": "secret"}}`, "Key manager error")
			try("POST", "/volumes", `{"volume": {"source_volid": "`+id+`"}}`, "Key manager error")
			wg.Wait()
			try("DELETE", "/volumes/"+id, "", "Invalid volume: Unable to delete encryption key for volume.")
			wg.Wait()
			c.status(t, c.ann, "volumes", id, "error_deleting")
			if _, err := os.Stat(c.file(id)); err != nil {
				t.Errorf("the volume whose key is left: %v", err)
			}
			mend()
			c.keys(t, key)
			c.ask(t, c.admin, "3.0", "POST", "/volumes/"+id+"/action", `{"os-reset_status": {"status": "available"}}`, 202)
			c.remove(t, c.ann, id)
		})
	}
}

func noSecretInLogs(t *testing.T, c *cloud) {
	id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
	pass := c.passphrase(t, c.ann, c.key(t, c.ann, id))
	c.remove(t, c.ann, c.volume(t, c.ann, `"source_volid": "`+id+`"`), id)
	for role := range c.running {
		raw, err := os.ReadFile(c.log(role))
		if err != nil {
			t.Fatal(err)
		}
		for what, secret := range map[string]string{"key": pass, "token": c.ann.token, "password": c.ann.user.Password} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("the log of %s has a %s", role, what)
			}
		}
	}
}
