package api

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// offer makes a transfer and returns its id and key.
func (c caller) offer(path, volume, members string) (id, key string) {
	c.t.Helper()
	a := c.want(202, "POST", path, fmt.Sprintf(`{"transfer": {"volume_id": %q%s}}`, volume, members))
	return a.text("transfer", "id"), a.text("transfer", "auth_key")
}

func acceptWith(key string) string { return fmt.Sprintf(`{"accept": {"auth_key": %q}}`, key) }

func TestTransferBetweenProjects(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/os-volume-transfer", "/volume-transfers"} {
		from, to := newCaller(t).at(newest), newCaller(t).at(newest)
		volume := from.volume()
		snapshot := from.snapshot(volume)
		id, key := from.offer(path, volume, `, "name": "gift"`)
		from.status("volume", volume, "awaiting-transfer")
		keys(t, "shown", from.want(200, "GET", path+"/"+id, nil).object("transfer"),
			"id created_at name volume_id links no_snapshots destination_project_id source_project_id accepted")
		check(t, to, []row{
			{name: "wrong key", method: "POST", path: path + "/" + id + "/accept", body: acceptWith("0"), status: 400,
				fault: "Invalid auth key: Attempt to transfer " + id + " with invalid auth key."},
			{name: "no key", method: "POST", path: path + "/" + id + "/accept", body: `{"accept": {}}`, status: 400},
			{name: "offered volume is not deleted", method: "DELETE", path: "/volumes/" + volume, status: 400, fault: "Invalid volume: Volume status must be *"},
			{name: "nor extended", method: "POST", path: "/volumes/" + volume + "/action", body: `{"os-extend": {"new_size": 2}}`, status: 400},
			{name: "nor attached", mv: "3.54", method: "POST", path: "/attachments", body: attachmentOf(volume, ""), status: 400},
			{name: "nor offered again", method: "POST", path: path, body: fmt.Sprintf(`{"transfer": {"volume_id": %q}}`, volume), status: 400,
				fault: "Invalid volume: status must be available"},
		})
		a := to.want(202, "POST", path+"/"+id+"/accept", acceptWith(key))
		keys(t, a.what, a.object("transfer"), "id name volume_id links")
		if owner := to.want(200, "GET", "/volumes/"+volume, nil).text("volume", "os-vol-tenant-attr:tenant_id"); owner != to.project {
			t.Errorf("the volume is of %s", owner)
		}
		if owner := to.want(200, "GET", "/snapshots/"+snapshot, nil).text("snapshot", "os-extended-snapshot-attributes:project_id"); owner != to.project {
			t.Errorf("the snapshot is of %s", owner)
		}
		for resource, want := range map[string]float64{"volumes": 1, "snapshots": 1, "gigabytes": 2} {
			if a, b := from.used(resource, "in_use"), to.used(resource, "in_use"); a != 0 || b != want {
				t.Errorf("%s: %v and %v in use", resource, a, b)
			}
		}
		check(t, to, []row{
			{name: "accepted once", method: "POST", path: path + "/" + id + "/accept", body: acceptWith(key),
				status: 404, fault: "Transfer " + id + " could not be found."},
			{name: "gone", method: "GET", path: path + "/" + id, status: 404},
			// The new owner's volume works as any other.
			{name: "delete with its snapshot", method: "DELETE", path: "/volumes/" + volume + "?cascade=true", status: 202},
		})
		to.gone("/volumes/" + volume)
		if n := to.used("gigabytes", "in_use"); n != 0 {
			t.Errorf("%v GiB are left in use", n)
		}
	}
}

func TestTransferOverQuota(t *testing.T) {
	t.Parallel()
	from, to := newCaller(t), newCaller(t)
	volume := from.volume()
	id, key := from.offer("/volume-transfers", volume, "")
	path := "/volume-transfers/" + id + "/accept"
	refused := func(quota, message string) {
		t.Helper()
		to.want(200, "DELETE", "/os-quota-sets/"+to.project, nil)
		to.quota(quota)
		a := to.want(413, "POST", path, acceptWith(key))
		a.isFault(message)
		if a.header.Get("Retry-After") != "0" {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}
	}
	refused(`"gigabytes": 0`, "Requested volume or snapshot exceeds allowed gigabytes quota. Requested 1G, quota is 0G and 0G has been consumed.")
	refused(`"volumes": 0`, "VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes'.")
	refused(`"per_volume_gigabytes": 0`, "VolumeSizeExceedsLimit: Requested volume size 1G is larger than maximum allowed limit 0G.")
	if from.used("volumes", "in_use") != 1 || to.used("volumes", "in_use") != 0 {
		t.Error("a refused transfer moved quota")
	}
	from.status("volume", volume, "awaiting-transfer")
	from.want(202, "DELETE", "/os-volume-transfer/"+id, nil)
	from.status("volume", volume, "available")
}

func TestTransferIsAcceptedByOne(t *testing.T) {
	t.Parallel()
	from := newCaller(t)
	volume := from.volume()
	id, key := from.offer("/volume-transfers", volume, "")
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []string
	for range 4 {
		to := newCaller(t)
		wg.Go(func() {
			a := to.send("POST", "/volume-transfers/"+id+"/accept", acceptWith(key))
			mu.Lock()
			defer mu.Unlock()
			switch a.status {
			case 202:
				won = append(won, to.project)
			case 404:
			default:
				t.Errorf("%s: status %d: %s", a.what, a.status, a.raw)
			}
		})
	}
	wg.Wait()
	if owner := from.want(200, "GET", "/volumes/"+volume, nil).text("volume", "os-vol-tenant-attr:tenant_id"); len(won) != 1 || won[0] != owner {
		t.Errorf("accepted by %v, owned by %s", won, owner)
	}
}

func TestImageMetadataOfVolumes(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	volume := c.volume()
	action := "/volumes/" + volume + "/action"
	a := c.want(200, "POST", action, `{"os-set_image_metadata": {"metadata": {"image_id": "1234", "image_name": "cirros"}}}`)
	if a.text("metadata", "image_name") != "cirros" {
		t.Errorf("%s: %s", a.what, a.raw)
	}
	for _, path := range []string{"/volumes/" + volume, "/volumes/detail"} {
		if raw := string(c.want(200, "GET", path, nil).raw); !strings.Contains(raw, `"volume_image_metadata": {"image_id": "1234", "image_name": "cirros"}`) {
			t.Errorf("%s: %s", path, raw)
		}
	}
	// A volume made from one that cannot be booted has no image.
	clone := c.volume(map[string]any{"source_volid": volume})
	check(t, c, []row{
		{name: "show", method: "POST", path: action, body: `{"os-show_image_metadata": null}`, status: 200},
		{name: "filter", method: "GET", path: "/volumes?glance_metadata=%7B%27image_id%27:%20%271234%27%7D", status: 200},
		{name: "clone has none", method: "POST", path: "/volumes/" + clone + "/action", body: `{"os-show_image_metadata": null}`, status: 404,
			fault: "Glance metadata for volume/snapshot " + clone + " cannot be found."},
		{name: "unset", method: "POST", path: action, body: `{"os-unset_image_metadata": {"key": "image_id"}}`, status: 200},
		{name: "bootable", method: "POST", path: action, body: `{"os-set_bootable": {"bootable": true}}`, status: 200},
		{name: "unknown volume", method: "POST", path: "/volumes/" + unknownID + "/action", body: `{"os-show_image_metadata": null}`, status: 404},
		{name: "bad body", method: "POST", path: action, body: `{"os-set_image_metadata": {"metadata": []}}`, status: 400},
	})
	booted := c.volume(map[string]any{"source_volid": volume})
	if got := c.want(200, "GET", "/volumes/"+booted, nil).text("volume", "volume_image_metadata", "image_name"); got != "cirros" {
		t.Errorf("a bootable copy has the image %s", got)
	}
}
