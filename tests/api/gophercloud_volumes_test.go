package api

import (
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/attachments"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/manageablevolumes"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/snapshots"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumetypes"
)

// done insists on the success of a call that answers with nothing.
func done(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// walker makes a volume and waits for it.
func walker(t *testing.T, sc *gophercloud.ServiceClient, name string) *volumes.Volume {
	t.Helper()
	v := must(volumes.Create(t.Context(), sc, volumes.CreateOpts{Size: 1, Name: name}, nil).Extract())(t, "create")
	done(t, "available", volumes.WaitForStatus(t.Context(), sc, v.ID, "available"))
	return must(volumes.Get(t.Context(), sc, v.ID).Extract())(t, "show")
}

func TestGophercloudAttachesAsOlderNovasDid(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	id := walker(t, sc, "walked the old way").ID
	status := func(want string) *volumes.Volume {
		t.Helper()
		v := must(volumes.Get(ctx, sc, id).Extract())(t, "show")
		if v.Status != want {
			t.Errorf("the volume is %s, want %s", v.Status, want)
		}
		return v
	}
	done(t, "reserve", volumes.Reserve(ctx, sc, id).ExtractErr())
	status("attaching")
	done(t, "unreserve", volumes.Unreserve(ctx, sc, id).ExtractErr())
	status("available")
	done(t, "reserve again", volumes.Reserve(ctx, sc, id).ExtractErr())
	multipath := false
	info := must(volumes.InitializeConnection(ctx, sc, id, volumes.InitializeConnectionOpts{IP: "127.0.0.1", Host: "walker",
		Initiator: "iqn.2026-11.io.clinker:walk", Multipath: &multipath, Platform: "x86_64", OSType: "linux2"}).Extract())(t, "connection")
	data, _ := info["data"].(map[string]any)
	if info["driver_volume_type"] != "iscsi" || data["target_portal"] != service.ISCSI {
		t.Errorf("connection: %v", info)
	}
	done(t, "attach", volumes.Attach(ctx, sc, id, volumes.AttachOpts{MountPoint: "/dev/vdb", Mode: volumes.ReadWrite, InstanceUUID: unknownID,
		HostName: "walker"}).ExtractErr())
	v := status("in-use")
	if len(v.Attachments) != 1 || v.Attachments[0].ServerID != unknownID || v.Attachments[0].Device != "/dev/vdb" || v.Attachments[0].AttachedAt.IsZero() {
		t.Fatalf("attachments: %+v", v.Attachments)
	}
	done(t, "begin to detach", volumes.BeginDetaching(ctx, sc, id).ExtractErr())
	status("detaching")
	done(t, "terminate", volumes.TerminateConnection(ctx, sc, id, volumes.TerminateConnectionOpts{IP: "127.0.0.1", Host: "walker",
		Initiator: "iqn.2026-11.io.clinker:walk"}).ExtractErr())
	done(t, "detach", volumes.Detach(ctx, sc, id, volumes.DetachOpts{AttachmentID: v.Attachments[0].AttachmentID}).ExtractErr())
	if v := status("available"); len(v.Attachments) != 0 {
		t.Errorf("attachments afterwards: %+v", v.Attachments)
	}
	a := must(attachments.Create(ctx, sc, attachments.CreateOpts{VolumeUUID: id, InstanceUUID: unknownID}).Extract())(t, "attachment")
	done(t, "reserved", attachments.WaitForStatus(ctx, sc, a.ID, "reserved"))
	pages := must(attachments.List(sc, attachments.ListOpts{InstanceID: unknownID, Sort: "id:asc"}).AllPages(ctx))(t, "attachments")
	var rows []struct {
		ID, Instance string
	}
	if done(t, "attachments", attachments.ExtractAttachmentsInto(pages, &rows)); len(rows) == 0 || rows[0].Instance != unknownID {
		t.Errorf("attachments: %+v", rows)
	}
	done(t, "no attachment", attachments.Delete(ctx, sc, a.ID).ExtractErr())
	done(t, "delete", volumes.Delete(ctx, sc, id, nil).ExtractErr())
}

func TestGophercloudActsOnVolumes(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	v := walker(t, sc, "walked and changed")
	done(t, "bootable", volumes.SetBootable(ctx, sc, v.ID, volumes.BootableOpts{Bootable: true}).ExtractErr())
	vt := must(volumetypes.Create(ctx, sc, volumetypes.CreateOpts{Name: "walked retype"}).Extract())(t, "type")
	done(t, "retype", volumes.ChangeType(ctx, sc, v.ID, volumes.ChangeTypeOpts{NewType: vt.Name, MigrationPolicy: volumes.MigrationPolicyNever}).ExtractErr())
	done(t, "retyped", volumes.WaitForStatus(ctx, sc, v.ID, "available"))
	got := must(volumes.Get(ctx, sc, v.ID).Extract())(t, "show")
	if got.VolumeType != vt.Name || got.Bootable != "true" || got.TenantID != service.Project() || got.UserID == "" || got.UpdatedAt.IsZero() {
		t.Errorf("shown: %+v", got)
	}
	done(t, "reset", volumes.ResetStatus(ctx, sc, v.ID, volumes.ResetStatusOpts{Status: "error", AttachStatus: "detached", MigrationStatus: "error"}).ExtractErr())
	boot := true
	pages := must(volumes.List(sc, volumes.ListOpts{Status: "error", Name: "walked and changed", Bootable: &boot}).AllPages(ctx))(t, "list")
	var rows []struct {
		ID     string
		Status string
	}
	if done(t, "list", volumes.ExtractVolumesInto(pages, &rows)); len(rows) != 1 || rows[0].ID != v.ID {
		t.Errorf("listed: %+v", rows)
	}
	done(t, "force", volumes.ForceDelete(ctx, sc, v.ID).ExtractErr())

	let := walker(t, sc, "walked out and in")
	done(t, "unmanage", volumes.Unmanage(ctx, sc, let.ID).ExtractErr())
	c := caller{t: t, project: service.Project(), mv: newest}
	c.gone("/volumes/" + let.ID)
	back := must(manageablevolumes.ManageExisting(ctx, sc, manageablevolumes.ManageExistingOpts{Host: let.Host,
		Ref: map[string]string{"source-name": "volume-" + let.ID + "-unmanaged"}, Name: "walked in", Bootable: true,
		Metadata: map[string]string{"k": "v"}}).Extract())(t, "manage")
	done(t, "managed", volumes.WaitForStatus(ctx, sc, back.ID, "available"))
	got = must(volumes.Get(ctx, sc, back.ID).Extract())(t, "show")
	if got.Size != 1 || got.Bootable != "true" || got.Metadata["k"] != "v" || got.Host != let.Host {
		t.Errorf("managed: %+v", got)
	}
	done(t, "delete", volumes.Delete(ctx, sc, back.ID, nil).ExtractErr())
	c.gone("/volumes/" + v.ID)
	done(t, "delete type", volumetypes.Delete(ctx, sc, vt.ID).ExtractErr())
}

func TestGophercloudWalksThroughSnapshots(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	v := walker(t, sc, "walked past")
	s := must(snapshots.Create(ctx, sc, snapshots.CreateOpts{VolumeID: v.ID, Name: "step", Description: "d", Force: true,
		Metadata: map[string]string{"a": "b"}}).Extract())(t, "create")
	done(t, "available", snapshots.WaitForStatus(ctx, sc, s.ID, "available"))
	name := "stepped"
	must(snapshots.Update(ctx, sc, s.ID, snapshots.UpdateOpts{Name: &name}).Extract())(t, "update")
	update := snapshots.UpdateMetadataOpts{Metadata: map[string]any{"c": "d"}}
	if m := must(snapshots.UpdateMetadata(ctx, sc, s.ID, update).ExtractMetadata())(t, "metadata"); m["c"] != "d" || len(m) != 1 {
		t.Errorf("metadata: %v", m)
	}
	got := must(snapshots.Get(ctx, sc, s.ID).Extract())(t, "show")
	if got.Name != name || got.VolumeID != v.ID || got.Size != 1 || got.Metadata["c"] != "d" || got.Progress != "100%" || got.ProjectID != service.Project() ||
		!got.ConsumesQuota || got.UserID == "" || got.CreatedAt.IsZero() {
		t.Errorf("shown: %+v", got)
	}
	opts := snapshots.ListOpts{VolumeID: v.ID, Sort: "name:asc", Limit: 1}
	for what, pager := range map[string]func() ([]snapshots.Snapshot, error){
		"list": func() ([]snapshots.Snapshot, error) {
			return snapshots.ExtractSnapshots(must(snapshots.List(sc, opts).AllPages(ctx))(t, "list"))
		},
		"detail": func() ([]snapshots.Snapshot, error) {
			return snapshots.ExtractSnapshots(must(snapshots.ListDetail(sc, opts).AllPages(ctx))(t, "detail"))
		},
	} {
		if all := must(pager())(t, what); len(all) != 1 || all[0].ID != s.ID || all[0].Name != name || (what == "detail") != (all[0].Progress == "100%") {
			t.Errorf("%s: %+v", what, all)
		}
	}
	done(t, "reset", snapshots.ResetStatus(ctx, sc, s.ID, snapshots.ResetStatusOpts{Status: "creating"}).ExtractErr())
	done(t, "status", snapshots.UpdateStatus(ctx, sc, s.ID, snapshots.UpdateStatusOpts{Status: "available", Progress: "90%"}).ExtractErr())
	if got := must(snapshots.Get(ctx, sc, s.ID).Extract())(t, "show"); got.Status != "available" || got.Progress != "90%" {
		t.Errorf("after the status was set: %+v", got)
	}
	forced := must(snapshots.Create(ctx, sc, snapshots.CreateOpts{VolumeID: v.ID}).Extract())(t, "create")
	done(t, "available", snapshots.WaitForStatus(ctx, sc, forced.ID, "available"))
	done(t, "force", snapshots.ForceDelete(ctx, sc, forced.ID).ExtractErr())
	done(t, "delete", snapshots.Delete(ctx, sc, s.ID).ExtractErr())
	c := caller{t: t, project: service.Project(), mv: newest}
	c.gone("/snapshots/" + s.ID)
	c.gone("/snapshots/" + forced.ID)
	done(t, "delete volume", volumes.Delete(ctx, sc, v.ID, nil).ExtractErr())
}
