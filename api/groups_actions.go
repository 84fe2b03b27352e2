package api

import (
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// What reset_status of a group lists in its refusal and what it takes: upstream
// checks against the list of group snapshots, which lacks in-use.
var (
	groupStatuses         = []string{"error", "available", "creating", "deleting", "deleted", "updating", "in-use", "error_deleting"}
	groupSnapshotStatuses = []string{"error", "available", "creating", "deleting", "deleted", "updating", "error_deleting"}
)

// resetBody reads a reset_status. class begins a refusal, words says what may be.
func resetBody(r *Request, class, words string, shown []string) (string, error) {
	var body struct {
		Reset struct{ Status string } `json:"reset_status"`
	}
	if err := r.Decode(&body); err != nil {
		return "", err
	}
	status := strings.ToLower(body.Reset.Status)
	if strings.TrimSpace(status) == "" {
		return "", badRequest("%s: The 'status' can not be empty.", class)
	}
	if !slices.Contains(groupSnapshotStatuses, status) {
		return "", badRequest("%s: "+words+": %s.", class, body.Reset.Status, pythonTuple(shown))
	}
	return status, nil
}

// pythonTuple writes words as Python prints a tuple.
func pythonTuple(words []string) string { return "('" + strings.Join(words, "', '") + "')" }

func (a *API) resetGroup(r *Request) (Response, error) {
	status, err := resetBody(r, "Invalid Group Status", "Group status: %s is invalid, valid status are", groupStatuses)
	if err != nil {
		return Response{}, err
	}
	g, err := a.group(r, r.Param("id"), "group:reset_status")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.ResetGroup(r.Context(), g.ID, status)
}

// replicated finds a group whose type and volume types say that it is
// replicated. No backend of this release can do it, so such a group has none.
func (a *API) replicated(r *Request, rule string) (db.GroupView, error) {
	g, err := a.group(r, r.Param("id"), rule)
	if err != nil {
		return g, err
	}
	t, err := a.Store.FindGroupType(r.Context(), g.GroupTypeID, true)
	if err != nil {
		return g, err
	}
	if !isTrue(t.GroupSpecs["group_replication_enabled"]) && !isTrue(t.GroupSpecs["consistent_group_replication_enabled"]) {
		return g, badRequest("Invalid group type: Group %s is not a replication group type.", g.ID)
	}
	types, err := a.Store.GroupVolumeTypes(r.Context(), g.ID)
	if err != nil {
		return g, err
	}
	for _, vt := range types {
		if !specIs(vt, "replication_enabled") {
			return g, badRequest("Invalid volume type: Volume type %s does not have 'replication_enabled' spec key set to '<is> True'.", vt.ID)
		}
	}
	return g, nil
}

// isTrue reports whether a spec is "<is> True".
func isTrue(spec *string) bool { return spec != nil && *spec == "<is> True" }

func (a *API) enableReplication(r *Request) (Response, error) {
	return a.changeReplication(r, "group:enable_replication", db.EnableReplication, true)
}

func (a *API) disableReplication(r *Request) (Response, error) {
	return a.changeReplication(r, "group:disable_replication", db.DisableReplication, true)
}

func (a *API) failoverReplication(r *Request) (Response, error) {
	var body struct {
		Failover struct {
			AllowAttached schema.Bool `json:"allow_attached_volume"`
		} `json:"failover_replication"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return a.changeReplication(r, "group:failover_replication", db.FailoverReplication, bool(body.Failover.AllowAttached))
}

func (a *API) changeReplication(r *Request, rule string, c db.ReplicationChange, attached bool) (Response, error) {
	g, err := a.replicated(r, rule)
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.ChangeReplication(r.Context(), g.ID, c, attached)
}

func (a *API) listReplicationTargets(r *Request) (Response, error) {
	if _, err := a.replicated(r, "group:list_replication_targets"); err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte { return append(b, `{"replication_targets": []}`...) }), nil
}
