package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

const attachmentProperties = `"instance_uuid":$uuid,"connector":$object_or_null,"volume_uuid":$uuid`

var (
	attachmentCreateSchema = schema.New(
		schema.Version{Text: schema.Wrap("attachment", schema.Object(attachmentProperties, "volume_uuid"))},
		schema.Version{Since: 54, Text: schema.Wrap("attachment", schema.Object(attachmentProperties+`,"mode":{"type":"string","enum":["rw","ro"]}`, "volume_uuid"))},
	)
	attachmentUpdateSchema   = schema.Of(schema.Wrap("attachment", schema.Object(`"connector":{"type":"object","minProperties":1}`, "connector")))
	attachmentCompleteSchema = schema.Of(schema.Wrap("os-complete", `{}`))
)

func attachmentRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/attachments", Since: 27, Status: 200, Handle: (*API).listAttachments},
		{Method: http.MethodGet, Path: "/attachments/detail", Since: 27, Status: 200, Handle: (*API).listAttachmentsDetail},
		{Method: http.MethodPost, Path: "/attachments", Since: 27, Checks: []string{"volume:get", "volume:attachment_create"}, Also: []string{"volume:multiattach_bootable_volume"}, Schema: attachmentCreateSchema, Status: 200, Handle: (*API).createAttachment},
		{Method: http.MethodGet, Path: "/attachments/{id}", Since: 27, Status: 200, Handle: (*API).showAttachment},
		{Method: http.MethodPut, Path: "/attachments/{id}", Since: 27, Checks: []string{"volume:attachment_update"}, Schema: attachmentUpdateSchema, Status: 200, Handle: (*API).updateAttachment},
		{Method: http.MethodDelete, Path: "/attachments/{id}", Since: 27, Checks: []string{"volume:attachment_delete"}, Status: 200, Handle: (*API).deleteAttachment},
		{Method: http.MethodPost, Path: "/attachments/{id}/action", Action: "os-complete", Since: 44, Checks: []string{"volume:attachment_complete"},
			Schema: attachmentCompleteSchema, Status: 204, Handle: (*API).completeAttachment},
	}
}

func (a *API) attachment(r *Request, id string, rules ...string) (db.Attachment, error) {
	at, err := a.Store.ViewAttachment(r.Context(), schema.CanonicalUUID(id), r.owner())
	for _, rule := range rules {
		if err == nil {
			err = r.Authorize(rule, at.ProjectID)
		}
	}
	return at, err
}

var attachmentListSpec = &listSpec{resource: "attachment", allTenants: tenantsPresent}

func (a *API) listAttachments(r *Request) (Response, error) {
	return a.attachmentPage(r, attachmentSummaryFields)
}

func (a *API) listAttachmentsDetail(r *Request) (Response, error) {
	return a.attachmentPage(r, attachmentFields)
}

func (a *API) attachmentPage(r *Request, fields []Field[db.Attachment]) (Response, error) {
	q, err := r.listQuery(attachmentListSpec)
	if err != nil {
		return Response{}, err
	}
	page, err := a.Store.ListAttachments(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	return newView(r, fields, attachmentProject).Many(page.Items, Page{Key: "attachments"}), nil
}

func (a *API) showAttachment(r *Request) (Response, error) {
	at, err := a.attachment(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return newView(r, attachmentFields, attachmentProject).One("attachment", &at), nil
}

func (a *API) createAttachment(r *Request) (Response, error) {
	var body struct {
		Attachment struct {
			VolumeID   string          `json:"volume_uuid"`
			InstanceID *string         `json:"instance_uuid"`
			Connector  json.RawMessage `json:"connector"`
			Mode       string          `json:"mode"`
		} `json:"attachment"`
	}
	body.Attachment.Mode = "null" // as upstream marks that the connector may say
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Attachment
	v, err := a.volume(r, b.VolumeID, "volume:attachment_create")
	if err != nil {
		return Response{}, err
	}
	connected := hasConnector(b.Connector)
	if connected {
		if err := checkConnector(b.Connector); err != nil {
			return Response{}, err
		}
	}
	if v.Multiattach && v.Bootable && v.Status == db.InUse {
		if err := r.Authorize("volume:multiattach_bootable_volume", v.ProjectID); err != nil {
			return Response{}, err
		}
	}
	if b.InstanceID != nil {
		canonical := schema.CanonicalUUID(*b.InstanceID)
		b.InstanceID = &canonical
	}
	at, err := a.Store.CreateAttachment(r.Context(), uuid.NewString(), v.ID, b.InstanceID, b.Mode)
	if err != nil {
		return Response{}, err
	}
	if !connected {
		return newView(r, attachmentFields, attachmentProject).One("attachment", &at), nil
	}
	after, err := a.connect(r, at.ID, b.Connector, true)
	if err != nil {
		return Response{}, attachFailed("create attachment for volume", err)
	}
	return newView(r, attachmentFields, attachmentProject).One("attachment", &after), nil
}

func hasConnector(raw json.RawMessage) bool {
	s := string(raw)
	return s != "" && s != "null" && s != "{}"
}

// checkConnector: our exports need the initiator's name.
func checkConnector(raw json.RawMessage) error {
	var c struct {
		Initiator *string `json:"initiator"`
	}
	if err := json.Unmarshal(raw, &c); err != nil || !filled(c.Initiator) {
		return badRequest("Invalid input received: Connector doesn't have required information: initiator")
	}
	return nil
}

// connect has the worker export the volume and waits for it.
func (a *API) connect(r *Request, id string, connector json.RawMessage, reserved bool) (db.Attachment, error) {
	job, err := a.Store.ConnectAttachment(r.Context(), r.Actor(), id, connector, reserved, a.ReplyTo)
	if err != nil {
		return db.Attachment{}, err
	}
	if _, err := a.wait(r.Context(), job); err != nil {
		return db.Attachment{}, err
	}
	return a.Store.ViewAttachment(r.Context(), id, "")
}

// attachFailed is Cinder's 500 with what the worker said.
func attachFailed(what string, err error) error {
	var e *db.Error
	if errors.As(err, &e) && e.Kind == db.Unavailable {
		return workerFailed(fmt.Sprintf("Unable to %s (%s).", what, e.Msg), err)
	}
	return err
}

func (a *API) updateAttachment(r *Request) (Response, error) {
	at, err := a.attachment(r, r.Param("id"), "volume:attachment_update")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Attachment struct{ Connector json.RawMessage } `json:"attachment"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	if err := checkConnector(body.Attachment.Connector); err != nil {
		return Response{}, err
	}
	after, err := a.connect(r, at.ID, body.Attachment.Connector, false)
	if err != nil {
		return Response{}, attachFailed("update attachment", err)
	}
	// The answer has the connection, and status and times from before it.
	at.ConnectionInfo = after.ConnectionInfo
	return newView(r, attachmentFields, attachmentProject).One("attachment", &at), nil
}

func (a *API) completeAttachment(r *Request) (Response, error) {
	at, err := a.attachment(r, r.Param("id"), "volume:attachment_complete")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.CompleteAttachment(r.Context(), at.ID)
}

func (a *API) deleteAttachment(r *Request) (Response, error) {
	at, err := a.attachment(r, r.Param("id"), "volume:attachment_delete")
	if err != nil {
		return Response{}, err
	}
	if err := a.mayDetach(r, &at); err != nil {
		return Response{}, err
	}
	job, err := a.Store.DeleteAttachment(r.Context(), r.Actor(), at.ID, a.ReplyTo)
	if err != nil {
		return Response{}, err
	}
	if job != "" {
		if _, err := a.wait(r.Context(), job); err != nil {
			return Response{}, attachFailed("delete attachment", err)
		}
	}
	left, err := a.Store.AttachmentsOf(r.Context(), at.VolumeID)
	if err != nil {
		return Response{}, fmt.Errorf("attachments that are left: %w", err)
	}
	return newView(r, attachmentSummaryFields, attachmentProject).Many(left, Page{Key: "attachments"}), nil
}
