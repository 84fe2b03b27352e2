package api

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// The actions by which volumes were attached before attachments were objects.

const (
	attachProperties = `{"type":"object","properties":{"instance_uuid":$uuid,"mountpoint":{"type":"string","minLength":1,"maxLength":255},
"host_name":{"type":"string","maxLength":255},"mode":{"type":"string","enum":["rw","ro"]}},"required":["mountpoint"],
"anyOf":[{"required":["instance_uuid"]},{"required":["host_name"]}],"additionalProperties":false}`
	detachProperties = `{"type":["object","null"],"properties":{"attachment_id":$uuid_or_null},"additionalProperties":false}`
)

func legacyAttachRoutes() []Route {
	const path = "/volumes/{id}/action"
	action := func(key, inner string, status int, handle func(*API, *Request) (Response, error), rules ...string) Route {
		return Route{Method: http.MethodPost, Path: path, Action: key, Checks: append([]string{"volume:get"}, rules...),
			Schema: schema.Of(schema.Wrap(key, inner)), Status: status, Handle: handle}
	}
	return []Route{
		action("os-attach", attachProperties, 202, (*API).attachVolume, ruleAttach),
		action("os-detach", detachProperties, 202, (*API).detachVolume, ruleDetach),
		action("os-force_detach", schema.Object(`"connector":{"type":["string","object","null"]},"attachment_id":{"type":["string","null"]}`),
			202, (*API).forceDetachVolume, ruleForceDetach, ruleTerminate, ruleDetach),
		action("os-initialize_connection", schema.Object(`"connector":{"type":["object","string"]}`, "connector"),
			200, (*API).initializeConnection, ruleInitialize),
		action("os-terminate_connection", schema.Object(`"connector":{"type":["string","object","null"]}`, "connector"),
			202, (*API).terminateConnection, ruleTerminate),
	}
}

const (
	ruleAttach      = "volume_extension:volume_actions:attach"
	ruleDetach      = "volume_extension:volume_actions:detach"
	ruleForceDetach = "volume_extension:volume_admin_actions:force_detach"
	ruleInitialize  = "volume_extension:volume_actions:initialize_connection"
	ruleTerminate   = "volume_extension:volume_actions:terminate_connection"
)

func (a *API) attachVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), ruleAttach)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Attach struct {
			InstanceID *string `json:"instance_uuid"`
			Host       *string `json:"host_name"`
			Mountpoint string  `json:"mountpoint"`
			Mode       string  `json:"mode"`
		} `json:"os-attach"`
	}
	body.Attach.Mode = "rw"
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Attach
	n := db.NewAttach{ID: uuid.NewString(), Mountpoint: b.Mountpoint, Mode: b.Mode}
	if b.InstanceID != nil {
		canonical := schema.CanonicalUUID(*b.InstanceID)
		n.InstanceID = &canonical
	}
	if b.Host != nil && *b.Host != "" {
		host := hostName(*b.Host)
		n.Host = &host
	}
	return Response{}, a.Store.AttachVolume(r.Context(), v.ID, n)
}

var notOfHosts = regexp.MustCompile(`[^\p{L}\p{N}_.-]+`)

// hostName makes a host's name of any text, as Cinder stores it.
func hostName(text string) string {
	latin := strings.Map(func(r rune) rune {
		switch {
		case r > 0xff:
			return -1
		case r == ' ' || r == '_':
			return '-'
		}
		return r
	}, text)
	return strings.Trim(strings.ToLower(notOfHosts.ReplaceAllString(latin, "")), ".-")
}

func (a *API) detachVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), ruleDetach)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Detach *struct {
			AttachmentID *string `json:"attachment_id"`
		} `json:"os-detach"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	var attachment *string
	if body.Detach != nil {
		attachment = body.Detach.AttachmentID
	}
	return Response{}, a.detach(r, v.ID, attachment, "detaching")
}

// detach ends an attachment; what names the attempt in refusals.
func (a *API) detach(r *Request, volume string, attachment *string, what string) error {
	if attachment != nil && *attachment == "" {
		attachment = nil
	}
	if attachment != nil {
		canonical := schema.CanonicalUUID(*attachment)
		attachment = &canonical
	}
	if err := a.mayDetachFrom(r, volume, attachment); err != nil {
		return err
	}
	job, err := a.Store.DetachVolume(r.Context(), r.Actor(), volume, attachment, a.ReplyTo)
	if errors.Is(err, db.ErrSeveralAttachments) {
		return badRequest("Error %s volume - InvalidVolume: %s", what, db.ErrSeveralAttachments.Msg)
	}
	if err != nil || job == "" {
		return err
	}
	if _, err := a.wait(r.Context(), job); err != nil {
		return workerFailed("", err)
	}
	return nil
}

// workerFailed is Cinder's 500 for a call that its worker could not do, with the
// cause for the log; msg "" is the generic one.
func workerFailed(msg string, err error) error {
	if db.IsKind(err, db.Unavailable) {
		return fmt.Errorf("%w: %w", &Fault{http.StatusInternalServerError, msg}, err)
	}
	return err
}

func (a *API) forceDetachVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), ruleForceDetach, ruleTerminate)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Force struct {
			connectorBody
			AttachmentID *string `json:"attachment_id"`
		} `json:"os-force_detach"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	if err := a.terminate(r, v.ID, body.Force.connectorBody); err != nil {
		return Response{}, err
	}
	if err := r.Authorize(ruleDetach, v.ProjectID); err != nil {
		return Response{}, err
	}
	return Response{}, a.detach(r, v.ID, body.Force.AttachmentID, "force detaching")
}
