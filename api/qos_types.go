package api

import (
	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// The volume types that have QoS specs. Upstream changes them by GET.

var qosTypeFields = []Field[db.VolumeType]{
	{"association_type", 0, anyone, func(b []byte, _ *Request, _ *db.VolumeType) []byte { return appendString(b, "volume_type") }},
	{"name", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendString(b, t.Name) }},
	{"id", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendString(b, t.ID) }},
}

func (a *API) listQoSTypes(r *Request) (Response, error) {
	q, err := a.qos(r)
	if err != nil {
		return Response{}, err
	}
	types, err := a.Store.TypesOfQoSSpecs(r.Context(), q.ID)
	if err != nil {
		return Response{}, err
	}
	return newView(r, qosTypeFields, nil).Many(types, Page{Key: "qos_associations"}), nil
}

// qosAndType finds the specs of the path and the type of the query.
func (a *API) qosAndType(r *Request) (db.QoSSpecs, string, error) {
	typeID, _ := r.Query().get("vol_type_id")
	if typeID == "" {
		return db.QoSSpecs{}, "", badRequest("Volume Type id must not be None.")
	}
	q, err := a.qos(r)
	if err == nil && !schema.IsUUID(typeID) {
		err = db.Errorf(db.NotFound, "Volume type %s could not be found.", typeID)
	}
	return q, schema.CanonicalUUID(typeID), err
}

func (a *API) associateQoS(r *Request) (Response, error) {
	q, typeID, err := a.qosAndType(r)
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.AssociateQoSSpecs(r.Context(), q.ID, typeID)
}

func (a *API) disassociateQoS(r *Request) (Response, error) {
	q, typeID, err := a.qosAndType(r)
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.DisassociateQoSSpecs(r.Context(), q.ID, typeID)
}

func (a *API) disassociateAllQoS(r *Request) (Response, error) {
	q, err := a.qos(r)
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.DisassociateAllQoSSpecs(r.Context(), q.ID)
}
