package api

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/clinker-io/clinker/db"
)

// connectorBody is what a call says of the host that connects.
type connectorBody struct {
	Connector json.RawMessage `json:"connector"`
}

// given reports whether the call names a host at all.
func (c connectorBody) given() bool { return hasConnector(c.Connector) && string(c.Connector) != `""` }

// initiator is the iSCSI name by which connections are kept.
func (c connectorBody) initiator() (string, error) {
	if err := checkConnector(c.Connector); err != nil {
		return "", err
	}
	var of struct {
		Initiator string `json:"initiator"`
	}
	if err := json.Unmarshal(c.Connector, &of); err != nil {
		return "", fmt.Errorf("connector: %w", err)
	}
	return strings.ToLower(of.Initiator), nil
}

func (a *API) initializeConnection(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), ruleInitialize)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Initialize connectorBody `json:"os-initialize_connection"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	initiator, err := body.Initialize.initiator()
	if err != nil {
		return Response{}, err
	}
	job, err := a.Store.InitializeConnection(r.Context(), r.Actor(), v.ID, initiator, body.Initialize.Connector, a.ReplyTo)
	if err != nil {
		return Response{}, err
	}
	const failed = "Unable to fetch connection information from backend."
	if _, err := a.wait(r.Context(), job); err != nil {
		return Response{}, workerFailed(failed, err)
	}
	c, err := a.Store.ConnectionOf(r.Context(), db.ConnectionOfParams{VolumeID: v.ID, Initiator: initiator})
	if err != nil {
		return Response{}, workerFailed(failed, &db.Error{Kind: db.Unavailable, Msg: "the connection ended at once", Err: err})
	}
	return connectionView(c.ConnectionInfo)
}

// connectionView shows a stored connection as clients of the action know it:
// what the driver says is in an object of its own.
func connectionView(flat json.RawMessage) (Response, error) {
	var data map[string]json.RawMessage
	if err := json.Unmarshal(flat, &data); err != nil {
		return Response{}, fmt.Errorf("stored connection: %w", err)
	}
	kind, enforce := data["driver_volume_type"], data["enforce_multipath"]
	delete(data, "driver_volume_type")
	raw, err := json.Marshal(data)
	if err != nil {
		return Response{}, fmt.Errorf("stored connection: %w", err)
	}
	return JSON(func(b []byte) []byte {
		b = append(append(b, `{"connection_info": {"driver_volume_type": `...), kind...)
		b = append(append(b, `, "data": `...), raw...)
		b = append(append(b, `, "enforce_multipath": `...), enforce...)
		return append(b, "}}"...)
	}), nil
}

func (a *API) terminateConnection(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), ruleTerminate)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Terminate connectorBody `json:"os-terminate_connection"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return Response{}, a.terminate(r, v.ID, body.Terminate)
}

// terminate ends the connections of the host that c names, of all when it names
// none.
func (a *API) terminate(r *Request, volume string, c connectorBody) error {
	if err := a.mayDetachFrom(r, volume, nil); err != nil {
		return err
	}
	initiator := ""
	if c.given() {
		var err error
		if initiator, err = c.initiator(); err != nil {
			return err
		}
	}
	job, err := a.Store.TerminateConnection(r.Context(), r.Actor(), volume, initiator, a.ReplyTo)
	if err != nil || job == "" {
		return err
	}
	if _, err := a.wait(r.Context(), job); err != nil {
		return workerFailed("Unable to terminate volume connection from backend.", err)
	}
	return nil
}
