package api

import (
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/apiversions"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/quotasets"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/schedulerstats"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/transfers"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumetypes"
)

func TestGophercloudReadsVersionsPoolsAndQuotas(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	pages := must(apiversions.List(sc).AllPages(ctx))(t, "versions")
	if all := must(apiversions.ExtractAPIVersions(pages))(t, "versions"); len(all) != 1 || all[0].Status != "CURRENT" || all[0].Updated.IsZero() {
		t.Errorf("versions: %+v", all)
	}
	if v := must(apiversions.ExtractAPIVersion(pages, "v3.0"))(t, "version"); v.Version != newest || v.MinVersion != "3.0" {
		t.Errorf("version: %+v", v)
	}
	pages = must(schedulerstats.List(sc, schedulerstats.ListOpts{Detail: true}).AllPages(ctx))(t, "pools")
	pools := must(schedulerstats.ExtractStoragePools(pages))(t, "pools")
	if len(pools) != 1 || pools[0].Name == "" {
		t.Fatalf("pools: %+v", pools)
	}
	if c := pools[0].Capabilities; c.StorageProtocol != "iSCSI" || c.TotalCapacityGB <= 0 || c.FreeCapacityGB <= 0 || !c.ThinProvisioningSupport ||
		c.VolumeBackendName == "" || c.VendorName == "" || c.DriverVersion == "" || c.MaxOverSubscriptionRatio == "" {
		t.Errorf("capabilities: %+v", c)
	}

	project, n := newCaller(t).project, 7
	if q := must(quotasets.GetDefaults(ctx, sc, project).Extract())(t, "defaults"); q.Volumes != 10 || q.Gigabytes != 1000 || q.Backups != 10 {
		t.Errorf("defaults: %+v", q)
	}
	must(quotasets.Update(ctx, sc, project, quotasets.UpdateOpts{Snapshots: &n, Groups: &n, PerVolumeGigabytes: &n,
		Extra: map[string]any{"volumes___DEFAULT__": 5}}).Extract())(t, "update")
	q := must(quotasets.Get(ctx, sc, project).Extract())(t, "show")
	if q.Volumes != 10 || q.Snapshots != n || q.Groups != n || q.PerVolumeGigabytes != n || q.Extra["volumes___DEFAULT__"] != 5.0 {
		t.Errorf("quota: %+v", q)
	}
	done(t, "delete", quotasets.Delete(ctx, sc, project).ExtractErr())
	if q := must(quotasets.Get(ctx, sc, project).Extract())(t, "show"); q.Snapshots != 10 {
		t.Errorf("afterwards: %+v", q)
	}
}

func TestGophercloudWalksThroughTypes(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	private, name, description := false, "walked on", "far"
	vt := must(volumetypes.Create(ctx, sc, volumetypes.CreateOpts{Name: "walked off", IsPublic: &private,
		ExtraSpecs: map[string]string{"a": "b"}}).Extract())(t, "create")
	if vt.IsPublic || vt.PublicAccess || vt.ExtraSpecs["a"] != "b" {
		t.Errorf("created: %+v", vt)
	}
	must(volumetypes.Update(ctx, sc, vt.ID, volumetypes.UpdateOpts{Name: &name, Description: &description}).Extract())(t, "update")
	if got := must(volumetypes.Get(ctx, sc, vt.ID).Extract())(t, "show"); got.Name != name || got.Description != description || got.QosSpecID != "" {
		t.Errorf("shown: %+v", got)
	}
	if spec := must(volumetypes.GetExtraSpec(ctx, sc, vt.ID, "a").Extract())(t, "extra spec"); spec["a"] != "b" {
		t.Errorf("extra spec: %v", spec)
	}
	project := newCaller(t).project
	done(t, "share", volumetypes.AddAccess(ctx, sc, vt.ID, volumetypes.AddAccessOpts{Project: project}).ExtractErr())
	if err := volumetypes.AddAccess(ctx, sc, vt.ID, volumetypes.AddAccessOpts{Project: project}).ExtractErr(); !gophercloud.ResponseCodeIs(err, 409) {
		t.Errorf("share again: %v", err)
	}
	pages := must(volumetypes.ListAccesses(sc, vt.ID).AllPages(ctx))(t, "accesses")
	if all := must(volumetypes.ExtractAccesses(pages))(t, "accesses"); len(all) != 1 || all[0].ProjectID != project || all[0].VolumeTypeID != vt.ID {
		t.Errorf("accesses: %+v", all)
	}
	done(t, "do not share", volumetypes.RemoveAccess(ctx, sc, vt.ID, volumetypes.RemoveAccessOpts{Project: project}).ExtractErr())
	pages = must(volumetypes.List(sc, volumetypes.ListOpts{IsPublic: volumetypes.VisibilityPrivate, Sort: "name:asc", Limit: 1}).AllPages(ctx))(t, "list")
	var rows []struct{ ID, Name string }
	done(t, "list", volumetypes.ExtractVolumeTypesInto(pages, &rows))
	found := false
	for _, r := range rows {
		found = found || r.ID == vt.ID && r.Name == name
	}
	if !found {
		t.Errorf("not listed: %+v", rows)
	}
	done(t, "delete", volumetypes.Delete(ctx, sc, vt.ID).ExtractErr())
}

func TestGophercloudReadsTransfersIntoStructures(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	v := walker(t, sc, "walked to somebody")
	offer := must(transfers.Create(ctx, sc, transfers.CreateOpts{VolumeID: v.ID, Name: "offer"}).Extract())(t, "offer")
	pages := must(transfers.List(sc, transfers.ListOpts{AllTenants: true, Sort: "id:asc"}).AllPages(ctx))(t, "offers")
	var rows []struct {
		ID, Name string
		VolumeID string `json:"volume_id"`
	}
	done(t, "offers", transfers.ExtractTransfersInto(pages, &rows))
	found := false
	for _, r := range rows {
		found = found || r.ID == offer.ID && r.VolumeID == v.ID
	}
	if !found {
		t.Errorf("not listed: %+v", rows)
	}
	done(t, "delete", transfers.Delete(ctx, sc, offer.ID).ExtractErr())
}
