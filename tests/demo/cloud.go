package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/attachments"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/snapshots"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
)

// name marks everything that the demo makes.
const name = "clinker-demo"

// cloud is the volume service as gophercloud sees it.
type cloud struct{ client *gophercloud.ServiceClient }

func newCloud(endpoint string) *cloud {
	project := path.Base(strings.TrimRight(endpoint, "/"))
	p := &gophercloud.ProviderClient{}
	p.SetToken("demo:" + project)
	return &cloud{&gophercloud.ServiceClient{ProviderClient: p, Endpoint: strings.TrimRight(endpoint, "/") + "/",
		Type: "volume", Microversion: "3.66"}}
}

// connection is what an attachment tells an initiator.
type connection struct {
	TargetPortal string
	TargetIQN    string
	TargetLUN    int
	AuthUsername string
	Password     string
}

const patience = 2 * time.Minute

func (d *demo) createVolume(ctx context.Context, gib int, snapshot string) (string, error) {
	v, err := volumes.Create(ctx, d.client, volumes.CreateOpts{Name: name, Size: gib, SnapshotID: snapshot}, nil).Extract()
	if err != nil {
		return "", err
	}
	d.later("delete volume "+v.ID, func(ctx context.Context) error { return d.deleteVolume(ctx, v.ID) })
	return v.ID, d.volumeIs(ctx, v.ID, "available")
}

func (d *demo) volumeIs(ctx context.Context, id, want string) error {
	return until(ctx, func() (bool, error) {
		v, err := volumes.Get(ctx, d.client, id).Extract()
		if err != nil {
			return false, err
		}
		if strings.HasPrefix(v.Status, "error") {
			return false, fmt.Errorf("volume %s is in status %s", id, v.Status)
		}
		return v.Status == want, nil
	})
}

func (d *demo) deleteVolume(ctx context.Context, id string) error {
	if err := volumes.Delete(ctx, d.client, id, nil).ExtractErr(); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		_, err := volumes.Get(ctx, d.client, id).Extract()
		if gophercloud.ResponseCodeIs(err, 404) {
			return true, nil
		}
		return false, err
	})
}

func (d *demo) attach(ctx context.Context, volume string) (connection, error) {
	a, err := attachments.Create(ctx, d.client, attachments.CreateOpts{VolumeUUID: volume, InstanceUUID: uuid.NewString(), Mode: "rw",
		Connector: map[string]any{"initiator": initiator, "host": "demo", "ip": "127.0.0.1", "os_type": "linux", "platform": "x86_64"}}).Extract()
	if err != nil {
		return connection{}, err
	}
	d.later("detach volume "+volume, func(ctx context.Context) error { return attachments.Delete(ctx, d.client, a.ID).ExtractErr() })
	if err := attachments.Complete(ctx, d.client, a.ID).ExtractErr(); err != nil {
		return connection{}, err
	}
	if err := d.volumeIs(ctx, volume, "in-use"); err != nil {
		return connection{}, err
	}
	text := func(key string) string { s, _ := a.ConnectionInfo[key].(string); return s }
	lun, _ := a.ConnectionInfo["target_lun"].(float64)
	return connection{TargetPortal: text("target_portal"), TargetIQN: text("target_iqn"), TargetLUN: int(lun),
		AuthUsername: text("auth_username"), Password: text("auth_password")}, nil
}

func (d *demo) snapshot(ctx context.Context, volume string) (string, error) {
	s, err := snapshots.Create(ctx, d.client, snapshots.CreateOpts{VolumeID: volume, Name: name}).Extract()
	if err != nil {
		return "", err
	}
	d.later("delete snapshot "+s.ID, func(ctx context.Context) error { return d.deleteSnapshot(ctx, s.ID) })
	return s.ID, until(ctx, func() (bool, error) {
		got, err := snapshots.Get(ctx, d.client, s.ID).Extract()
		if err != nil {
			return false, err
		}
		if strings.HasPrefix(got.Status, "error") {
			return false, fmt.Errorf("snapshot %s is in status %s", s.ID, got.Status)
		}
		return got.Status == "available", nil
	})
}

func (d *demo) deleteSnapshot(ctx context.Context, id string) error {
	if err := snapshots.Delete(ctx, d.client, id).ExtractErr(); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		_, err := snapshots.Get(ctx, d.client, id).Extract()
		if gophercloud.ResponseCodeIs(err, 404) {
			return true, nil
		}
		return false, err
	})
}

func (d *demo) extend(ctx context.Context, volume string, gib int) error {
	if err := volumes.ExtendSize(ctx, d.client, volume, volumes.ExtendSizeOpts{NewSize: gib}).ExtractErr(); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		v, err := volumes.Get(ctx, d.client, volume).Extract()
		if err != nil {
			return false, err
		}
		return v.Status == "in-use" && v.Size == gib, nil
	})
}

// nothingLeft lists what bears the demo's name.
func (d *demo) nothingLeft(ctx context.Context) error {
	pages, err := volumes.List(d.client, volumes.ListOpts{Name: name}).AllPages(ctx)
	if err != nil {
		return err
	}
	left, err := volumes.ExtractVolumes(pages)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("%d volumes are left", len(left))
	}
	return nil
}

// until polls, quickly at first, as a user's script would.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("it takes too long")
		case <-time.After(pause):
		}
	}
}
