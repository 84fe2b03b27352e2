package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

func messageRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/messages", Since: 3, Policy: "message:get_all", Status: 200, Handle: (*API).listMessages},
		{Method: http.MethodGet, Path: "/messages/{id}", Since: 3, Checks: []string{"message:get"}, Status: 200, Handle: (*API).showMessage},
		{Method: http.MethodDelete, Path: "/messages/{id}", Since: 3, Checks: []string{"message:delete"}, Status: 204, Handle: (*API).deleteMessage},
	}
}

var messageListSpec = &listSpec{resource: "message", allTenants: tenantsNever, openEarly: true}

var messageFields = []Field[db.Message]{
	{"id", 0, anyone, func(b []byte, _ *Request, m *db.Message) []byte { return appendString(b, m.ID) }},
	{"event_id", 0, anyone, func(b []byte, _ *Request, m *db.Message) []byte { return appendString(b, m.EventID()) }},
	{"user_message", 0, anyone, func(b []byte, _ *Request, m *db.Message) []byte { return appendString(b, m.Text()) }},
	{"message_level", 0, anyone, func(b []byte, _ *Request, m *db.Message) []byte { return appendString(b, m.MessageLevel) }},
	{"created_at", 0, anyone, func(b []byte, _ *Request, m *db.Message) []byte { return appendTime(b, m.CreatedAt) }},
	{"guaranteed_until", 0, anyone, func(b []byte, _ *Request, m *db.Message) []byte { return appendTime(b, m.ExpiresAt) }},
	{"request_id", 0, anyone, func(b []byte, _ *Request, m *db.Message) []byte { return appendStringOrNull(b, m.RequestID) }},
	{"links", 0, anyone, func(b []byte, r *Request, m *db.Message) []byte { return appendLinks(b, r, "messages", m.ID) }},
	{"resource_type", 0, anyone, appendResource},
}

// appendResource adds the key resource_uuid only where there is one.
func appendResource(b []byte, _ *Request, m *db.Message) []byte {
	b = appendString(b, m.ResourceType)
	if m.ResourceUuid != nil {
		b = appendString(append(b, `, "resource_uuid": `...), *m.ResourceUuid)
	}
	return b
}

func messageProject(m *db.Message) string { return m.ProjectID }

func (a *API) message(r *Request, rule string) (db.Message, error) {
	m, err := a.Store.ViewMessage(r.Context(), schema.CanonicalUUID(r.Param("id")), r.owner())
	if err == nil {
		err = r.Authorize(rule, m.ProjectID)
	}
	return m, err
}

// Before 3.5 the list takes no arguments.
func (a *API) listMessages(r *Request) (Response, error) {
	q := db.ListQuery{Project: r.Identity.ProjectID, Limit: a.MaxLimit, Sort: []db.Sort{{Key: "created_at", Desc: true}}}
	if r.Microversion >= 5 {
		var err error
		if q, err = r.listQuery(messageListSpec); err != nil {
			return Response{}, err
		}
	}
	page, err := a.Store.ListMessages(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	around := pageOf("messages", "messages", q, page)
	if n := len(page.Items); n > 0 {
		around.Last = page.Items[n-1].ID
	}
	return newView(r, messageFields, messageProject).Many(page.Items, around), nil
}

func (a *API) showMessage(r *Request) (Response, error) {
	m, err := a.message(r, "message:get")
	if err != nil {
		return Response{}, err
	}
	return newView(r, messageFields, messageProject).One("message", &m), nil
}

func (a *API) deleteMessage(r *Request) (Response, error) {
	m, err := a.message(r, "message:delete")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.DeleteMessage(r.Context(), m.ID)
}
