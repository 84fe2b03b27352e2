//go:build nova

package nova

import (
	"encoding/json"
	"net/http"
	"testing"
)

// booted is a server with the volume that it boots from.
func (c *cloud) booted(name string) (server, root string) {
	c.t.Helper()
	root = c.volume(name + "-root")
	c.do(c.alice, "volume", "set", "--bootable", root)
	return c.server(name, root), root
}

// withData is a server with one more volume.
func (c *cloud) withData(name string) (server, root, data string) {
	c.t.Helper()
	data = c.volume(name + "-data")
	server, root = c.booted(name)
	c.do(c.alice, "server", "add", "volume", server, data, "-f", "json")
	c.reaches(data, "in-use")
	return server, root, data
}

// gone removes what booted has made.
func (c *cloud) gone(server string, volumes ...string) {
	c.t.Helper()
	c.do(c.alice, "server", "delete", "--wait", server)
	for _, v := range volumes {
		c.reaches(v, "available")
	}
	c.do(c.alice, append([]string{"volume", "delete"}, volumes...)...)
	c.await("the volumes to be gone", func() bool {
		for _, v := range volumes {
			if c.show(v)["status"] != http.StatusNotFound {
				return false
			}
		}
		return true
	})
}

// attachmentInNova is how Nova knows that a server has a volume.
func (c *cloud) attachmentInNova(server, volume string) string {
	c.t.Helper()
	var out struct {
		Attachment struct {
			ID string `json:"attachment_id"`
		} `json:"volumeAttachment"`
	}
	status, body := c.nova.Call(c.nova.Admin(), http.MethodGet, "/servers/"+server+"/os-volume_attachments/"+volume, nil)
	if status != http.StatusOK || json.Unmarshal(body, &out) != nil {
		c.t.Fatalf("Nova: volume %s of server %s: %d %s", volume, server, status, body)
	}
	return out.Attachment.ID
}

func (c *cloud) acted(server, action string) {
	c.t.Helper()
	c.await(action+" to succeed in Nova", func() bool {
		result := c.nova.Actions(server)[action]
		if result == "Error" {
			c.t.Fatalf("%s: error", action)
		}
		return result == "Success"
	})
}

// usage is what the project uses of a resource.
func (c *cloud) usage(resource string) (inUse, reserved int) {
	c.t.Helper()
	rows, err := c.conn.Query(c.t.Context(), `SELECT u.in_use, coalesce((SELECT sum(delta) FROM reservations r
		WHERE r.project_id = u.project_id AND r.resource = u.resource), 0)::int FROM quota_usages u WHERE u.project_id = $1 AND u.resource = $2`, c.project, resource)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&inUse, &reserved); err != nil {
			c.t.Fatal(err)
		}
	}
	return inUse, reserved
}

func extendAttached(t *testing.T, c *cloud) {
	server, root, data := c.withData("grow")
	c.do(c.alice, "volume", "set", "--size", "2", data)
	c.await("two GiB", func() bool { return c.show(data)["size"] == 2.0 })
	c.reaches(data, "in-use")
	c.acted(server, "extend_volume")

	// Nova is away, and comes back: it is told then.
	c.nova.KillAPI()
	status, body := c.call(c.alice, http.MethodPost, "/volumes/"+root+"/action", `{"os-extend": {"new_size": 2}}`)
	if status != http.StatusAccepted {
		t.Fatalf("extend without Nova: %d %s", status, body)
	}
	c.await("the other volume's two GiB", func() bool { return c.show(root)["size"] == 2.0 })
	c.nova.RestartAPI()
	c.await("Nova to be told", func() bool {
		var n int
		err := c.conn.QueryRow(t.Context(), `SELECT count(*) FROM jobs WHERE kind = 'compute.tell'`).Scan(&n)
		return err == nil && n == 0
	})
	if status, body := c.call(c.alice, http.MethodGet, "/messages", ""); status != http.StatusOK || body != `{"messages": []}` {
		t.Errorf("messages: %d %s", status, body)
	}
	c.gone(server, root, data)
}

func moveAttached(t *testing.T, c *cloud) {
	for kind, backend := range map[string]string{"on-one": "one", "on-two": "two"} {
		c.do(c.admin, "volume", "type", "create", "--property", "volume_backend_name="+backend, kind, "-f", "json")
	}
	data := c.volume("move-data", "--type", "on-one")
	server, root := c.booted("move")
	c.do(c.alice, "server", "add", "volume", server, data, "-f", "json")
	c.reaches(data, "in-use")
	before := c.attachment(data)
	c.do(c.admin, "volume", "set", "--type", "on-two", "--retype-policy", "on-demand", data)
	v := c.moved(data, host+"@two#two", server)
	if v["volume_type"] != "on-two" {
		t.Errorf("type %v", v["volume_type"])
	}
	if now := c.attachment(data); now == before || now != c.attachmentInNova(server, data) {
		t.Errorf("attachment %s, before %s, in Nova %s", now, before, c.attachmentInNova(server, data))
	}
	for resource, want := range map[string]int{"gigabytes_on-one": 0, "gigabytes_on-two": 1, "volumes_on-two": 1} {
		if inUse, reserved := c.usage(resource); inUse != want || reserved != 0 {
			t.Errorf("%s: %d used, %d reserved", resource, inUse, reserved)
		}
	}
	from, _ := c.show(root)["os-vol-host-attr:host"].(string)
	to := map[string]string{host + "@one#one": host + "@two#two", host + "@two#two": host + "@one#one"}[from]
	c.do(c.admin, "volume", "migrate", "--host", to, root)
	c.moved(root, to, server)
	c.gone(server, root, data)
}

// moved waits until a volume is where it was sent, in use by the server, and
// nothing is left of where it was.
func (c *cloud) moved(id, to, server string) map[string]any {
	c.t.Helper()
	var v map[string]any
	c.await("the volume to be at "+to, func() bool {
		v = c.show(id)
		if v["migration_status"] == "error" {
			c.t.Fatalf("migration: %v", v)
		}
		return v["os-vol-host-attr:host"] == to
	})
	c.acted(server, "swap_volume")
	v = c.reaches(id, "in-use")
	at, _ := v["attachments"].([]any)
	if v["migration_status"] != "success" || len(at) != 1 || at[0].(map[string]any)["server_id"] != server || at[0].(map[string]any)["volume_id"] != id {
		c.t.Errorf("after the move: %v", v)
	}
	c.await("the copy and the jobs to be gone", func() bool {
		var n int
		err := c.conn.QueryRow(c.t.Context(), `SELECT (SELECT count(*) FROM volumes WHERE migration_status LIKE 'target:%' OR status = 'deleting')
			+ (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running'))`).Scan(&n)
		return err == nil && n == 0
	})
	return v
}

func multiattach(t *testing.T, c *cloud) {
	c.do(c.admin, "volume", "type", "create", "--property", "multiattach=<is> True", "shared", "-f", "json")
	shared := c.volume("shared", "--type", "shared")
	first, root := c.booted("first")
	second, root2 := c.booted("second")
	for _, s := range []string{first, second} {
		c.do(c.alice, "server", "add", "volume", s, shared, "-f", "json")
	}
	c.await("two attachments", func() bool {
		at, _ := c.show(shared)["attachments"].([]any)
		return len(at) == 2
	})
	// Nova moves no volume that several write to.
	from, _ := c.show(shared)["os-vol-host-attr:host"].(string)
	to := map[string]string{host + "@one#one": host + "@two#two", host + "@two#two": host + "@one#one"}[from]
	c.do(c.admin, "volume", "migrate", "--host", to, shared)
	c.await("the migration to fail", func() bool { return c.show(shared)["migration_status"] == "error" })
	c.do(c.alice, "server", "remove", "volume", first, shared)
	c.await("one attachment", func() bool {
		at, _ := c.show(shared)["attachments"].([]any)
		return len(at) == 1
	})
	if s := c.show(shared)["status"]; s != "in-use" {
		t.Errorf("status %v", s)
	}
	c.gone(first, root)
	c.gone(second, root2, shared)
}

func placedByServer(t *testing.T, c *cloud) {
	server, root := c.booted("near")
	near := c.volume("nearby", "--hint", "local_to_instance="+server)
	nowhere, _ := c.do(c.alice, "volume", "create", "-f", "json", "--size", "1", "--hint", "local_to_instance="+root, "nowhere")["id"].(string)
	c.reaches(nowhere, "error")
	c.do(c.alice, "volume", "delete", near, nowhere)
	c.gone(server, root)
}
