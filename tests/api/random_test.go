package api

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// Words that requests are made of; unlikely ones are the point.
var (
	methods   = []string{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"}
	resources = []string{"volumes", "volumes/detail", "volumes/summary", "snapshots", "snapshots/detail", "attachments", "attachments/detail", "types",
		"types/default", "limits", "os-services", "os-services/enable", "os-services/get-log", "clusters", "clusters/detail", "clusters/disable",
		"workers/cleanup", "scheduler-stats/get_pools", "resource_filters", "os-availability-zone", "os-quota-sets", "messages", "extensions", "nonsense",
		"os-volume-manage", "manageable_volumes/detail", "os-snapshot-manage/detail", "manageable_snapshots",
		"qos-specs", "volume-transfers", "os-volume-transfer/detail", "default-types"}
	tails = []string{"", "", "", "/", "/ID", "/ID/action", "/ID/metadata", "/ID/metadata/k", "/ID/extra_specs", "/ID/extra_specs/k", "/ID/encryption", "/ID/encryption/provider",
		"/ID/associations", "/ID/associate?vol_type_id=ID", "/ID/delete_keys", "/ID/accept",
		"/%00", "/%ff", "/..%2f..", "/" + strings.Repeat("x", 3000), "/\u00e9", "/new", "/ID/edit"}
	actions = []string{"os-extend", "os-reset_status", "os-force_delete", "os-reserve", "os-unreserve", "os-attach", "os-detach", "os-begin_detaching",
		"os-roll_detaching", "os-initialize_connection", "os-terminate_connection", "os-set_bootable", "os-update_readonly_flag", "os-complete", "revert",
		"os-unmanage", "os-update_snapshot_status", "os-set_image_metadata", "os-show_image_metadata", "os-unset_image_metadata", ""}
	words = []string{"volume", "snapshot", "attachment", "metadata", "meta", "size", "name", "new_size", "status", "attach_status", "connector",
		"volume_id", "volume_uuid", "snapshot_id", "source_volid", "volume_type", "extra_specs", "quota_set", "host", "binary", "force", "mode", "initiator", "ref", "source-name", "progress",
		"transfer", "accept", "auth_key", "no_snapshots", "qos_specs", "consumer", "keys", "key", "encryption", "provider", "control_location", "key_size"}
	arguments = []string{"limit", "marker", "offset", "sort", "sort_key", "sort_dir", "name", "name~", "status", "metadata", "glance_metadata", "created_at", "updated_at",
		"with_count", "all_tenants", "bootable", "id", "size", "host", "cascade", "force", "usage", "is_public", "consumes_quota", "project_id", "x"}
	values = []string{"", "1", "-1", "0", "99999999999999999999", "1.5", "true", "name:asc", "{'a':'b'}", "{'a':{'b':1}}", "{", "[1,2]", "{1:2}", "gt:2020-01-01T00:00:00",
		"gt:", ":", "lt:9999-99-99", "gt:0001-01-01T00:00:00+14:00", "%00", "%ff%fe", "%", "\u00e9", "%25", "'; DROP TABLE volumes; --", strings.Repeat("9", 400), "ID"}
)

type maker struct {
	*rand.Rand
	ids []string // of things that exist
}

func one[T any](m *maker, from []T) T { return from[m.IntN(len(from))] }

func (m *maker) fill(s string) string { return strings.ReplaceAll(s, "ID", one(m, m.ids)) }

// text is a JSON value of some depth, not always a right one.
func (m *maker) text(depth int) string {
	switch n := m.IntN(16); {
	case n < 7 && depth > 0:
		var members []string
		for range m.IntN(4) {
			members = append(members, fmt.Sprintf("%q: %s", one(m, words), m.text(depth-1)))
		}
		return "{" + strings.Join(members, ", ") + "}"
	case n == 7:
		return "[" + m.text(0) + "]"
	case n == 8:
		return one(m, []string{"1e400", "-0", "1e-400", "0.1", "123456789012345678901234567890", "-9223372036854775809"})
	case n == 9:
		return one(m, []string{"null", "true", "false"})
	case n == 10:
		return one(m, []string{`"\ud800"`, `"\u0000"`, `"` + strings.Repeat("é", 300) + `"`, `"😀"`, `"\u202e"`, `""`})
	case n == 11:
		return fmt.Sprint(m.IntN(5) - 1)
	default:
		return fmt.Sprintf("%q", m.fill(one(m, []string{"ID", "x", "available", "rw", "1", "True", "nova", "cinder-volume"})))
	}
}

func (m *maker) body() any {
	switch n := m.IntN(10); {
	case n < 2:
		return nil
	case n == 2:
		return one(m, []string{"", "{", "]", "nul", "\x00", "\xff", "{\"a\":", "{}{}", strings.Repeat("{\"a\":", 2000)})
	case n < 6:
		return fmt.Sprintf(`{%q: %s}`, one(m, actions), m.text(3))
	default:
		return fmt.Sprintf(`{%q: %s}`, one(m, []string{"volume", "snapshot", "attachment", "volume_type", "metadata", "meta", "extra_specs", "quota_set",
			"transfer", "accept", "qos_specs", "keys", "encryption"}), m.text(3))
	}
}

func (m *maker) path() string {
	path := "/" + one(m, resources) + m.fill(one(m, tails))
	for i := range m.IntN(4) {
		path += map[bool]string{true: "?", false: "&"}[i == 0] + one(m, arguments) + "=" + strings.ReplaceAll(m.fill(one(m, values)), " ", "%20")
	}
	return path
}

func (m *maker) edit(r *http.Request) {
	switch m.IntN(12) {
	case 0:
		r.Header.Set("Content-Type", one(m, []string{"text/plain", "application/json;", ";", "application/xml", "\u00e9"}))
	case 1:
		r.Header.Set("OpenStack-API-Version", one(m, []string{"volume", "volume 3.", "volume 3.9999999999", ",", "volume ,", "x"}))
	case 2:
		r.Header.Set("X-Auth-Token", one(m, []string{":", "a", "a:b:c", strings.Repeat("x", 5000), "\u00e9:\u00e9"}))
	case 3:
		r.Header.Set("If-Match", one(m, []string{"*", `"`, `W/"x"`, ",,,", "x"}))
	case 4:
		r.Header.Set("Accept", one(m, []string{"*/*", "text/html", ";", "application/xml"}))
	}
}

func TestNoRequestIsAnsweredBy5xx(t *testing.T) {
	t.Parallel()
	const requests = 3000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c := newCaller(t)
	volume := c.volume()
	snapshot := c.snapshot(volume)
	m := &maker{rand.New(rand.NewPCG(seed, 0)), []string{volume, snapshot, c.project, unknownID, "x"}}
	for range requests {
		c.mv = one(m, []string{"3.0", "3.2", "3.31", "3.42", "3.54", "3.66", newest, newest, newest})
		method, path, body := one(m, methods), m.path(), m.body()
		if method == "PUT" && strings.HasPrefix(path, "/os-services") || strings.HasPrefix(path, "/types") && method != "GET" {
			continue // other tests share those
		}
		a := c.send(method, path, body, m.edit)
		if a.status >= 500 {
			t.Errorf("%s: status %d: %s", a.what, a.status, a.raw)
		}
	}
	// It still works.
	after := newCaller(t)
	after.volume()
}
