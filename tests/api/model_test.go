package api

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// modelClients are those who work at the same time, each on its own two
// projects, so that each can foretell every answer.
const modelClients = 4

// settleLimit is many times what any of the steps takes.
const settleLimit = time.Minute

// model is what a client believes of its projects. Its steps foretell the status
// of each answer; after each, the service must come to look like the model.
type model struct {
	t         testing.TB
	projects  [2]*modelProject
	types     []string // names of volume types
	groupType string
	volumes   []*modelVolume // in the order of creation, as all lists here
	snapshots []*modelSnapshot
	groups    []*modelGroup
	group     map[*modelGroup][]string // ids of group snapshots
	made      int
}

type modelProject struct {
	caller
	limits map[string]int
}

type modelVolume struct {
	id, name     string
	owner        *modelProject
	size         int
	kind, status string
	bootable     bool
	attachment   string
	connected    bool // the attachment has a connector
	transfer     string
	key          string // of the transfer
	group        *modelGroup
}

type modelSnapshot struct {
	id, status string
	of         *modelVolume
	size       int
	groupID    string // of the group snapshot that it belongs to
}

type modelGroup struct {
	id    string
	owner *modelProject
}

func TestClientsAgreeWithTheModel(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": "6", "rapid.steps": "60", "rapid.nofailfile": "true", "rapid.shrinktime": "20s"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue { // not given on the command line
			if err := flag.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Parallel()
	c := newCaller(t)
	suffix := c.project[:8]
	var types []string
	for _, name := range []string{"gold-" + suffix, "silver-" + suffix} {
		c.want(200, "POST", "/types", fmt.Sprintf(`{"volume_type": {"name": %q}}`, name))
		types = append(types, name)
	}
	groupType := c.groupType("")
	for i := range modelClients {
		t.Run(fmt.Sprint("client ", i), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) { newModel(t, rt, types, groupType).run(rt) })
		})
	}
}

func newModel(t testing.TB, rt *rapid.T, types []string, groupType string) *model {
	m := &model{t: t, types: types, groupType: groupType, group: make(map[*modelGroup][]string)}
	for i := range m.projects {
		c := newCaller(t).at(newest)
		p := &modelProject{c, map[string]int{"volumes": 4, "gigabytes": 14, "snapshots": 4, "groups": 2, "per_volume_gigabytes": 4,
			"volumes_" + types[0]: 3, "gigabytes_" + types[1]: 6, "snapshots_" + types[0]: 2}}
		raw, _ := json.Marshal(map[string]any{"quota_set": p.limits})
		m.projects[i] = p
		m.expect(rt, p, 200, "PUT", "/os-quota-sets/"+p.project, string(raw))
	}
	return m
}

func (m *model) run(rt *rapid.T) {
	rt.Repeat(map[string]func(*rapid.T){"": m.settle,
		"create": m.create, "create again": m.create, "copy": m.copy, "delete": m.delete, "extend": m.extend, "retype": m.retype, "reset": m.reset, "bootable": m.setBootable,
		"attach": m.attach, "complete": m.complete, "detach": m.detach, "begin detaching": m.beginDetaching, "roll detaching": m.rollDetaching,
		"reserve": m.reserve, "unreserve": m.unreserve,
		"snapshot": m.snapshot, "delete snapshot": m.deleteSnapshot, "reset snapshot": m.resetSnapshot, "revert": m.revert,
		"offer": m.offer, "accept": m.accept, "withdraw": m.withdraw,
		"group": m.makeGroup, "join": m.join, "leave": m.leave, "delete group": m.deleteGroup,
		"group snapshot": m.groupSnapshot, "delete group snapshot": m.deleteGroupSnapshot})
	m.clear(rt)
}

// expect sends a request and insists on the status that was foretold.
func (m *model) expect(rt *rapid.T, p *modelProject, want int, method, path string, body any) answer {
	a := p.in(m.t).send(method, path, body)
	if a.status != want {
		rt.Fatalf("%s: status %d, the model says %d: %s\n%s", a.what, a.status, want, a.raw, m)
	}
	return a
}

// seen is how the service or the model looks.
type seen struct {
	Volumes, Snapshots, Groups map[string]string
	Usage                      map[string]float64
}

// settle waits until the service looks like the model.
func (m *model) settle(rt *rapid.T) {
	for i, p := range m.projects {
		want := m.believed(p)
		var got seen
		for begun, pause := time.Now(), time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
			if got = m.seen(rt, p); cmp.Equal(got, want) {
				break
			}
			if time.Since(begun) > settleLimit {
				rt.Fatalf("project %d does not come to look like the model (-service +model):\n%s", i, cmp.Diff(got, want))
			}
			time.Sleep(pause) // the API has nothing to wait on
		}
	}
}

func (m *model) seen(rt *rapid.T, p *modelProject) seen {
	s := seen{map[string]string{}, map[string]string{}, map[string]string{}, map[string]float64{}}
	for _, o := range m.expect(rt, p, 200, "GET", "/volumes/detail", nil).list("volumes") {
		v := o.(map[string]any)
		s.Volumes[v["id"].(string)] = fmt.Sprintln(v["status"], v["size"], v["volume_type"], v["bootable"], len(v["attachments"].([]any)), v["group_id"], v["name"])
	}
	for _, o := range m.expect(rt, p, 200, "GET", "/snapshots/detail", nil).list("snapshots") {
		v := o.(map[string]any)
		s.Snapshots[v["id"].(string)] = fmt.Sprintln(v["status"], v["size"], v["volume_id"], v["group_snapshot_id"])
	}
	for _, o := range m.expect(rt, p, 200, "GET", "/groups/detail", nil).list("groups") {
		v := o.(map[string]any)
		s.Groups[v["id"].(string)] = v["status"].(string)
	}
	for name, o := range m.expect(rt, p, 200, "GET", "/os-quota-sets/"+p.project+"?usage=true", nil).object("quota_set") {
		if u, ok := o.(map[string]any); ok {
			s.Usage[name] = u["in_use"].(float64) + 1000*u["reserved"].(float64)
			if s.Usage[name] == 0 {
				delete(s.Usage, name)
			}
		}
	}
	return s
}

func (m *model) believed(p *modelProject) seen {
	s := seen{map[string]string{}, map[string]string{}, map[string]string{}, map[string]float64{}}
	for _, v := range m.volumes {
		if v.owner != p {
			continue
		}
		attachments, group := 0, any(nil)
		if v.attachment != "" && (v.status == "in-use" || v.status == "detaching") {
			attachments = 1
		}
		if v.group != nil {
			group = v.group.id
		}
		s.Volumes[v.id] = fmt.Sprintln(v.status, v.size, v.kind, v.bootable, attachments, group, v.name)
	}
	for _, n := range m.snapshots {
		if n.of.owner == p {
			group := any(nil)
			if n.groupID != "" {
				group = n.groupID
			}
			s.Snapshots[n.id] = fmt.Sprintln(n.status, n.size, n.of.id, group)
		}
	}
	for _, g := range m.groups {
		if g.owner == p {
			s.Groups[g.id] = "available"
		}
	}
	for name, n := range m.usage(p) {
		s.Usage[name] = float64(n)
	}
	return s
}

// usage is what the project's things take.
func (m *model) usage(p *modelProject) map[string]int {
	u := map[string]int{}
	for _, v := range m.volumes {
		if v.owner == p {
			addUp(u, volumeTakes(v.kind, v.size))
		}
	}
	for _, n := range m.snapshots {
		if n.of.owner == p {
			addUp(u, snapshotTakes(n.of.kind, n.size))
		}
	}
	for _, g := range m.groups {
		if g.owner == p {
			u["groups"]++
		}
	}
	return u
}

func addUp(u, more map[string]int) {
	for name, n := range more {
		u[name] += n
	}
}

func volumeTakes(kind string, size int) map[string]int {
	return map[string]int{"volumes": 1, "gigabytes": size, "volumes_" + kind: 1, "gigabytes_" + kind: size}
}

func snapshotTakes(kind string, size int) map[string]int {
	return map[string]int{"snapshots": 1, "gigabytes": size, "snapshots_" + kind: 1, "gigabytes_" + kind: size}
}

// fits says whether the project's limits have room for more.
func (m *model) fits(p *modelProject, more map[string]int) bool {
	u := m.usage(p)
	for name, n := range more {
		if limit, ok := p.limits[name]; ok && n > 0 && u[name]+n > limit {
			return false
		}
	}
	return true
}

// clear deletes everything, which must be possible whatever has happened.
func (m *model) clear(rt *rapid.T) {
	for _, v := range m.volumes {
		if v.transfer != "" {
			m.expect(rt, v.owner, 202, "DELETE", "/volume-transfers/"+v.transfer, nil)
		}
		if v.attachment != "" {
			m.expect(rt, v.owner, 200, "DELETE", "/attachments/"+v.attachment, nil)
		}
	}
	for _, g := range m.groups {
		for _, id := range m.group[g] {
			m.expect(rt, g.owner, 202, "DELETE", "/group_snapshots/"+id, nil)
		}
	}
	m.snapshots = slices.DeleteFunc(m.snapshots, func(n *modelSnapshot) bool { return n.groupID != "" })
	for _, v := range m.volumes {
		v.transfer, v.attachment, v.status = "", "", "available"
		m.expect(rt, v.owner, 202, "POST", "/volumes/"+v.id+"/action", `{"os-reset_status": {"status": "available"}}`)
	}
	for _, n := range m.snapshots {
		n.status = "available"
		m.expect(rt, n.of.owner, 202, "POST", "/snapshots/"+n.id+"/action", `{"os-reset_status": {"status": "available"}}`)
	}
	m.settle(rt)
	for _, n := range m.snapshots {
		m.expect(rt, n.of.owner, 202, "DELETE", "/snapshots/"+n.id, nil)
	}
	m.snapshots = nil
	m.settle(rt)
	for _, g := range m.groups {
		m.expect(rt, g.owner, 202, "POST", "/groups/"+g.id+"/action", `{"delete": {"delete-volumes": true}}`)
	}
	m.groups = nil
	m.volumes = slices.DeleteFunc(m.volumes, func(v *modelVolume) bool { return v.group != nil })
	for _, v := range m.volumes {
		m.expect(rt, v.owner, 202, "DELETE", "/volumes/"+v.id, nil)
	}
	m.volumes = nil
	m.settle(rt)
}

// String shows the model in a failure.
func (m *model) String() string {
	text := ""
	for _, v := range m.volumes {
		text += fmt.Sprintf("volume %s %s %d GiB %s attachment %q transfer %q grouped %t\n", v.id, v.status, v.size, v.kind, v.attachment, v.transfer, v.group != nil)
	}
	for _, n := range m.snapshots {
		text += fmt.Sprintf("snapshot %s of %s %s %d GiB group snapshot %q\n", n.id, n.of.id, n.status, n.size, n.groupID)
	}
	for i, p := range m.projects {
		u := m.usage(p)
		for _, name := range slices.Sorted(maps.Keys(u)) {
			text += fmt.Sprintf("project %d %s %d\n", i, name, u[name])
		}
	}
	return text
}
