package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

const transferProperties = `"volume_id":$uuid,"name":{"oneOf":[$name_required,{"type":"null"}]}`

var (
	transferOldText      = schema.Wrap("transfer", schema.Object(transferProperties, "volume_id"))
	oldTransferSchema    = schema.Of(transferOldText)
	transferNewText      = schema.Wrap("transfer", schema.Object(transferProperties+`,"no_snapshots":$boolean`, "volume_id"))
	transferSchema       = schema.New(schema.Version{Text: transferOldText}, schema.Version{Since: 55, Text: transferNewText})
	transferAcceptSchema = schema.Of(schema.Wrap("accept", schema.Object(`"auth_key":{"type":["string","integer"]}`, "auth_key")))
)

// TransfersEncrypted: from 3.70 an encrypted volume may be transferred with its snapshots.
func (m Microversion) TransfersEncrypted() bool { return m >= 70 }

// PagesTransfers: from 3.59 the list of transfers takes marker and sort.
func (m Microversion) PagesTransfers() bool { return m >= 59 }

// transferRoutes: the old path, which never learnt the newer arguments, and the new one.
func transferRoutes() []Route {
	return append(transferRoutesAt("/os-volume-transfer", oldTransferSchema, (*API).listOldTransfers, (*API).listOldTransfersDetail, (*API).createOldTransfer),
		transferRoutesAt("/volume-transfers", transferSchema, (*API).listTransfers, (*API).listTransfersDetail, (*API).createTransfer)...)
}

func transferRoutesAt(path string, body *schema.Set, list, detail, create func(*API, *Request) (Response, error)) []Route {
	return []Route{
		{Method: http.MethodGet, Path: path, Policy: "volume:get_all_transfers", Status: 200, Handle: list},
		{Method: http.MethodGet, Path: path + "/detail", Policy: "volume:get_all_transfers", Status: 200, Handle: detail},
		{Method: http.MethodPost, Path: path, Checks: []string{"volume:create_transfer"}, Schema: body, Status: 202, Handle: create},
		{Method: http.MethodGet, Path: path + "/{id}", Policy: "volume:get_transfer", Status: 200, Handle: (*API).showTransfer},
		{Method: http.MethodDelete, Path: path + "/{id}", Checks: []string{"volume:delete_transfer"}, Status: 202, Handle: (*API).deleteTransfer},
		{Method: http.MethodPost, Path: path + "/{id}/accept",
			Policy: "volume:accept_transfer", Schema: transferAcceptSchema, Status: 202, Handle: (*API).acceptTransfer},
	}
}

func (a *API) transfer(r *Request) (db.Transfer, error) {
	return a.Store.ViewTransfer(r.Context(), schema.CanonicalUUID(r.Param("id")), r.owner())
}

func (a *API) showTransfer(r *Request) (Response, error) {
	t, err := a.transfer(r)
	return newView(r, transferFields, nil).One("transfer", &t), err
}

func (a *API) createTransfer(r *Request) (Response, error) {
	return a.offer(r, r.Microversion.TransfersEncrypted())
}

func (a *API) createOldTransfer(r *Request) (Response, error) { return a.offer(r, false) }

func (a *API) offer(r *Request, encrypted bool) (Response, error) {
	var body struct {
		Transfer struct {
			VolumeID    string      `json:"volume_id"`
			Name        *string     `json:"name"`
			NoSnapshots schema.Bool `json:"no_snapshots"`
		} `json:"transfer"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Transfer
	v, err := a.volume(r, b.VolumeID, "volume:create_transfer")
	if err != nil {
		return Response{}, err
	}
	n := db.NewTransfer{ID: uuid.NewString(), VolumeID: v.ID, Name: trimmed(b.Name),
		NoSnapshots: bool(b.NoSnapshots), AllowEncrypted: encrypted, KeyDigits: a.TransferKeyLength, SaltBytes: a.TransferSaltLength}
	if encrypted && !n.NoSnapshots && v.Status == db.Available { // what is refused needs no key
		if n.Key, err = a.keyToService(r, &v.Volume); err != nil {
			return Response{}, err
		}
	}
	t, key, err := a.Store.CreateTransfer(r.Context(), n)
	if err := a.keyChanged(r, n.Key, keymanager.Service, err); err != nil {
		return Response{}, err
	}
	return newView(r, transferCreatedFields, nil).One("transfer", &newTransfer{t, key}), nil
}

func (a *API) acceptTransfer(r *Request) (Response, error) {
	var body struct {
		Accept struct {
			Key json.RawMessage `json:"auth_key"`
		} `json:"accept"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	id := r.Param("id")
	if !schema.IsUUID(id) {
		return Response{}, db.Errorf(db.NotFound, "Transfer %s could not be found.", id)
	}
	id, secret := schema.CanonicalUUID(id), keyText(body.Accept.Key)
	v, err := a.Store.OfferedVolume(r.Context(), id, secret) // who has not the transfer's key gets no volume's
	if err != nil {
		return Response{}, err
	}
	change, err := a.keyFromService(r, &v)
	if err != nil {
		return Response{}, err
	}
	t, err := a.Store.AcceptTransfer(r.Context(), r.Actor(), id, secret, r.IsAdmin(), change)
	if err := a.keyChanged(r, change, r.who(), err); err != nil {
		return Response{}, bareOverSize(err)
	}
	return newView(r, transferSummaryFields, nil).One("transfer", &t), nil
}

// keyText reads a key that may come as a number.
func keyText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// bareOverSize takes the name of the error off, which this call alone leaves out.
func bareOverSize(err error) error {
	var e *db.Error
	if errors.As(err, &e) && e.Kind == db.OverLimit {
		if msg, ok := strings.CutPrefix(e.Msg, "VolumeSizeExceedsAvailableQuota: "); ok {
			return db.Errorf(db.OverLimit, "%s", msg)
		}
	}
	return err
}

func (a *API) deleteTransfer(r *Request) (Response, error) {
	t, err := a.transfer(r)
	if err != nil {
		return Response{}, err
	}
	v, err := a.volume(r, t.VolumeID, "volume:delete_transfer")
	if err != nil {
		return Response{}, err
	}
	change, err := a.keyBack(r, &v.Volume)
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.keyChanged(r, change, r.who(), a.Store.DeleteTransfer(r.Context(), t.ID, change))
}
