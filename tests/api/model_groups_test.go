package api

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

func (m *model) groupsOf(p *modelProject) (of []*modelGroup) {
	for _, g := range m.groups {
		if g.owner == p {
			of = append(of, g)
		}
	}
	return of
}

func (m *model) membersOf(g *modelGroup) (of []*modelVolume) {
	for _, v := range m.volumes {
		if v.group == g {
			of = append(of, v)
		}
	}
	return of
}

func (m *model) makeGroup(rt *rapid.T) {
	p := any1(rt, "project", m.projects[:])
	want := judge(202, refusal{!m.fits(p, map[string]int{"groups": 1}), 413})
	a := m.expect(rt, p, want, "POST", "/groups", fmt.Sprintf(`{"group": {"group_type": %q, "volume_types": [%q, %q]}}`, m.groupType, m.types[0], m.types[1]))
	if want == 202 {
		m.groups = append(m.groups, &modelGroup{a.text("group", "id"), p})
	}
}

func (m *model) join(rt *rapid.T) {
	g, v := any1(rt, "group", m.groups), m.someVolume(rt)
	if v.owner != g.owner || v.group == g {
		rt.Skip()
	}
	want := judge(202, refusal{!v.is("available", "in-use") || v.group != nil, 400})
	m.expect(rt, g.owner, want, "PUT", "/groups/"+g.id, fmt.Sprintf(`{"group": {"add_volumes": %q}}`, v.id))
	if want == 202 {
		v.group = g
	}
}

func (m *model) leave(rt *rapid.T) {
	v := m.someVolume(rt)
	if v.group == nil {
		rt.Skip()
	}
	want := judge(202, refusal{!v.is("available", "in-use", "error"), 400})
	m.expect(rt, v.owner, want, "PUT", "/groups/"+v.group.id, fmt.Sprintf(`{"group": {"remove_volumes": %q}}`, v.id))
	if want == 202 {
		v.group = nil
	}
}

func (m *model) deleteGroup(rt *rapid.T) {
	g, volumes := any1(rt, "group", m.groups), rapid.Bool().Draw(rt, "with volumes")
	members := m.membersOf(g)
	held := slices.ContainsFunc(members, func(v *modelVolume) bool {
		return len(m.snapshotsOf(v)) > 0 || v.connected
	})
	want := judge(202, refusal{len(m.group[g]) > 0 || len(members) > 0 && !volumes || held, 400})
	m.expect(rt, g.owner, want, "POST", "/groups/"+g.id+"/action", fmt.Sprintf(`{"delete": {"delete-volumes": %t}}`, volumes))
	if want != 202 {
		return
	}
	for _, v := range members {
		m.drop(v)
	}
	m.groups = slices.DeleteFunc(m.groups, func(o *modelGroup) bool { return o == g })
	delete(m.group, g)
}

func (m *model) groupSnapshot(rt *rapid.T) {
	g := any1(rt, "group", m.groups)
	members := m.membersOf(g)
	more := map[string]int{}
	for _, v := range members {
		addUp(more, snapshotTakes(v.kind, v.size))
	}
	busy := slices.ContainsFunc(members, func(v *modelVolume) bool { return v.is("error", "maintenance") })
	want := judge(202, refusal{len(members) == 0 || busy, 400}, refusal{!m.fits(g.owner, more), 413})
	a := m.expect(rt, g.owner, want, "POST", "/group_snapshots", fmt.Sprintf(`{"group_snapshot": {"group_id": %q}}`, g.id))
	if want != 202 {
		return
	}
	id := a.text("group_snapshot", "id")
	m.group[g] = append(m.group[g], id)
	for _, o := range m.expect(rt, g.owner, 200, "GET", "/snapshots/detail", nil).list("snapshots") {
		s := o.(map[string]any)
		if s["group_snapshot_id"] != id {
			continue
		}
		at := slices.IndexFunc(members, func(v *modelVolume) bool { return v.id == s["volume_id"] })
		if at < 0 {
			rt.Fatalf("group snapshot %s has a snapshot of %s, which is no member", id, s["volume_id"])
		}
		m.snapshots = append(m.snapshots, &modelSnapshot{id: s["id"].(string), of: members[at], size: members[at].size, status: "available", groupID: id})
		members = slices.Delete(slices.Clone(members), at, at+1)
	}
	if len(members) > 0 {
		rt.Fatalf("group snapshot %s lacks %d members", id, len(members))
	}
}

func (m *model) deleteGroupSnapshot(rt *rapid.T) {
	g := any1(rt, "group", m.groups)
	id := any1(rt, "group snapshot", m.group[g])
	m.expect(rt, g.owner, 202, "DELETE", "/group_snapshots/"+id, nil)
	m.group[g] = slices.DeleteFunc(slices.Clone(m.group[g]), func(o string) bool { return o == id })
	m.snapshots = slices.DeleteFunc(m.snapshots, func(n *modelSnapshot) bool { return n.groupID == id })
}
