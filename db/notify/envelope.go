package notify

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/clinker-io/clinker/db"
)

// Drivers, as oslo.messaging calls them.
const (
	DriverV2   = "messagingv2" // with the envelope 2.0
	DriverV1   = "messaging"   // without
	DriverLog  = "log"
	DriverNoop = "noop"
)

// contextOf is the writer's, as serializers of oslo.context expect it; nothing
// of it but who asked for what is kept, and no token.
func contextOf(n db.Notification) (map[string]any, error) {
	var who struct {
		ProjectID       string `json:"project_id"`
		UserID          string `json:"user_id"`
		RequestID       string `json:"request_id"`
		GlobalRequestID string `json:"global_request_id"`
	}
	if err := json.Unmarshal(n.Context, &who); err != nil {
		return nil, fmt.Errorf("context of notification %s: %w", n.MessageID, err)
	}
	c := map[string]any{
		"user_id": orNil(who.UserID), "user": orNil(who.UserID), "project_id": orNil(who.ProjectID), "tenant": orNil(who.ProjectID),
		"request_id": orNil(who.RequestID), "global_request_id": orNil(who.GlobalRequestID),
		"user_identity": orDash(who.UserID) + " " + orDash(who.ProjectID) + " - - -",
		"is_admin":      who.UserID == "", "is_admin_project": true, "read_only": false, "show_deleted": false, "read_deleted": "no",
		"roles": []string{}, "service_catalog": []string{}, "timestamp": n.CreatedAt.UTC().Format("2006-01-02T15:04:05.000000"),
	}
	for _, key := range []string{"domain_id", "system_scope", "user_domain", "project_domain", "auth_token", "resource_uuid", "remote_address",
		"quota_class", "project_name", "message_resource_id", "message_resource_type", "message_action"} {
		c[key] = nil
	}
	return c, nil
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// message is a notification as notifiers of oslo.messaging make it. Its ids
// stay the same when it is sent again, so that consumers know it.
func message(n db.Notification) map[string]any {
	return map[string]any{
		"message_id":   n.MessageID,
		"publisher_id": n.PublisherID,
		"event_type":   n.EventType,
		"priority":     n.Priority,
		"payload":      n.Payload,
		"timestamp":    n.CreatedAt.UTC().Format("2006-01-02 15:04:05.000000"),
	}
}

// body is what a driver sends.
func body(driver string, n db.Notification) ([]byte, error) {
	m := message(n)
	c, err := contextOf(n)
	if err != nil {
		return nil, err
	}
	for key, value := range c {
		m["_context_"+key] = value
	}
	m["_unique_id"] = strings.ReplaceAll(n.MessageID, "-", "")
	raw, err := json.Marshal(m)
	if err != nil || driver == DriverV1 {
		return raw, err
	}
	return json.Marshal(map[string]string{"oslo.version": "2.0", "oslo.message": string(raw)})
}
