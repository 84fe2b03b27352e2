package api

import (
	"fmt"
	"testing"
)

func (c caller) quota(set string) {
	c.t.Helper()
	c.want(200, "PUT", "/os-quota-sets/"+c.project, `{"quota_set": {`+set+`}}`)
}

func TestOverQuotaIs413(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	over := func(method, path string, body any, message string) {
		t.Helper()
		a := c.want(413, method, path, body)
		a.isFault(message)
		if a.get("overLimit", "retryAfter") != "0" || a.header.Get("Retry-After") != "0" {
			t.Errorf("%s: retryAfter in %s, header %q", a.what, a.raw, a.header.Get("Retry-After"))
		}
		keys(t, a.what, a.object("overLimit"), "code message retryAfter")
	}
	c.quota(`"volumes": 1`)
	over("POST", "/volumes", create(map[string]any{"size": 1}), "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'.")
	c.quota(`"volumes": -1, "gigabytes": 2`)
	over("POST", "/volumes", create(map[string]any{"size": 2}),
		"VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 2G and 1G has been consumed.")
	over("POST", "/volumes/"+id+"/action", `{"os-extend": {"new_size": 4}}`,
		"VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 3G, quota is 2G and 1G has been consumed.")
	c.status("volume", id, "available")
	c.quota(`"snapshots": 0`)
	over("POST", "/snapshots", snapshotOf(id, nil), "SnapshotLimitExceeded: Maximum number of snapshots allowed (0) exceeded")
	c.quota(`"snapshots": -1, "gigabytes": 1`)
	over("POST", "/snapshots", snapshotOf(id, nil),
		"VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 1G, quota is 1G and 1G has been consumed.")
	c.quota(`"gigabytes": -1, "per_volume_gigabytes": 3`)
	over("POST", "/volumes", create(map[string]any{"size": 4}), "VolumeSizeExceedsLimit: Requested volume size 4G is larger than maximum allowed limit 3G.")
	over("POST", "/volumes/"+id+"/action", `{"os-extend": {"new_size": 4}}`,
		"VolumeSizeExceedsLimit: Requested volume size 4G is larger than maximum allowed limit 3G.")
	c.status("volume", id, "available")
	a := c.want(200, "GET", "/os-quota-sets/"+c.project+"?usage=true", nil)
	for kind, used := range map[string]float64{"volumes": 1, "gigabytes": 1, "snapshots": 0, "volumes___DEFAULT__": 1, "gigabytes___DEFAULT__": 1} {
		if a.get("quota_set", kind, "in_use") != used || a.get("quota_set", kind, "reserved") != 0.0 {
			t.Errorf("%s after the refusals: %v", kind, a.get("quota_set", kind))
		}
	}
}

func TestQuotaSets(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	path := "/os-quota-sets/" + c.project
	a := c.want(200, "GET", path, nil)
	for key, want := range map[string]any{"id": c.project, "volumes": 10.0, "snapshots": 10.0, "gigabytes": 1000.0, "backups": 10.0,
		"backup_gigabytes": 1000.0, "groups": 10.0, "per_volume_gigabytes": -1.0, "volumes___DEFAULT__": -1.0, "gigabytes___DEFAULT__": -1.0,
		"snapshots___DEFAULT__": -1.0} {
		if got := a.get("quota_set", key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	put := func(name, set string, status int, fault string) row {
		return row{name: name, method: "PUT", path: path, body: `{"quota_set": ` + set + `}`, status: status, fault: fault}
	}
	check(t, c, []row{
		put("unknown key", `{"bananas": 1}`, 400, "Invalid input received: Bad key(s) in quota set: bananas"),
		put("too small", `{"volumes": -2}`, 400, ""),
		put("too large", `{"volumes": 2147483648}`, 400, ""),
		put("text", `{"volumes": "many"}`, 400, ""),
		put("empty", `{}`, 400, ""),
		put("good", `{"volumes": 3, "gigabytes": 7}`, 200, ""),
		put("by type", `{"volumes___DEFAULT__": 2}`, 200, ""),
		{name: "defaults", method: "GET", path: path + "/defaults", status: 200},
		{name: "usage odd", method: "GET", path: path + "?usage=perhaps", status: 400, fault: "Value 'perhaps' for 'usage' is not a boolean."},
	})
	for range 2 {
		c.volume()
	}
	over := c.want(413, "POST", "/volumes", create(map[string]any{"size": 1}))
	over.isFault("VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded for quota 'volumes___DEFAULT__'.")
	check(t, c, []row{put("below usage", `{"volumes": 1}`, 400, "")})
	if got := c.want(200, "GET", path, nil).get("quota_set", "volumes"); got != 3.0 {
		t.Errorf("volumes is %v, want 3", got)
	}
	c.want(200, "DELETE", path, nil)
	if got := c.want(200, "GET", path, nil).get("quota_set", "volumes"); got != 10.0 {
		t.Errorf("volumes is %v after the set is deleted, want 10", got)
	}
}

func TestLimitsAndZones(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	c.snapshot(c.volume(map[string]any{"size": 2}))
	a := c.want(200, "GET", "/limits", nil)
	if len(a.list("limits", "rate")) != 0 {
		t.Errorf("rate: %s", a.raw)
	}
	want := map[string]any{"maxTotalVolumes": 10.0, "maxTotalSnapshots": 10.0, "maxTotalVolumeGigabytes": 1000.0, "maxTotalBackups": 10.0,
		"maxTotalBackupGigabytes": 1000.0, "totalVolumesUsed": 1.0, "totalSnapshotsUsed": 1.0, "totalGigabytesUsed": 4.0,
		"totalBackupsUsed": 0.0, "totalBackupGigabytesUsed": 0.0}
	for key, v := range want {
		if got := a.get("limits", "absolute", key); got != v {
			t.Errorf("%s is %v, want %v", key, got, v)
		}
	}
	if n := len(a.object("limits", "absolute")); n != len(want) {
		t.Errorf("%d absolute limits, want %d: %s", n, len(want), a.raw)
	}
	other := newCaller(t)
	other.quota(`"volumes": 77`)
	for mv, limit := range map[string]float64{"3.38": 10, "3.39": 77} {
		if got := c.at(mv).want(200, "GET", "/limits?project_id="+other.project, nil).get("limits", "absolute", "maxTotalVolumes"); got != limit {
			t.Errorf("at %s an administrator is told %v of another project, want %v", mv, got, limit)
		}
	}
	z := c.want(200, "GET", "/os-availability-zone", nil)
	if got := fmt.Sprint(z.value()); got != "map[availabilityZoneInfo:[map[zoneName:nova zoneState:map[available:true]]]]" {
		t.Errorf("zones: %s", z.raw)
	}
}
