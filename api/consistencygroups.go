package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// The older dialect: the same groups under another name. Those that it makes
// have a type of their own, which the newer calls leave alone.

// loose is an envelope that lets other keys through, as this dialect does. It
// needs required, if that is not "".
func loose(key, properties, required string) string {
	if required != "" {
		required = fmt.Sprintf(`,"required":[%q]`, required)
	}
	return fmt.Sprintf(`{"type":"object","properties":{%q:{"type":"object","properties":{%s}%s}},"required":[%q]}`, key, properties, required, key)
}

var (
	cgCreateSchema = schema.Of(loose("consistencygroup", `"name":$name_or_null,"description":$description,
"volume_types":{"type":["string","null"]},"availability_zone":{"type":["string","null"]}`, "volume_types"))
	// The clients name both sources, one of them null, and upstream took that for
	// as long as it had no schema here.
	cgCloneSchema = schema.Of(loose("consistencygroup-from-src", `"name":$name_or_null,"description":$description,
"cgsnapshot_id":{"type":["string","null"]},"source_cgid":{"type":["string","null"]}`, ""))
	cgUpdateSchema = schema.Of(loose("consistencygroup", `"name":$name_or_null,"description":$description,
"add_volumes":{"type":["string","null"]},"remove_volumes":{"type":["string","null"]}`, ""))
	cgDeleteSchema = schema.Of(`{"oneOf":[` + loose("consistencygroup", `"force":$boolean`, "") + `,
{"type":"object","properties":{},"additionalProperties":false},{"type":"null"}]}`)
)

func consistencyGroupRoutes() []Route {
	const list, one = "/consistencygroups", "/consistencygroups/{id}"
	get, update, drop := []string{"group:get"}, []string{"group:get", "group:update"}, []string{"group:get", "group:delete"}
	return []Route{
		{Method: http.MethodGet, Path: list, Policy: "group:get_all", Status: 200, Handle: (*API).listCGs},
		{Method: http.MethodGet, Path: list + "/detail", Policy: "group:get_all", Status: 200, Handle: (*API).listCGsDetail},
		{Method: http.MethodPost, Path: list, Policy: "group:create", Schema: cgCreateSchema, Status: 202, Handle: (*API).createCG},
		{Method: http.MethodPost, Path: list + "/create_from_src", Policy: "group:create", Checks: []string{"group:get", "group:get_group_snapshot"},
			Schema: cgCloneSchema, Status: 202, Handle: (*API).cloneCG},
		{Method: http.MethodGet, Path: one, Checks: get, Status: 200, Handle: (*API).showCG},
		{Method: http.MethodPut, Path: one, Checks: update, Schema: cgUpdateSchema, Status: 202, Handle: (*API).updateCG},
		{Method: http.MethodPut, Path: one + "/update", Checks: update, Schema: cgUpdateSchema, Status: 202, Handle: (*API).updateCGFilled},
		{Method: http.MethodPost, Path: one + "/delete", Checks: drop, Schema: cgDeleteSchema, Status: 202, Handle: (*API).deleteCG},
		{Method: http.MethodDelete, Path: one, Checks: drop, Schema: cgDeleteSchema, Status: 202, Handle: (*API).deleteCG},
		{Method: http.MethodPost, Path: one + "/action", Status: 404, Handle: (*API).noAction},
	}
}

// noAction: the path is there, and no action was ever registered.
func (a *API) noAction(*Request) (Response, error) { return Response{}, errNotFound }

var cgListSpec = &listSpec{resource: "group", open: true, allTenants: tenantsPresent}

func (a *API) listCGs(r *Request) (Response, error) { return a.cgPage(r, groupSummaryFields) }

func (a *API) listCGsDetail(r *Request) (Response, error) { return a.cgPage(r, groupCommonFields) }

// cgPage lists the groups of both dialects.
func (a *API) cgPage(r *Request, fields []Field[db.GroupView]) (Response, error) {
	q, err := r.listQuery(cgListSpec)
	if err != nil {
		return Response{}, err
	}
	page, err := a.Store.ListGroups(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	around := Page{Key: "consistencygroups", Links: "consistencygroup_links", Collection: "consistencygroups", Limit: q.Limit}
	if n := len(page.Items); n > 0 {
		around.Last = page.Items[n-1].ID
	}
	return newView(r, fields, groupProject).Many(page.Items, around), nil
}

func (a *API) showCG(r *Request) (Response, error) {
	g, err := a.group(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupCommonFields, groupProject).One("consistencygroup", &g), nil
}

// noneOr is a name in a message, as Python prints one that may be missing.
func noneOr(s *string) string {
	if s == nil {
		return "None"
	}
	return *s
}

func (a *API) createCG(r *Request) (Response, error) {
	var body struct {
		CG struct {
			Name        *string `json:"name"`
			Description *string `json:"description"`
			VolumeTypes *string `json:"volume_types"`
			Zone        *string `json:"availability_zone"`
		} `json:"consistencygroup"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.CG
	name := trimmed(b.Name)
	if !filled(b.VolumeTypes) {
		return Response{}, badRequest("volume_types must be provided to create consistency group %s.", noneOr(name))
	}
	t, err := a.Store.FindGroupType(r.Context(), db.CGSnapshotType, true)
	if db.IsKind(err, db.NotFound) {
		return Response{}, badRequest("Group type %s not found. Rerun migration script to create the default cgsnapshot type.", db.CGSnapshotType)
	}
	if err != nil {
		return Response{}, err
	}
	types := strings.Split(strings.TrimRight(*b.VolumeTypes, ","), ",")
	g, err := a.makeGroup(r, t, db.NewGroup{Name: name, Description: trimmed(b.Description)}, types, b.Zone)
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupSummaryFields, groupProject).One("consistencygroup", &db.GroupView{Group: g}), nil
}

func (a *API) cloneCG(r *Request) (Response, error) {
	var body struct {
		CG struct {
			Name        *string `json:"name"`
			Description *string `json:"description"`
			SnapshotID  *string `json:"cgsnapshot_id"`
			SourceID    *string `json:"source_cgid"`
		} `json:"consistencygroup-from-src"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.CG
	n := db.GroupClone{ID: uuid.NewString(), Name: trimmed(b.Name), Description: trimmed(b.Description)}
	switch {
	case !filled(b.SnapshotID) && !filled(b.SourceID):
		return Response{}, badRequest("Either 'cgsnapshot_id' or 'source_cgid' must be provided to create consistency group %s from source.", noneOr(n.Name))
	case filled(b.SnapshotID) && filled(b.SourceID):
		return Response{}, badRequest("Cannot provide both 'cgsnapshot_id' and 'source_cgid' to create consistency group %s from source.", noneOr(n.Name))
	case filled(b.SourceID):
		g, err := a.group(r, *b.SourceID)
		if err != nil {
			return Response{}, err
		}
		n.SourceGroupID = &g.ID
	default:
		s, err := a.groupSnapshot(r, *b.SnapshotID)
		if err != nil {
			return Response{}, err
		}
		n.GroupSnapshotID = &s.ID
	}
	g, err := a.cloneGroupWithKeys(r, n)
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupSummaryFields, groupProject).One("consistencygroup", &db.GroupView{Group: g}), nil
}

// EmptiesGroupText: from 3.6 an update of a consistency group may set empty words.
func (m Microversion) EmptiesGroupText() bool { return m >= 6 }

func (a *API) updateCG(r *Request) (Response, error) {
	return a.changeCG(r, r.Microversion.EmptiesGroupText())
}

// updateCGFilled is the still older path, where nothing may be empty.
func (a *API) updateCGFilled(r *Request) (Response, error) { return a.changeCG(r, false) }

func (a *API) changeCG(r *Request, mayEmpty bool) (Response, error) {
	g, err := a.group(r, r.Param("id"), "group:update")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		CG groupUpdateBody `json:"consistencygroup"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	c := body.CG.change(r)
	volumes := filled(body.CG.Add) || filled(body.CG.Remove)
	switch {
	case mayEmpty && c.Name == nil && c.Description == nil && !volumes:
		return Response{}, badRequest("Must specify one or more of the following keys to update: name, description, add_volumes, remove_volumes.")
	case !mayEmpty && !filled(c.Name) && !filled(c.Description) && !volumes:
		return Response{}, badRequest("Name, description, add_volumes, and remove_volumes can not be all empty in the request body.")
	}
	return Response{}, a.Store.UpdateGroup(r.Context(), g.ID, c)
}

// deleteCG wants a body, though one that says nothing will do.
func (a *API) deleteCG(r *Request) (Response, error) {
	if r.ContentLength == 0 {
		return Response{}, badRequest("Missing request body.")
	}
	var body struct {
		CG struct {
			Force schema.Bool `json:"force"`
		} `json:"consistencygroup"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	g, err := a.group(r, r.Param("id"), "group:delete")
	if err != nil {
		return Response{}, err
	}
	if err := a.Store.DeleteGroup(r.Context(), r.Actor(), g.ID, bool(body.CG.Force)); err != nil {
		return Response{}, err
	}
	a.sweepKeys(r)
	return Response{}, nil
}
