package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	// The keys besides the name are free; what they may be is checked by hand.
	qosCreateSchema = schema.Of(schema.Wrap("qos_specs", `{"type":"object","properties":{"name":$name_required},"patternProperties":{"":{}},"required":["name"]}`))
	qosUpdateSchema = schema.Of(schema.Wrap("qos_specs", `{"type":"object","patternProperties":{"^[a-zA-Z0-9-_:. /]{1,255}$":{
"type":["string","null"],"maxLength":255}},"additionalProperties":false}`))
	qosKeysSchema = schema.Of(schema.Wrap("keys", `{"type":"array","items":{"type":"string","minLength":1,"maxLength":255},"uniqueItems":true}`))
)

func qosRoutes() []Route {
	const one, rule = "/qos-specs/{id}", "volume_extension:qos_specs_manage:"
	return []Route{
		{Method: http.MethodGet, Path: "/qos-specs", Policy: rule + "get_all", Status: 200, Handle: (*API).listQoS},
		{Method: http.MethodPost, Path: "/qos-specs", Policy: rule + "create", Schema: qosCreateSchema, Status: 200, Handle: (*API).createQoS},
		{Method: http.MethodGet, Path: one, Policy: rule + "get", Status: 200, Handle: (*API).showQoS},
		{Method: http.MethodPut, Path: one, Policy: rule + "update", Schema: qosUpdateSchema, Status: 200, Handle: (*API).updateQoS},
		{Method: http.MethodDelete, Path: one, Policy: rule + "delete", Status: 202, Handle: (*API).deleteQoS},
		{Method: http.MethodPut, Path: one + "/delete_keys", Policy: rule + "delete", Schema: qosKeysSchema, Status: 202, Handle: (*API).deleteQoSKeys},
		{Method: http.MethodGet, Path: one + "/associations", Policy: rule + "get_all", Status: 200, Handle: (*API).listQoSTypes},
		{Method: http.MethodGet, Path: one + "/associate", Policy: rule + "update", Status: 202, Handle: (*API).associateQoS},
		{Method: http.MethodGet, Path: one + "/disassociate", Policy: rule + "update", Status: 202, Handle: (*API).disassociateQoS},
		{Method: http.MethodGet, Path: one + "/disassociate_all", Policy: rule + "update", Status: 202, Handle: (*API).disassociateAllQoS},
	}
}

var qosFields = []Field[db.QoSSpecs]{
	{"id", 0, anyone, func(b []byte, _ *Request, q *db.QoSSpecs) []byte { return appendString(b, q.ID) }},
	{"name", 0, anyone, func(b []byte, _ *Request, q *db.QoSSpecs) []byte { return appendString(b, q.Name) }},
	{"consumer", 0, anyone, func(b []byte, _ *Request, q *db.QoSSpecs) []byte { return appendString(b, q.Consumer) }},
	{"specs", 0, anyone, func(b []byte, _ *Request, q *db.QoSSpecs) []byte { return appendSpecs(b, q.Specs) }},
}

// qosJSON is one object with its links beside it.
func qosJSON(r *Request, q *db.QoSSpecs) Response {
	return JSON(func(b []byte) []byte {
		b = newView(r, qosFields, nil).Append(append(b, `{"qos_specs": `...), q)
		return append(appendLinks(append(b, `, "links": `...), r, "qos-specs", q.ID), '}')
	})
}

// qosFilters are what those who are no administrators may filter by.
var qosFilters = []string{"id", "name", "consumer"}

func (a *API) listQoS(r *Request) (Response, error) {
	q, err := r.page()
	if err != nil {
		return Response{}, err
	}
	for _, f := range r.plainFilters() {
		if r.IsAdmin() || slices.Contains(qosFilters, f.key) {
			q.Filters = append(q.Filters, db.Filter{Key: f.key, Value: f.value})
		}
	}
	page, err := a.Store.ListQoSSpecs(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	around := pageOf("qos_specs", "qos-specs", q, page)
	if n := len(page.Items); n > 0 {
		around.Last = page.Items[n-1].ID
	}
	return newView(r, qosFields, nil).Many(page.Items, around), nil
}

// qos finds the specs that the path names.
func (a *API) qos(r *Request) (db.QoSSpecs, error) {
	return a.Store.ViewQoSSpecs(r.Context(), schema.CanonicalUUID(r.Param("id")))
}

func (a *API) showQoS(r *Request) (Response, error) {
	q, err := a.qos(r)
	return qosJSON(r, &q), err
}

func (a *API) createQoS(r *Request) (Response, error) {
	var body struct {
		Specs map[string]json.RawMessage `json:"qos_specs"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	var name string
	specs := db.ExtraSpecs{}
	for _, key := range sortedKeys(body.Specs) {
		value, err := qosValue(key, body.Specs[key])
		switch {
		case err != nil:
			return Response{}, err
		case key == "name":
			name = strings.TrimSpace(*value) // the schema has seen it
		default:
			specs[key] = value
		}
	}
	consumer, err := takeConsumer(specs)
	if err != nil {
		return Response{}, err
	}
	if consumer == nil {
		consumer = &defaultConsumer
	}
	q, err := a.Store.CreateQoSSpecs(r.Context(), name, *consumer, specs)
	return qosJSON(r, &q), err
}

// qosValue reads a spec of a create, whose schema leaves them open: a text or null.
func qosValue(key string, raw json.RawMessage) (*string, error) {
	if key == "" {
		return nil, badRequest(`Invalid input received: Key "" has 0 characters, less than 1.`)
	}
	if n := utf8.RuneCountInString(key); n > 255 {
		return nil, badRequest(`Invalid input received: Key "%s" has %d characters, more than 255.`, key, n)
	}
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, badRequest(`Invalid input received: Value for key "%s" is not a string or unicode`, key)
	}
	if value != nil && utf8.RuneCountInString(*value) > 255 && key != "name" {
		return nil, badRequest(`Invalid input received: Value for key "%s" has %d characters, more than 255.`, key, utf8.RuneCountInString(*value))
	}
	return value, nil
}

var (
	consumers       = []string{"front-end", "back-end", "both"}
	defaultConsumer = "back-end"
)

// takeConsumer takes the consumer out of the specs; nil when it is not there,
// the default when it is null.
func takeConsumer(specs db.ExtraSpecs) (*string, error) {
	consumer, ok := specs["consumer"]
	delete(specs, "consumer")
	switch {
	case !ok:
		return nil, nil
	case consumer == nil:
		return &defaultConsumer, nil
	case !slices.Contains(consumers, *consumer):
		return nil, badRequest("Invalid qos specs: Valid consumer of QoS specs are: ['front-end', 'back-end', 'both']")
	}
	return consumer, nil
}

// updateQoS answers with what was sent.
func (a *API) updateQoS(r *Request) (Response, error) {
	var body struct {
		Specs db.ExtraSpecs `json:"qos_specs"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	q, err := a.qos(r)
	if err != nil {
		return Response{}, err
	}
	sent := append(appendSpecs([]byte(`{"qos_specs": `), body.Specs), '}')
	consumer, err := takeConsumer(body.Specs)
	if err != nil {
		return Response{}, err
	}
	if err := a.Store.UpdateQoSSpecs(r.Context(), q.ID, consumer, body.Specs); err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte { return append(b, sent...) }), nil
}

func (a *API) deleteQoS(r *Request) (Response, error) {
	force, err := boolArg(r, "force")
	if err != nil {
		return Response{}, err
	}
	q, err := a.qos(r)
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.DeleteQoSSpecs(r.Context(), q.ID, force)
}

func (a *API) deleteQoSKeys(r *Request) (Response, error) {
	var body struct{ Keys []string }
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	q, err := a.qos(r)
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.RemoveQoSKeys(r.Context(), q.ID, body.Keys)
}
