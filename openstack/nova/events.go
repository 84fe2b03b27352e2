package nova

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// Event is what Nova is told of a volume.
type Event string

// The events that block storage sends.
const (
	VolumeExtended Event = "volume-extended"
	VolumeReimaged Event = "volume-reimaged"
)

func (e Event) version() string {
	if e == VolumeReimaged {
		return versionReimaged
	}
	return versionExtended
}

type externalEvent struct {
	Name   Event  `json:"name"`
	Server string `json:"server_uuid"`
	Tag    string `json:"tag"` // the volume
	Status string `json:"status,omitempty"`
	Code   *int   `json:"code,omitempty"`
}

// Tell sends an event about a volume to servers; to send it twice is no harm.
// That a server takes no event now, as one that is shelved, is no error.
func (c *Client) Tell(ctx context.Context, log *slog.Logger, requestID string, e Event, volume string, servers []string) error {
	events := make([]externalEvent, 0, len(servers))
	for _, s := range servers {
		events = append(events, externalEvent{Name: e, Server: s, Tag: volume})
	}
	var answer struct {
		Events []externalEvent `json:"events"`
	}
	err := c.do(ctx, request{id: requestID, method: http.MethodPost, path: []string{"os-server-external-events"}, version: e.version(),
		body: map[string]any{"events": events}, repeat: true}, &answer)
	if err != nil {
		return fmt.Errorf("event %s: %w", e, err)
	}
	if len(answer.Events) == 0 {
		return errors.New("answer of Nova: no events")
	}
	for _, got := range answer.Events {
		switch {
		case got.Code == nil:
			return errors.New("answer of Nova: an event without a code")
		case *got.Code != http.StatusOK:
			log.Warn("Nova does not take an event", "event", e, "volume", volume, "server", got.Server, "code", *got.Code)
		default:
			log.Info("Nova takes an event", "event", e, "volume", volume, "server", got.Server)
		}
	}
	return nil
}
