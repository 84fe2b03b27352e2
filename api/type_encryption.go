package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

const encryptionProperties = `{"type":"object","properties":{"key_size":{"type":["string","integer","null"],"minimum":0,"maximum":2147483647,"format":"key_size"},
"provider":{"type":"string","minLength":0,"maxLength":255},"control_location":{"enum":["front-end","back-end"]},
"cipher":{"type":["string","null"],"minLength":0,"maxLength":255}}%s}`

var (
	encryptionCreateSchema = schema.Of(schema.Wrap("encryption", fmt.Sprintf(encryptionProperties, `,"required":["provider","control_location"]`)))
	encryptionUpdateSchema = schema.Of(schema.Wrap("encryption", fmt.Sprintf(encryptionProperties, "")))
)

func typeEncryptionRoutes() []Route {
	const all, one, rule = "/types/{type_id}/encryption", "/types/{type_id}/encryption/{key}", "volume_extension:volume_type_encryption:"
	return []Route{
		{Method: http.MethodGet, Path: all, Policy: rule + "get", Status: 200, Handle: (*API).listTypeEncryption},
		{Method: http.MethodPost, Path: all, Policy: rule + "create", Schema: encryptionCreateSchema, Status: 200, Handle: (*API).createTypeEncryption},
		{Method: http.MethodGet, Path: one, Policy: rule + "get", Status: 200, Handle: (*API).showTypeEncryption},
		{Method: http.MethodPut, Path: one, Policy: rule + "update", Schema: encryptionUpdateSchema, Status: 200, Handle: (*API).updateTypeEncryption},
		{Method: http.MethodDelete, Path: one, Policy: rule + "delete", Status: 202, Handle: (*API).deleteTypeEncryption},
	}
}

var typeEncryptionFields = []Field[db.VolumeTypeEncryption]{
	{"volume_type_id", 0, anyone, func(b []byte, _ *Request, e *db.VolumeTypeEncryption) []byte { return appendString(b, e.VolumeTypeID) }},
	{"encryption_id", 0, anyone, func(b []byte, _ *Request, e *db.VolumeTypeEncryption) []byte { return appendString(b, e.EncryptionID) }},
	{"provider", 0, anyone, func(b []byte, _ *Request, e *db.VolumeTypeEncryption) []byte { return appendString(b, e.Provider) }},
	{"control_location", 0, anyone, func(b []byte, _ *Request, e *db.VolumeTypeEncryption) []byte {
		return appendString(b, e.ControlLocation)
	}},
	{"cipher", 0, anyone, func(b []byte, _ *Request, e *db.VolumeTypeEncryption) []byte { return appendStringOrNull(b, e.Cipher) }},
	{"key_size", 0, anyone, func(b []byte, _ *Request, e *db.VolumeTypeEncryption) []byte { return appendIntOrNull(b, e.KeySize) }},
	{"created_at", 0, anyone, func(b []byte, _ *Request, e *db.VolumeTypeEncryption) []byte { return appendTime(b, e.CreatedAt) }},
	{"updated_at", 0, anyone, func(b []byte, _ *Request, e *db.VolumeTypeEncryption) []byte { return appendTimeOrNull(b, e.UpdatedAt) }},
	// Rows that are gone are not shown, so these say always the same.
	{"deleted", 0, anyone, func(b []byte, _ *Request, _ *db.VolumeTypeEncryption) []byte { return append(b, "false"...) }},
	{"deleted_at", 0, anyone, func(b []byte, _ *Request, _ *db.VolumeTypeEncryption) []byte { return append(b, "null"...) }},
}

// appendIntOrNull appends null for nil.
func appendIntOrNull(b []byte, n *int32) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	return appendInt(b, int64(*n))
}

// listTypeEncryption is the bare object, empty for a type without.
func (a *API) listTypeEncryption(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	e, err := a.Store.TypeEncryption(r.Context(), t.ID)
	if db.IsKind(err, db.NotFound) {
		return JSON(func(b []byte) []byte { return append(b, "{}"...) }), nil
	}
	return JSON(func(b []byte) []byte { return newView(r, typeEncryptionFields, nil).Append(b, &e) }), err
}

// showTypeEncryption is one of the object's keys with its value.
func (a *API) showTypeEncryption(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	e, err := a.Store.TypeEncryption(r.Context(), t.ID)
	if err != nil {
		return Response{}, err
	}
	for _, f := range typeEncryptionFields {
		if f.Name == r.Param("key") {
			return JSON(func(b []byte) []byte {
				b = append(appendString(append(b, '{'), f.Name), ": "...)
				return append(f.Append(b, r, &e), '}')
			}), nil
		}
	}
	return Response{}, noTypeEncryption(t.ID)
}

func noTypeEncryption(id string) error {
	return db.Errorf(db.NotFound, "Volume type encryption for type %s does not exist.", id)
}

type encryptionBody struct {
	Provider        *string                     `json:"provider"`
	ControlLocation *string                     `json:"control_location"`
	Cipher          schema.Optional[string]     `json:"cipher"`
	KeySize         schema.Optional[schema.Int] `json:"key_size"`
}

// decodeEncryption returns what was given, and the JSON members that say so:
// both calls answer with them.
func decodeEncryption(r *Request) (db.EncryptionSpecs, map[string]any, error) {
	var body struct{ Encryption encryptionBody }
	if err := r.Decode(&body); err != nil {
		return db.EncryptionSpecs{}, nil, err
	}
	b, sent := body.Encryption, make(map[string]any)
	e := db.EncryptionSpecs{Provider: b.Provider, ControlLocation: b.ControlLocation}
	if b.Provider != nil {
		sent["provider"] = *b.Provider
	}
	if b.ControlLocation != nil {
		sent["control_location"] = *b.ControlLocation
	}
	if b.Cipher.Set {
		cipher := b.Cipher.Ptr()
		e.Cipher, sent["cipher"] = &cipher, cipher
	}
	if b.KeySize.Set {
		var size *int32
		if n := b.KeySize.Ptr(); n != nil {
			bits := int32(*n) // the schema bounds it
			size = &bits
		}
		e.KeySize, sent["key_size"] = &size, size
	}
	return e, sent, nil
}

func encryptionSent(sent map[string]any) (Response, error) {
	raw, err := json.Marshal(map[string]any{"encryption": sent})
	return JSON(func(b []byte) []byte { return append(b, raw...) }), err
}

func (a *API) createTypeEncryption(r *Request) (Response, error) {
	specs, sent, err := decodeEncryption(r)
	if err != nil {
		return Response{}, err
	}
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	e, err := a.Store.CreateTypeEncryption(r.Context(), t.ID, specs)
	if err != nil {
		return Response{}, err
	}
	sent["volume_type_id"], sent["encryption_id"] = e.VolumeTypeID, e.EncryptionID
	return encryptionSent(sent)
}

// updateTypeEncryption and deleteTypeEncryption do not look at the id in the
// path: a type has one encryption at most.
func (a *API) updateTypeEncryption(r *Request) (Response, error) {
	specs, sent, err := decodeEncryption(r)
	if err != nil {
		return Response{}, err
	}
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	if err := a.Store.UpdateTypeEncryption(r.Context(), t.ID, r.Param("key"), specs); err != nil {
		return Response{}, err
	}
	return encryptionSent(sent)
}

func (a *API) deleteTypeEncryption(r *Request) (Response, error) {
	id := r.Param("type_id")
	if !schema.IsUUID(id) {
		return Response{}, noTypeEncryption(id)
	}
	return Response{}, a.Store.DeleteTypeEncryption(r.Context(), schema.CanonicalUUID(id))
}
