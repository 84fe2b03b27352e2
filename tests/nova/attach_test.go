//go:build nova

package nova

import (
	"net/http"
	"strings"
	"testing"
)

// One cloud for all: it takes a minute to start.
func TestNova(t *testing.T) {
	c := start(t)
	for _, step := range []struct {
		name string
		test func(*testing.T, *cloud)
	}{
		{"a server boots from a volume and frees it", bootsFromVolume},
		{"a user does not take a volume from under a server", userMayNotDetach},
		{"a server sees its volume grow", extendAttached},
		{"a volume in use moves to another backend and type", moveAttached},
		{"two servers share a volume", multiattach},
		{"a volume is placed where a server runs", placedByServer},
	} {
		t.Run(step.name, func(t *testing.T) {
			was := c.t
			c.t = t
			defer func() { c.t = was }()
			step.test(t, c)
		})
	}
}

func bootsFromVolume(t *testing.T, c *cloud) {
	root, data := c.volume("root"), c.volume("data")
	c.do(c.alice, "volume", "set", "--bootable", root)
	server := c.server("web", root)
	c.reaches(root, "in-use")
	c.do(c.alice, "server", "add", "volume", server, data, "-f", "json")
	v := c.reaches(data, "in-use")
	if at, _ := v["attachments"].([]any); len(at) != 1 || at[0].(map[string]any)["server_id"] != server || at[0].(map[string]any)["host_name"] != host {
		t.Errorf("attachments: %v", v["attachments"])
	}
	if v["shared_targets"] != false || v["service_uuid"] == nil {
		t.Errorf("shared_targets %v, service_uuid %v", v["shared_targets"], v["service_uuid"])
	}
	c.do(c.alice, "server", "remove", "volume", server, data)
	c.reaches(data, "available")
	c.do(c.alice, "server", "delete", "--wait", server)
	c.reaches(root, "available")
	c.do(c.alice, "volume", "delete", root, data)
}

// CVE-2023-2088.
func userMayNotDetach(t *testing.T, c *cloud) {
	root := c.volume("root2")
	c.do(c.alice, "volume", "set", "--bootable", root)
	server := c.server("web2", root)
	c.reaches(root, "in-use")
	at := c.attachment(root)
	want := "ConflictNovaUsingAttachment: Detach volume from instance " + server + " using the Compute API"
	status, body := c.call(c.alice, http.MethodDelete, "/attachments/"+at, "")
	if status != http.StatusConflict || !strings.Contains(body, want) {
		t.Errorf("attachment delete: %d %s", status, body)
	}
	for action, in := range map[string]string{"os-detach": `{}`, "os-force_detach": `{}`, "os-terminate_connection": `{"connector": {"initiator": "fake"}}`} {
		who := c.alice
		if action == "os-force_detach" {
			who = c.admin
		}
		status, body := c.call(who, http.MethodPost, "/volumes/"+root+"/action", `{"`+action+`": `+in+`}`)
		if status != http.StatusConflict || !strings.Contains(body, "ConflictNovaUsingAttachment: ") {
			t.Errorf("%s: %d %s", action, status, body)
		}
	}
	// While Nova is silent or away nobody knows, so nothing is taken.
	for _, fault := range []struct{ begin, end func() }{{c.nova.PauseAPI, c.nova.ResumeAPI}, {c.nova.KillAPI, c.nova.RestartAPI}} {
		fault.begin()
		status, body = c.call(c.alice, http.MethodDelete, "/attachments/"+at, "")
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "The compute service cannot be asked") {
			t.Errorf("attachment delete without Nova: %d %s", status, body)
		}
		fault.end()
	}
	c.do(c.alice, "server", "delete", "--wait", server)
	c.reaches(root, "available")
	c.do(c.alice, "volume", "delete", root)
}
