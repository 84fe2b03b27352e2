package api

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

const luks = `{"encryption": {"provider": "luks", "control_location": "front-end", "cipher": "aes-xts-plain64", "key_size": 256}}`

// With the fixed key everything works as with Barbican, and nothing is made or deleted.
func TestVolumesWithTheFixedKey(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	user := New(Config{Store: b.store, Auth: auth.Authenticator(asUser{"member", "reader"}), Keys: keymanager.Fixed{}})
	id, shared := newType(t, b, `{"name": "closed"}`), newType(t, b, `{"name": "shared", "extra_specs": {"multiattach": "<is> True"}}`)
	ask(t, b.admin, "POST", "/types/"+id+"/encryption", "0", luks)
	ask(t, b.admin, "POST", "/types/"+shared+"/encryption", "0", luks)
	newType(t, b, `{"name": "open"}`)
	steps(t, user, []call{
		{name: "create", method: "POST", path: "/volumes", body: `{"volume": {"size": 1, "volume_type": "closed", "name": "v"}}`, status: 202},
		{name: "multiattach", method: "POST", path: "/volumes", body: `{"volume": {"size": 1, "volume_type": "shared"}}`, status: 400,
			want: bad("Invalid volume: Multiattach cannot be used with encrypted volumes.")},
	})
	volume := dig(t, ask(t, user, "GET", "/volumes?name=v", "0", ""), "volumes").([]any)[0].(map[string]any)["id"].(string)
	v := dig(t, ask(t, user, "GET", "/volumes/"+volume, "64", ""), "volume").(map[string]any)
	if _, shown := v["encryption_key_id"]; v["encrypted"] != true || shown {
		t.Errorf("the volume is %v", v)
	}
	if got := ask(t, user, "GET", "/volumes/"+volume+"/encryption", "0", "")["encryption_key_id"]; got != db.FixedKey {
		t.Errorf("Nova reads the key %v", got)
	}
	b.sql(t, "UPDATE volumes SET status = 'available', host = 'h@b#p' WHERE id = $1", volume)
	b.sql(t, "DELETE FROM jobs")
	steps(t, user, []call{
		{name: "clone", method: "POST", path: "/volumes", body: `{"volume": {"source_volid": "` + volume + `"}}`, status: 202},
		{name: "open clone", method: "POST", path: "/volumes", body: `{"volume": {"source_volid": "` + volume + `", "volume_type": "open"}}`, status: 400},
		{name: "offer", method: "POST", path: "/volume-transfers", header: mv("volume 3.70"), body: `{"transfer": {"volume_id": "` + volume + `"}}`, status: 202},
	})
	b.sql(t, "DELETE FROM transfers")
	b.sql(t, "UPDATE volumes SET status = 'available'")
	steps(t, user, []call{{name: "delete", method: "DELETE", path: "/volumes/" + volume, status: 202}})
	keysRemembered(t, b)
}

// keysRemembered insists on the keys that are to be deleted.
func keysRemembered(t *testing.T, b backed, want ...string) {
	t.Helper()
	got, err := b.store.LooseKeys(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("keys to be deleted: %v, want %v", got, want)
	}
}

// deaf is a key manager that can make keys and not delete them.
type deaf struct{ keymanager.None }

func (deaf) Create(context.Context, keymanager.Who, string, *int32) (string, error) {
	return uuid.NewString(), nil
}

func (deaf) Delete(context.Context, keymanager.Who, string) error { return errors.New("deaf") }

func TestKeysThatCannotBeDeletedAreRemembered(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	user := New(Config{Store: b.store, Auth: auth.Authenticator(asUser{"member", "reader"}), Keys: deaf{}})
	id := newType(t, b, `{"name": "closed"}`)
	ask(t, b.admin, "POST", "/types/"+id+"/encryption", "0", luks)
	create := call{name: "create", method: "POST", path: "/volumes", body: `{"volume": {"size": 1, "volume_type": "closed"}}`, status: 202}
	steps(t, user, []call{create})
	volume := dig(t, ask(t, user, "GET", "/volumes", "0", ""), "volumes").([]any)[0].(map[string]any)["id"].(string)
	key := ask(t, user, "GET", "/volumes/"+volume+"/encryption", "0", "")["encryption_key_id"].(string)
	b.sql(t, "UPDATE volumes SET status = 'available', host = 'h@b#p'")
	steps(t, user, []call{{name: "delete", method: "DELETE", path: "/volumes/" + volume, status: 400,
		want: bad("Invalid volume: Unable to delete encryption key for volume.")}})
	v := dig(t, ask(t, user, "GET", "/volumes/"+volume, "64", ""), "volume").(map[string]any)
	if v["status"] != "error_deleting" || v["encryption_key_id"] != key {
		t.Errorf("the volume is %v", v)
	}
	keysRemembered(t, b)
	// A volume that no scheduler has placed is gone at once, and its key is left.
	b.sql(t, "UPDATE volumes SET status = 'error', host = NULL")
	b.sql(t, "DELETE FROM jobs")
	steps(t, user, []call{{name: "delete unplaced", method: "DELETE", path: "/volumes/" + volume, status: 400},
		{name: "it is gone", method: "GET", path: "/volumes/" + volume, status: 404}})
	keysRemembered(t, b, key)
	// A later request finds a key manager that hears.
	well := New(Config{Store: b.store, Auth: auth.Authenticator(asUser{"member", "reader"}), Keys: hears{}})
	b.sql(t, "UPDATE quota_usages SET in_use = 0")
	steps(t, well, []call{create})
	volume = dig(t, ask(t, well, "GET", "/volumes", "0", ""), "volumes").([]any)[0].(map[string]any)["id"].(string)
	b.sql(t, "UPDATE volumes SET status = 'available', host = 'h@b#p'")
	steps(t, well, []call{{name: "delete", method: "DELETE", path: "/volumes/" + volume, status: 202}})
	keysRemembered(t, b)
}

// hears is a key manager that can delete too.
type hears struct{ deaf }

func (hears) Delete(context.Context, keymanager.Who, string) error { return nil }
