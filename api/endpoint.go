package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/db"
)

// endpoint serves the rows of one place. The order of its checks is what
// clients see: version, content type, action, body, project, the row's
// version, schema, policy.
func (a *API) endpoint(rows []Route) http.HandlerFunc {
	return func(w http.ResponseWriter, hr *http.Request) {
		started := time.Now()
		mv, v, err := negotiate(hr.Header)
		if err != nil {
			a.fault(w, hr, v, err)
			return
		}
		r := &Request{Request: hr, Identity: auth.From(hr.Context()), Microversion: mv, api: a}
		r.project, _ = hr.Context().Value(projectKey{}).(string)
		row, err := r.prepare(rows)
		var resp Response
		if err == nil {
			resp, err = row.Handle(a, r)
		}
		if err != nil {
			f, _, _ := answerTo(err)
			a.logCall(r, f.Status, started)
			a.fault(w, hr, v, err)
			return
		}
		a.logCall(r, cmp.Or(resp.Status, row.Status), started)
		resp.write(w, v, row.Status)
	}
}

// prepare finds the row that is meant and checks everything that comes before
// a handler.
func (r *Request) prepare(rows []Route) (Route, error) {
	raw, err := readBody(r.Request)
	if err != nil {
		return Route{}, err
	}
	var body any
	if raw != nil && readsBody(rows) {
		if body, err = decodeBody(raw); err != nil {
			return Route{}, err
		}
	}
	rows, err = byAction(rows, raw, body)
	if err != nil {
		return Route{}, err
	}
	if r.project != "" && r.project != r.Identity.ProjectID {
		return Route{}, badRequest("Malformed request url")
	}
	row, err := byVersion(rows, r.Microversion)
	if err != nil {
		if rows[0].SchemaFirst {
			if refused := rows[0].Schema.Validate(int(r.Microversion), body); refused != nil {
				err = refused
			}
		}
		return Route{}, err
	}
	if row.Schema != nil {
		if err := row.Schema.Validate(int(r.Microversion), body); err != nil {
			return Route{}, err
		}
		// What the schema took out must not come back by the raw text.
		if r.Body, err = json.Marshal(body); err != nil {
			return Route{}, fmt.Errorf("encode checked body: %w", err)
		}
	}
	r.credentials()
	if r.Identity.ProjectID == "" && !r.IsAdmin() {
		// What is limited to the caller's project must not become unlimited.
		return Route{}, db.Errorf(db.Forbidden, "This call needs a token of a project.")
	}
	if row.Policy != "" {
		err = r.Authorize(row.Policy, r.Identity.ProjectID)
	}
	return row, err
}

func readsBody(rows []Route) bool {
	for i := range rows {
		if rows[i].Schema != nil || rows[i].Action != "" {
			return true
		}
	}
	return false
}

// byAction keeps the rows of the action that the body's only key names.
func byAction(rows []Route, raw []byte, body any) ([]Route, error) {
	if rows[0].Action == "" {
		return rows, nil
	}
	if raw == nil {
		return nil, noAction("None")
	}
	obj, ok := body.(map[string]any)
	if !ok || len(obj) != 1 {
		return nil, errMalformed
	}
	var meant []Route
	for key := range obj {
		for _, row := range rows {
			if row.Action == key {
				meant = append(meant, row)
			}
		}
		if meant == nil {
			return nil, noAction(key)
		}
	}
	return meant, nil
}

func noAction(key string) error {
	return badRequest("There is no such action: %s. Verify the request body and Content-Type header and try again.", key)
}

// byVersion finds the row that exists at the microversion.
func byVersion(rows []Route, mv Microversion) (Route, error) {
	for _, row := range rows {
		if row.Handle != nil && mv >= row.Since && (row.Until == 0 || mv <= row.Until) {
			return row, nil
		}
	}
	return Route{}, errNotFound
}
