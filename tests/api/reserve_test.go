package api

import "testing"

// The steps that Nova took before attachments were objects.
func TestReserveAndDetachSteps(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id, used := c.volume(), c.volume()
	c.attach(used)
	step := func(name, action, id string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/volumes/" + id + "/action", body: map[string]any{action: nil}, status: status, fault: fault}
	}
	const notAttached = "Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach."
	for _, s := range []struct {
		row
		volume, becomes string
	}{
		{step("unreserve of an idle volume", "os-unreserve", id, 202, ""), id, "available"},
		{step("reserve", "os-reserve", id, 202, ""), id, "attaching"},
		{step("reserve again", "os-reserve", id, 400, "Invalid volume: Volume status must be available to reserve, but the status is attaching."), id, "attaching"},
		{step("unreserve", "os-unreserve", id, 202, ""), id, "available"},
		{step("begin_detaching of an idle volume", "os-begin_detaching", id, 400, notAttached), id, "available"},
		{step("roll_detaching of an idle volume", "os-roll_detaching", id, 202, ""), id, "available"},
		{step("begin_detaching", "os-begin_detaching", used, 202, ""), used, "detaching"},
		{step("begin_detaching again", "os-begin_detaching", used, 400, notAttached), used, "detaching"},
		{step("roll_detaching", "os-roll_detaching", used, 202, ""), used, "in-use"},
		{step("unknown volume", "os-reserve", unknownID, 404, "Volume "+unknownID+" could not be found."), id, "available"},
	} {
		check(t, c, []row{s.row})
		if got := c.want(200, "GET", "/volumes/"+s.volume, nil).text("volume", "status"); got != s.becomes {
			t.Errorf("after %s the volume is %s, want %s", s.name, got, s.becomes)
		}
	}
}
