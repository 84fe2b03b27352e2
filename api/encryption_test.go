package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEncryptionOfTypes(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	id := newType(t, b, `{"name": "closed"}`)
	all, one := "/types/"+id+"/encryption", "/types/"+id+"/encryption/any"
	post := func(name, inner string, status int, want string) call {
		return call{name: name, method: "POST", path: all, body: `{"encryption": ` + inner + `}`, status: status, want: want}
	}
	put := func(name, inner string, status int, want string) call {
		return call{name: name, method: "PUT", path: one, body: `{"encryption": ` + inner + `}`, status: status, want: want}
	}
	none := missing("Volume type encryption for type " + id + " does not exist.")
	steps(t, b.user, []call{
		{name: "users do not look", method: "GET", path: all, status: 403, want: forbidden("volume_extension:volume_type_encryption:get")},
		{name: "users do not make", method: "POST", path: all, body: `{"encryption": {"provider": "luks", "control_location": "front-end"}}`, status: 403,
			want: forbidden("volume_extension:volume_type_encryption:create")},
		{name: "users do not delete", method: "DELETE", path: one, status: 403, want: forbidden("volume_extension:volume_type_encryption:delete")},
	})
	steps(t, b.admin, []call{
		{name: "none", method: "GET", path: all, status: 200, want: "{}"},
		{name: "no cipher", method: "GET", path: all + "/cipher", status: 404, want: none},
		{name: "delete none", method: "DELETE", path: one, status: 404, want: none},
		put("update none", `{"cipher": null}`, 404, none),
		post("no provider", `{"control_location": "front-end"}`, 400,
			bad("Invalid input for field/attribute encryption. Value: {'control_location': 'front-end'}. 'provider' is a required property")),
		post("bad location", `{"provider": "luks", "control_location": "middle"}`, 400, ""),
		post("bad size", `{"provider": "luks", "control_location": "front-end", "key_size": "big"}`, 400, bad("Invalid input received: key_size must be an integer.")),
		post("negative size", `{"provider": "luks", "control_location": "front-end", "key_size": -1}`, 400, ""),
		post("number as cipher", `{"provider": "luks", "control_location": "front-end", "cipher": 7}`, 400, ""),
		{name: "unknown type", method: "POST", path: "/types/" + unknownType + "/encryption", status: 404,
			body: `{"encryption": {"provider": "luks", "control_location": "front-end"}}`, want: missing("Volume type " + unknownType + " could not be found.")},
		{name: "unknown type deleted", method: "DELETE", path: "/types/" + unknownType + "/encryption/x", status: 404,
			want: missing("Volume type encryption for type " + unknownType + " does not exist.")},
	})
	made := ask(t, b.admin, "POST", all, "0", `{"encryption": {"provider": "luks", "control_location": "front-end", "cipher": "aes-xts-plain64", "key_size": "256"}}`)
	want := map[string]any{"provider": "luks", "control_location": "front-end", "cipher": "aes-xts-plain64", "key_size": 256.0, "volume_type_id": id,
		"encryption_id": dig(t, made, "encryption", "encryption_id")}
	if diff := cmp.Diff(want, made["encryption"]); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	shown := ask(t, b.admin, "GET", all, "0", "")
	want["created_at"], want["updated_at"], want["deleted"], want["deleted_at"] = shown["created_at"], nil, false, nil
	if diff := cmp.Diff(want, shown); diff != "" || shown["created_at"] == nil {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	steps(t, b.admin, []call{
		post("again", `{"provider": "luks", "control_location": "front-end"}`, 400, bad("Volume type encryption for type "+id+" already exists.")),
		put("update", `{"key_size": 512, "cipher": null}`, 200, `{"encryption":{"cipher":null,"key_size":512}}`),
		{name: "one key", method: "GET", path: all + "/key_size", status: 200, want: `{"key_size": 512}`},
		{name: "null", method: "GET", path: all + "/cipher", status: 200, want: `{"cipher": null}`},
		{name: "unknown key", method: "GET", path: all + "/colour", status: 404, want: none},
	})
	useType(t, b, id)
	steps(t, b.admin, []call{
		post("in use", `{"provider": "luks", "control_location": "front-end"}`, 400, bad("Cannot create encryption specs. Volume type in use.")),
		put("update in use", `{"key_size": 128}`, 400, bad("Cannot update encryption specs. Volume type in use.")),
		{name: "delete in use", method: "DELETE", path: one, status: 400, want: bad("Cannot delete encryption specs. Volume type in use.")},
	})
	b.sql(t, "DELETE FROM volumes")
	steps(t, b.admin, []call{
		{name: "delete", method: "DELETE", path: one, status: 202},
		{name: "none again", method: "GET", path: all, status: 200, want: "{}"},
		post("once more", `{"provider": "", "control_location": "back-end"}`, 200, ""),
		{name: "a type goes with its encryption", method: "DELETE", path: "/types/" + id, status: 202},
	})
}

func TestVolumesOfEncryptedTypes(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	id, bare := newType(t, b, `{"name": "closed"}`), newType(t, b, `{"name": "bare"}`)
	ask(t, b.admin, "POST", "/types/"+id+"/encryption", "0", `{"encryption": {"provider": "luks", "control_location": "front-end", "cipher": "aes-xts-plain64", "key_size": 256}}`)
	ask(t, b.admin, "POST", "/types/"+bare+"/encryption", "0", `{"encryption": {"provider": "luks", "control_location": "front-end"}}`)
	steps(t, b.user, []call{
		{name: "no key manager", method: "POST", path: "/volumes", body: `{"volume": {"size": 1, "volume_type": "closed"}}`, status: 400,
			want: bad("Key manager error")},
		{name: "no cipher", method: "POST", path: "/volumes", body: `{"volume": {"size": 1, "volume_type": "bare"}}`, status: 400,
			want: bad("Invalid encryption spec")},
		{name: "nothing left", method: "GET", path: "/volumes", status: 200, want: `{"volumes": []}`},
	})
	const volume, key, plain = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"
	insert := `INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, volume_type_id, encryption_key_id) VALUES ($1, $2, 'u', 1, 'available', 'nova', $3, $4)`
	b.sql(t, insert, volume, project, id, key)
	b.sql(t, insert, plain, project, newType(t, b, `{"name": "open"}`), nil)
	path := "/volumes/" + volume + "/encryption"
	html := map[string]string{"Content-Type": "text/html; charset=UTF-8"}
	steps(t, b.user, []call{
		{name: "encryption", method: "GET", path: path, status: 200,
			want: `{"encryption_key_id": "` + key + `", "control_location": "front-end", "cipher": "aes-xts-plain64", "key_size": 256, "provider": "luks"}`},
		{name: "key id", method: "GET", path: path + "/encryption_key_id", status: 200, want: key, headers: html},
		{name: "key size", method: "GET", path: path + "/key_size", status: 200, want: "256", headers: html},
		{name: "unknown key", method: "GET", path: path + "/colour", status: 400},
		{name: "open volume", method: "GET", path: "/volumes/" + plain + "/encryption", status: 200, want: `{"encryption_key_id": null}`},
		{name: "no key id", method: "GET", path: "/volumes/" + plain + "/encryption/encryption_key_id", status: 200},
		{name: "key of an open volume", method: "GET", path: "/volumes/" + plain + "/encryption/provider", status: 400},
		{name: "unknown volume", method: "GET", path: "/volumes/" + unknownType + "/encryption", status: 404,
			want: missing("Volume " + unknownType + " could not be found.")},
	})
	for version, want := range map[string]any{"63": nil, "64": key} {
		v := dig(t, ask(t, b.user, "GET", "/volumes/"+volume, version, ""), "volume").(map[string]any)
		if v["encryption_key_id"] != want || v["encrypted"] != true {
			t.Errorf("3.%s: encryption_key_id %v, encrypted %v", version, v["encryption_key_id"], v["encrypted"])
		}
	}
	if v := dig(t, ask(t, b.user, "GET", "/volumes/"+plain, "64", ""), "volume").(map[string]any); v["encrypted"] != false {
		t.Errorf("open volume: %v", v)
	} else if _, ok := v["encryption_key_id"]; ok {
		t.Error("an open volume shows a key")
	}
	transfer := func(name, path, inner, version, want string) call {
		return call{name: name, method: "POST", path: path, header: mv("volume " + version),
			body: `{"transfer": {"volume_id": "` + volume + `"` + inner + `}}`, status: 400, want: bad(want)}
	}
	steps(t, b.user, []call{
		transfer("old path", "/os-volume-transfer", "", "3.70", "Invalid volume: transferring encrypted volume is not supported"),
		transfer("too old", "/volume-transfers", "", "3.69", "Invalid volume: transferring encrypted volume is not supported"),
		transfer("without snapshots", "/volume-transfers", `, "no_snapshots": true`, "3.70", "Invalid volume: transferring an encrypted volume without its snapshots is not supported"),
		transfer("no key manager", "/volume-transfers", "", "3.70", "Key manager error"),
		{name: "still available", method: "GET", path: "/volumes?status=available", status: 200},
	})
	b.sql(t, "UPDATE volumes SET project_id = 'other' WHERE id = $1", volume)
	steps(t, b.user, []call{{name: "another project's", method: "GET", path: path, status: 404}})
}
