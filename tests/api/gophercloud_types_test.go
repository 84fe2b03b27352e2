package api

import (
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/qos"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/transfers"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumetypes"
)

func TestGophercloudWalksThroughQoSSpecs(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	vt := must(volumetypes.Create(ctx, sc, volumetypes.CreateOpts{Name: "walked qos"}).Extract())(t, "type")
	q := must(qos.Create(ctx, sc, qos.CreateOpts{Name: "walk", Consumer: qos.ConsumerFront,
		Specs: map[string]string{"read_iops_sec": "20", "x": "y"}}).Extract())(t, "create")
	if q.Consumer != "front-end" || q.Specs["read_iops_sec"] != "20" {
		t.Errorf("created: %+v", q)
	}
	must(qos.Update(ctx, sc, q.ID, qos.UpdateOpts{Consumer: qos.ConsumerBack, Specs: map[string]string{"read_iops_sec": "30"}}).Extract())(t, "update")
	for what, err := range map[string]error{
		"delete keys": qos.DeleteKeys(ctx, sc, q.ID, qos.DeleteKeysOpts{"x"}).ExtractErr(),
		"associate":   qos.Associate(ctx, sc, q.ID, qos.AssociateOpts{VolumeTypeID: vt.ID}).ExtractErr(),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := must(qos.Get(ctx, sc, q.ID).Extract())(t, "show"); got.Consumer != "back-end" || len(got.Specs) != 1 || got.Specs["read_iops_sec"] != "30" {
		t.Errorf("shown: %+v", got)
	}
	pages := must(qos.ListAssociations(sc, q.ID).AllPages(ctx))(t, "associations")
	if all := must(qos.ExtractAssociations(pages))(t, "associations"); len(all) != 1 || all[0].ID != vt.ID || all[0].Name != "walked qos" {
		t.Errorf("associations: %+v", all)
	}
	pages = must(qos.List(sc, qos.ListOpts{Limit: 1}).AllPages(ctx))(t, "list")
	if all := must(qos.ExtractQoS(pages))(t, "list"); len(all) == 0 {
		t.Error("nothing is listed")
	}
	if err := qos.Disassociate(ctx, sc, q.ID, qos.DisassociateOpts{VolumeTypeID: vt.ID}).ExtractErr(); err != nil {
		t.Errorf("disassociate: %v", err)
	}
	if err := qos.DisassociateAll(ctx, sc, q.ID).ExtractErr(); err != nil {
		t.Errorf("disassociate all: %v", err)
	}
	if err := qos.Delete(ctx, sc, q.ID, qos.DeleteOpts{Force: true}).ExtractErr(); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func TestGophercloudWalksThroughEncryption(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	vt := must(volumetypes.Create(ctx, sc, volumetypes.CreateOpts{Name: "walked luks"}).Extract())(t, "type")
	e := must(volumetypes.CreateEncryption(ctx, sc, vt.ID, volumetypes.CreateEncryptionOpts{KeySize: 256, Provider: "luks", ControlLocation: "front-end",
		Cipher: "aes-xts-plain64"}).Extract())(t, "create")
	if e.VolumeTypeID != vt.ID || e.EncryptionID == "" || e.KeySize != 256 {
		t.Errorf("created: %+v", e)
	}
	must(volumetypes.UpdateEncryption(ctx, sc, vt.ID, e.EncryptionID, volumetypes.UpdateEncryptionOpts{KeySize: 512, Provider: "luks",
		ControlLocation: "front-end", Cipher: "aes-xts-plain64"}).Extract())(t, "update")
	if got := must(volumetypes.GetEncryption(ctx, sc, vt.ID).Extract())(t, "show"); got.KeySize != 512 || got.Cipher != "aes-xts-plain64" {
		t.Errorf("shown: %+v", got)
	}
	if spec := must(volumetypes.GetEncryptionSpec(ctx, sc, vt.ID, "provider").Extract())(t, "provider"); spec["provider"] != "luks" {
		t.Errorf("provider: %v", spec)
	}
	if err := volumetypes.DeleteEncryption(ctx, sc, vt.ID, e.EncryptionID).ExtractErr(); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func TestGophercloudWalksThroughTransfers(t *testing.T) {
	t.Parallel()
	sc, ctx := cloud(t), t.Context()
	v := must(volumes.Create(ctx, sc, volumes.CreateOpts{Size: 1, Name: "walked away"}, nil).Extract())(t, "volume")
	if err := volumes.WaitForStatus(ctx, sc, v.ID, "available"); err != nil {
		t.Fatal(err)
	}
	if err := volumes.SetImageMetadata(ctx, sc, v.ID, volumes.ImageMetadataOpts{Metadata: map[string]string{"label": "test"}}).ExtractErr(); err != nil {
		t.Errorf("image metadata: %v", err)
	}
	if got := must(volumes.Get(ctx, sc, v.ID).Extract())(t, "show"); got.VolumeImageMetadata["label"] != "test" {
		t.Errorf("image metadata: %v", got.VolumeImageMetadata)
	}
	offer := must(transfers.Create(ctx, sc, transfers.CreateOpts{VolumeID: v.ID, Name: "gift"}).Extract())(t, "offer")
	if offer.AuthKey == "" || offer.VolumeID != v.ID || offer.CreatedAt.IsZero() {
		t.Errorf("offer: %+v", offer)
	}
	if got := must(transfers.Get(ctx, sc, offer.ID).Extract())(t, "show offer"); got.AuthKey != "" || got.Name != "gift" {
		t.Errorf("shown: %+v", got)
	}
	pages := must(transfers.List(sc, transfers.ListOpts{}).AllPages(ctx))(t, "offers")
	if all := must(transfers.ExtractTransfers(pages))(t, "offers"); len(all) == 0 {
		t.Error("no offers")
	}
	if _, err := transfers.Accept(ctx, sc, offer.ID, transfers.AcceptOpts{AuthKey: "wrong"}).Extract(); !gophercloud.ResponseCodeIs(err, 400) {
		t.Errorf("wrong key: %v", err)
	}
	must(transfers.Accept(ctx, sc, offer.ID, transfers.AcceptOpts{AuthKey: offer.AuthKey}).Extract())(t, "accept")
	again := must(transfers.Create(ctx, sc, transfers.CreateOpts{VolumeID: v.ID}).Extract())(t, "offer again")
	if err := transfers.Delete(ctx, sc, again.ID).ExtractErr(); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := volumes.Delete(ctx, sc, v.ID, nil).ExtractErr(); err != nil {
		t.Errorf("delete volume: %v", err)
	}
}
