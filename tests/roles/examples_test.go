package roles

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api"
)

// step makes a thing that calls work on. One whose call is not in the table is
// left out. $name stands for a thing made before.
type step struct {
	name string // of what is made; empty: nothing is remembered
	call string // method, path, action; with {} for parameters
	path string // with its things; empty: the call's
	body string
	id   string // where the answer has it
	// ready is the status to wait for, read at the path of what was made.
	ready string
}

var steps = []step{
	{name: "type", call: "POST /types", body: `{"volume_type": {"name": "plain", "extra_specs": {"RESKEY:availability_zones": "nova"}}}`, id: "volume_type.id"},
	{name: "private_type", call: "POST /types", body: `{"volume_type": {"name": "secret", "os-volume-type-access:is_public": false}}`, id: "volume_type.id"},
	{call: "POST /types/{}/action addProjectAccess", path: "/types/$private_type/action", body: `{"addProjectAccess": {"project": "$project"}}`},
	{name: "nowhere", call: "POST /types",
		body: `{"volume_type": {"name": "nowhere", "extra_specs": {"volume_backend_name": "nowhere"}}}`, id: "volume_type.id"},
	{call: "PUT /default-types/{}", path: "/default-types/$project", body: `{"default_type": {"volume_type": "$type"}}`},
	{call: "DELETE /default-types/{}", path: "/default-types/$project"},
	{name: "volume", call: "POST /volumes", body: `{"volume": {"size": 1, "metadata": {"k": "v"}}}`, id: "volume.id", ready: "available"},
	{name: "reserved_volume", call: "POST /volumes", body: `{"volume": {"size": 1}}`, id: "volume.id", ready: "available"},
	{name: "lost_volume", call: "POST /volumes", body: `{"volume": {"size": 1, "volume_type": "nowhere"}}`, id: "volume.id", ready: "error"},
	{name: "message", call: "GET /messages", id: "messages.0.id"},
	{name: "snapshot", call: "POST /snapshots", body: `{"snapshot": {"volume_id": "$volume", "metadata": {"k": "v"}}}`, id: "snapshot.id", ready: "available"},
	{name: "attachment", call: "POST /attachments", body: `{"attachment": {"volume_uuid": "$reserved_volume"}}`, id: "attachment.id"},
	{call: "PUT /default-types/{}", path: "/default-types/$project", body: `{"default_type": {"volume_type": "$type"}}`},

	{name: "encryption", call: "POST /types/{}/encryption", path: "/types/$private_type/encryption",
		body: `{"encryption": {"provider": "luks", "control_location": "front-end", "cipher": "aes-xts-plain64", "key_size": 256}}`, id: "encryption.encryption_id"},
	{name: "qos", call: "POST /qos-specs", body: `{"qos_specs": {"name": "q", "k": "v"}}`, id: "qos_specs.id"},
	{call: "POST /volumes/{}/action os-set_image_metadata", path: "/volumes/$volume/action", body: `{"os-set_image_metadata": {"metadata": {"k": "v"}}}`},
	{name: "group_type", call: "POST /group_types", body: `{"group_type": {"name": "g", "group_specs": {"k": "v"}}}`, id: "group_type.id"},
	{name: "plain_group_type", call: "POST /group_types", body: `{"group_type": {"name": "p"}}`, id: "group_type.id"},
	{name: "group", call: "POST /groups", body: `{"group": {"group_type": "$plain_group_type", "volume_types": ["$type"]}}`, id: "group.id", ready: "available"},
	{name: "grouped_volume", call: "POST /groups", path: "/volumes",
		body: `{"volume": {"size": 1, "volume_type": "$type", "group_id": "$group"}}`, id: "volume.id", ready: "available"},
	{name: "group_snapshot", call: "POST /group_snapshots", body: `{"group_snapshot": {"group_id": "$group"}}`, id: "group_snapshot.id", ready: "available"},
	{name: "cg", call: "POST /consistencygroups",
		body: `{"consistencygroup": {"name": "c", "volume_types": "$type"}}`, id: "consistencygroup.id", ready: "available"},
	{name: "cg_volume", call: "POST /consistencygroups", path: "/volumes",
		body: `{"volume": {"size": 1, "volume_type": "$type", "consistencygroup_id": "$cg"}}`, id: "volume.id", ready: "available"},
	{name: "cgsnapshot", call: "POST /cgsnapshots", body: `{"cgsnapshot": {"consistencygroup_id": "$cg"}}`, id: "cgsnapshot.id", ready: "available"},
	{name: "offered_volume", call: "POST /volume-transfers", path: "/volumes", body: `{"volume": {"size": 1}}`, id: "volume.id", ready: "available"},
	{name: "transfer", call: "POST /volume-transfers", body: `{"transfer": {"volume_id": "$offered_volume"}}`, id: "transfer.id"},
}

const connector = `{"host": "h", "initiator": "iqn.1993-08.org.debian:01:a", "ip": "127.0.0.1"}`

// bodies are examples of what calls take, by call. An action that is not here
// takes an empty object.
var bodies = map[string]string{
	"POST /volumes":                                   `{"volume": {"size": 1}}`,
	"PUT /volumes/{}":                                 `{"volume": {"name": "n"}}`,
	"POST /volumes/{}/metadata":                       `{"metadata": {"a": "b"}}`,
	"PUT /volumes/{}/metadata":                        `{"metadata": {"a": "b"}}`,
	"PUT /volumes/{}/metadata/{}":                     `{"meta": {"k": "b"}}`,
	"POST /volumes/{}/action os-extend":               `{"os-extend": {"new_size": 2}}`,
	"POST /volumes/{}/action os-reset_status":         `{"os-reset_status": {"status": "error"}}`,
	"POST /volumes/{}/action os-set_bootable":         `{"os-set_bootable": {"bootable": true}}`,
	"POST /volumes/{}/action os-update_readonly_flag": `{"os-update_readonly_flag": {"readonly": true}}`,
	"POST /snapshots":                                 `{"snapshot": {"volume_id": "$volume"}}`,
	"PUT /snapshots/{}":                               `{"snapshot": {"name": "n"}}`,
	"POST /snapshots/{}/metadata":                     `{"metadata": {"a": "b"}}`,
	"PUT /snapshots/{}/metadata":                      `{"metadata": {"a": "b"}}`,
	"PUT /snapshots/{}/metadata/{}":                   `{"meta": {"k": "b"}}`,
	"POST /snapshots/{}/action os-reset_status":       `{"os-reset_status": {"status": "error"}}`,
	"POST /attachments":                               `{"attachment": {"volume_uuid": "$volume"}}`,
	"PUT /attachments/{}":                             `{"attachment": {"connector": ` + connector + `}}`,
	"POST /types":                                     `{"volume_type": {"name": "new"}}`,
	"PUT /types/{}":                                   `{"volume_type": {"name": "newer"}}`,
	"POST /types/{}/extra_specs":                      `{"extra_specs": {"a": "b"}}`,
	"PUT /types/{}/extra_specs/{}":                    `{"RESKEY:availability_zones": "nova"}`,
	"POST /types/{}/action addProjectAccess":          `{"addProjectAccess": {"project": "$other_project"}}`,
	"POST /types/{}/action removeProjectAccess":       `{"removeProjectAccess": {"project": "$project"}}`,
	"PUT /default-types/{}":                           `{"default_type": {"volume_type": "$type"}}`,
	"PUT /os-quota-sets/{}":                           `{"quota_set": {"volumes": 20}}`,
	"PUT /os-quota-class-sets/{}":                     `{"quota_class_set": {"volumes": 20}}`,
	"PUT /os-services/enable":                         `{"host": "node1@file", "binary": "cinder-volume"}`,
	"PUT /os-services/disable":                        `{"host": "node1@file", "binary": "cinder-volume"}`,
	"PUT /os-services/disable-log-reason":             `{"host": "node1@file", "binary": "cinder-volume", "disabled_reason": "r"}`,
	"PUT /os-services/freeze":                         `{"host": "node1@file"}`,
	"PUT /os-services/thaw":                           `{"host": "node1@file"}`,
	"PUT /os-services/failover_host":                  `{"host": "node1@file", "backend_id": "b"}`,
	"PUT /os-services/get-log":                        `{"binary": "*"}`,
	"PUT /os-services/set-log":                        `{"binary": "*", "level": "INFO"}`,
	"PUT /clusters/enable":                            `{"name": "c"}`,
	"PUT /clusters/disable":                           `{"name": "c"}`,
	"POST /workers/cleanup":                           `{}`,
	"PUT /os-hosts/{}":                                `{"status": "enable"}`,

	"POST /os-volume-manage":                               `{"volume": {"host": "node1@file#file", "ref": {"source-name": "x"}}}`,
	"POST /manageable_volumes":                             `{"volume": {"host": "node1@file#file", "ref": {"source-name": "x"}}}`,
	"POST /os-snapshot-manage":                             `{"snapshot": {"volume_id": "$volume", "ref": {"source-name": "x"}}}`,
	"POST /manageable_snapshots":                           `{"snapshot": {"volume_id": "$volume", "ref": {"source-name": "x"}}}`,
	"POST /snapshots/{}/action os-update_snapshot_status":  `{"os-update_snapshot_status": {"status": "available"}}`,
	"POST /volumes/{}/action os-attach":                    `{"os-attach": {"instance_uuid": "4cd8b1a2-7a3f-4f2e-9d39-0e1b5a7c9d10", "mountpoint": "/dev/vdb"}}`,
	"POST /volumes/{}/action os-initialize_connection":     `{"os-initialize_connection": {"connector": ` + connector + `}}`,
	"POST /volumes/{}/action os-terminate_connection":      `{"os-terminate_connection": {"connector": ` + connector + `}}`,
	"POST /volumes/{}/action revert":                       `{"revert": {"snapshot_id": "$snapshot"}}`,
	"POST /volumes/{}/action os-volume_upload_image":       `{"os-volume_upload_image": {"image_name": "i"}}`,
	"POST /volumes/{}/action os-reimage":                   `{"os-reimage": {"image_id": "11111111-2222-3333-4444-555555555555"}}`,
	"POST /volumes/{}/action os-retype":                    `{"os-retype": {"new_type": "plain", "migration_policy": "never"}}`,
	"POST /volumes/{}/action os-migrate_volume":            `{"os-migrate_volume": {"host": "node2@file#file"}}`,
	"POST /volumes/{}/action os-migrate_volume_completion": `{"os-migrate_volume_completion": {"new_volume": "$reserved_volume"}}`,
	"POST /volumes/{}/action os-set_image_metadata":        `{"os-set_image_metadata": {"metadata": {"a": "b"}}}`,
	"POST /volumes/{}/action os-show_image_metadata":       `{"os-show_image_metadata": null}`,
	"POST /volumes/{}/action os-unset_image_metadata":      `{"os-unset_image_metadata": {"key": "k"}}`,

	"POST /qos-specs":                    `{"qos_specs": {"name": "new"}}`,
	"PUT /qos-specs/{}":                  `{"qos_specs": {"k": "b"}}`,
	"PUT /qos-specs/{}/delete_keys":      `{"keys": ["k"]}`,
	"POST /types/{}/encryption":          `{"encryption": {"provider": "luks", "control_location": "front-end"}}`,
	"PUT /types/{}/encryption/{}":        `{"encryption": {"key_size": 128}}`,
	"POST /volume-transfers":             `{"transfer": {"volume_id": "$volume"}}`,
	"POST /os-volume-transfer":           `{"transfer": {"volume_id": "$volume"}}`,
	"POST /volume-transfers/{}/accept":   `{"accept": {"auth_key": "not-it"}}`,
	"POST /os-volume-transfer/{}/accept": `{"accept": {"auth_key": "not-it"}}`,

	"POST /group_types":                            `{"group_type": {"name": "new"}}`,
	"PUT /group_types/{}":                          `{"group_type": {"name": "newer"}}`,
	"POST /group_types/{}/group_specs":             `{"group_specs": {"a": "b"}}`,
	"PUT /group_types/{}/group_specs/{}":           `{"k": "b"}`,
	"POST /groups":                                 `{"group": {"group_type": "$plain_group_type", "volume_types": ["$type"]}}`,
	"PUT /groups/{}":                               `{"group": {"name": "n"}}`,
	"POST /groups/{}/action delete":                `{"delete": {"delete-volumes": false}}`,
	"POST /groups/{}/action reset_status":          `{"reset_status": {"status": "available"}}`,
	"POST /groups/{}/action failover_replication":  `{"failover_replication": {"secondary_backend_id": "b"}}`,
	"POST /groups/action create-from-src":          `{"create-from-src": {"group_snapshot_id": "$group_snapshot"}}`,
	"POST /group_snapshots":                        `{"group_snapshot": {"group_id": "$group"}}`,
	"POST /group_snapshots/{}/action reset_status": `{"reset_status": {"status": "available"}}`,
	"POST /consistencygroups":                      `{"consistencygroup": {"volume_types": "$type"}}`,
	"POST /consistencygroups/create_from_src":      `{"consistencygroup-from-src": {"cgsnapshot_id": "$cgsnapshot"}}`,
	"DELETE /groups/{}":                            `{"delete": {"delete-volumes": false}}`,
	"DELETE /consistencygroups/{}":                 `{"consistencygroup": {"force": true}}`,
	"PUT /consistencygroups/{}":                    `{"consistencygroup": {"name": "n"}}`,
	"PUT /consistencygroups/{}/update":             `{"consistencygroup": {"name": "n"}}`,
	"POST /consistencygroups/{}/delete":            `{"consistencygroup": {"force": true}}`,
	"POST /cgsnapshots":                            `{"cgsnapshot": {"consistencygroup_id": "$cg"}}`,
}

// made says which thing a parameter means that follows a part of a path.
var made = map[string]string{
	"volumes": "volume", "snapshots": "snapshot", "attachments": "attachment", "messages": "message", "types": "type",
	"os-quota-sets": "project", "default-types": "project", "qos-specs": "qos", "group_types": "group_type", "groups": "group",
	"group_snapshots": "group_snapshot", "consistencygroups": "cg", "cgsnapshots": "cgsnapshot", "encryption": "encryption",
	"volume-transfers": "transfer", "os-volume-transfer": "transfer",
}

// fixed are parameters that are no things.
var fixed = map[string]string{"metadata": "k",
	"extra_specs": "RESKEY:availability_zones", // which everybody sees
	"group_specs": "k", "extensions": "os-hosts", "os-quota-class-sets": "default",
	"clusters": "c", "capabilities": "node1@file", "os-hosts": "node1@file"}

// owned are the things of a project: other projects do not see them.
var owned = []string{"volume", "reserved_volume", "snapshot", "attachment", "message", "group", "group_snapshot", "transfer", "cg", "cgsnapshot"}

// absent are calls on things that a set-up of one host and no encrypted volume
// does not have: who may is told so.
var absent = []string{"POST /volumes/{}/action os-reimage", "GET /clusters/{}", "PUT /clusters/enable", "PUT /clusters/disable", "GET /volumes/{}/encryption/{}",
	"POST /consistencygroups/{}/action"} // which is never found

// open are calls on things of others that everybody may make who knows of them.
var open = []string{"POST /volume-transfers/{}/accept", "POST /os-volume-transfer/{}/accept"}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// withoutWorker are the messages of calls that waited in vain.
var withoutWorker = []string{"Timed out waiting for", "Unable to fetch connection information from backend."}

// callOf names a route as the tables above do.
func callOf(r api.Route) string {
	return strings.TrimSpace(r.Method + " " + parameter.ReplaceAllString(r.Path, "{}") + " " + r.Action)
}

// request is an example of a call.
type request struct {
	path, body string
	owned      bool // it works on things of the owner's project
	missing    string
}

// example makes the request of a route.
func (s *setup) example(r api.Route) request {
	var q request
	use := func(name string) string {
		if s.things[name] == "" {
			q.missing = "nothing is called " + name
		}
		q.owned = q.owned || slices.Contains(owned, name)
		return s.things[name]
	}
	parts := strings.Split(r.Path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		before := parts[i-1]
		switch {
		case before == "encryption" && part == "{key}":
			parts[i] = "cipher"
		case fixed[before] != "":
			parts[i] = fixed[before]
		case before == "types" && (strings.HasSuffix(r.Path, "os-volume-type-access") || strings.Contains(r.Path, "/encryption") ||
			strings.HasSuffix(r.Action, "ProjectAccess")):
			parts[i] = use("private_type")
		default:
			parts[i] = use(made[before])
		}
	}
	q.path = strings.Join(parts, "/")
	call := callOf(r)
	body, ok := bodies[call]
	switch {
	case ok:
	case r.Action != "":
		body = `{"` + r.Action + `": {}}`
	case r.Schema != nil:
		q.missing = "no example of its body"
	}
	q.body = thing.ReplaceAllStringFunc(body, func(name string) string { return use(name[1:]) })
	if slices.Contains(open, call) {
		q.owned = false
	}
	return q
}

var thing = regexp.MustCompile(`\$[a-z_]+`)

// prepare makes the things.
func (s *setup) prepare() {
	s.t.Helper()
	routed := make(map[string]bool)
	for _, r := range api.Routes() {
		routed[callOf(r)] = true
	}
	fill := func(text string) string {
		return thing.ReplaceAllStringFunc(text, func(name string) string { return s.things[name[1:]] })
	}
	for _, st := range steps {
		if !routed[st.call] {
			continue
		}
		method, path, _ := strings.Cut(st.call, " ")
		if st.path != "" {
			path = st.path
		}
		a, err := s.send(s.owner, newest, method, fill(path), fill(st.body))
		if err != nil || a.status >= http.StatusBadRequest {
			s.t.Errorf("%s: %v %d %s", st.call, err, a.status, a.body)
			continue
		}
		if st.name == "" {
			continue
		}
		if s.things[st.name] = a.get(st.id); s.things[st.name] == "" {
			s.t.Errorf("%s: no %s in %s", st.call, st.id, a.body)
			continue
		}
		if st.ready != "" {
			s.ready(st, path+"/"+s.things[st.name])
		}
	}
}

// ready waits until a thing has the status that it should have.
func (s *setup) ready(st step, path string) {
	s.t.Helper()
	kind, _, _ := strings.Cut(st.id, ".")
	var status string
	s.await(st.name+" to be "+st.ready, func() bool {
		a, err := s.send(s.owner, newest, http.MethodGet, path, "")
		if err == nil {
			status = a.get(kind + ".status")
		}
		return status == st.ready || strings.HasPrefix(status, "error")
	})
	if status != st.ready {
		s.t.Errorf("%s is in status %s, want %s", st.name, status, st.ready)
	}
}
