package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func limitsOfStandard(id string) map[string]any {
	set := map[string]any{"volumes": 10.0, "snapshots": 10.0, "gigabytes": 1000.0, "groups": 10.0, "backups": 10.0, "backup_gigabytes": 1000.0,
		"per_volume_gigabytes": -1.0, "volumes___DEFAULT__": -1.0, "gigabytes___DEFAULT__": -1.0, "snapshots___DEFAULT__": -1.0}
	if id != "" {
		set["id"] = id
	}
	return set
}

func TestQuotaSets(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	own := "/os-quota-sets/" + project
	for _, path := range []string{own, own + "/defaults"} {
		if diff := cmp.Diff(limitsOfStandard(project), ask(t, b.user, "GET", path, "0", "")["quota_set"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	b.sql(t, "INSERT INTO quota_usages (project_id, resource, in_use, reserved) VALUES ($1, 'volumes', 3, 1)", project)
	used := ask(t, b.user, "GET", own+"?usage=True", "0", "")
	if diff := cmp.Diff(map[string]any{"limit": 10.0, "in_use": 3.0, "reserved": 1.0}, dig(t, used, "quota_set", "volumes")); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	put := func(name, set string, status int, want string) call {
		return call{name: name, method: "PUT", path: own, body: `{"quota_set": ` + set + `}`, status: status, want: want}
	}
	steps(t, b.user, []call{
		{name: "another project's", method: "GET", path: "/os-quota-sets/other", status: 403, want: forbidden("volume_extension:quotas:show")},
		{name: "users set none", method: "PUT", path: own, body: `{"quota_set": {"volumes": 1}}`, status: 403, want: forbidden("volume_extension:quotas:update")},
		{name: "users delete none", method: "DELETE", path: own, status: 403, want: forbidden("volume_extension:quotas:delete")},
	})
	steps(t, b.admin, []call{
		put("unknown keys", `{"bananas": 1, "apples": 2, "volumes": 1}`, 400, bad("Invalid input received: Bad key(s) in quota set: apples, bananas")),
		put("empty", `{}`, 400, ""),
		put("too small", `{"volumes": -2}`, 400, bad("volumes must be >= -1")),
		put("too large", `{"volumes": 2147483648}`, 400, bad("volumes must be <= 2147483647")),
		put("words", `{"volumes": "many"}`, 400, bad("volumes must be an integer")),
		put("null", `{"volumes": null}`, 400, bad("volumes must be an integer")),
		put("half", `{"volumes": 1.5}`, 400, bad("volumes must be an integer")),
		put("below usage", `{"volumes": 3}`, 400, bad("Quota volumes limit must be equal or greater than existing resources. Current usage is 4 and the requested limit is 3.")),
		{name: "odd usage", method: "GET", path: own + "?usage=perhaps", status: 400, want: bad("Value 'perhaps' for 'usage' is not a boolean.")},
	})
	if diff := cmp.Diff(limitsOfStandard(project), ask(t, b.user, "GET", own, "0", "")["quota_set"]); diff != "" {
		t.Errorf("after the refusals (-want +got):\n%s", diff)
	}
	want := limitsOfStandard("")
	want["volumes"], want["gigabytes"], want["snapshots___DEFAULT__"] = 4.0, -1.0, 2147483647.0
	set := `{"quota_set": {"volumes": "4", "gigabytes": -1, "snapshots___DEFAULT__": 2147483647, "tenant_id": "x", "id": 5}}`
	if diff := cmp.Diff(want, ask(t, b.admin, "PUT", own, "0", set)["quota_set"]); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	steps(t, b.admin, []call{{name: "delete", method: "DELETE", path: own, status: 200}})
	if diff := cmp.Diff(limitsOfStandard(project), ask(t, b.user, "GET", own, "0", "")["quota_set"]); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
}

func TestQuotaClasses(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	const path = "/os-quota-class-sets/default"
	if diff := cmp.Diff(limitsOfStandard("default"), ask(t, b.admin, "GET", path, "0", "")["quota_class_set"]); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	steps(t, b.user, []call{{name: "users see none", method: "GET", path: path, status: 403, want: forbidden("volume_extension:quota_classes:get")}})
	steps(t, b.admin, []call{
		{name: "unknown key", method: "PUT", path: path, body: `{"quota_class_set": {"bananas": 1}}`, status: 400, want: bad("Invalid input received: Bad key(s) in quota class set: bananas")},
		{name: "too small", method: "PUT", path: path, body: `{"quota_class_set": {"volumes": -2}}`, status: 400},
		{name: "too large", method: "PUT", path: path, body: `{"quota_class_set": {"volumes": 2147483648}}`, status: 400},
	})
	want := limitsOfStandard("")
	want["volumes"] = 5.0
	if diff := cmp.Diff(want, ask(t, b.admin, "PUT", path, "0", `{"quota_class_set": {"volumes": 5}}`)["quota_class_set"]); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	// A class of another name has the limits of the default one where it has none of its own.
	want["snapshots"] = 6.0
	gold := "/os-quota-class-sets/gold"
	if diff := cmp.Diff(want, ask(t, b.admin, "PUT", gold, "0", `{"quota_class_set": {"snapshots": 6}}`)["quota_class_set"]); diff != "" {
		t.Errorf("another class (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(limitsOfStandard("default")["snapshots"], dig(t, ask(t, b.admin, "GET", path, "0", ""), "quota_class_set", "snapshots")); diff != "" {
		t.Errorf("the default class (-want +got):\n%s", diff)
	}
	for _, of := range []string{"", "/defaults"} {
		if got := dig(t, ask(t, b.user, "GET", "/os-quota-sets/"+project+of, "0", ""), "quota_set", "volumes"); got != 5.0 {
			t.Errorf("a project without limits of its own has %v volumes%s", got, of)
		}
	}
}

func TestQuotasFollowTheNameOfAType(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	id := newType(t, b, `{"name": "gold"}`)
	ask(t, b.admin, "PUT", "/os-quota-sets/"+project, "0", `{"quota_set": {"volumes_gold": 7}}`)
	ask(t, b.admin, "PUT", "/os-quota-class-sets/default", "0", `{"quota_class_set": {"gigabytes_gold": 8}}`)
	b.sql(t, "INSERT INTO quota_usages (project_id, resource, in_use) VALUES ($1, 'volumes_gold', 3)", project)
	// What an earlier type of the new name left behind.
	b.sql(t, "INSERT INTO quotas (project_id, resource, hard_limit) VALUES ($1, 'volumes_silver', 1)", project)
	b.sql(t, "INSERT INTO quota_usages (project_id, resource) VALUES ($1, 'volumes_silver')", project)
	ask(t, b.admin, "PUT", "/types/"+id, "0", `{"volume_type": {"name": "silver"}}`)
	set := ask(t, b.user, "GET", "/os-quota-sets/"+project+"?usage=1", "0", "")
	if got := dig(t, set, "quota_set", "volumes_silver"); !cmp.Equal(got, map[string]any{"limit": 7.0, "in_use": 3.0, "reserved": 0.0}) {
		t.Errorf("volumes_silver is %v", got)
	}
	if got := dig(t, set, "quota_set", "gigabytes_silver", "limit"); got != 8.0 {
		t.Errorf("gigabytes_silver is limited to %v", got)
	}
	if _, there := set["quota_set"].(map[string]any)["volumes_gold"]; there {
		t.Error("the old name still has a limit")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	b.sql(t, "INSERT INTO quota_usages (project_id, resource, in_use, reserved) VALUES ($1, 'gigabytes', 30, 5), ($1, 'volumes', 2, 0)", project)
	want := map[string]any{"rate": []any{}, "absolute": map[string]any{"maxTotalVolumes": 10.0, "totalVolumesUsed": 2.0,
		"maxTotalSnapshots": 10.0, "totalSnapshotsUsed": 0.0, "maxTotalVolumeGigabytes": 1000.0, "totalGigabytesUsed": 30.0,
		"maxTotalBackups": 10.0, "totalBackupsUsed": 0.0, "maxTotalBackupGigabytes": 1000.0, "totalBackupGigabytesUsed": 0.0}}
	if diff := cmp.Diff(want, ask(t, b.user, "GET", "/limits", "0", "")["limits"]); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	ask(t, b.admin, "PUT", "/os-quota-sets/other", "0", `{"quota_set": {"volumes": 77}}`)
	for _, c := range []struct {
		query, mv string
		user      bool
		want      float64
	}{{"project_id", "38", false, 10}, {"project_id", "39", false, 77}, {"tenant_id", "39", false, 77}, {"project_id", "39", true, 10}} {
		h := b.admin
		if c.user {
			h = b.user
		}
		if got := dig(t, ask(t, h, "GET", "/limits?"+c.query+"=other", c.mv, ""), "limits", "absolute", "maxTotalVolumes"); got != c.want {
			t.Errorf("%+v: %v volumes", c, got)
		}
	}
}
