package keymanager_test

import (
	"errors"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/barbicantest"
	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

func TestKeysAtBarbican(t *testing.T) {
	t.Parallel()
	k := keystonetest.Start(t)
	b := barbicantest.Start(t, k)
	ours, theirs := k.Project("ours"), k.Project("theirs")
	ann, eve, service := k.User("ann"), k.User("eve"), k.ServiceUser("clinker")
	k.Grant(ann, keystonetest.OfProject(ours), barbicantest.Creator)
	k.Grant(eve, keystonetest.OfProject(theirs), barbicantest.Creator)
	s, err := openstack.NewSession(openstack.Login{Section: "service_user", AuthURL: k.URL, Username: service.Name, Password: service.Password,
		ProjectName: keystonetest.ServiceProject, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	m := &keymanager.Barbican{Session: s, Endpoint: openstack.Endpoint{Type: "key-manager", Interface: "public", Version: "v1"}, AsService: true,
		Retries: 10, Delay: time.Second}
	asAnn, asEve := keymanager.User(k.Token(ann, keystonetest.OfProject(ours))), keymanager.User(k.Token(eve, keystonetest.OfProject(theirs)))
	ctx := t.Context()

	id, err := m.Create(ctx, asAnn, "aes", new(int32(256)))
	if err != nil {
		t.Fatal(err)
	}
	if got := b.ProjectOf(id); got != ours {
		t.Errorf("the key belongs to %s, want %s", got, ours)
	}
	twin, err := m.Copy(ctx, asAnn, asAnn, id)
	if err != nil {
		t.Fatal(err)
	}
	if twin == id {
		t.Error("a copy has an id of its own")
	}
	kept, err := m.Copy(ctx, asAnn, keymanager.Service, id)
	if err != nil {
		t.Fatal(err)
	}
	given, err := m.Copy(ctx, keymanager.Service, asEve, kept)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.ProjectOf(given); got != theirs {
		t.Errorf("the key handed over belongs to %s, want %s", got, theirs)
	}
	if _, err := m.Copy(ctx, asEve, asEve, id); err == nil || errors.Is(err, keymanager.ErrNotFound) {
		t.Errorf("another project's key is copied: %v", err)
	}
	if err := m.Delete(ctx, asEve, id); err == nil || errors.Is(err, keymanager.ErrNotFound) {
		t.Errorf("another project's key is deleted: %v", err)
	}
	if _, err := m.Create(ctx, asAnn, "aes", nil); err == nil {
		t.Error("a key without a length")
	}
	if _, err := m.Create(ctx, asAnn, "rot13", new(int32(256))); err == nil {
		t.Error("a key for an unknown algorithm")
	}
	for key, who := range map[string]keymanager.Who{id: asAnn, twin: asAnn, kept: asAnn, given: asEve} {
		if err := m.Delete(ctx, who, key); err != nil { // kept: what a user may not, the service may
			t.Errorf("delete: %v", err)
		}
		if err := m.Delete(ctx, who, key); !errors.Is(err, keymanager.ErrNotFound) {
			t.Errorf("delete again: %v", err)
		}
	}
	if _, err := m.Copy(ctx, asAnn, asAnn, id); !errors.Is(err, keymanager.ErrNotFound) {
		t.Errorf("copy of a deleted key: %v", err)
	}
	if left := b.Keys(); len(left) != 0 {
		t.Errorf("keys are left: %v", left)
	}
	b.Kill()
	if _, err := m.Create(ctx, asAnn, "aes", new(int32(256))); err == nil {
		t.Error("a key without a Barbican")
	}
	b.Restart()
	if _, err := m.Create(ctx, asAnn, "aes", new(int32(256))); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}
