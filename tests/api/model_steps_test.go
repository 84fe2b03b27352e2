package api

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// A step of the model chooses what it works on, foretells the answer by what
// Cinder documents, sends the request and changes the model.

// any1 chooses one of a list; a step that has nothing to work on is left out.
func any1[T any](rt *rapid.T, what string, from []T) (one T) {
	if len(from) == 0 {
		rt.Skip()
	}
	return from[rapid.IntRange(0, len(from)-1).Draw(rt, what)]
}

func (m *model) someVolume(rt *rapid.T) *modelVolume { return any1(rt, "volume", m.volumes) }

func (m *model) someSnapshot(rt *rapid.T) *modelSnapshot { return any1(rt, "snapshot", m.snapshots) }

func (m *model) someType(rt *rapid.T) string { return any1(rt, "type", m.types) }

// judge is the first status of those whose condition holds, else the last.
func judge(good int, refusals ...refusal) int {
	for _, r := range refusals {
		if r.when {
			return r.status
		}
	}
	return good
}

type refusal struct {
	when   bool
	status int
}

func (v *modelVolume) is(statuses ...string) bool { return slices.Contains(statuses, v.status) }

func (m *model) snapshotsOf(v *modelVolume) (of []*modelSnapshot) {
	for _, n := range m.snapshots {
		if n.of == v {
			of = append(of, n)
		}
	}
	return of
}

func (m *model) action(rt *rapid.T, v *modelVolume, want int, body string) answer {
	return m.expect(rt, v.owner, want, "POST", "/volumes/"+v.id+"/action", body)
}

// add puts a volume that was created into the model.
func (m *model) add(rt *rapid.T, p *modelProject, a answer, v modelVolume) {
	v.id, v.owner, v.status = a.text("volume", "id"), p, "available"
	m.volumes = append(m.volumes, &v)
	if a.text("volume", "status") != "creating" {
		rt.Fatalf("%s: %s", a.what, a.raw)
	}
}

func (m *model) name() string { m.made++; return fmt.Sprint("v", m.made) }

func (m *model) create(rt *rapid.T) {
	p, kind, size := any1(rt, "project", m.projects[:]), m.someType(rt), rapid.IntRange(0, 5).Draw(rt, "size")
	v := modelVolume{name: m.name(), size: size, kind: kind}
	members := map[string]any{"size": size, "volume_type": kind, "name": v.name}
	if mine := m.groupsOf(p); len(mine) > 0 && rapid.Bool().Draw(rt, "into a group") {
		v.group = any1(rt, "group", mine)
		members["group_id"] = v.group.id
	}
	want := judge(202, refusal{size == 0, 400}, refusal{size > p.limits["per_volume_gigabytes"] || !m.fits(p, volumeTakes(kind, size)), 413})
	a := m.expect(rt, p, want, "POST", "/volumes", create(members))
	if want == 202 {
		m.add(rt, p, a, v)
	}
}

// copy creates a volume from a snapshot or from a volume.
func (m *model) copy(rt *rapid.T) {
	source, more := m.someVolume(rt), rapid.IntRange(-1, 2).Draw(rt, "more")
	v := modelVolume{name: m.name(), kind: source.kind, size: source.size + more, bootable: source.bootable}
	members, bad := map[string]any{"source_volid": source.id}, !source.is("available", "in-use")
	if of := m.snapshotsOf(source); len(of) > 0 && rapid.Bool().Draw(rt, "from a snapshot") {
		n := any1(rt, "snapshot", of)
		members, bad = map[string]any{"snapshot_id": n.id}, n.status != "available"
		v.size = n.size + more
	}
	members["size"], members["name"] = v.size, v.name
	p := source.owner
	want := judge(202, refusal{v.size == 0 || bad || more < 0, 400}, refusal{v.size > p.limits["per_volume_gigabytes"] || !m.fits(p, volumeTakes(v.kind, v.size)), 413})
	a := m.expect(rt, p, want, "POST", "/volumes", create(members))
	if want == 202 {
		m.add(rt, p, a, v)
	}
}

func (m *model) delete(rt *rapid.T) {
	v, cascade, force := m.someVolume(rt), rapid.Bool().Draw(rt, "cascade"), rapid.Bool().Draw(rt, "force")
	of := m.snapshotsOf(v)
	undeletable := slices.ContainsFunc(of, func(n *modelSnapshot) bool { return n.groupID != "" })
	want := judge(202, refusal{!force && !v.is("available", "error"), 400}, refusal{v.connected, 400},
		refusal{v.group != nil, 400}, refusal{len(of) > 0 && !cascade, 400}, refusal{undeletable, 400})
	m.expect(rt, v.owner, want, "DELETE", fmt.Sprintf("/volumes/%s?cascade=%t&force=%t", v.id, cascade, force), nil)
	if want == 202 {
		m.drop(v)
	}
}

func (m *model) drop(v *modelVolume) {
	m.snapshots = slices.DeleteFunc(m.snapshots, func(n *modelSnapshot) bool { return n.of == v })
	m.volumes = slices.DeleteFunc(m.volumes, func(o *modelVolume) bool { return o == v })
}

func (m *model) extend(rt *rapid.T) {
	v := m.someVolume(rt)
	size := v.size + rapid.IntRange(-1, 3).Draw(rt, "more")
	old := rapid.Bool().Draw(rt, "before 3.42")
	p := *v.owner
	if old {
		p.caller = p.at("3.41")
	}
	grow := size - v.size
	want := judge(202, refusal{size < 1 || !v.is("available") && (old || !v.is("in-use")) || grow <= 0, 400},
		refusal{size > p.limits["per_volume_gigabytes"] || !m.fits(v.owner, map[string]int{"gigabytes": grow, "gigabytes_" + v.kind: grow}), 413})
	m.expect(rt, &p, want, "POST", "/volumes/"+v.id+"/action", fmt.Sprintf(`{"os-extend": {"new_size": %d}}`, size))
	if want == 202 {
		v.size = size
	}
}

// retype moves the volume and its snapshots to the quotas of the other type.
func (m *model) retype(rt *rapid.T) {
	v, kind := m.someVolume(rt), m.someType(rt)
	more := map[string]int{"volumes_" + kind: 1, "gigabytes_" + kind: v.size}
	for _, n := range m.snapshotsOf(v) {
		addUp(more, map[string]int{"snapshots_" + kind: 1, "gigabytes_" + kind: n.size})
	}
	want := judge(202, refusal{!v.is("available", "in-use") || v.group != nil || kind == v.kind, 400}, refusal{!m.fits(v.owner, more), 413})
	m.action(rt, v, want, fmt.Sprintf(`{"os-retype": {"new_type": %q, "migration_policy": "never"}}`, kind))
	if want == 202 {
		v.kind = kind
	}
}

// reset is an administrator's; volumes with something that depends on their
// status are left alone.
func (m *model) reset(rt *rapid.T) {
	v, status := m.someVolume(rt), any1(rt, "status", []string{"error", "available", "maintenance"})
	if v.attachment != "" || v.transfer != "" {
		rt.Skip()
	}
	m.action(rt, v, 202, fmt.Sprintf(`{"os-reset_status": {"status": %q}}`, status))
	v.status = status
}

func (m *model) setBootable(rt *rapid.T) {
	v, on := m.someVolume(rt), rapid.Bool().Draw(rt, "bootable")
	want := judge(200, refusal{v.is("maintenance"), 400})
	m.action(rt, v, want, fmt.Sprintf(`{"os-set_bootable": {"bootable": %t}}`, on))
	if want == 200 {
		v.bootable = on
	}
}

func (m *model) attach(rt *rapid.T) {
	v, connect := m.someVolume(rt), rapid.Bool().Draw(rt, "with connector")
	body := fmt.Sprintf(`{"attachment": {"volume_uuid": %q, "instance_uuid": %q`, v.id, newCaller(m.t).project)
	after := "reserved"
	if connect {
		body += `, "connector": {"host": "model", "initiator": "iqn.1993-08.org.debian:01:model", "multipath": false}`
		after = "attaching"
	}
	want := judge(200, refusal{!v.is("available"), 400})
	a := m.expect(rt, v.owner, want, "POST", "/attachments", body+"}}")
	if want == 200 {
		v.attachment, v.status, v.connected = a.text("attachment", "id"), after, connect
	}
}

func (m *model) complete(rt *rapid.T) {
	v := m.someVolume(rt)
	if !v.is("attaching") || v.attachment == "" {
		rt.Skip()
	}
	m.expect(rt, v.owner, 204, "POST", "/attachments/"+v.attachment+"/action", `{"os-complete": {}}`)
	v.status = "in-use"
}

func (m *model) detach(rt *rapid.T) {
	v := m.someVolume(rt)
	if v.attachment == "" {
		rt.Skip()
	}
	m.expect(rt, v.owner, 200, "DELETE", "/attachments/"+v.attachment, nil)
	v.attachment, v.status, v.connected = "", "available", false
}

func (m *model) beginDetaching(rt *rapid.T) {
	v := m.someVolume(rt)
	want := judge(202, refusal{!v.is("in-use"), 400})
	m.action(rt, v, want, `{"os-begin_detaching": {}}`)
	if want == 202 {
		v.status = "detaching"
	}
}

func (m *model) rollDetaching(rt *rapid.T) {
	v := m.someVolume(rt)
	m.action(rt, v, 202, `{"os-roll_detaching": {}}`)
	if v.is("detaching") {
		v.status = "in-use"
	}
}

func (m *model) reserve(rt *rapid.T) {
	v := m.someVolume(rt)
	want := judge(202, refusal{!v.is("available"), 400})
	m.action(rt, v, want, `{"os-reserve": {}}`)
	if want == 202 {
		v.status = "attaching"
	}
}

func (m *model) unreserve(rt *rapid.T) {
	v := m.someVolume(rt)
	if v.attachment != "" {
		rt.Skip()
	}
	m.action(rt, v, 202, `{"os-unreserve": {}}`)
	if v.is("attaching") {
		v.status = "available"
	}
}

func (m *model) snapshot(rt *rapid.T) {
	v := m.someVolume(rt)
	want := judge(202, refusal{!v.is("available", "in-use"), 400}, refusal{!m.fits(v.owner, snapshotTakes(v.kind, v.size)), 413})
	a := m.expect(rt, v.owner, want, "POST", "/snapshots", fmt.Sprintf(`{"snapshot": {"volume_id": %q}}`, v.id))
	if want == 202 {
		m.snapshots = append(m.snapshots, &modelSnapshot{id: a.text("snapshot", "id"), of: v, size: v.size, status: "available"})
	}
}

func (m *model) deleteSnapshot(rt *rapid.T) {
	n := m.someSnapshot(rt)
	want := judge(202, refusal{n.groupID != "", 400})
	m.expect(rt, n.of.owner, want, "DELETE", "/snapshots/"+n.id, nil)
	if want == 202 {
		m.snapshots = slices.DeleteFunc(m.snapshots, func(o *modelSnapshot) bool { return o == n })
	}
}

func (m *model) resetSnapshot(rt *rapid.T) {
	n, status := m.someSnapshot(rt), any1(rt, "status", []string{"error", "available"})
	m.expect(rt, n.of.owner, 202, "POST", "/snapshots/"+n.id+"/action", fmt.Sprintf(`{"os-reset_status": {"status": %q}}`, status))
	n.status = status
}

func (m *model) revert(rt *rapid.T) {
	n := m.someSnapshot(rt)
	of := m.snapshotsOf(n.of)
	want := judge(202, refusal{of[len(of)-1] != n || n.size != n.of.size, 400}, refusal{!n.of.is("available") || n.status != "available", 409})
	m.action(rt, n.of, want, fmt.Sprintf(`{"revert": {"snapshot_id": %q}}`, n.id))
}

func (m *model) offer(rt *rapid.T) {
	v := m.someVolume(rt)
	busy := slices.ContainsFunc(m.snapshotsOf(v), func(n *modelSnapshot) bool { return n.status != "available" || n.groupID != "" })
	want := judge(202, refusal{!v.is("available") || busy, 400})
	a := m.expect(rt, v.owner, want, "POST", "/volume-transfers", fmt.Sprintf(`{"transfer": {"volume_id": %q}}`, v.id))
	if want == 202 {
		v.transfer, v.key, v.status = a.text("transfer", "id"), a.text("transfer", "auth_key"), "awaiting-transfer"
	}
}

func (m *model) offered(rt *rapid.T) *modelVolume {
	return any1(rt, "offered", slices.DeleteFunc(slices.Clone(m.volumes), func(v *modelVolume) bool { return v.transfer == "" }))
}

// accept takes the volume with its snapshots into the other project's quotas.
func (m *model) accept(rt *rapid.T) {
	v := m.offered(rt)
	to := m.projects[0]
	if v.owner == to {
		to = m.projects[1]
	}
	more := volumeTakes(v.kind, v.size)
	for _, n := range m.snapshotsOf(v) {
		addUp(more, snapshotTakes(v.kind, n.size))
	}
	want := judge(202, refusal{v.group != nil, 400}, refusal{!m.fits(to, more), 413})
	m.expect(rt, to, want, "POST", "/volume-transfers/"+v.transfer+"/accept", fmt.Sprintf(`{"accept": {"auth_key": %q}}`, v.key))
	if want == 202 {
		v.owner, v.transfer, v.status = to, "", "available"
	}
}

func (m *model) withdraw(rt *rapid.T) {
	v := m.offered(rt)
	m.expect(rt, v.owner, 202, "DELETE", "/volume-transfers/"+v.transfer, nil)
	v.transfer, v.status = "", "available"
}
