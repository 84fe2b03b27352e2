package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const gib = 1 << 30

// inPool is the path of a file in the service's pool.
func inPool(name string) string { return filepath.Join(service.StateDir, "volumes", name) }

// putFile puts one into the pool that bears no name of the service's.
func putFile(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(inPool(name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(inPool(name)) })
}

// headBytes of a file are hashed; what comes after must be a hole.
const headBytes = 16 << 20

// sum is the hash of a file in the pool, whose data are all at its start.
func sum(t testing.TB, name string) string {
	t.Helper()
	f, err := os.Open(inPool(name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if at, err := unix.Seek(int(f.Fd()), headBytes, unix.SEEK_DATA); !errors.Is(err, unix.ENXIO) {
		t.Errorf("%s has data at %d (%v)", name, at, err)
	}
	head := make([]byte, headBytes)
	if _, err := f.ReadAt(head, 0); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x of %d", sha256.Sum256(head), info.Size())
}

// sumOf is the sum of data with zeroes up to size.
func sumOf(data []byte, size int64) string {
	head := make([]byte, headBytes)
	copy(head, data)
	return fmt.Sprintf("%x of %d", sha256.Sum256(head), size)
}

// backend is the one volume service's host.
func (c caller) backend() string {
	host, _ := c.serviceOf("cinder-volume")["host"].(string)
	return host
}

func (c caller) manageBody(name string, members map[string]any) any {
	body := map[string]any{"host": c.backend(), "ref": map[string]any{"source-name": name}}
	maps.Copy(body, members)
	return map[string]any{"volume": body}
}

// inUse is that part of a quota, which nothing may hold besides.
func (c caller) inUse(resource string) float64 {
	c.t.Helper()
	q := c.want(200, "GET", "/os-quota-sets/"+c.project+"?usage=true", nil)
	if q.get("quota_set", resource, "reserved") != 0.0 {
		c.t.Errorf("%s is reserved: %v", resource, q.get("quota_set", resource))
	}
	n, _ := q.get("quota_set", resource, "in_use").(float64)
	return n
}

// entry is a line of a detailed list of manageable things, nil when absent.
func (c caller) entry(collection, name string) map[string]any {
	c.t.Helper()
	a := c.want(200, "GET", "/manageable_"+collection+"/detail?host="+c.backend(), nil)
	for i := range a.list("manageable-" + collection) {
		m := a.object("manageable-"+collection, i)
		if ref, _ := m["reference"].(map[string]any); ref["source-name"] == name {
			return m
		}
	}
	return nil
}

func TestAFileBecomesAVolumeAndIsLetGo(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	file := "disk-" + c.project + ".img"
	data := bytes.Repeat([]byte("what was there "), 100000)
	putFile(t, file, data)
	e := c.entry("volumes", file)
	keys(t, "an entry", e, "reference size safe_to_manage reason_not_safe cinder_id extra_info")
	if e["size"] != 1.0 || e["safe_to_manage"] != true || e["reason_not_safe"] != nil || e["cinder_id"] != nil || e["extra_info"] != nil {
		t.Errorf("listed as %v", e)
	}
	a := c.at("3.65").want(202, "POST", "/manageable_volumes", c.manageBody(file, map[string]any{"name": " mine ", "description": "d",
		"metadata": map[string]string{"k": "v"}, "bootable": "true", "volume_type": "__DEFAULT__", "availability_zone": "nova"}))
	keys(t, a.what, a.object("volume"), "id status size availability_zone created_at updated_at name description volume_type snapshot_id source_volid "+
		"metadata links user_id bootable encrypted replication_status consistencygroup_id multiattach attachments migration_status")
	if a.text("volume", "status") != "creating" || a.get("volume", "size") != 0.0 || a.text("volume", "name") != "mine" || a.text("volume", "bootable") != "true" {
		t.Errorf("answered %s", a.raw)
	}
	id := a.text("volume", "id")
	c.status("volume", id, "available")
	v := c.want(200, "GET", "/volumes/"+id, nil)
	if v.get("volume", "size") != 1.0 || v.text("volume", "os-vol-host-attr:host") != c.backend()+"#"+poolOf(v) || v.text("volume", "metadata", "k") != "v" {
		t.Errorf("managed as %s", v.raw)
	}
	want := sumOf(data, gib)
	if sum(t, "volume-"+id) != want {
		t.Error("the volume does not hold what the file held")
	}
	if c.inUse("volumes") != 1 || c.inUse("gigabytes") != 1 || c.inUse("gigabytes___DEFAULT__") != 1 {
		t.Error("the quota does not have the volume")
	}
	if e := c.entry("volumes", "volume-"+id); e["safe_to_manage"] != false || e["reason_not_safe"] != "already managed" || e["cinder_id"] != id {
		t.Errorf("a managed volume is listed as %v", e)
	}
	if c.entry("volumes", file) != nil {
		t.Error("the file is listed still")
	}
	const managed = "Unable to manage existing volume. The volume is already managed"
	check(t, c, []row{{name: "again", method: "POST", path: "/os-volume-manage", body: c.manageBody("volume-"+id, nil), status: 400, fault: managed}})

	c.want(202, "POST", "/volumes/"+id+"/action", `{"os-unmanage": null}`)
	c.gone("/volumes/" + id)
	if c.inUse("volumes") != 0 || c.inUse("gigabytes") != 0 {
		t.Error("the quota has the volume that was let go")
	}
	if sum(t, "volume-"+id+"-unmanaged") != want {
		t.Error("what was let go has changed")
	}
	if e := c.entry("volumes", "volume-"+id+"-unmanaged"); e["safe_to_manage"] != true {
		t.Errorf("what was let go is listed as %v", e)
	}
	// By the name that it had, as clients remember it.
	again := c.want(202, "POST", "/os-volume-manage", c.manageBody("volume-"+id, nil)).text("volume", "id")
	c.status("volume", again, "available")
	if sum(t, "volume-"+again) != want {
		t.Error("what was managed again has changed")
	}
	c.want(202, "DELETE", "/volumes/"+again, nil)
	c.gone("/volumes/" + again)
}

// poolOf is the pool in the host of a volume that is shown.
func poolOf(v answer) string {
	_, pool, _ := bytes.Cut([]byte(v.text("volume", "os-vol-host-attr:host")), []byte("#"))
	return string(pool)
}

func TestManageRefusesWhatCinderRefuses(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	post := func(name, mv, path string, members map[string]any, status int, fault string) row {
		return row{name: name + " " + mv, mv: mv, method: "POST", path: path, body: c.manageBody("x", members), status: status, fault: fault}
	}
	const old, new, field = "/os-volume-manage", "/manageable_volumes", "Invalid input for field/attribute "
	no := func(k string) map[string]any { return map[string]any{k: nil} }
	host := func(h string) map[string]any { return map[string]any{"host": h} }
	cluster := map[string]any{"host": nil, "cluster": "c"}
	check(t, c, []row{
		post("no host", "3.15", old, no("host"), 400, "Invalid input received: Host field is missing."),
		post("no host", "3.16", old, no("host"), 400, "Invalid input received: One and only one of cluster and host must be set."),
		post("cluster", "3.15", old, map[string]any{"cluster": "c"}, 400, field+"volume. Value: *"),
		post("host and cluster", "3.16", old, map[string]any{"cluster": "c"}, 400, "Invalid input received: One and only one of cluster and host must be set."),
		post("unknown cluster", "3.16", old, cluster, 400, "Cluster 'c' not found"),
		post("unknown host", "3.8", new, host("nobody@nothing#x"), 400, "Host 'nobody@nothing#x' not found"),
		post("bad host", "3.8", new, host("a b"), 400, field+"host. Value: a b. *"),
		post("unknown type", "3.0", old, map[string]any{"volume_type": "nope"}, 400, "Invalid volume type: Cannot find requested 'nope' volume type"),
		post("odd bootable", "3.0", old, map[string]any{"bootable": "perhaps"}, 400, field+"bootable. Value: perhaps. *"),
		post("no ref", "3.0", old, no("ref"), 400, field+"ref. Value: None. *"),
		post("ref is a number", "3.0", old, map[string]any{"ref": 5}, 400, field+"ref. Value: 5. *"),
		post("metadata", "3.0", old, map[string]any{"metadata": map[string]any{"k": 1}}, 400, ""),
		post("size", "3.0", old, map[string]any{"size": 1}, 400, field+"volume. Value: *"),
		post("too old, bad", "3.7", new, no("ref"), 400, field+"ref. Value: None. *"),
		post("too old", "3.7", new, nil, 404, genericNotFound),
		{name: "nothing", method: "POST", path: old, body: `{}`, status: 400, fault: "'volume' is a required property"},
		{name: "no body", method: "POST", path: new, status: 400},
		{name: "show", method: "GET", path: new + "/x", status: 404, fault: genericNotFound},
	})
	if c.inUse("volumes") != 0 {
		t.Error("refusals have taken quota")
	}
	c.quota(`"volumes": 0`)
	check(t, c, []row{post("quota", "3.8", new, nil, 413, "VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes'.")})
}

// What only the backend knows is found out later: the volume shows an error,
// and a message says why.
func TestManageFailsLater(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	file := "large-" + c.project
	putFile(t, file, []byte("data"))
	if err := os.Truncate(inPool(file), 2*gib); err != nil {
		t.Fatal(err)
	}
	own := c.volume()
	snap := c.snapshot(own)
	c.quota(`"gigabytes": 3`)
	mismatch := c.want(200, "POST", "/types", `{"volume_type": {"name": "elsewhere-`+c.project+`", "extra_specs": {"volume_backend_name": "another"}}}`).text("volume_type", "id")
	const driverFailed, noBackend, quota = "VOLUME_VOLUME_008_012", "VOLUME_VOLUME_001_003", "VOLUME_VOLUME_008_006"
	for name, step := range map[string]struct {
		members map[string]any
		event   string
	}{
		"absent file":      {map[string]any{"ref": map[string]any{"source-name": "nothing-" + c.project}}, driverFailed},
		"outside":          {map[string]any{"ref": map[string]any{"source-name": "../log"}}, driverFailed},
		"no name":          {map[string]any{"ref": map[string]any{"source-id": "17"}}, driverFailed},
		"name no text":     {map[string]any{"ref": map[string]any{"source-name": 17}}, driverFailed},
		"deep":             {map[string]any{"ref": json.RawMessage(`{"source-name": ` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`)}, driverFailed},
		"text":             {map[string]any{"ref": file}, driverFailed},
		"a snapshot":       {map[string]any{"ref": map[string]any{"source-name": "snapshot-" + snap}}, driverFailed},
		"unknown pool":     {map[string]any{"host": c.backend() + "#nopool"}, noBackend},
		"another backend":  {map[string]any{"volume_type": mismatch}, noBackend},
		"another zone":     {map[string]any{"availability_zone": "mars"}, noBackend},
		"too large at all": {map[string]any{"ref": map[string]any{"source-name": file}}, quota},
	} {
		t.Run(name, func(t *testing.T) {
			c := c.in(t)
			id := c.want(202, "POST", "/os-volume-manage", c.manageBody(file, step.members)).text("volume", "id")
			c.await("the end", func() bool { return c.want(200, "GET", "/volumes/"+id, nil).text("volume", "status") == "error" })
			m := c.want(200, "GET", "/messages?resource_uuid="+id, nil)
			if len(m.list("messages")) != 1 || m.text("messages", 0, "event_id") != step.event {
				t.Errorf("told %s, want %s", m.raw, step.event)
			}
			if c.inUse("gigabytes") != 2 || c.inUse("volumes") != 2 { // a volume, its snapshot; the volume that failed
				t.Error("the quota is wrong after a failure")
			}
			c.want(202, "DELETE", "/volumes/"+id, nil)
			c.gone("/volumes/" + id)
			if c.inUse("volumes") != 1 {
				t.Error("the quota is wrong after the delete")
			}
		})
	}
	if c.entry("volumes", file)["safe_to_manage"] != true {
		t.Error("the file cannot be managed any more")
	}
	if c.want(200, "GET", "/snapshots/"+snap, nil).text("snapshot", "status") != "available" || sum(t, "snapshot-"+snap) != sumOf(nil, gib) {
		t.Error("the snapshot has suffered")
	}
}

func TestUnmanageRefusesWhatCinderRefuses(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	used, parent, idle := c.volume(), c.volume(), c.volume()
	c.attach(used)
	snap := c.snapshot(parent)
	const refused = "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, " +
		"attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer."
	volume := func(name, id string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/volumes/" + id + "/action", body: `{"os-unmanage": {}}`, status: status, fault: fault}
	}
	snapshot := func(name, id string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/snapshots/" + id + "/action", body: `{"os-unmanage": null}`, status: status, fault: fault}
	}
	check(t, c, []row{
		volume("in-use", used, 400, refused),
		volume("with a snapshot", parent, 400, refused),
		volume("unknown", unknownID, 404, "Volume "+unknownID+" could not be found."),
		snapshot("unknown snapshot", unknownID, 404, "Snapshot "+unknownID+" could not be found."),
		{name: "creating", method: "POST", path: "/snapshots/" + snap + "/action", body: `{"os-reset_status": {"status": "creating"}}`, status: 202},
		snapshot("creating snapshot", snap, 400, "Invalid snapshot: Snapshot status must be available or error and must not be part of a group."),
	})
	if got := c.inUse("volumes"); got != 3 {
		t.Errorf("%v volumes are left", got)
	}
	check(t, c, []row{volume("idle", idle, 202, "")})
	c.gone("/volumes/" + idle)
	if err := os.Remove(inPool("volume-" + idle + "-unmanaged")); err != nil {
		t.Error(err)
	}
}

func TestManageableListsArePagedAndSorted(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	var want []string
	for i, size := range []int64{1, 3, 2} {
		name := fmt.Sprintf("list-%s-%d", c.project, i)
		putFile(t, name, []byte("x"))
		if err := os.Truncate(inPool(name), size*gib); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	get := func(mv, args string) answer {
		t.Helper()
		return c.at(mv).want(200, "GET", "/os-volume-manage?host="+c.backend()+args, nil)
	}
	mine := func(a answer) []string {
		var got []string
		for i := range a.list("manageable-volumes") {
			if name := a.text("manageable-volumes", i, "reference", "source-name"); slices.Contains(want, name) {
				got = append(got, name[len(name)-1:])
			}
		}
		return got
	}
	for args, order := range map[string]string{"": "[2 1 0]", "&sort=reference:asc": "[0 1 2]", "&sort=size": "[1 2 0]", "&sort_key=size&sort_dir=asc": "[0 2 1]",
		"&sort=size:desc,reference:asc": "[1 2 0]"} {
		a := get("3.0", args)
		if got := fmt.Sprint(mine(a)); got != order {
			t.Errorf("%s lists %s, want %s", args, got, order)
		}
		keys(t, a.what, a.object("manageable-volumes", 0), "reference size safe_to_manage")
		keys(t, a.what, a.object(), "manageable-volumes")
	}
	marker, err := json.Marshal(map[string]string{"source-name": want[0]})
	if err != nil {
		t.Fatal(err)
	}
	after := "&sort=reference:asc&marker=" + url.QueryEscape(string(marker))
	if got := get("3.0", after+"&limit=1").list("manageable-volumes"); len(got) != 1 {
		t.Errorf("a page of one has %v", got)
	}
	if got := fmt.Sprint(mine(get("3.0", after))); got != "[1 2]" {
		t.Errorf("after the marker come %s", got)
	}
	if got := get("3.0", "&limit=0").list("manageable-volumes"); len(got) != 0 {
		t.Errorf("a page of none has %v", got)
	}
	list := func(name, mv, path string, status int, fault string) row {
		return row{name: name + " " + mv, mv: mv, method: "GET", path: path, status: status, fault: fault}
	}
	const one = "Invalid input received: One and only one of cluster and host must be set."
	var rows []row
	for _, kind := range []string{"volume", "snapshot"} {
		for _, path := range []string{"/manageable_" + kind + "s", "/manageable_" + kind + "s/detail", "/os-" + kind + "-manage", "/os-" + kind + "-manage/detail"} {
			on := path + "?host=" + c.backend()
			rows = append(rows,
				list(path+" no host", "3.16", path, 400, "Invalid input received: Host field is missing."),
				list(path+" no host", "3.17", path, 400, one),
				list(path+" both", "3.17", on+"&cluster=c", 400, one),
				list(path+" both", "3.16", on+"&cluster=c", 200, ""),
				list(path+" cluster", "3.17", path+"?cluster=c", 404, "Service cinder-volume could not be found."),
				list(path+" unknown host", "3.8", path+"?host=nobody@x%23y", 404, "Service cinder-volume could not be found on host nobody@x."),
				list(path+" pool", "3.8", on+"%23file", 200, ""),
				list(path+" sort", "3.8", on+"&sort=name,size,id:asc", 400, "Invalid sort keys passed: name, id"),
				list(path+" direction", "3.8", on+"&sort=size:up", 400, "Invalid sort dirs passed: up"),
				list(path+" two sorts", "3.8", on+"&sort=size&sort_key=size", 400, "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter."),
				list(path+" limit", "3.8", on+"&limit=-1", 400, "limit param must be positive"),
				list(path+" offset", "3.8", on+"&offset=x", 400, "offset must be an integer"),
				list(path+" marker", "3.8", on+"&marker=x", 400, "Invalid input received: marker x can not be analysed, please use json like format"),
				list(path+" unknown marker", "3.8", on+`&marker={"source-name":"x","a":1}`, 400, "Invalid input received: marker not found: {'a': 1, 'source-name': 'x'}"),
				list(path+" marker no reference", "3.8", on+"&marker=[1]", 400, "Invalid input received: marker not found: [1]"),
				list(path+" deep marker", "3.8", on+"&marker="+strings.Repeat("[", 3000)+strings.Repeat("]", 3000), 400, ""),
				list(path+" odd marker", "3.8", on+`&marker="%5Cud800"`, 400, ""),
			)
		}
		rows = append(rows, list("too old", "3.7", "/manageable_"+kind+"s?host=x", 404, genericNotFound), list("too old", "3.7", "/manageable_"+kind+"s/detail", 404, genericNotFound))
	}
	check(t, c, rows)
}
