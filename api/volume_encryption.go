package api

import (
	"net/http"

	"github.com/clinker-io/clinker/db"
)

func volumeEncryptionRoutes() []Route {
	const all, one = "/volumes/{volume_id}/encryption", "/volumes/{volume_id}/encryption/{key}"
	rule := []string{"volume:get", "volume_extension:volume_encryption_metadata"}
	return []Route{
		{Method: http.MethodGet, Path: all, Checks: rule, Status: 200, Handle: (*API).listVolumeEncryption},
		{Method: http.MethodGet, Path: one, Checks: rule, Status: 200, Handle: (*API).showVolumeEncryption},
	}
}

// volumeEncryption is how a volume is encrypted: what its key is, and what its
// type says, if that has anything to say.
type volumeEncryption struct {
	keyID  *string
	byType *db.VolumeTypeEncryption
}

var (
	volumeKeyField = Field[volumeEncryption]{"encryption_key_id", 0, anyone, func(b []byte, _ *Request, e *volumeEncryption) []byte {
		return appendStringOrNull(b, e.keyID)
	}}
	openVolumeFields       = []Field[volumeEncryption]{volumeKeyField} // of a type that encrypts nothing
	volumeEncryptionFields = []Field[volumeEncryption]{
		volumeKeyField,
		{"control_location", 0, anyone, func(b []byte, _ *Request, e *volumeEncryption) []byte {
			return appendString(b, e.byType.ControlLocation)
		}},
		{"cipher", 0, anyone, func(b []byte, _ *Request, e *volumeEncryption) []byte { return appendStringOrNull(b, e.byType.Cipher) }},
		{"key_size", 0, anyone, func(b []byte, _ *Request, e *volumeEncryption) []byte { return appendIntOrNull(b, e.byType.KeySize) }},
		{"provider", 0, anyone, func(b []byte, _ *Request, e *volumeEncryption) []byte { return appendString(b, e.byType.Provider) }},
	}
)

// encryptionOf reads it with the fields that it has.
func (a *API) encryptionOf(r *Request) (volumeEncryption, []Field[volumeEncryption], error) {
	v, err := a.volume(r, r.Param("volume_id"), "volume_extension:volume_encryption_metadata")
	if err != nil {
		return volumeEncryption{}, nil, err
	}
	e := volumeEncryption{keyID: v.EncryptionKeyID}
	t, err := a.Store.TypeEncryption(r.Context(), v.VolumeTypeID)
	switch {
	case db.IsKind(err, db.NotFound):
		return e, openVolumeFields, nil
	case err != nil:
		return e, nil, err
	}
	e.byType = &t
	return e, volumeEncryptionFields, nil
}

func (a *API) listVolumeEncryption(r *Request) (Response, error) {
	e, fields, err := a.encryptionOf(r)
	if err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte { return newView(r, fields, nil).Append(b, &e) }), nil
}

// showVolumeEncryption is the bare value of one key as text; null has no text.
func (a *API) showVolumeEncryption(r *Request) (Response, error) {
	e, fields, err := a.encryptionOf(r)
	if err != nil {
		return Response{}, err
	}
	for _, f := range fields {
		if f.Name == r.Param("key") {
			return bareText(f.Append(nil, r, &e))
		}
	}
	return Response{}, badRequest("The encryption metadata has no key %s.", r.Param("key"))
}
