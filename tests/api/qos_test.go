package api

import (
	"fmt"
	"testing"
)

// newType makes a volume type and returns its id and name.
func (c caller) newType(members string) (id, name string) {
	c.t.Helper()
	name = "type-" + newCaller(c.t).project[:12]
	id = c.want(200, "POST", "/types", fmt.Sprintf(`{"volume_type": {"name": %q%s}}`, name, members)).text("volume_type", "id")
	return id, name
}

// newQoS makes QoS specs of these members and returns their id.
func (c caller) newQoS(members string) string {
	c.t.Helper()
	a := c.want(200, "POST", "/qos-specs", fmt.Sprintf(`{"qos_specs": {"name": %q%s}}`, "qos-"+newCaller(c.t).project[:12], members))
	keys(c.t, a.what, a.object(), "qos_specs links")
	keys(c.t, a.what, a.object("qos_specs"), "id name consumer specs")
	return a.text("qos_specs", "id")
}

func TestQoSSpecsReachTheConnection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		consumer, want string
	}{
		{`, "consumer": "front-end"`, "map[total_bytes_sec:5000 total_iops_sec:40]"},
		{`, "consumer": "both"`, "map[total_bytes_sec:5000 total_iops_sec:40]"},
		{`, "consumer": "back-end"`, "<nil>"},
		{"", "<nil>"},
	} {
		caller := newCaller(t).at("3.54")
		typeID, name := caller.newType("")
		id := caller.newQoS(c.consumer + `, "total_iops_sec_per_gb": "20", "total_bytes_sec": "5000"`)
		caller.want(202, "GET", "/qos-specs/"+id+"/associate?vol_type_id="+typeID, nil)
		volume := caller.volume(map[string]any{"volume_type": name, "size": 2})
		a := caller.want(200, "POST", "/attachments", attachmentOf(volume, `, "connector": `+connector))
		info := a.object("attachment", "connection_info")
		if got := fmt.Sprint(info["qos_specs"]); got != c.want {
			t.Errorf("consumer %s: qos_specs %s, want %s", c.consumer, got, c.want)
		}
		// What is in use may still be changed and taken away: only new connections see it.
		caller.want(200, "PUT", "/qos-specs/"+id, `{"qos_specs": {"total_bytes_sec": "1"}}`)
		caller.want(202, "DELETE", "/qos-specs/"+id+"?force=true", nil)
		if got := caller.want(200, "GET", "/types/"+typeID, nil).get("volume_type", "qos_specs_id"); got != nil {
			t.Errorf("the type still has %v", got)
		}
	}
}

func TestQoSSpecsOverHTTP(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.newQoS(`, "total_iops_sec": "1"`)
	typeID, _ := c.newType("")
	one := "/qos-specs/" + id
	check(t, c, []row{
		{name: "show", method: "GET", path: one, status: 200},
		{name: "unknown", method: "GET", path: "/qos-specs/" + unknownID, status: 404, fault: "No such QoS spec " + unknownID + "."},
		{name: "bad consumer", method: "PUT", path: one, body: `{"qos_specs": {"consumer": "nobody"}}`, status: 400, fault: "Invalid qos specs: *"},
		{name: "bad body", method: "PUT", path: one, body: `[]`, status: 400},
		{name: "no name", method: "POST", path: "/qos-specs", body: `{"qos_specs": {"name": null}}`, status: 400},
		{name: "associate", method: "GET", path: one + "/associate?vol_type_id=" + typeID, status: 202},
		{name: "in use", method: "DELETE", path: one, status: 400, fault: "Qos specs still in use."},
		{name: "disassociate", method: "GET", path: one + "/disassociate?vol_type_id=" + typeID, status: 202},
		{name: "delete keys", method: "PUT", path: one + "/delete_keys", body: `{"keys": ["total_iops_sec"]}`, status: 202},
		{name: "delete them again", method: "PUT", path: one + "/delete_keys", body: `{"keys": ["total_iops_sec"]}`, status: 404,
			fault: "QoS spec " + id + " has no spec with key total_iops_sec."},
		{name: "delete", method: "DELETE", path: one, status: 202},
		{name: "delete again", method: "DELETE", path: one, status: 404},
		{name: "edit", method: "GET", path: one + "/edit", status: 404, fault: genericNotFound},
	})
}

func TestEncryptedTypesNeedAKeyManager(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	typeID, name := c.newType("")
	all := "/types/" + typeID + "/encryption"
	a := c.want(200, "POST", all, `{"encryption": {"provider": "luks", "control_location": "front-end", "cipher": "aes-xts-plain64", "key_size": 256}}`)
	keys(t, a.what, a.object("encryption"), "provider control_location cipher key_size volume_type_id encryption_id")
	keys(t, "shown", c.want(200, "GET", all, nil).object(), "volume_type_id encryption_id provider control_location cipher key_size created_at updated_at deleted deleted_at")
	source := c.volume()
	check(t, c, []row{
		{name: "new", method: "POST", path: "/volumes", body: create(map[string]any{"size": 1, "volume_type": name}), status: 400, fault: "Key manager error"},
		{name: "clone", method: "POST", path: "/volumes", body: create(map[string]any{"source_volid": source, "volume_type": name}), status: 400,
			fault: "Invalid input received: Invalid volume_type provided: " + typeID + " (requested type is not compatible; " +
				"either match source volume, or omit type argument)."},
	})
	if n := len(c.want(200, "GET", "/volumes", nil).list("volumes")); n != 1 {
		t.Errorf("%d volumes, want the source alone", n)
	}
	if used := c.want(200, "GET", "/os-quota-sets/"+c.project+"?usage=true", nil).get("quota_set", "volumes", "in_use"); used != 1.0 {
		t.Errorf("%v volumes count", used)
	}
	keys(t, "open volume", c.want(200, "GET", "/volumes/"+source+"/encryption", nil).object(), "encryption_key_id")
	c.want(202, "DELETE", all+"/any", nil)
	c.volume(map[string]any{"volume_type": name})
	check(t, c, []row{{name: "in use", method: "POST", path: all, body: `{"encryption": {"provider": "luks", "control_location": "front-end"}}`, status: 400,
		fault: "Cannot create encryption specs. Volume type in use."}})
}
