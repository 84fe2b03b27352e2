package api

import (
	"net/http"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	groupCreateSchema = schema.Of(schema.Wrap("group", schema.Object(`"name":$name_or_null,"description":$description,
"group_type":{"type":"string","minLength":1,"maxLength":255},"availability_zone":$availability_zone,
"volume_types":{"type":"array","minItems":1,"items":{"type":"string","maxLength":255},"uniqueItems":true}`, "group_type", "volume_types")))
	groupCloneSchema = schema.Of(schema.Wrap("create-from-src", `{"type":"object","properties":{"name":$name_or_null,"description":$description,
"source_group_id":$uuid,"group_snapshot_id":$uuid},"oneOf":[{"required":["group_snapshot_id"]},{"required":["source_group_id"]}],"additionalProperties":false}`))
	groupUpdateSchema = schema.Of(schema.Wrap("group", `{"type":"object","properties":{"name":$name_or_null,"description":$description,
"add_volumes":$description,"remove_volumes":$description},"additionalProperties":false,
"anyOf":[{"required":["name"]},{"required":["description"]},{"required":["add_volumes"]},{"required":["remove_volumes"]}]}`))
	groupDeleteSchema = schema.Of(schema.Wrap("delete", schema.Object(`"delete-volumes":$boolean`)))
	groupResetSchema  = schema.Of(schema.Wrap("reset_status", schema.Object(`"status":{"type":"string"}`, "status")))
)

// Microversions that brought groups and what belongs to them.
const (
	groupsSince           = 13
	groupSnapshotsSince   = 14
	groupReplicationSince = 38
)

func groupRoutes() []Route {
	const list, one, action = "/groups", "/groups/{id}", "/groups/{id}/action"
	replication := func(key, inner string, status int, handle func(*API, *Request) (Response, error)) Route {
		return Route{Method: http.MethodPost, Path: action, Action: key, Since: groupReplicationSince, Checks: []string{"group:get", "group:" + key},
			Schema: schema.Of(schema.Wrap(key, inner)), Status: status, Handle: handle}
	}
	return []Route{
		{Method: http.MethodGet, Path: list, Since: groupsSince, Policy: "group:get_all", Status: 200, Handle: (*API).listGroups},
		{Method: http.MethodGet, Path: list + "/detail", Since: groupsSince, Policy: "group:get_all", Status: 200, Handle: (*API).listGroupsDetail},
		{Method: http.MethodPost, Path: list, Since: groupsSince, Policy: "group:create", Schema: groupCreateSchema, Status: 202, Handle: (*API).createGroup},
		{Method: http.MethodGet, Path: one, Since: groupsSince, Checks: []string{"group:get"}, Status: 200, Handle: (*API).showGroup},
		{Method: http.MethodPut, Path: one, Since: groupsSince, Checks: []string{"group:get", "group:update"},
			Schema: groupUpdateSchema, Status: 202, Handle: (*API).updateGroup},
		// Upstream's action of that name answers this verb too, given its body.
		{Method: http.MethodDelete, Path: one, Since: groupsSince, Checks: []string{"group:get", "group:delete"},
			Schema: groupDeleteSchema, Status: 202, Handle: (*API).deleteGroup},
		{Method: http.MethodPost, Path: action, Action: "delete", Since: groupsSince, Checks: []string{"group:get", "group:delete"},
			Schema: groupDeleteSchema, Status: 202, Handle: (*API).deleteGroup},
		{Method: http.MethodPost, Path: action, Action: "reset_status", Since: 20, Checks: []string{"group:get", "group:reset_status"},
			Schema: groupResetSchema, Status: 202, Handle: (*API).resetGroup},
		replication("enable_replication", `{"type":"object"}`, 202, (*API).enableReplication),
		replication("disable_replication", `{"type":"object"}`, 202, (*API).disableReplication),
		replication("failover_replication", schema.Object(`"allow_attached_volume":$boolean,"secondary_backend_id":$name_or_null`), 202, (*API).failoverReplication),
		replication("list_replication_targets", `{"type":"object"}`, 200, (*API).listReplicationTargets),
		{Method: http.MethodPost, Path: list + "/action", Action: "create-from-src", Since: groupSnapshotsSince, Policy: "group:create",
			Checks: []string{"group:get", "group:get_group_snapshot"}, Schema: groupCloneSchema, Status: 202, Handle: (*API).cloneGroup},
	}
}

// group finds one that the caller may see and may do these things to.
func (a *API) group(r *Request, id string, rules ...string) (db.GroupView, error) {
	g, err := a.Store.ViewGroup(r.Context(), schema.CanonicalUUID(id), r.owner())
	for _, rule := range append([]string{"group:get"}, rules...) {
		if err == nil {
			err = r.Authorize(rule, g.ProjectID)
		}
	}
	return g, err
}

// newGroup is group for the newer calls, which leave the groups of the older
// ones alone.
func (a *API) newGroup(r *Request, id string, rules ...string) (db.GroupView, error) {
	g, err := a.group(r, id, rules...)
	if err == nil && g.Legacy() {
		err = reservedForCGs(g.GroupTypeID)
	}
	return g, err
}

func reservedForCGs(typeID string) error {
	return badRequest("Group_type %s is reserved for migrating CGs to groups. Migrated group can only be operated by CG APIs.", typeID)
}

// openUntil: before the operator's file decides, these lists take any filter of anybody.
func (s listSpec) openUntil(m Microversion) *listSpec {
	s.open = !m.FiltersByFile()
	return &s
}

var groupListSpec = listSpec{resource: "group", ignored: []string{"list_volume"}, allTenants: tenantsPresent}

func (a *API) listGroups(r *Request) (Response, error) {
	return a.groupPage(r, groupSummaryFields, "groups")
}

// listGroupsDetail links to the summary, as upstream does.
func (a *API) listGroupsDetail(r *Request) (Response, error) {
	fields, err := r.groupFields()
	if err != nil {
		return Response{}, err
	}
	return a.groupPage(r, fields, "groups")
}

func (a *API) groupPage(r *Request, fields []Field[db.GroupView], collection string) (Response, error) {
	q, err := r.listQuery(groupListSpec.openUntil(r.Microversion))
	if err != nil {
		return Response{}, err
	}
	q.Filters = append(q.Filters, db.Filter{Key: db.FilterLegacy, Value: "false"})
	page, err := a.Store.ListGroups(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	around := Page{Key: "groups", Links: "group_links", Collection: collection, Limit: q.Limit}
	if n := len(page.Items); n > 0 {
		around.Last = page.Items[n-1].ID
	}
	return newView(r, fields, groupProject).Many(page.Items, around), nil
}

func (a *API) showGroup(r *Request) (Response, error) {
	g, err := a.newGroup(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	fields, err := r.groupFields()
	if err != nil {
		return Response{}, err
	}
	return newView(r, fields, groupProject).One("group", &g), nil
}

// groupUpdateBody is an update in either dialect.
type groupUpdateBody struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Add         *string `json:"add_volumes"`
	Remove      *string `json:"remove_volumes"`
}

func (b groupUpdateBody) change(r *Request) db.GroupChange {
	return db.GroupChange{Name: trimmed(b.Name), Description: trimmed(b.Description), Add: idList(b.Add), Remove: idList(b.Remove), Project: r.owner()}
}

// idList splits a list with commas.
func idList(s *string) []string {
	if !filled(s) {
		return nil
	}
	return strings.Split(strings.Trim(*s, ","), ",")
}

func (a *API) updateGroup(r *Request) (Response, error) {
	g, err := a.newGroup(r, r.Param("id"), "group:update")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Group groupUpdateBody `json:"group"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.UpdateGroup(r.Context(), g.ID, body.Group.change(r))
}

func (a *API) deleteGroup(r *Request) (Response, error) {
	g, err := a.newGroup(r, r.Param("id"), "group:delete")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Delete struct {
			Volumes schema.Bool `json:"delete-volumes"`
		} `json:"delete"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	if err := a.Store.DeleteGroup(r.Context(), r.Actor(), g.ID, bool(body.Delete.Volumes)); err != nil {
		return Response{}, err
	}
	a.sweepKeys(r)
	return Response{}, nil
}
