package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// settled are the statuses in which nobody works on a thing.
var settled = []string{"available", "in-use", "reserved", "attaching", "detaching", "awaiting-transfer", "error", "attached"}

// racer is one of several clients that work on the same things.
type racer struct {
	caller
	*rand.Rand
	other caller // of the project that transfers go to
	types []string
	kind  string // of groups
	done  *int   // requests that were accepted
}

// ids lists what is there now: others may delete it at any moment.
func (r racer) ids(path, key string) []string {
	out := ids(r.want(200, "GET", path, nil), key)
	return append(out, unknownID)
}

func (r racer) some(from ...string) string { return from[r.IntN(len(from))] }

// step sends a request that may come too early or too late, but never may fail.
func (r racer) step() {
	id := r.some(r.ids("/volumes", "volumes")...)
	act := func(body string) { r.try("POST", "/volumes/"+id+"/action", body) }
	switch r.IntN(24) {
	case 0, 1, 2, 3:
		r.try("POST", "/volumes", fmt.Sprintf(`{"volume": {"size": %d, "volume_type": %q}}`, 1+r.IntN(2), r.some(r.types...)))
	case 4:
		r.try("POST", "/volumes", fmt.Sprintf(`{"volume": {"size": 2, "source_volid": %q}}`, id))
	case 5:
		r.try("POST", "/volumes", fmt.Sprintf(`{"volume": {"size": 2, "snapshot_id": %q}}`, r.some(r.ids("/snapshots", "snapshots")...)))
	case 6, 7:
		r.try("DELETE", "/volumes/"+id+r.some("", "?cascade=true"), nil)
	case 8, 9:
		r.try("POST", "/snapshots", fmt.Sprintf(`{"snapshot": {"volume_id": %q}}`, id))
	case 10:
		r.try("DELETE", "/snapshots/"+r.some(r.ids("/snapshots", "snapshots")...), nil)
	case 11:
		act(fmt.Sprintf(`{"revert": {"snapshot_id": %q}}`, r.some(r.ids("/snapshots?volume_id="+id, "snapshots")...)))
	case 12:
		act(fmt.Sprintf(`{"os-extend": {"new_size": %d}}`, 2+r.IntN(3)))
	case 13:
		act(fmt.Sprintf(`{"os-retype": {"new_type": %q, "migration_policy": "never"}}`, r.some(r.types...)))
	case 14, 15:
		r.try("POST", "/attachments", fmt.Sprintf(`{"attachment": {"volume_uuid": %q, "instance_uuid": %q%s}}`, id, newCaller(r.t).project,
			r.some("", `, "connector": {"host": "races", "initiator": "iqn.1993-08.org.debian:01:races", "multipath": false}`)))
	case 16:
		r.try("POST", "/attachments/"+r.some(r.ids("/attachments", "attachments")...)+"/action", `{"os-complete": {}}`)
	case 17:
		r.try("DELETE", "/attachments/"+r.some(r.ids("/attachments", "attachments")...), nil)
	case 18:
		act(r.some(`{"os-reserve": {}}`, `{"os-unreserve": {}}`, `{"os-begin_detaching": {}}`, `{"os-roll_detaching": {}}`))
	case 19:
		if a := r.try("POST", "/volume-transfers", fmt.Sprintf(`{"transfer": {"volume_id": %q}}`, id)); a.status == 202 && r.IntN(2) == 0 {
			offer := "/volume-transfers/" + a.text("transfer", "id")
			racer{caller: r.other, done: r.done}.try("POST", offer+"/accept", fmt.Sprintf(`{"accept": {"auth_key": %q}}`, a.text("transfer", "auth_key")))
		}
	case 20:
		r.try("DELETE", "/volume-transfers/"+r.some(r.ids("/volume-transfers", "transfers")...), nil)
	case 21:
		types, _ := json.Marshal(r.types)
		r.try("POST", "/groups", fmt.Sprintf(`{"group": {"group_type": %q, "volume_types": %s}}`, r.kind, types))
	case 22:
		r.try("PUT", "/groups/"+r.some(r.ids("/groups", "groups")...), fmt.Sprintf(`{"group": {%q: %q}}`, r.some("add_volumes", "remove_volumes"), id))
	case 23:
		switch group := r.some(r.ids("/groups", "groups")...); r.IntN(3) {
		case 0:
			r.try("POST", "/group_snapshots", fmt.Sprintf(`{"group_snapshot": {"group_id": %q}}`, group))
		case 1:
			r.try("DELETE", "/group_snapshots/"+r.some(r.ids("/group_snapshots", "group_snapshots")...), nil)
		case 2:
			r.try("POST", "/groups/"+group+"/action", `{"delete": {"delete-volumes": true}}`)
		}
	}
}

func (r racer) try(method, path string, body any) answer {
	a := r.send(method, path, body)
	if a.status >= 500 {
		r.t.Errorf("%s: status %d: %s", a.what, a.status, a.raw)
	}
	if a.status < 300 {
		*r.done++
	}
	return a
}

func TestClientsThatRaceLeaveNothingStuck(t *testing.T) {
	t.Parallel()
	const clients, steps = 5, 200
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c, other := newCaller(t).at(newest), newCaller(t).at(newest)
	c.quota(`"volumes": 12, "gigabytes": 40, "snapshots": 12, "groups": 3`)
	types := []string{c.volumeType(), c.volumeType()}
	kind := c.groupType("")
	t.Run("clients", func(t *testing.T) {
		for i := range clients {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				r := racer{c.in(t), rand.New(rand.NewPCG(seed, uint64(i))), other.in(t), types, kind, new(int)}
				for range steps {
					r.step()
				}
				if *r.done < steps/8 {
					t.Errorf("only %d of %d steps were accepted", *r.done, steps)
				}
			})
		}
	})
	for _, c := range []caller{c, other} {
		for _, resource := range []string{"volumes", "snapshots", "attachments", "groups", "group_snapshots"} {
			c.await(resource+" to settle", func() bool {
				return !slices.ContainsFunc(c.want(200, "GET", "/"+resource+"/detail", nil).list(resource), func(o any) bool {
					return !slices.Contains(settled, o.(map[string]any)["status"].(string))
				})
			})
		}
		c.usageIsRows()
	}
}

// usageIsRows compares the quota's usage with what the lists show.
func (c caller) usageIsRows() {
	c.t.Helper()
	rows := map[string]float64{}
	for _, o := range c.want(200, "GET", "/volumes/detail", nil).list("volumes") {
		rows["volumes"]++
		rows["gigabytes"] += o.(map[string]any)["size"].(float64)
	}
	for _, o := range c.want(200, "GET", "/snapshots/detail", nil).list("snapshots") {
		rows["snapshots"]++
		rows["gigabytes"] += o.(map[string]any)["size"].(float64)
	}
	rows["groups"] = float64(len(c.want(200, "GET", "/groups", nil).list("groups")))
	set := c.want(200, "GET", "/os-quota-sets/"+c.project+"?usage=true", nil).object("quota_set")
	byType := map[string]float64{}
	for name, o := range set {
		u, ok := o.(map[string]any)
		if !ok {
			continue
		}
		if u["reserved"] != 0.0 {
			c.t.Errorf("%s is reserved: %v", name, u)
		}
		if resource, _, ok := strings.Cut(name, "_"); ok && rows[resource] > 0 && name != "gigabytes" {
			byType[resource] += u["in_use"].(float64)
		}
	}
	for resource, n := range rows {
		if used := set[resource].(map[string]any)["in_use"]; used != n {
			c.t.Errorf("%s: usage %v, and %v are there", resource, used, n)
		}
		if resource != "groups" && n > 0 && byType[resource] != n {
			c.t.Errorf("%s: usage %v by types, and %v are there", resource, byType[resource], n)
		}
	}
}
