package notifications

import (
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

var volumeKeys = []string{"availability_zone", "created_at", "display_name", "host", "launched_at", "metadata", "replication_driver_data",
	"replication_extended_status", "replication_status", "size", "snapshot_id", "status", "tenant_id", "user_id", "volume_attachment", "volume_id", "volume_type"}

var snapshotKeys = []string{"availability_zone", "created_at", "deleted", "display_name", "metadata", "snapshot_id", "status", "tenant_id", "user_id",
	"volume_id", "volume_size"}

type object = map[string]any

func TestTheWholeLifeIsTold(t *testing.T) {
	t.Parallel()
	s, broker, _ := start(t, "")
	c := s.Client(t)
	// Nobody listens yet: what is told now must not be lost.
	v := c.CreateVolume(harness.VolumeSpec{SizeGiB: 1, Name: "first"})
	listener := consume(t, broker.URL)
	told := listener.awaitTypes("volume_id", v.ID, "volume.create.start", "volume.create.end")
	checkVolume(t, s, told[0], "creating")
	checkVolume(t, s, told[1], "available")

	c.Request(http.MethodPut, "/volumes/"+v.ID, object{"volume": object{"name": "renamed", "metadata": object{"k": "it's"}}}, 200, nil)
	c.Extend(v.ID, 2)
	snap := c.Snapshot(v.ID, "snap")
	c.DeleteSnapshot(snap.ID)
	con := c.Attach(v.ID, harness.Initiator)
	c.Detach(con)
	var offer struct {
		Transfer struct {
			ID  string `json:"id"`
			Key string `json:"auth_key"`
		} `json:"transfer"`
	}
	c.Request(http.MethodPost, "/volume-transfers", object{"transfer": object{"volume_id": v.ID}}, 202, &offer)
	c.Request(http.MethodDelete, "/volume-transfers/"+offer.Transfer.ID, nil, 202, nil)
	c.Request(http.MethodPost, "/volume-transfers", object{"transfer": object{"volume_id": v.ID}}, 202, &offer)
	c.Request(http.MethodPost, "/volume-transfers/"+offer.Transfer.ID+"/accept", object{"accept": object{"auth_key": offer.Transfer.Key}}, 202, nil)
	c.Request(http.MethodPost, "/volumes/"+v.ID+"/action", object{"os-reset_status": object{"status": "error"}}, 202, nil)
	c.DeleteVolume(v.ID)

	told = listener.awaitTypes("volume_id", v.ID, "volume.create.start", "volume.create.end", "volume.update.start", "volume.update.end",
		"volume.resize.start", "volume.resize.end", "snapshot.create.start", "snapshot.create.end", "snapshot.delete.start", "snapshot.delete.end",
		"volume.attach.start", "volume.attach.end", "volume.detach.start", "volume.detach.end",
		"volume.transfer.create.start", "volume.transfer.create.end", "volume.transfer.delete.start", "volume.transfer.delete.end",
		"volume.transfer.create.start", "volume.transfer.create.end", "volume.transfer.accept.start", "volume.transfer.accept.end",
		"volume.reset_status.start", "volume.reset_status.end", "volume.delete.start", "volume.delete.end")
	one := func(event string) notification {
		i := slices.IndexFunc(told, func(n notification) bool { return n.Type == event })
		return told[i]
	}
	if a, b := one("volume.update.start").Payload["display_name"], one("volume.update.end").Payload["display_name"]; a != "first" || b != "renamed" {
		t.Errorf("names before and after the update: %v, %v", a, b)
	}
	if a, b := one("volume.resize.start").Payload["size"], one("volume.resize.end").Payload["size"]; a != 1.0 || b != 2.0 {
		t.Errorf("sizes before and after the extend: %v, %v", a, b)
	}
	if rows, _ := one("volume.attach.end").Payload["volume_attachment"].([]any); len(rows) != 1 {
		t.Errorf("attachments at attach.end: %v", rows)
	} else if _, has := rows[0].(object)["connection_info"]; has {
		t.Error("an attachment is told with its secrets")
	}
	if got := one("volume.delete.end").Payload["status"]; got != "deleted" {
		t.Errorf("status at delete.end: %v", got)
	}
	harness.NoSecrets(t, s.LogFile(), map[string]string{"CHAP secret": con.Password, "key of the transfer": offer.Transfer.Key,
		"token": "tester:" + s.Project(), "password of the broker": "guest:guest", "password of the user": password(t, s)})
	for _, n := range told {
		if !strings.HasPrefix(n.Type, "snapshot.") {
			continue
		}
		if keys := slices.Sorted(maps.Keys(n.Payload)); !slices.Equal(keys, snapshotKeys) {
			t.Errorf("%s has the keys %v", n.Type, keys)
		}
	}
}

// password is the one in clouds.yaml.
func password(t *testing.T, s *harness.Service) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.StateDir, "clouds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(raw), "password: ")
	text, _, _ := strings.Cut(after, "\n")
	return strings.Trim(strings.TrimSpace(text), `"'`)
}

var isoTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$`)

func checkVolume(t *testing.T, s *harness.Service, n notification, status string) {
	t.Helper()
	if keys := slices.Sorted(maps.Keys(n.Payload)); !slices.Equal(keys, volumeKeys) {
		t.Errorf("%s has the keys %v", n.Type, keys)
	}
	p := n.Payload
	if p["status"] != status || p["size"] != 1.0 || p["tenant_id"] != s.Project() || p["display_name"] != "first" {
		t.Errorf("%s: %v", n.Type, p)
	}
	for _, key := range []string{"created_at", "launched_at"} {
		if text, _ := p[key].(string); !isoTime.MatchString(text) {
			t.Errorf("%s = %q", key, text)
		}
	}
	if want := "volume." + p["host"].(string); n.Publisher != want || n.Priority != "INFO" {
		t.Errorf("publisher %q, want %q; priority %q", n.Publisher, want, n.Priority)
	}
	if id, _ := n.Context["request_id"].(string); !strings.HasPrefix(id, "req-") || n.Context["project_id"] != s.Project() || n.Context["user_id"] == nil {
		t.Errorf("context %v", n.Context)
	}
	if n.Metadata.MessageID == "" || n.Metadata.Timestamp == "" {
		t.Errorf("metadata %v", n.Metadata)
	}
}

func TestGroupsTypesAndFailuresAreTold(t *testing.T) {
	t.Parallel()
	s, broker, config := start(t, "")
	c := s.Client(t)
	listener := consume(t, broker.URL)
	type made struct{ ID string }
	var ty struct {
		Type made `json:"volume_type"`
	}
	c.Request(http.MethodPost, "/types", object{"volume_type": object{"name": "none", "extra_specs": object{"volume_backend_name": "nowhere"}}}, 200, &ty)
	c.Request(http.MethodPost, "/types", object{"volume_type": object{"name": "none"}}, 409, nil)
	c.Request(http.MethodPost, "/types/"+ty.Type.ID+"/extra_specs", object{"extra_specs": object{"a": "b"}}, 200, nil)
	var lost struct {
		Volume made `json:"volume"`
	}
	c.Request(http.MethodPost, "/volumes", object{"volume": object{"size": 1, "volume_type": "none"}}, 202, &lost)
	v := lost.Volume
	failed := listener.awaitTypes("volume_id", v.ID, "scheduler.create_volume")[0]
	if failed.Priority != "ERROR" || failed.Publisher != "scheduler.node1" || failed.Payload["method"] != "create_volume" {
		t.Errorf("failure of the scheduler: %+v", failed)
	}
	all := listener.until("what is told of types", func(all []notification) bool {
		return len(types(all, func(n notification) bool { return strings.HasPrefix(n.Type, "volume_type") })) >= 3
	})
	got := types(all, func(n notification) bool { return strings.HasPrefix(n.Type, "volume_type") })
	if slices.Sort(got); !slices.Equal(got, []string{"volume_type.create", "volume_type.create", "volume_type_extra_specs.create"}) {
		t.Errorf("told of types: %v", got)
	}
	if i := slices.IndexFunc(all, func(n notification) bool { return n.Type == "volume_type.create" && n.Priority == "ERROR" }); i < 0 {
		t.Error("the refused type is not told at priority ERROR")
	}

	var group struct {
		Group made `json:"group"`
	}
	var groupType struct {
		Type made `json:"group_type"`
	}
	var types struct {
		Types []made `json:"volume_types"`
	}
	c.Request(http.MethodGet, "/types?extra_specs={}", nil, 200, &types)
	plain := types.Types[0].ID
	if plain == ty.Type.ID {
		plain = types.Types[1].ID
	}
	c.Request(http.MethodPost, "/group_types", object{"group_type": object{"name": "g", "group_specs": object{"consistent_group_snapshot_enabled": "<is> True"}}}, 202, &groupType)
	c.Request(http.MethodPost, "/groups", object{"group": object{"name": "g", "group_type": groupType.Type.ID, "volume_types": []string{plain}}}, 202, &group)
	listener.awaitTypes("group_id", group.Group.ID, "group.create.start", "group.create.end")
	var in struct {
		Volume made `json:"volume"`
	}
	c.Request(http.MethodPost, "/volumes", object{"volume": object{"size": 1, "volume_type": plain, "group_id": group.Group.ID}}, 202, &in)
	c.WaitStatus(in.Volume.ID, "available")
	audit(t, s, config)
	exists := listener.awaitTypes("volume_id", in.Volume.ID, "volume.create.start", "volume.create.end",
		"volume.exists", "volume.create.start", "volume.create.end")[2]
	if b, e := exists.Payload["audit_period_beginning"], exists.Payload["audit_period_ending"]; b != "2020-01-01 00:00:00+00:00" || e != "2120-01-01 00:00:00+00:00" {
		t.Errorf("period of the audit: %v until %v", b, e)
	}
	var gs struct {
		Snapshot made `json:"group_snapshot"`
	}
	c.Request(http.MethodPost, "/group_snapshots", object{"group_snapshot": object{"group_id": group.Group.ID}}, 202, &gs)
	listener.awaitTypes("group_snapshot_id", gs.Snapshot.ID, "group_snapshot.create.start", "group_snapshot.create.end")
	c.Request(http.MethodDelete, "/group_snapshots/"+gs.Snapshot.ID, nil, 202, nil)
	listener.awaitTypes("group_snapshot_id", gs.Snapshot.ID, "group_snapshot.create.start", "group_snapshot.create.end",
		"group_snapshot.delete.start", "group_snapshot.delete.end")
	c.Request(http.MethodPost, "/groups/"+group.Group.ID+"/action", object{"delete": object{"delete-volumes": true}}, 202, nil)
	listener.awaitTypes("volume_id", in.Volume.ID, "volume.create.start", "volume.create.end",
		"volume.exists", "volume.create.start", "volume.create.end", "snapshot.create.start", "snapshot.create.end",
		"snapshot.delete.start", "snapshot.delete.end", "volume.delete.start", "volume.delete.end")
}

// audit tells of all that exists.
func audit(t *testing.T, s *harness.Service, config string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), harness.Build(t), "manage", "volume-usage-audit", "--config-file", config, "--state-dir", s.StateDir,
		"--send_actions", "--start_time", "2020-01-01 00:00:00", "--end_time", "2120-01-01 00:00:00").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "2 volumes and 0 snapshots") {
		t.Fatalf("volume-usage-audit: %v\n%s", err, out)
	}
}

func TestNothingIsLostWhileTheBrokerOrTheServiceIsAway(t *testing.T) {
	t.Parallel()
	s, broker, _ := start(t, "[oslo_messaging_rabbit]\namqp_durable_queues = true\nrabbit_interval_max = 1\n")
	c := s.Client(t)
	listener := consume(t, broker.URL, "durable")
	a := c.CreateVolume(harness.VolumeSpec{SizeGiB: 1})
	listener.awaitTypes("volume_id", a.ID, "volume.create.start", "volume.create.end")

	broker.Kill()
	b := c.CreateVolume(harness.VolumeSpec{SizeGiB: 1}) // volumes do not wait for the broker
	c.DeleteVolume(a.ID)
	s.Kill9()
	s.Restart(t)
	c = s.Client(t)
	c.DeleteVolume(b.ID)
	broker.Restart()

	for id, events := range map[string][]string{a.ID: {"volume.delete.start", "volume.delete.end"},
		b.ID: {"volume.create.start", "volume.create.end", "volume.delete.start", "volume.delete.end"}} {
		all := listener.until("the events of "+id, func(all []notification) bool { return containsAll(types(all, of("volume_id", id)), events) })
		got := slices.Compact(types(all, of("volume_id", id)))
		if i := slices.Index(got, events[0]); i < 0 || !slices.Equal(got[i:], events) {
			t.Errorf("events of %s, repetitions aside: %v", id, got)
		}
	}
}

func containsAll(got, want []string) bool {
	return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(got, w) })
}
