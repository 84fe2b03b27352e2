package api

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/attachments"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/availabilityzones"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/quotasets"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/services"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/snapshots"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumetypes"
	"go.yaml.in/yaml/v3"
)

// cloud logs in with the clouds.yaml that the service wrote.
func cloud(t *testing.T) *gophercloud.ServiceClient {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(service.StateDir, "clouds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Clouds map[string]struct {
			Auth struct {
				URL      string `yaml:"auth_url"`
				Username string `yaml:"username"`
				Password string `yaml:"password"`
				Project  string `yaml:"project_name"`
				Domain   string `yaml:"user_domain_id"`
			} `yaml:"auth"`
			Region string `yaml:"region_name"`
		}
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatalf("clouds.yaml: %v in %s", err, raw)
	}
	c, ok := file.Clouds["clinker"]
	if !ok {
		t.Fatalf("clouds.yaml has no cloud clinker: %s", raw)
	}
	provider, err := openstack.AuthenticatedClient(t.Context(), gophercloud.AuthOptions{IdentityEndpoint: c.Auth.URL, Username: c.Auth.Username,
		Password: c.Auth.Password, TenantName: c.Auth.Project, DomainID: c.Auth.Domain})
	if err != nil {
		t.Fatalf("log in: %v", err)
	}
	sc, err := openstack.NewBlockStorageV3(provider, gophercloud.EndpointOpts{Region: c.Region})
	if err != nil {
		t.Fatalf("find the service: %v", err)
	}
	sc.Microversion = "3.65"
	roomy.Do(func() {
		n := 30
		must(quotasets.Update(t.Context(), sc, service.Project(), quotasets.UpdateOpts{Volumes: &n, Snapshots: &n}).Extract())(t, "quota")
	})
	return sc
}

// roomy makes room for the walks, which share one project.
var roomy sync.Once

// must ends the test on an error.
func must[T any](v T, err error) func(t *testing.T, what string) T {
	return func(t *testing.T, what string) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return v
	}
}

func TestGophercloudWalksThroughVolumesAndAttachments(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	available := func(id, status string) {
		t.Helper()
		if err := volumes.WaitForStatus(ctx, sc, id, status); err != nil {
			t.Fatalf("volume to be %s: %v", status, err)
		}
	}
	v := must(volumes.Create(ctx, sc, volumes.CreateOpts{Size: 1, Name: "walk", Metadata: map[string]string{"k": "v"}}, nil).Extract())(t, "create")
	available(v.ID, "available")
	s := must(snapshots.Create(ctx, sc, snapshots.CreateOpts{VolumeID: v.ID, Name: "step"}).Extract())(t, "snapshot")
	if err := snapshots.WaitForStatus(ctx, sc, s.ID, "available"); err != nil {
		t.Fatal(err)
	}
	twin := must(volumes.Create(ctx, sc, volumes.CreateOpts{SnapshotID: s.ID, Size: 1}, nil).Extract())(t, "volume from snapshot")
	available(twin.ID, "available")
	name := "walked"
	if got := must(volumes.Update(ctx, sc, v.ID, volumes.UpdateOpts{Name: &name}).Extract())(t, "update"); got.Name != name {
		t.Errorf("name is %q after the update", got.Name)
	}
	if err := volumes.ExtendSize(ctx, sc, v.ID, volumes.ExtendSizeOpts{NewSize: 2}).ExtractErr(); err != nil {
		t.Fatalf("extend: %v", err)
	}
	available(v.ID, "available")
	attachWith(t, sc, twin.ID)
	got := must(volumes.Get(ctx, sc, v.ID).Extract())(t, "show")
	if got.Size != 2 || got.Name != name || got.Metadata["k"] != "v" || got.CreatedAt.IsZero() {
		t.Errorf("shown as %+v", got)
	}
	pages := must(volumes.List(sc, volumes.ListOpts{Limit: 1, Sort: "name:asc"}).AllPages(ctx))(t, "list")
	if all := must(volumes.ExtractVolumes(pages))(t, "list"); len(all) < 2 {
		t.Errorf("%d volumes over all pages", len(all))
	}
	if _, err := volumes.Get(ctx, sc, unknownID).Extract(); !gophercloud.ResponseCodeIs(err, 404) {
		t.Errorf("an unknown volume: %v", err)
	}
	if err := volumes.Delete(ctx, sc, twin.ID, nil).ExtractErr(); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := volumes.Delete(ctx, sc, v.ID, volumes.DeleteOpts{Cascade: true}).ExtractErr(); err != nil {
		t.Errorf("cascade: %v", err)
	}
}

// attachWith goes through an attachment's life.
func attachWith(t *testing.T, sc *gophercloud.ServiceClient, volume string) {
	t.Helper()
	ctx := t.Context()
	connector := map[string]any{"initiator": "iqn.2026-11.io.clinker:walk", "host": "walker", "ip": "127.0.0.1"}
	a := must(attachments.Create(ctx, sc, attachments.CreateOpts{VolumeUUID: volume, InstanceUUID: unknownID}).Extract())(t, "attachment")
	if a.Status != "reserved" {
		t.Errorf("a new attachment is %s", a.Status)
	}
	if err := attachments.Update(ctx, sc, a.ID, attachments.UpdateOpts{Connector: connector}).Err; err != nil {
		t.Fatalf("connector: %v", err)
	}
	if err := attachments.Complete(ctx, sc, a.ID).ExtractErr(); err != nil {
		t.Fatalf("complete: %v", err)
	}
	if got := must(attachments.Get(ctx, sc, a.ID).Extract())(t, "show attachment"); got.Status != "attached" || got.AttachedAt.IsZero() {
		t.Errorf("attachment: %+v", got)
	}
	pages := must(attachments.List(sc, attachments.ListOpts{VolumeID: volume}).AllPages(ctx))(t, "attachments")
	if all := must(attachments.ExtractAttachments(pages))(t, "attachments"); len(all) != 1 {
		t.Errorf("%d attachments", len(all))
	}
	// No Nova is there that could hold it, and this one says it is a service.
	service := *sc
	service.MoreHeaders = map[string]string{"X-Service-Token": sc.TokenID}
	if err := attachments.Delete(ctx, &service, a.ID).ExtractErr(); err != nil {
		t.Fatalf("detach: %v", err)
	}
	if err := volumes.WaitForStatus(ctx, sc, volume, "available"); err != nil {
		t.Fatal(err)
	}
}

func TestGophercloudWalksThroughTheRest(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	project := service.Project()
	vt := must(volumetypes.Create(ctx, sc, volumetypes.CreateOpts{Name: "walked type", ExtraSpecs: map[string]string{"a": "b"}}).Extract())(t, "type")
	if specs := must(volumetypes.ListExtraSpecs(ctx, sc, vt.ID).Extract())(t, "extra specs"); specs["a"] != "b" {
		t.Errorf("extra specs %v", specs)
	}
	must(volumetypes.CreateExtraSpecs(ctx, sc, vt.ID, volumetypes.ExtraSpecsOpts{"c": "d"}).Extract())(t, "add extra spec")
	must(volumetypes.UpdateExtraSpec(ctx, sc, vt.ID, volumetypes.ExtraSpecsOpts{"c": "e"}).Extract())(t, "update extra spec")
	if err := volumetypes.DeleteExtraSpec(ctx, sc, vt.ID, "c").ExtractErr(); err != nil {
		t.Errorf("delete extra spec: %v", err)
	}
	pages := must(volumetypes.List(sc, nil).AllPages(ctx))(t, "types")
	if all := must(volumetypes.ExtractVolumeTypes(pages))(t, "types"); len(all) < 2 {
		t.Errorf("%d types", len(all))
	}
	if err := volumetypes.Delete(ctx, sc, vt.ID).ExtractErr(); err != nil {
		t.Errorf("delete type: %v", err)
	}
	thirty := 30
	if q := must(quotasets.Update(ctx, sc, project, quotasets.UpdateOpts{Volumes: &thirty}).Extract())(t, "quota"); q.Volumes != thirty {
		t.Errorf("quota %+v", q)
	}
	if u := must(quotasets.GetUsage(ctx, sc, project).Extract())(t, "usage"); u.Volumes.Limit != thirty {
		t.Errorf("usage %+v", u)
	}
	if l := must(limits.Get(ctx, sc).Extract())(t, "limits"); l.Absolute.MaxTotalVolumes != thirty {
		t.Errorf("limits %+v", l)
	}
	pages = must(services.List(sc, services.ListOpts{}).AllPages(ctx))(t, "services")
	if all := must(services.ExtractServices(pages))(t, "services"); len(all) < 2 || all[0].State != "up" {
		t.Errorf("services %+v", all)
	}
	pages = must(availabilityzones.List(sc).AllPages(ctx))(t, "zones")
	if all := must(availabilityzones.ExtractAvailabilityZones(pages))(t, "zones"); len(all) != 1 || all[0].ZoneName != "nova" || !all[0].ZoneState.Available {
		t.Errorf("zones %+v", all)
	}
}
