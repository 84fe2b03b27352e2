package api

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/openstack"
)

const (
	heldVolume = "00000000-0000-4000-8000-0000000000b1"
	otherHeld  = "00000000-0000-4000-8000-0000000000b2"
	heldBy     = "00000000-0000-4000-8000-0000000000c1"
	besides    = "00000000-0000-4000-8000-0000000000c2"
	ofHost     = "00000000-0000-4000-8000-0000000000c3"
	holder     = "00000000-0000-4000-8000-0000000000d1"
)

// computeSays is a compute service that always gives the same answer.
type computeSays struct {
	used bool
	err  error
}

func (c computeSays) Uses(_ context.Context, _ openstack.Caller, server, volume, attachment string) (bool, error) {
	if server != holder || volume != heldVolume || attachment != heldBy {
		return false, errors.New("asked about something else")
	}
	return c.used, c.err
}

// asService is a member's call that carries a service token.
type asService struct{}

func (asService) Authenticate(http.ResponseWriter, *http.Request) *auth.Identity {
	return &auth.Identity{UserID: "u", ProjectID: project, Roles: []string{"member", "reader"}, IsService: true}
}

// withHeld has a volume that a server holds by a connected attachment, and one
// that a host has by an attachment without a connection. They have no host, so
// that no worker is needed to let them go.
func withHeld(t *testing.T) backed {
	t.Helper()
	b := newBacked(t)
	const volume = `INSERT INTO volumes (id, project_id, user_id, size, status, attach_status, availability_zone, volume_type_id)
		SELECT $1, $2, 'u', 1, 'in-use', 'attached', 'nova', id FROM volume_types LIMIT 1`
	b.sql(t, volume, heldVolume, project)
	b.sql(t, volume, otherHeld, project)
	b.sql(t, `INSERT INTO attachments (id, volume_id, project_id, attach_status, instance_uuid, connector, connection_info)
		VALUES ($1, $2, $3, 'attached', $4, '{"initiator":"a"}', '{"driver_volume_type":"iscsi"}')`, heldBy, heldVolume, project, holder)
	b.sql(t, `INSERT INTO attachments (id, volume_id, project_id, attach_status, attached_host) VALUES ($1, $2, $3, 'attached', 'h')`, ofHost, otherHeld, project)
	return b
}

func (b backed) asking(c Compute, who auth.Authenticator) http.Handler {
	return New(Config{Store: b.store, Auth: who, Compute: c})
}

var (
	inUse     = conflict("ConflictNovaUsingAttachment: Detach volume from instance " + holder + " using the Compute API")
	ambiguous = conflict("ConflictNovaUsingAttachment: Detach volume from instance  using the Compute API")
)

func action(name, volume, body string, status int, want string) call {
	return call{name: name, method: "POST", path: "/volumes/" + volume + "/action", body: body, status: status, want: want}
}

// CVE-2023-2088: what a server uses is detached by the compute service alone.
func TestAServersVolumeIsNotTakenByItsUser(t *testing.T) {
	t.Parallel()
	b := withHeld(t)
	user, admin := asUser{"member", "reader"}, asUser{"admin", "member", "reader"}
	at := mv("volume 3.44")
	for name, c := range map[string]Compute{"that says so": computeSays{used: true}, "that cannot be asked": UnaskedCompute{}} {
		t.Run("compute "+name, func(t *testing.T) {
			steps(t, b.asking(c, admin), []call{
				{name: "delete", method: "DELETE", path: "/attachments/" + heldBy, header: at, status: 409, want: inUse},
				action("detach", heldVolume, `{"os-detach": {}}`, 409, inUse),
				action("detach by id", heldVolume, `{"os-detach": {"attachment_id": "`+heldBy+`"}}`, 409, inUse),
				action("detach by an unknown id", heldVolume, `{"os-detach": {"attachment_id": "`+besides+`"}}`, 409, ambiguous),
				action("detach by another volume's", otherHeld, `{"os-detach": {"attachment_id": "`+heldBy+`"}}`, 400,
					bad("Invalid input received: Mismatched volume and attachment")),
				action("terminate", heldVolume, `{"os-terminate_connection": {"connector": null}}`, 409, inUse),
				action("force_detach", heldVolume, `{"os-force_detach": {}}`, 409, inUse),
			})
		})
	}
	down := fault("serviceUnavailable", 503, "The compute service cannot be asked whether it uses the volume.")
	steps(t, b.asking(computeSays{err: errors.New("refused")}, user), []call{
		{name: "compute is down", method: "DELETE", path: "/attachments/" + heldBy, header: at, status: 503, want: down},
	})
	b.sql(t, `INSERT INTO attachments (id, volume_id, project_id, attach_status) VALUES ($1, $2, $3, 'reserved')`, besides, heldVolume, project)
	steps(t, b.asking(computeSays{used: true}, user), []call{
		action("several", heldVolume, `{"os-detach": {}}`, 409, ambiguous),
		action("several to terminate", heldVolume, `{"os-terminate_connection": {"connector": null}}`, 409, ambiguous),
		action("no connection of its own", heldVolume, `{"os-detach": {"attachment_id": "`+besides+`"}}`, 202, ""),
		action("a host's", otherHeld, `{"os-detach": {}}`, 202, ""),
	})
	if left := column(t, ask(t, b.user, "GET", "/attachments", "44", "")["attachments"], "id"); len(left) != 1 || left[0] != heldBy {
		t.Fatalf("left are %v", left)
	}
	steps(t, b.asking(computeSays{used: true}, asService{}), []call{action("by the service", heldVolume, `{"os-detach": {}}`, 202, "")})
	if got := dig(t, ask(t, b.user, "GET", "/volumes/"+heldVolume, "0", ""), "volume", "status"); got != "available" {
		t.Errorf("the volume is %v", got)
	}
}

func TestWhatNoServerUsesIsAnybodys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Compute{"no compute service": nil, "no such server": computeSays{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withHeld(t)
			steps(t, b.asking(c, asUser{"member", "reader"}), []call{
				{name: "delete", method: "DELETE", path: "/attachments/" + heldBy, header: mv("volume 3.27"), status: 200, want: `{"attachments": []}`},
			})
		})
	}
}

func TestLegacyAttachIsForMembersOfTheProject(t *testing.T) {
	t.Parallel()
	b := withHeld(t)
	const strange = "00000000-0000-4000-8000-0000000000b3"
	b.sql(t, `INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, volume_type_id)
		SELECT $1, 'other', 'u', 1, 'available', 'nova', id FROM volume_types LIMIT 1`, strange)
	attach := `{"os-attach": {"instance_uuid": "` + holder + `", "mountpoint": "/dev/vdb"}}`
	bodies := map[string]string{ruleAttach: attach, ruleDetach: `{"os-detach": null}`, ruleForceDetach: `{"os-force_detach": {}}`,
		ruleInitialize: `{"os-initialize_connection": {"connector": {"initiator": "a"}}}`, ruleTerminate: `{"os-terminate_connection": {"connector": null}}`}
	for rule, body := range bodies {
		steps(t, b.user, []call{action("another project's, "+rule, strange, body, 404, missing("Volume "+strange+" could not be found."))})
	}
	steps(t, b.user, []call{
		action("force_detach", otherHeld, bodies[ruleForceDetach], 403, forbidden(ruleForceDetach)),
		action("no host yet", heldVolume, bodies[ruleInitialize], 400, bad("Invalid volume: Volume "+heldVolume+" has no host yet.")),
		action("already attached", otherHeld, attach, 400,
			bad("Error attaching volume - InvalidVolume: Invalid volume: volume is already attached and multiple attachments are not enabled")),
		action("again", heldVolume, attach, 202, ""),
	})
	b.sql(t, `UPDATE volumes SET multiattach = true WHERE id = $1`, otherHeld)
	steps(t, b.user, []call{action("multiattach", otherHeld, attach, 202, "")})
	if n := len(dig(t, ask(t, b.user, "GET", "/volumes/"+otherHeld, "0", ""), "volume", "attachments").([]any)); n != 2 {
		t.Errorf("%d attachments", n)
	}
	b.sql(t, `UPDATE volumes SET status = 'creating', attach_status = 'detached' WHERE id = $1`, heldVolume)
	b.sql(t, `DELETE FROM attachments WHERE volume_id = $1`, heldVolume)
	steps(t, b.user, []call{
		action("a volume that is being made", heldVolume, attach, 400,
			bad("Error attaching volume - InvalidVolume: Invalid volume: Volume "+heldVolume+" cannot be attached while its status is creating.")),
		action("detach of nothing", heldVolume, bodies[ruleDetach], 202, ""),
	})
	if got := dig(t, ask(t, b.user, "GET", "/volumes/"+heldVolume, "0", ""), "volume", "status"); got != "creating" {
		t.Errorf("a detach of nothing made it %v", got)
	}
}
