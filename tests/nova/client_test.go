//go:build nova

package nova

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
)

const commandLimit = 2 * time.Minute

// openstack runs the command line client as a user of the project.
func (c *cloud) openstack(u keystonetest.User, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/usr/bin/openstack", args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + c.dir, "OS_AUTH_URL=" + c.keystone.URL, "OS_USERNAME=" + u.Name,
		"OS_PASSWORD=" + u.Password, "OS_PROJECT_NAME=demo", "OS_USER_DOMAIN_ID=default", "OS_PROJECT_DOMAIN_ID=default", "OS_IDENTITY_API_VERSION=3",
		"OS_REGION_NAME=" + keystonetest.Region, "OS_VOLUME_API_VERSION=3.65", "OS_COMPUTE_API_VERSION=2.90", "PYTHONWARNINGS=ignore"}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), errors.New(strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}

// do runs a command that must succeed and returns what it shows.
func (c *cloud) do(u keystonetest.User, args ...string) map[string]any {
	c.t.Helper()
	out, err := c.openstack(u, args...)
	if err != nil {
		c.t.Fatalf("openstack %s: %v", strings.Join(args, " "), err)
	}
	shown := make(map[string]any)
	if strings.TrimSpace(out) != "" && json.Unmarshal([]byte(out), &shown) != nil {
		c.t.Fatalf("openstack %s: no JSON: %s", strings.Join(args, " "), out)
	}
	return shown
}

// volume makes a volume and waits for it.
func (c *cloud) volume(name string, args ...string) string {
	c.t.Helper()
	id, _ := c.do(c.alice, append([]string{"volume", "create", "-f", "json", "--size", "1", name}, args...)...)["id"].(string)
	c.reaches(id, "available")
	return id
}

// server boots a server from a volume.
func (c *cloud) server(name, volume string) string {
	c.t.Helper()
	id, _ := c.do(c.alice, "server", "create", "-f", "json", "--flavor", "tiny", "--volume", volume, "--network", "none", name)["id"].(string)
	c.await("server "+name+" to be active", func() bool {
		status, body := c.nova.Call(c.nova.Admin(), http.MethodGet, "/servers/"+id, nil)
		var out struct {
			Server struct {
				Status string
				Fault  any
			}
		}
		if status != http.StatusOK || json.Unmarshal(body, &out) != nil || out.Server.Status == "ERROR" {
			c.t.Fatalf("server %s: %d %s, %v", name, status, out.Server.Status, out.Server.Fault)
		}
		return out.Server.Status == "ACTIVE"
	})
	return id
}

// call sends a request to the volume service as a user, with further headers.
func (c *cloud) call(u keystonetest.User, method, path, body string, header ...string) (int, string) {
	c.t.Helper()
	project := c.project
	if u.ID == c.service.ID {
		project = c.keystone.Find("/projects?name="+keystonetest.ServiceProject, "projects")
	}
	token := c.keystone.Token(u, keystonetest.OfProject(project))
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("OpenStack-API-Version", "volume 3.65")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Client{Timeout: limit}).Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// show is a volume as the administrator sees it.
func (c *cloud) show(id string) map[string]any {
	c.t.Helper()
	status, raw := c.call(c.admin, http.MethodGet, "/volumes/"+id, "")
	var out struct{ Volume map[string]any }
	if status != http.StatusOK || json.Unmarshal([]byte(raw), &out) != nil {
		return map[string]any{"status": status, "body": raw}
	}
	return out.Volume
}

// reaches waits for a status of a volume.
func (c *cloud) reaches(id, status string) map[string]any {
	c.t.Helper()
	var v map[string]any
	c.await("volume "+id+" to be "+status, func() bool {
		v = c.show(id)
		if text, _ := v["status"].(string); strings.HasPrefix(text, "error") && text != status {
			c.t.Fatalf("volume %s: %v", id, v)
		}
		return v["status"] == status
	})
	return v
}

// attachment is the only one of a volume.
func (c *cloud) attachment(volume string) string {
	c.t.Helper()
	list, _ := c.show(volume)["attachments"].([]any)
	if len(list) != 1 {
		c.t.Fatalf("volume %s has %d attachments", volume, len(list))
	}
	id, _ := list[0].(map[string]any)["attachment_id"].(string)
	return id
}
